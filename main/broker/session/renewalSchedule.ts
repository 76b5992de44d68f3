import type { Clock } from '../clock.ts';
import { type Failure, isBackingOff, isForCallersOnly, isToldToWait } from '../provider/backoff.ts';
import type { KeptAccount } from './keptAccount.ts';
import type { Reachability } from './reachability.ts';
import type { RefreshTokenUse } from './refreshTokenUse.ts';
import { early, isAboutToEnd } from './tokenLifetime.ts';

/** A token that was given this short a time ago is not renewed because it ends soon. Milliseconds. */
const newFor = 2_000;
/** Of those who want an ended token renewed at once, the last ones are read only after the first one has its token. Milliseconds. */
const renewedFor = 5_000;
/** Unasked renewals are at least this far apart. Milliseconds. */
const minRenewalInterval = 30_000;

/** What a session takes from the world. */
export interface SessionWorld {
  readonly clock: Clock;
  /** A number from 0 to below 1, for jitter (T7). */
  readonly random: () => number;
}

/** When a session's access token is renewed, and when the session asks its provider although nobody waits for it (T7). */
export class RenewalSchedule {
  readonly #account: KeptAccount;
  readonly #reachability: Reachability;
  readonly #refreshToken: RefreshTokenUse;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #due: () => void;
  #cancelPlan: (() => void) | undefined;
  /** When an access token that had ended was last renewed for those who asked. */
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

  /** Plans the next attempt; the one that was planned before is forgotten. */
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
    // A provider whose tokens live for no time at all is not asked by every caller.
    const isNew = this.#reachability.wasVerified && age >= 0 && age < newFor;
    return this.#account.renewable && !isNew && isAboutToEnd(account, now);
  }

  isValid(): boolean {
    return !this.#account.isClosed && this.#account.present.expiresAt > this.#clock.now();
  }

  /** An access token that had ended was renewed for those who asked. */
  renewedForCallers(): void {
    this.#renewedAt = this.#clock.now();
  }

  wasJustRenewed(): boolean {
    const age = this.#clock.now() - (this.#renewedAt ?? Number.NEGATIVE_INFINITY);
    return age >= 0 && age < renewedFor && !this.isEnding();
  }

  /**
   * True while a refresh token whose last answer was lost is not sent again, although a renewal is due. It may be spent, and a
   * spent one that comes back ends the session (reuse detection). Once the access token has ended there is nothing to lose: a
   * provider that never got the last request, or that tolerates one repetition, goes on.
   */
  isBetterKept(): boolean {
    return this.#refreshToken.mayBeSpent && this.isValid();
  }

  /**
   * True when it is time for the renewal that nobody has asked for.
   * @param atOnce - true when one that has failed is tried again now; else its backoff is kept, and a refusal stays one (T5)
   */
  isRenewalDue(atOnce: boolean): boolean {
    const failure = this.#reachability.renewalFailure;
    if (this.isBetterKept()) return false;
    const account = this.#account.present;
    const now = this.#clock.now();
    if (failure) return (atOnce && !isToldToWait(failure, now)) || !isBackingOff(failure, now);
    return this.isEnding() || this.#clock.now() >= account.expiresAt - 2 * early(account);
  }

  /** When to act unasked, in milliseconds since the epoch; undefined when nothing is to be done before somebody asks. */
  #nextAttempt(): number | undefined {
    const { freshness, profileFailure } = this.#reachability;
    // While the token is ending the renewal comes first. A profile alone is read again for those who ask.
    const isDoubtful = freshness !== 'verified' && !this.isEnding();
    const profile = profileFailure && isDoubtful ? this.#nextTry(profileFailure) : undefined;
    const times = [this.#nextRenewal(), profile].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** The renewal, or the end of a session that cannot be renewed. */
  #nextRenewal(): number | undefined {
    const account = this.#account.present;
    const { issuedAt, expiresAt } = account;
    const { renewalFailure } = this.#reachability;
    if (renewalFailure) {
      const next = this.#nextTry(renewalFailure);
      return next !== undefined && this.isBetterKept() ? Math.max(next, expiresAt) : next;
    }
    if (!this.#account.renewable) return expiresAt;
    // Tokens that live for seconds are renewed for those who ask, not in a loop.
    const due = Math.max(expiresAt - early(account) * (1 + this.#random()), issuedAt + minRenewalInterval);
    return this.isBetterKept() ? Math.max(due, expiresAt) : due;
  }

  /** T5: a refusal is not repeated unasked. The jitter keeps a thousand machines from coming back in the same moment. */
  #nextTry({ reason, at, backoff }: Failure): number | undefined {
    return isForCallersOnly(reason) ? undefined : at + backoff * (1 + this.#random() / 2);
  }
}
