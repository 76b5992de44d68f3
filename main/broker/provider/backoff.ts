import type { LoopgateError } from '../../errors/errors.ts';

/** T5: after a failure that may pass, the next try waits this long, then twice as long each time. Milliseconds. */
const firstBackoff = 1_000;
const maxBackoff = 60_000;
/** Who asks does not wait for longer than this since the last try: somebody may just have repaired it. Milliseconds. */
const maxBackoffForCallers = 5_000;

/** Why the last attempt at something failed, and how long it is not tried again. Milliseconds. */
export interface Failure {
  readonly reason: LoopgateError;
  readonly at: number;
  /** While nobody asks. A refusal is then not tried again at all: {@link isForCallersOnly}. */
  readonly backoff: number;
  readonly backoffForCallers: number;
}

/** The failure of one more attempt. @param last - the failure of the attempt before, if that failed too */
export function failureAfter(last: Failure | undefined, reason: LoopgateError, now: number): Failure {
  const longer = last ? Math.min(last.backoff * 2, maxBackoff) : firstBackoff;
  // The provider's own waiting time counts for every caller.
  const { retryAfter = 0 } = reason;
  const forCallers = isForCallersOnly(reason) ? maxBackoffForCallers : Math.min(longer, maxBackoffForCallers);
  return {
    reason,
    at: now,
    backoff: Math.max(longer, retryAfter),
    backoffForCallers: Math.max(forCallers, retryAfter),
  };
}

/** T5: a refusal is not repeated before somebody asks; nor is the question whether a token is good. */
export function isForCallersOnly({ refused, code }: LoopgateError): boolean {
  return refused || code === 'invalid_token';
}

/** Whether it is too early for a try that nobody has asked for. A clock that was set back since (T7) makes the times useless. */
export function isBackingOff({ reason, at, backoff }: Failure, now: number): boolean {
  return isForCallersOnly(reason) || isWithin(backoff, at, now);
}

/** Whether it is too early for a caller's. */
export function isBackingOffForCallers({ at, backoffForCallers }: Failure, now: number): boolean {
  return isWithin(backoffForCallers, at, now);
}

/** Whether the provider has said that it is too early (Retry-After): then also for what is done at once, as after sleep. */
export function isToldToWait({ reason, at }: Pick<Failure, 'reason' | 'at'>, now: number): boolean {
  return isWithin(reason.retryAfter ?? 0, at, now);
}

function isWithin(milliseconds: number, at: number, now: number): boolean {
  const since = now - at;
  return since >= 0 && since < milliseconds;
}
