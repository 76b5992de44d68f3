import { Person } from '../parts/icons.tsx';
import { initials } from '../parts/initials.ts';
import { Picture } from '../parts/picture.tsx';

/**
 * A person's picture, or their initials if it is missing or cannot be drawn. Hidden from screen readers, because the name
 * stands beside it.
 */
export function Avatar({
  name,
  picture,
  small = false,
}: {
  name: string;
  picture?: string | undefined;
  small?: boolean;
}) {
  return (
    <span class={small ? 'avatar small' : 'avatar'} aria-hidden="true">
      <Picture source={picture}>{initials(name) || <Person />}</Picture>
    </span>
  );
}
