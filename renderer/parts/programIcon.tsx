import { UnknownProgram } from './icons.tsx';
import { initials } from './initials.ts';
import { Picture } from './picture.tsx';

interface ProgramIconProps {
  name: string;
  icon?: string | undefined;
  /** The program has no name of its own: a letter of the shown name would mean nothing. */
  unknown: boolean;
}

/** A program's icon, or the first letter of its name. It is square, because a person's picture is round. */
export function ProgramIcon({ name, icon, unknown }: ProgramIconProps) {
  const letter = unknown ? '' : initials(name).slice(0, 1);
  return (
    <span class={icon === undefined ? 'program-icon letter' : 'program-icon'} aria-hidden="true">
      <Picture source={icon}>{letter || <UnknownProgram />}</Picture>
    </span>
  );
}
