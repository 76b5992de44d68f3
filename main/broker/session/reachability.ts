import type { Message } from '../../../preload/texts/messages.ts';
import type { LoopgateError } from '../../errors/errors.ts';
import type { Clock } from '../clock.ts';
import { type Failure, failureAfter } from '../provider/backoff.ts';

/**
 * How current a session's data is: `unverified` until the provider was asked in this run, `stale` while it cannot be reached
 * although it could be before.
 */
export type Freshness = 'verified' | 'unverified' | 'stale';

/** Records how a session's last requests to its provider went. */
export class Reachability {
  readonly #clock: Clock;
  readonly #changed: () => void;
  #renewalFailure: Failure | undefined;
  #profileFailure: Failure | undefined;
  /** When the provider became unreachable, in milliseconds since the epoch. */
  #unreachableSince: number | undefined;
  /** True once the provider has answered in this run. */
  #wasVerified: boolean;

  /** @param options.verified - true when the provider has just issued the session's tokens */
  constructor(clock: Clock, changed: () => void, options: { verified: boolean }) {
    this.#clock = clock;
    this.#changed = changed;
    this.#wasVerified = options.verified;
  }

  /** Why the last renewal failed; undefined when it succeeded. */
  get renewalFailure(): Failure | undefined {
    return this.#renewalFailure;
  }

  /** Why the profile could not be read the last time; undefined when it could. */
  get profileFailure(): Failure | undefined {
    return this.#profileFailure;
  }

  get wasVerified(): boolean {
    return this.#wasVerified;
  }

  /** How current the session's data is. */
  get freshness(): Freshness {
    if (!this.#wasVerified) return 'unverified';
    return this.#isAway() ? 'stale' : 'verified';
  }

  /** When the provider was first unreachable, in milliseconds since the epoch; undefined while it can be reached. */
  get unreachableSince(): number | undefined {
    return this.#unreachableSince;
  }

  /** What stands between this machine and the provider, such as a proxy, and what to do about it; undefined if unknown. */
  get obstacle(): Message | undefined {
    const reasons = [this.#renewalFailure, this.#profileFailure].map((failure) => failure?.reason);
    return reasons.find((reason) => reason?.retryable && reason.hasOwnAdvice)?.text;
  }

  renewed(): void {
    this.#change(() => {
      this.#renewalFailure = undefined;
      // The new token may be accepted where the old one was refused.
      if (this.#profileFailure?.reason.retryable === false) this.#profileFailure = undefined;
      this.#wasVerified = true;
    });
  }

  renewalFailed(reason: LoopgateError): void {
    this.#change(() => {
      this.#renewalFailure = failureAfter(this.#renewalFailure, reason, this.#clock.now());
      // A refusal is an answer, so the provider was reached.
      if (!reason.retryable) this.#wasVerified = true;
    });
  }

  profileRead(): void {
    this.#change(() => {
      this.#profileFailure = undefined;
      this.#wasVerified = true;
    });
  }

  /** The profile is known without the provider, which has no endpoint for it. That verifies nothing. */
  profileKnown(): void {
    this.#change(() => {
      this.#profileFailure = undefined;
    });
  }

  /** The profile could not be read. A refusal is an answer here too. */
  profileFailed(reason: LoopgateError): void {
    this.#change(() => {
      this.#profileFailure = failureAfter(this.#profileFailure, reason, this.#clock.now());
      if (!reason.retryable) this.#wasVerified = true;
    });
  }

  #change(change: () => void): void {
    const { freshness: before, obstacle } = this;
    const since = this.#unreachableSince;
    change();
    this.#unreachableSince = this.#isAway() ? (since ?? this.#clock.now()) : undefined;
    const isSame =
      this.freshness === before &&
      JSON.stringify(this.obstacle) === JSON.stringify(obstacle) &&
      this.#unreachableSince === since;
    if (!isSame) this.#changed();
  }

  #isAway(): boolean {
    const profile = this.#profileFailure?.reason;
    // A missing userinfo endpoint does not show whether the provider can be reached.
    return this.#renewalFailure?.reason.retryable === true || (profile?.retryable === true && !profile.answered);
  }
}
