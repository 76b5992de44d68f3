import type { AppView } from '../preload/contract.ts';
import { texts } from './texts.ts';

/**
 * What a screen reader says when the view changes, or undefined when nothing changed that a person waits for. Problems are
 * not said here: their banner is an alert and speaks for itself.
 */
export function announcement(before: AppView | undefined, now: AppView): string | undefined {
  const said = texts.announcements;
  if (now.waiting && now.waiting.id !== before?.waiting?.id) {
    return now.waiting.requestedBy === 'program' ? said.waitingForProgram : said.waiting;
  }
  if (now.status === 'signed_in') {
    const same = before?.status === 'signed_in' && before.person?.account === now.person?.account;
    if (!same) return said.signedIn(now.person?.name ?? '');
  }
  if (now.status === 'signed_out' && before?.status !== 'signed_out') return said.signedOut;
  if (before?.waiting && !now.waiting && !now.problem) return said.waitingEnded;
  return undefined;
}
