import type { LoopgateError } from '../../errors/errors.ts';

/** T5: the delay before the next try after a temporary failure; it doubles each time. Milliseconds. */
const firstBackoff = 1_000;
const maxBackoff = 60_000;
/** A caller waits at most this long after the last try: the cause may just have been repaired. Milliseconds. */
const maxBackoffForCallers = 5_000;

/** Why the last attempt failed, and how long to wait before the next one. Milliseconds. */
export interface Failure {
  readonly reason: LoopgateError;
  readonly at: number;
  /** The delay before an unasked retry. A refusal is not retried unasked at all: {@link isForCallersOnly}. */
  readonly backoff: number;
  readonly backoffForCallers: number;
}

/** The failure of another attempt. @param last - the failure of the previous attempt, if that failed too */
export function failureAfter(last: Failure | undefined, reason: LoopgateError, now: number): Failure {
  const longer = last ? Math.min(last.backoff * 2, maxBackoff) : firstBackoff;
  // The provider's own Retry-After counts for every caller.
  const { retryAfter = 0 } = reason;
  const forCallers = isForCallersOnly(reason) ? maxBackoffForCallers : Math.min(longer, maxBackoffForCallers);
  return {
    reason,
    at: now,
    backoff: Math.max(longer, retryAfter),
    backoffForCallers: Math.max(forCallers, retryAfter),
  };
}

/** T5: a refusal is not retried until a caller asks; the same holds for the question whether a token is valid. */
export function isForCallersOnly({ refused, code }: LoopgateError): boolean {
  return refused || code === 'invalid_token';
}

/** Whether it is too early for an unasked try. If the clock was set back since (T7), the times are useless. */
export function isBackingOff({ reason, at, backoff }: Failure, now: number): boolean {
  return isForCallersOnly(reason) || isWithin(backoff, at, now);
}

/** Whether it is too early for a caller's try. */
export function isBackingOffForCallers({ at, backoffForCallers }: Failure, now: number): boolean {
  return isWithin(backoffForCallers, at, now);
}

/**
 * Whether the provider has asked to wait (Retry-After). That also holds for tries that are otherwise made at once, as after
 * sleep.
 */
export function isToldToWait({ reason, at }: Pick<Failure, 'reason' | 'at'>, now: number): boolean {
  return isWithin(reason.retryAfter ?? 0, at, now);
}

/** The reason as it is now: of the time that the provider has asked for (Retry-After), only what is left. */
export function reasonNow({ reason, at }: Failure, now: number): LoopgateError {
  const { retryAfter } = reason;
  return retryAfter === undefined ? reason : reason.with({ retryAfter: Math.max(0, at + retryAfter - now) });
}

function isWithin(milliseconds: number, at: number, now: number): boolean {
  const since = now - at;
  return since >= 0 && since < milliseconds;
}
