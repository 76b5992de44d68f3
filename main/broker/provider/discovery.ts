import * as client from 'openid-client';
import { LoopgateError } from '../../errors/errors.ts';
import type { Clock } from '../clock.ts';
import { type Failure, failureAfter, isBackingOffForCallers, isToldToWait, reasonNow } from './backoff.ts';
import { checkEndpoints } from './providerChecks.ts';
import { withLoopgateErrors } from './providerErrors.ts';
import { requestTimeout } from './providerFetch.ts';

export interface ProviderSettings {
  /** As the person wrote it, normalised by {@link normaliseIssuer}. */
  readonly issuer: string;
  readonly clientId: string;
}

/** The provider's metadata (OIDC Discovery). It is read once and kept; a failure is kept for seconds. */
export class Discovery {
  readonly #settings: ProviderSettings;
  readonly #fetch: client.CustomFetch;
  readonly #clock: Clock;
  #reading: Promise<client.ServerMetadata> | undefined;
  #failure: Failure | undefined;
  readonly #origins = new Set<string>();

  constructor(settings: ProviderSettings, fetch: client.CustomFetch, clock: Clock) {
    this.#settings = settings;
    this.#origins.add(new URL(settings.issuer).origin);
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** The known origins that a form_post login may come from (L2). This does not ask the provider. */
  get origins(): readonly string[] {
    return [...this.#origins];
  }

  /** The cause may just have been repaired: the next caller tries again at once, unless the provider has asked to wait (T5). */
  forgetFailure(): void {
    const failure = this.#failure;
    if (failure && !isToldToWait(failure, this.#clock.now())) this.#failure = undefined;
  }

  /** @throws LoopgateError */
  async metadata(): Promise<client.ServerMetadata> {
    const failure = this.#failure;
    const now = this.#clock.now();
    if (failure && isBackingOffForCallers(failure, now)) throw reasonNow(failure, now);
    this.#reading ??= this.#discoverOnce();
    return await this.#reading;
  }

  /** Retries a failed discovery after seconds: a short network failure must not stick, and callers may ask in a loop. */
  async #discoverOnce(): Promise<client.ServerMetadata> {
    try {
      const metadata = await this.#discover();
      this.#failure = undefined;
      return metadata;
    } catch (error) {
      this.#reading = undefined;
      if (!(error instanceof LoopgateError)) throw error;
      // Nothing that counts only once was sent by then.
      const reason = error.with({ undone: true });
      this.#failure = failureAfter(this.#failure, reason, this.#clock.now());
      throw reason;
    }
  }

  async #discover(): Promise<client.ServerMetadata> {
    const issuer = new URL(this.#settings.issuer);
    const discovered = await withLoopgateErrors(async () => {
      try {
        return await this.#discoverAt(issuer);
      } catch (error) {
        // T14: only a final slash may differ; the issuer is then the metadata's spelling.
        if (!(error instanceof client.ClientError) || error.code !== 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED')
          throw error;
        const other = new URL(issuer);
        other.pathname = issuer.pathname.endsWith('/') ? issuer.pathname.slice(0, -1) : `${issuer.pathname}/`;
        if (other.href === issuer.href) throw error;
        return await this.#discoverAt(other);
      }
    });
    const metadata = discovered.serverMetadata();
    checkEndpoints(metadata);
    for (const address of [metadata.issuer, metadata.authorization_endpoint]) {
      if (address !== undefined) this.#origins.add(new URL(address).origin);
    }
    return metadata;
  }

  #discoverAt(issuer: URL): Promise<client.Configuration> {
    return client.discovery(issuer, this.#settings.clientId, undefined, client.None(), {
      [client.customFetch]: this.#fetch,
      timeout: requestTimeout,
      execute: issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [],
    });
  }
}
