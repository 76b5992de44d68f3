import type { BrokerError } from './errors.ts';

/** T5: after a failure that may pass, the next try waits this long, then twice as long each time. Milliseconds. */
const firstBackoff = 1_000;
const longestBackoff = 60_000;
/** T5: after a refusal nothing is tried again unasked; callers that ask cause one request in this time. Milliseconds. */
const refusedBackoff = 5 * 60_000;

/** Why the last attempt at something failed, and how long it is not tried again. Milliseconds. */
export interface Failure {
  readonly reason: BrokerError;
  readonly at: number;
  readonly backoff: number;
}

/** The failure of one more attempt. @param last - the failure of the attempt before, if that failed too */
export function failureAfter(last: Failure | undefined, reason: BrokerError, now: number): Failure {
  const longer = last?.reason.retryable === true ? last.backoff * 2 : firstBackoff;
  const backoff = reason.retryable ? Math.min(longer, longestBackoff) : refusedBackoff;
  return { reason, at: now, backoff };
}

/** A clock that was set back since (T7) makes the times useless: then it is tried at once. */
export function isBackingOff(failure: Failure, now: number): boolean {
  const since = now - failure.at;
  return since >= 0 && since < failure.backoff;
}
