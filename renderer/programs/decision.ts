import type { ListedProgramView, ProgramsView } from '../../preload/views/programs.ts';
import { pointInTime } from '../parts/pointInTime.ts';
import { locale, texts } from '../parts/texts.ts';

type Guard = ProgramsView['guard'];
type Decided = Pick<ListedProgramView, 'decision' | 'until' | 'lasting' | 'onceUntil'>;

/**
 * What was decided about a program, in words.
 *
 * @param now in milliseconds since the epoch.
 */
export function decisionText({ decision, until, lasting, onceUntil }: Decided, guard: Guard, now: number): string {
  const { programs } = texts;
  if (lasting === 'never') return programs.neverAllowed;
  if (decision === 'unanswered' && onceUntil !== undefined)
    return programs.allowedOnce(pointInTime(onceUntil, now, locale));
  if (decision === 'unanswered') return programs.unanswered[guard];
  if (until === undefined) return programs[decision];
  const time = pointInTime(until, now, locale);
  return decision === 'allowed' ? programs.allowedUntil(time) : programs.deniedUntil(time);
}

/** What can be decided about a program now, and why it cannot be allowed where it cannot. */
export interface Choices {
  readonly allow?: string;
  readonly whyNot?: string;
  readonly deny: boolean;
}

/**
 * Whichever is not the case; what can only be allowed while it asks, or never, says so instead. Where every program may that
 * was not denied, Allow takes a denial back.
 */
export function choicesFor(
  { decision, lasting }: Pick<ListedProgramView, 'decision' | 'lasting'>,
  guard: Guard,
): Choices {
  const { programs } = texts;
  if (lasting === 'never') return { whyNot: programs.never, deny: false };
  const deny = decision !== 'denied';
  if (guard === 'same-user' && deny) return { deny };
  if (lasting === 'once') return { whyNot: programs.notForLong, deny };
  if (decision === 'allowed') return { deny };
  return { allow: lasting === 'hours' ? programs.allowHours : programs.allow, deny };
}
