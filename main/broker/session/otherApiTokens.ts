import { message } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import type { Clock } from '../clock.ts';
import { type Failure, failureAfter, isBackingOffForCallers } from '../provider/backoff.ts';
import type { OtherApi } from '../provider/tokens.ts';
import { isAboutToEnd } from './tokenLifetime.ts';

/** The number of other APIs for which a session keeps tokens. */
const keptApis = 20;

/** An access token for another API of the same tenant. Times are milliseconds since the epoch. */
export interface OtherApiToken {
  readonly accessToken: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly scope: string;
  readonly idToken: string;
}

/**
 * A session's tokens for other APIs, in memory only. Concurrent callers share one request, and a token is kept until it is
 * about to end.
 */
export class OtherApiTokens {
  readonly #clock: Clock;
  readonly #ask: (api: OtherApi) => Promise<OtherApiToken>;
  readonly #tokens = new Map<string, OtherApiToken>();
  readonly #asking = new Map<string, Promise<OtherApiToken>>();
  readonly #failures = new Map<string, Failure>();

  /** @param ask - asks the provider; rejects with a LoopgateError */
  constructor(clock: Clock, ask: (api: OtherApi) => Promise<OtherApiToken>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** @throws LoopgateError when the provider issues no token; until the next try (T5) all callers get the same error */
  async of(api: OtherApi): Promise<OtherApiToken> {
    const key = apiKey(api);
    const now = this.#clock.now();
    const kept = this.#tokens.get(key);
    if (kept && !isAboutToEnd(kept, now)) return kept;
    const failure = this.#failures.get(key);
    if (failure && isBackingOffForCallers(failure, now)) throw failure.reason;
    const asking = this.#asking.get(key) ?? this.#askOnce(api, key).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return await asking;
  }

  async #askOnce(api: OtherApi, key: string): Promise<OtherApiToken> {
    try {
      const token = await this.#ask(api);
      checkAudience(token.accessToken, api);
      keepNewest(this.#tokens, key, token);
      this.#failures.delete(key);
      return token;
    } catch (error) {
      if (error instanceof LoopgateError && (error.retryable || error.code === 'provider_error')) {
        keepNewest(this.#failures, key, failureAfter(this.#failures.get(key), error, this.#clock.now()));
      }
      throw error;
    }
  }
}

/**
 * A provider may ignore the requested API and issue a token for the session's own (Auth0 does that unless a policy names the
 * API). An opaque token cannot be checked.
 * @throws LoopgateError `provider_error`
 */
function checkAudience(accessToken: string, { audience }: OtherApi): void {
  const { aud } = claimsOf(accessToken);
  if (audience === undefined || aud === undefined || [aud].flat().includes(audience)) return;
  throw new LoopgateError('provider_error', {
    happened: message('tokenForOtherApi'),
    next: message('allowApi'),
    refused: true,
  });
}

/** The claims of a JWT, without verifying it: an ID token was verified when it arrived. Empty if the token is not a JWT. */
export function claimsOf(token: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? { ...claims } : {};
  } catch {
    return {};
  }
}

function apiKey({ audience, scope }: OtherApi): string {
  return JSON.stringify([audience, scope]);
}

function keepNewest<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > keptApis && oldest !== undefined) map.delete(oldest);
}
