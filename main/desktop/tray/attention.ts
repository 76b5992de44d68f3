import { spoken } from '../../../preload/texts/index.ts';
import { type AppView, type ProblemView, sessionEndings } from '../../../preload/views/appView.ts';

/** One matter that the person should look at or decide. */
export interface AttentionLine {
  /** What it is, short enough for a menu. */
  readonly text: string;
  /** The window where the person can handle it: the question's window, the main one, its list of programs; or `nowhere`. */
  readonly leadsTo: 'question' | 'window' | 'programs' | 'nowhere';
  /** False for a matter that passes by itself or does no harm: it is listed but does not call for attention. */
  readonly isUrgent: boolean;
}

/** The maximum length of a name or a sentence in a menu, in characters. */
const maxNameLength = 40;
const maxSentenceLength = 70;

/** Whether the view's problem is a session that has ended, and the person did not end it. */
export function hasEnded({ problem }: AppView): boolean {
  return problem?.remedy === 'sign_in' && sessionEndings.includes(problem.code);
}

/** Whether there is something that the person should look at or decide, which the tray's icon then shows. */
export function needsAttention(view: AppView): boolean {
  return attentionLines(view).some(({ isUrgent }) => isUrgent);
}

/**
 * What the person should look at, the most urgent first, without repetitions.
 * @param now - in milliseconds since the epoch
 */
export function attentionLines(view: AppView, now: number = Date.now()): AttentionLine[] {
  const { problem, switchedFrom, person, storage, unanswered, portNotice } = view;
  const { attention: words } = spoken().texts;
  const away = awayLine(view, now);
  const urgent = [
    problem && problem.code !== 'provider_unreachable' && problemLine(view, problem),
    // It counts as an event when the person's own attempt failed, but not when the provider is away.
    problem?.code === 'provider_unreachable' && (away ?? unreachable(view)),
    storage.needs === 'unlock' && words.locked,
    storage.needs === 'create' && words.create,
    storage.needs === 'choice' && words.choice,
    switchedFrom && words.switched(person && shortName(person.name)),
  ];
  const missed = [unanswered > 0 && words.missed(unanswered)];
  const calm = [problem?.code !== 'provider_unreachable' && away, portNotice !== undefined && portLine(view)];
  return [
    ...questionLines(view),
    ...linesOf(urgent, 'window', true),
    ...linesOf(missed, 'programs', true),
    ...linesOf(calm, 'window', false),
    ...linesOf([view.lacksNotifications && words.noNotifications], 'nowhere', false),
  ];
}

/** A name, shortened for a menu. */
export function shortName(name: string): string {
  return shortened(name, maxNameLength);
}

function questionLines({ questions }: AppView): AttentionLine[] {
  const [first, ...others] = questions;
  if (!first) return [];
  const { attention: words } = spoken().texts;
  const text = others.length === 0 ? words.asks(shortName(first.program.name)) : words.ask(questions.length);
  return [{ text, leadsTo: 'question', isUrgent: true }];
}

function linesOf(
  texts: readonly (string | false | undefined)[],
  leadsTo: AttentionLine['leadsTo'],
  isUrgent: boolean,
): AttentionLine[] {
  return texts.flatMap((text) => (text ? [{ text, leadsTo, isUrgent }] : []));
}

function portLine({ address, port }: AppView): string {
  const { attention: words } = spoken().texts;
  if (port?.takenBy !== undefined) return words.portTaken(port.wanted, shortName(port.takenBy));
  return words.port(new URL(address).port);
}

function problemLine(view: AppView, { message, clockAhead }: ProblemView): string {
  const { attention: words } = spoken().texts;
  if (clockAhead !== undefined) return words.clock(minutesOf(clockAhead));
  if (hasEnded(view)) return view.person ? words.endedOther : words.ended;
  // The first sentence says what happened.
  return shortened(message.replace(/\.(\s.*)?$/su, ''), maxSentenceLength);
}

/** Rounded: a person does not notice a clock that is wrong by seconds. */
function minutesOf(seconds: number): number {
  return Math.max(1, Math.round(Math.abs(seconds) / 60));
}

/** Since when the provider cannot confirm the shown profile. */
function awayLine(view: AppView, now: number): string | undefined {
  const { person, freshness, unreachableSince } = view;
  if (!person || (freshness !== 'stale' && freshness !== 'unverified')) return undefined;
  if (view.isOffline || unreachableSince === undefined) return unreachable(view);
  return spoken().texts.attention.unreachableSince(timeOf(unreachableSince, now));
}

function unreachable({ isOffline }: AppView): string {
  const { attention: words } = spoken().texts;
  return isOffline ? words.offline : words.unreachable;
}

/** A time in the person's own format; with the day unless it is today. Both in milliseconds since the epoch. */
function timeOf(at: number, now: number): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  const day = isToday ? {} : ({ day: 'numeric', month: 'short' } as const);
  return new Intl.DateTimeFormat(spoken().locale, { ...day, hour: '2-digit', minute: '2-digit' }).format(at);
}

function shortened(text: string, max: number): string {
  const characters = [...text];
  return characters.length <= max ? text : `${characters.slice(0, max - 1).join('')}…`;
}
