import type { ListedProgramView, ProgramsView } from '../../preload/views/programs.ts';
import { pointInTime } from '../parts/pointInTime.ts';
import { locale, texts } from '../parts/texts.ts';

type Guard = ProgramsView['guard'];
type Decided = Pick<ListedProgramView, 'decision' | 'until' | 'lasting' | 'onceUntil'>;

/**
 * The decision about a program, as a text.
 * @param now - in milliseconds since the epoch
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

/** The decisions that the person can make about a program now, or why it cannot be allowed. */
export interface Choices {
  readonly allow?: string;
  readonly whyNot?: string;
  readonly deny: boolean;
}

/**
 * Offers the decisions that are not in force. If a program can be allowed only while it asks, or never, this says so. If
 * every program is allowed unless it was denied, Allow cancels a denial.
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
