import type { AppView } from '../../preload/views/appView.ts';
import { texts } from '../parts/texts.ts';

/**
 * What a screen reader announces when the view changes; undefined if nothing has changed that a person waits for. It leaves
 * out problems: their banner is an alert and announces itself.
 */
export function announcement(before: AppView | undefined, now: AppView): string | undefined {
  const said = texts.announcements;
  const isNew = now.questions.some(({ id }) => !before?.questions.some((old) => old.id === id));
  if (isNew) return said.question;
  if (now.waiting && now.waiting.id !== before?.waiting?.id) {
    return now.waiting.requestedBy === 'program' ? said.waitingForProgram : said.waiting;
  }
  if (now.waiting?.page === 'failed' && before?.waiting?.page !== 'failed') return said.notOpened;
  if (now.status === 'signed_in') {
    if (before?.status !== 'signed_in' || before.person?.account !== now.person?.account) return arrival(before, now);
    const wasDoubtful = before.freshness === 'unverified' || before.freshness === 'stale';
    if (wasDoubtful && now.freshness === 'verified') return said.reachable;
    const isDoubtful = now.freshness === 'unverified' || now.freshness === 'stale';
    if (isDoubtful && now.isOffline && !before.isOffline) return said.offline;
    if (isDoubtful && !wasDoubtful) return said.unreachable;
  }
  if (now.status === 'signed_out' && before?.status !== 'signed_out') {
    return now.problem ? undefined : said.signedOut;
  }
  if (now.storage.needs === 'unlock' && before?.storage.needs !== 'unlock') return said.keyringLocked;
  if (now.storage.needs === 'create' && before?.storage.needs !== 'create') return said.keyringNeeded;
  if (now.port?.takenBy !== undefined && now.port.takenBy !== before?.port?.takenBy) {
    return said.portTaken(now.port.wanted, now.port.takenBy);
  }
  if (before?.waiting && !now.waiting && !now.problem) return said.waitingEnded;
  return undefined;
}

/** Announces the active person: after a program's request, after a switch to an existing account, or after a sign-in. */
function arrival(before: AppView | undefined, now: AppView): string {
  const said = texts.announcements;
  const name = now.person?.name ?? '';
  if (now.switchedFrom && before?.status === 'signed_in') return said.switchedByProgram(name);
  const wasThere = before?.otherAccounts.some(({ account }) => account === now.person?.account);
  return wasThere ? said.switched(name) : said.signedIn(name);
}
