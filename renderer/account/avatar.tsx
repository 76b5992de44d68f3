import { Person } from '../parts/icons.tsx';
import { initials } from '../parts/initials.ts';
import { Picture } from '../parts/picture.tsx';

/** A person's picture; their initials when there is none or it cannot be drawn. The name beside it speaks for both. */
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
