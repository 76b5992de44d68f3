import { createHash } from 'node:crypto';
import { LoopgateError } from '../../errors/errors.ts';
import type { Clock } from '../clock.ts';
import { type Failure, failureAfter, isBackingOffForCallers } from '../provider/backoff.ts';
import type { Provider } from '../provider/provider.ts';

/** How long the profile of a token is cached, in milliseconds (Auth0 allows five calls a minute). */
const kept = 60_000;
/** How many profiles are cached at once. */
const maxKept = 100;

interface Asked {
  readonly at: number;
  readonly profile: Promise<Record<string, unknown>>;
  /** Why there is no profile yet. */
  failure?: Failure;
}

/** Profiles of tokens that do not belong to a session. It asks the provider for each at most once a minute. */
export class OtherProfiles {
  readonly #clock: Clock;
  readonly #profiles = new Map<string, Asked>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws LoopgateError `invalid_token` when the provider refuses the token */
  async of(accessToken: string, provider: Provider): Promise<Record<string, unknown>> {
    const key = createHash('sha256').update(accessToken).digest('base64');
    const now = this.#clock.now();
    const known = this.#profiles.get(key);
    const isKept = known?.failure ? isBackingOffForCallers(known.failure, now) : known && now - known.at < kept;
    if (known && isKept) return await known.profile;
    const profile = provider.userInfo(accessToken);
    const asked: Asked = { at: now, profile };
    this.#profiles.delete(key);
    this.#profiles.set(key, asked);
    profile.catch((error: unknown) => {
      // A refusal is cached like a profile, so that a bad token in a loop does not use up the provider's limit. A failure is
      // cached for seconds.
      if (!(error instanceof LoopgateError)) this.#profiles.delete(key);
      else if (error.code !== 'invalid_token') asked.failure = failureAfter(known?.failure, error, this.#clock.now());
    });
    const oldest = this.#profiles.keys().next().value;
    if (this.#profiles.size > maxKept && oldest !== undefined) this.#profiles.delete(oldest);
    return await profile;
  }
}
