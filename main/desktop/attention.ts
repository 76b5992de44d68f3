import type { AppView } from '../../preload/contract.ts';

/** One thing that the person should look at or decide. */
export interface AttentionLine {
  /** Says what it is, short enough for a menu. */
  readonly text: string;
  /** Where it is dealt with: the window that asks about a program, the main one, or its list of programs. */
  readonly leadsTo: 'question' | 'window' | 'programs';
  /** False for what is good to know, but passes by itself or hinders nobody: it is said and does not call for attention. */
  readonly isUrgent: boolean;
}

/** The codes of a problem that say that a session has ended by itself, and not that something else failed. */
const endings: readonly string[] = ['not_signed_in', 'invalid_token'];

/** The longest that a name or a sentence may be in a menu, in characters. */
const longestName = 40;
const longestSentence = 70;

/** Whether the view's problem is a session that has ended without the person's wish. */
export function hasEnded({ problem }: AppView): boolean {
  return problem?.remedy === 'sign_in' && endings.includes(problem.code);
}

/** Whether there is something that the person should look at or decide: what the tray's icon says. */
export function needsAttention(view: AppView): boolean {
  return attentionLines(view).some(({ isUrgent }) => isUrgent);
}

/**
 * What the person should look at, the most pressing first. Nothing is said twice.
 * @param now - in milliseconds since the epoch
 */
export function attentionLines(view: AppView, now: number = Date.now()): AttentionLine[] {
  const { problem, switchedFrom, person, storage, unanswered, portNotice } = view;
  const away = awayLine(view, now);
  const urgent = [
    problem && problem.code !== 'provider_unreachable' && problemLine(view, problem.message),
    // An attempt of the person's own that failed is an event; that the provider is away is not.
    problem?.code === 'provider_unreachable' && (away ?? 'The provider cannot be reached'),
    storage.needs === 'unlock' && 'The keyring is locked',
    storage.needs === 'choice' && 'Choose where your sign-in is kept',
    switchedFrom && `A program switched to ${person ? shortName(person.name) : 'another account'}`,
  ];
  const missed = [
    unanswered === 1 && 'A program was not answered',
    unanswered > 1 && `${unanswered} programs were not answered`,
  ];
  const calm = [
    problem?.code !== 'provider_unreachable' && away,
    portNotice !== undefined && `Programs find Loopgate on port ${new URL(view.address).port}, not on the usual one`,
  ];
  return [
    ...questionLines(view),
    ...linesOf(urgent, 'window', true),
    ...linesOf(missed, 'programs', true),
    ...linesOf(calm, 'window', false),
  ];
}

/** A name as it fits into a menu. */
export function shortName(name: string): string {
  return shortened(name, longestName);
}

function questionLines({ questions }: AppView): AttentionLine[] {
  const [first, ...others] = questions;
  if (!first) return [];
  const text =
    others.length === 0
      ? `${shortName(first.program.name)} waits for your answer`
      : `${questions.length} programs wait for your answer`;
  return [{ text, leadsTo: 'question', isUrgent: true }];
}

function linesOf(
  texts: readonly (string | false | undefined)[],
  leadsTo: AttentionLine['leadsTo'],
  isUrgent: boolean,
): AttentionLine[] {
  return texts.flatMap((text) => (text ? [{ text, leadsTo, isUrgent }] : []));
}

function problemLine(view: AppView, message: string): string {
  if (hasEnded(view)) {
    return view.person ? 'The session of another account has ended' : 'The session has ended: sign in again';
  }
  // The first sentence says what happened.
  return shortened(message.replace(/\.(\s.*)?$/su, ''), longestSentence);
}

/** From when what is shown of the person is, while the provider cannot confirm it. */
function awayLine({ person, freshness, profileReadAt }: AppView, now: number): string | undefined {
  if (!person || (freshness !== 'stale' && freshness !== 'unverified')) return undefined;
  if (profileReadAt === undefined) return 'The provider cannot be reached';
  return `Provider not reached since ${timeOf(profileReadAt, now)}`;
}

/** In the person's own form; with the day, when that was another one. Both in milliseconds since the epoch. */
function timeOf(at: number, now: number): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  const day = isToday ? {} : ({ day: 'numeric', month: 'short' } as const);
  return new Intl.DateTimeFormat(undefined, { ...day, hour: '2-digit', minute: '2-digit' }).format(at);
}

function shortened(text: string, longest: number): string {
  const characters = [...text];
  return characters.length <= longest ? text : `${characters.slice(0, longest - 1).join('')}…`;
}
