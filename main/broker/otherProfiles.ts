import { createHash } from 'node:crypto';
import type { Clock } from './clock.ts';
import { BrokerError } from './errors.ts';
import type { Provider } from './provider.ts';

/** How long the profile of a token is kept, in milliseconds (Auth0 allows five calls a minute). */
const kept = 60_000;
/** How many are kept at once. */
const most = 100;

/** The profiles of tokens that are not the session's: asked of the provider once a minute, whoever asks here. */
export class OtherProfiles {
  readonly #clock: Clock;
  readonly #profiles = new Map<string, { at: number; profile: Promise<Record<string, unknown>> }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws BrokerError `invalid_token` when the provider refuses the token */
  async of(accessToken: string, provider: Provider): Promise<Record<string, unknown>> {
    const key = createHash('sha256').update(accessToken).digest('base64');
    const now = this.#clock.now();
    const known = this.#profiles.get(key);
    if (known && now - known.at < kept) return await known.profile;
    const profile = provider.userInfo(accessToken);
    this.#profiles.delete(key);
    this.#profiles.set(key, { at: now, profile });
    profile.catch((error: unknown) => {
      // A refusal is kept too, so that a bad token in a loop does not use up the provider's limit; a failure is not.
      if (!(error instanceof BrokerError) || error.code !== 'invalid_token') this.#profiles.delete(key);
    });
    const oldest = this.#profiles.keys().next().value;
    if (this.#profiles.size > most && oldest !== undefined) this.#profiles.delete(oldest);
    return await profile;
  }
}
