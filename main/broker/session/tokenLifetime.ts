/**
 * An access token that is asked for is renewed this long before it ends (T7), or a tenth of its life before when it is
 * short. Unasked it is renewed earlier still, by up to as much again: then nobody ever waits for it. Milliseconds.
 */
const renewEarly = 60_000;
/** A token that seems to come from later than this says that the clock was set back since. Milliseconds. */
const clockTolerance = 60_000;

/** From when to when an access token lives, in milliseconds since the epoch. */
export interface Lifetime {
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** How long before its end a token counts as ended, in milliseconds. */
export function early({ issuedAt, expiresAt }: Lifetime): number {
  return Math.min(renewEarly, Math.max(0, expiresAt - issuedAt) / 10);
}

/** Also true for a token from the future: the clock was set back since, and its end is not known any more (T7). */
export function isAboutToEnd(token: Lifetime, now: number): boolean {
  return token.expiresAt - early(token) <= now || token.issuedAt > now + clockTolerance;
}
