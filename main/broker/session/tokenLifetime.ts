/**
 * When a caller asks, an access token is renewed this long before it ends (T7), or a tenth of its lifetime before if that is
 * shorter. Unasked it is renewed earlier still, by up to the same time again, so that callers need not wait. Milliseconds.
 */
const renewEarly = 60_000;
/** A token that was issued more than this in the future shows that the clock was set back since. Milliseconds. */
const clockTolerance = 60_000;

/** The lifetime of an access token, in milliseconds since the epoch. */
export interface Lifetime {
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** How long before its end a token counts as ended, in milliseconds. */
export function early({ issuedAt, expiresAt }: Lifetime): number {
  return Math.min(renewEarly, Math.max(0, expiresAt - issuedAt) / 10);
}

/** Also true for a token from the future: the clock was set back since, and the end of the token is not known any more (T7). */
export function isAboutToEnd(token: Lifetime, now: number): boolean {
  return token.expiresAt - early(token) <= now || token.issuedAt > now + clockTolerance;
}
