import * as client from 'openid-client';
import { message, sentences } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import type { Clock } from '../clock.ts';
import { type Failure, failureAfter, isBackingOffForCallers, isToldToWait, reasonNow } from './backoff.ts';
import { checkEndpoints, clockTolerance, failedCheck, isOfManyTenants, isUsable } from './providerChecks.ts';
import { withLoopgateErrors } from './providerErrors.ts';
import { requestTimeout } from './providerFetch.ts';

export interface ProviderSettings {
  /** As the person wrote it, normalised by {@link normaliseIssuer}. */
  readonly issuer: string;
  readonly clientId: string;
}

/** How long the metadata are used before they are read again, in the background. Milliseconds. */
const kept = 6 * 60 * 60_000;
/** How often they are read again at most because an endpoint was not there. Milliseconds. */
const pause = 60_000;

/** Entra's personal accounts come back from here. */
const entraPersonal = 'https://login.live.com';

/** What discovery has found. */
interface Found {
  readonly metadata: client.ServerMetadata;
  /** The address by which the library has found it; it may differ from the settings by a final slash. */
  readonly issuer: URL;
  readonly at: number;
}

/**
 * The provider's metadata (OIDC Discovery). They are kept for hours, and read again when an endpoint is not there any more.
 * While they cannot be read again, the old ones serve. A failure is kept for seconds.
 */
export class Discovery {
  readonly #settings: ProviderSettings;
  readonly #fetch: client.CustomFetch;
  readonly #clock: Clock;
  #reading: Promise<Found> | undefined;
  #found: Found | undefined;
  /** True when an endpoint of the metadata was not there. */
  #isDoubted = false;
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
    return (await this.#newest()).metadata;
  }

  /** An endpoint is not there: the metadata may be old, so the next request reads them first. */
  doubt(): void {
    if (this.#found && !this.#isWithin(pause, this.#found.at)) this.#isDoubted = true;
  }

  /** Reads the metadata again if they are doubted. @returns whether they have changed since `before` */
  async hasChanged(before: client.ServerMetadata): Promise<boolean> {
    return this.#isDoubted && JSON.stringify(await this.metadata()) !== JSON.stringify(before);
  }

  /**
   * Configures the library for one client.
   * @param fetch - sends the requests
   * @throws LoopgateError
   */
  async configuration(clientId: string, fetch: client.CustomFetch): Promise<client.Configuration> {
    const { metadata, issuer } = await this.#newest();
    const options = { [client.clockTolerance]: clockTolerance };
    const configuration = isOfManyTenants(metadata)
      ? // A copy of the metadata would lose what the library knows of Entra, so it finds the kept ones again.
        await client.discovery(issuer, clientId, options, client.None(), {
          [client.customFetch]: async () => Response.json(metadata),
        })
      : new client.Configuration(metadata, clientId, options, client.None());
    if (issuer.protocol === 'http:') client.allowInsecureRequests(configuration);
    configuration[client.customFetch] = fetch;
    return configuration;
  }

  async #newest(): Promise<Found> {
    const found = this.#found;
    if (!found) return await this.#read();
    if (this.#isDoubted) return await this.#read().catch(() => found);
    if (!this.#isWithin(kept, found.at)) void this.#read().catch(() => undefined);
    return found;
  }

  /** Retries a failed discovery after seconds: a short network failure must not stick, and callers may ask in a loop. */
  async #read(): Promise<Found> {
    const failure = this.#failure;
    const now = this.#clock.now();
    if (failure && isBackingOffForCallers(failure, now)) throw reasonNow(failure, now);
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined;
    });
    return await this.#reading;
  }

  async #readOnce(): Promise<Found> {
    try {
      const found = await this.#discover();
      this.#failure = undefined;
      this.#isDoubted = false;
      this.#found = found;
      return found;
    } catch (error) {
      if (!(error instanceof LoopgateError)) throw error;
      // Nothing that counts only once was sent by then.
      const reason = this.#withAddress(error).with({ undone: true });
      this.#failure = failureAfter(this.#failure, reason, this.#clock.now());
      throw reason;
    }
  }

  async #discover(): Promise<Found> {
    const issuer = new URL(this.#settings.issuer);
    const found = await withLoopgateErrors(async () => {
      try {
        return await this.#discoverAt(issuer);
      } catch (error) {
        // T14: only a final slash may differ; the issuer is then the metadata's spelling.
        if (!(error instanceof client.ClientError) || error.code !== 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED')
          throw error;
        const other = new URL(issuer);
        other.pathname = issuer.pathname.endsWith('/') ? issuer.pathname.slice(0, -1) : `${issuer.pathname}/`;
        try {
          if (other.href !== issuer.href) return await this.#discoverAt(other);
        } catch {
          // The first answer is the one to tell of.
        }
        throw anotherIssuer(issuer.href, error);
      }
    });
    checkEndpoints(found.metadata);
    for (const address of [found.metadata.issuer, found.metadata.authorization_endpoint]) {
      if (address !== undefined) this.#origins.add(new URL(address).origin);
    }
    if (isOfManyTenants(found.metadata)) this.#origins.add(entraPersonal);
    return found;
  }

  async #discoverAt(issuer: URL): Promise<Found> {
    const discovered = await client.discovery(issuer, this.#settings.clientId, undefined, client.None(), {
      [client.customFetch]: this.#fetch,
      timeout: requestTimeout,
      execute: issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [],
    });
    return { metadata: discovered.serverMetadata(), issuer, at: this.#clock.now() };
  }

  /** An address that answers, but not with metadata, is most often a wrong issuer: a realm or a path is missing. */
  #withAddress(error: LoopgateError): LoopgateError {
    if (!error.answered) return error;
    const address = `${this.#settings.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    return error.with({ next: sentences(message('noMetadataAt', { address }), message('tryAgainOrCheckIssuer')) });
  }

  /** If the clock was set back since, it does not show how old something is. */
  #isWithin(milliseconds: number, since: number): boolean {
    const age = this.#clock.now() - since;
    return age >= 0 && age < milliseconds;
  }
}

/** The metadata name another issuer than the settings: most often a proxy's address, or one realm or tenant for another. */
function anotherIssuer(issuer: string, { cause }: client.ClientError): Error {
  const body = typeof cause === 'object' && cause !== null && 'body' in cause ? cause.body : undefined;
  const found = typeof body === 'object' && body !== null && 'issuer' in body ? body.issuer : undefined;
  if (typeof found !== 'string' || !isUsable(found, issuer)) return failedCheck('issuer');
  return new LoopgateError('provider_error', {
    happened: message('anotherIssuer', { issuer, found }),
    next: message('anotherIssuer.next'),
  });
}
