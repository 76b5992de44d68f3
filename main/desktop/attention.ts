import type { AppView } from '../../preload/contract.ts';

/** The codes of a problem that say that a session has ended by itself, and not that something else failed. */
const endings: readonly string[] = ['not_signed_in', 'invalid_token'];

/** Whether the view's problem is a session that has ended without the person's wish. */
export function hasEnded({ problem }: AppView): boolean {
  return problem?.remedy === 'sign_in' && endings.includes(problem.code);
}

/** Whether there is something that the person should look at or decide: what the tray's icon and menu point at. */
export function needsAttention({ problem, switchedFrom, storage, questions, unanswered }: AppView): boolean {
  const isAsked = questions.length > 0 || unanswered > 0;
  return problem !== undefined || switchedFrom !== undefined || storage.needs !== undefined || isAsked;
}
