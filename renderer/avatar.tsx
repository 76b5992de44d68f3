import { useState } from 'preact/hooks';
import { Person } from './icons.tsx';
import { initials } from './initials.ts';

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
  // Which one, not whether: another picture deserves another try.
  const [broken, setBroken] = useState<string>();

  return (
    <span class={small ? 'avatar small' : 'avatar'} aria-hidden="true">
      {picture !== undefined && picture !== broken ? (
        <img src={picture} alt="" onError={() => setBroken(picture)} />
      ) : (
        initials(name) || <Person />
      )}
    </span>
  );
}
