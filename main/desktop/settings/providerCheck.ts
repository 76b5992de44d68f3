import { spoken } from '../../../preload/texts/index.ts';
import type { ProviderCheck } from '../../../preload/views/settings.ts';
import type { Clock } from '../../broker/clock.ts';
import { Provider } from '../../broker/provider/provider.ts';
import { normaliseIssuer } from '../../broker/provider/providerChecks.ts';
import { type PlatformFetch, providerFetch, requestTimeout } from '../../broker/provider/providerFetch.ts';
import { LoopgateError, messageOf } from '../../errors/errors.ts';
import { type ClientAnswer, checkClient } from '../../settings/clientCheck.ts';

/** Checks whether an OpenID provider answers at an address, by its metadata and with the broker's checks. */
export class ProviderChecker {
  readonly #fetch: PlatformFetch;
  readonly #clock: Clock;
  #typing = new AbortController();

  constructor(fetch: PlatformFetch, clock: Clock) {
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** Checks while the person types: a newer call ends an older one. */
  async whileTyping(text: string): Promise<ProviderCheck> {
    this.#typing.abort();
    this.#typing = new AbortController();
    const { signal } = this.#typing;
    const found = await this.check(text, signal);
    return signal.aborted ? { ok: false, reason: 'replaced', message: '' } : found;
  }

  /** @param text - what the person entered: a domain or an issuer's address */
  async check(text: string, ended?: AbortSignal): Promise<ProviderCheck> {
    let issuer: string;
    try {
      issuer = normaliseIssuer(text);
    } catch (error) {
      return { ok: false, reason: 'not_an_address', message: sentence(error) };
    }
    try {
      // The metadata is the same for every client.
      await new Provider({ issuer, clientId: 'loopgate' }, this.#fetchUntil(ended), this.#clock).issuer();
      return { ok: true, host: new URL(issuer).host };
    } catch (error) {
      if (!(error instanceof LoopgateError)) throw error;
      const isAway = error.code === 'provider_unreachable' && !error.answered;
      // An obstacle such as a proxy has its own advice, and so has another provider's metadata.
      const hasAdvice = error.hasOwnAdvice && !error.answered;
      const reason = !isAway ? 'not_a_provider' : hasAdvice ? 'blocked' : 'unreachable';
      return { ok: false, reason, message: spoken().texts.said(hasAdvice ? error.text : error.happenedText) };
    }
  }

  /**
   * Whether the provider knows a client ID, judged by its answer to a token request that cannot succeed. Never throws.
   * @param redirectUri - the callback that a login would have
   */
  async checkClient(issuer: string, clientId: string, redirectUri: string): Promise<ClientAnswer> {
    try {
      const metadata = await new Provider({ issuer, clientId }, this.#fetch, this.#clock).layout();
      const signal = AbortSignal.timeout(requestTimeout * 1000);
      return await checkClient({ metadata, clientId, redirectUri, fetch: providerFetch(this.#fetch), signal });
    } catch {
      return 'untested';
    }
  }

  #fetchUntil(ended: AbortSignal | undefined): PlatformFetch {
    if (!ended) return this.#fetch;
    return (url, options) =>
      this.#fetch(url, { ...options, signal: AbortSignal.any([ended, ...(options.signal ? [options.signal] : [])]) });
  }
}

/** Turns "expected …" into a sentence of its own. */
function sentence(error: unknown): string {
  const text = spoken().texts.said(messageOf(error));
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
