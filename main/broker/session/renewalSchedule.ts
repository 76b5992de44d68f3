import type { Clock } from '../clock.ts';
import { type Failure, isBackingOff, isForCallersOnly, isToldToWait } from '../provider/backoff.ts';
import type { KeptAccount } from './keptAccount.ts';
import type { Reachability } from './reachability.ts';
import type { RefreshTokenUse } from './refreshTokenUse.ts';
import { early, isAboutToEnd, type Lifetime } from './tokenLifetime.ts';
import type { StoredAccount } from './vault.ts';

/** A token that was issued this short a time ago is not renewed because it ends soon. Milliseconds. */
const newFor = 2_000;
/**
 * Many callers may want an ended token renewed at once. For this long after the renewal, the later ones get the new token
 * too. Milliseconds.
 */
const renewedFor = 5_000;
/** The minimum time between unasked renewals. Milliseconds. */
const minRenewalInterval = 30_000;

/** The parts of the outside world that a session uses. */
export interface SessionWorld {
  readonly clock: Clock;
  /** A number from 0 to below 1, for jitter (T7). */
  readonly random: () => number;
}

/** Decides when to renew a session's access token, and when to ask the provider although no caller waits for it (T7). */
export class RenewalSchedule {
  readonly #account: KeptAccount;
  readonly #reachability: Reachability;
  readonly #refreshToken: RefreshTokenUse;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #due: () => void;
  #cancelPlan: (() => void) | undefined;
  /** When an ended access token was last renewed for callers. */
  #renewedAt: number | undefined;

  /** @param due - called when it is time for the next attempt */
  constructor(
    account: KeptAccount,
    reachability: Reachability,
    refreshToken: RefreshTokenUse,
    { clock, random }: SessionWorld,
    due: () => void,
  ) {
    this.#account = account;
    this.#reachability = reachability;
    this.#refreshToken = refreshToken;
    this.#clock = clock;
    this.#random = random;
    this.#due = due;
  }

  /** Plans the next attempt, and cancels the planned one. */
  plan(): void {
    this.cancel();
    if (this.#account.isClosed) return;
    const due = this.#nextAttempt();
    if (due === undefined) return;
    this.#cancelPlan = this.#clock.after(Math.max(0, due - this.#clock.now()), this.#due);
  }

  cancel(): void {
    this.#cancelPlan?.();
  }

  /** Whether the access token is about to end, or has ended. */
  isEnding(): boolean {
    const account = this.#account.present;
    const now = this.#clock.now();
    const age = now - account.issuedAt;
    // If a provider's tokens live for almost no time, not every caller may ask it again.
    const isNew = this.#reachability.wasVerified && age >= 0 && age < newFor;
    return this.#account.renewable && !isNew && isAboutToEnd(account, now);
  }

  isValid(): boolean {
    return !this.#account.isClosed && this.#account.present.expiresAt > this.#clock.now();
  }

  /** An ended access token was renewed for callers. */
  renewedForCallers(): void {
    this.#renewedAt = this.#clock.now();
  }

  wasJustRenewed(): boolean {
    const age = this.#clock.now() - (this.#renewedAt ?? Number.NEGATIVE_INFINITY);
    return age >= 0 && age < renewedFor && !this.isEnding();
  }

  /**
   * True while a renewal is due but should wait, because the last answer for the refresh token was lost. The token may be
   * spent, and sending a spent one ends the session (reuse detection). Once the access token has ended there is nothing to
   * lose: the renewal works if the provider never got the last request, or tolerates one repetition.
   */
  isBetterKept(): boolean {
    return this.#refreshToken.mayBeSpent && this.isValid();
  }

  /**
   * True when it is time for an unasked renewal.
   * @param atOnce - true to retry a failed renewal now; otherwise its backoff is kept, and a refusal is not retried (T5)
   */
  isRenewalDue(atOnce: boolean): boolean {
    const failure = this.#reachability.renewalFailure;
    if (this.isBetterKept()) return false;
    const account = this.#account.present;
    const now = this.#clock.now();
    if (failure) return (atOnce && !isToldToWait(failure, now)) || !isBackingOff(failure, now);
    const first = firstToEnd(account);
    return this.isEnding() || now >= first.expiresAt - 2 * early(first);
  }

  /** When to act unasked, in milliseconds since the epoch; undefined when there is nothing to do until a caller asks. */
  #nextAttempt(): number | undefined {
    const { freshness, profileFailure } = this.#reachability;
    // While the token is ending, the renewal comes first. The profile alone is read again only when a caller asks.
    const isDoubtful = freshness !== 'verified' && !this.isEnding();
    const profile = profileFailure && isDoubtful ? this.#nextTry(profileFailure) : undefined;
    const times = [this.#nextRenewal(), profile].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** The time of the renewal, or of the end of a session that cannot be renewed. */
  #nextRenewal(): number | undefined {
    const account = this.#account.present;
    const { issuedAt, expiresAt } = account;
    const { renewalFailure } = this.#reachability;
    if (renewalFailure) {
      const next = this.#nextTry(renewalFailure);
      return next !== undefined && this.isBetterKept() ? Math.max(next, expiresAt) : next;
    }
    if (!this.#account.renewable) return expiresAt;
    // Tokens that live for seconds are renewed when a caller asks, not in a loop.
    const first = firstToEnd(account);
    const due = Math.max(first.expiresAt - early(first) * (1 + this.#random()), issuedAt + minRenewalInterval);
    return this.isBetterKept() ? Math.max(due, expiresAt) : due;
  }

  /** T5: a refusal is not retried unasked. The jitter keeps a thousand machines from coming back at the same moment. */
  #nextTry({ reason, at, backoff }: Failure): number | undefined {
    return isForCallersOnly(reason) ? undefined : at + backoff * (1 + this.#random() / 2);
  }
}

/** The token that ends first: a refresh token that ends before its access token (Keycloak's idle time) is renewed in time. */
function firstToEnd({ issuedAt, expiresAt, refreshExpiresAt = expiresAt }: StoredAccount): Lifetime {
  return { issuedAt, expiresAt: Math.min(expiresAt, refreshExpiresAt) };
}
