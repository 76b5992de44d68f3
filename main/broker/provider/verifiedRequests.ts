import * as client from 'openid-client';
import { LoopgateError } from '../../errors/errors.ts';
import type { Clock } from '../clock.ts';
import type { Discovery } from './discovery.ts';
import { HeldAnswers, OneAnswer } from './heldAnswers.ts';
import { failedCheck } from './providerChecks.ts';
import { unverified, withLoopgateErrors } from './providerErrors.ts';
import { onceTimeout, requestTimeout } from './providerFetch.ts';
import type { Secrets } from './providerWords.ts';
import { type KeyCopy, SigningKeys } from './signingKeys.ts';
import { tokenAnswer } from './tokenAnswer.ts';

/** How to ask for an answer that has to be verified. */
export interface Asking {
  readonly clientId: string;
  /** Everything that is sent, if it counts only once: an answer that could not be verified is held for the next try (T20). */
  readonly once?: unknown;
  /** What was sent; it must not appear in an error when the provider repeats it (T9). */
  readonly secrets: Secrets;
  /** How long the request may take, in seconds; absent for a request that counts only once. */
  readonly timeout?: number;
  /** Receives the answer before it is verified; the request waits for the promise that it returns. */
  readonly onAnswer?: (answer: Response) => Promise<void>;
}

/** Sends requests to the provider and verifies the answers with the keys that it publishes now (T1, T20). */
export class VerifiedRequests {
  readonly #discovery: Discovery;
  readonly #fetch: client.CustomFetch;
  readonly #keys: SigningKeys;
  readonly #held: HeldAnswers;

  constructor(discovery: Discovery, fetch: client.CustomFetch, clock: Clock) {
    this.#discovery = discovery;
    this.#fetch = fetch;
    this.#keys = new SigningKeys(() => withLoopgateErrors(() => this.#readKeys()), clock);
    this.#held = new HeldAnswers(clock);
  }

  /**
   * Asks the provider once and verifies its answer. If the keys do not fit, it reads them once more (T20). A failure after
   * the keys were needed means that the answer has passed every other check: it may be verified later, and is safe to ask for
   * again.
   * @throws LoopgateError
   */
  async send<T>(asking: Asking, verify: (configuration: client.Configuration) => Promise<T>): Promise<T> {
    const before = await this.#discovery.metadata();
    try {
      return await this.#sendOnce(asking, verify);
    } catch (error) {
      // The endpoint has moved, and nothing was processed: a code must not be lost for that.
      const isSafe = error instanceof LoopgateError && error.undone;
      if (!isSafe || !(await this.#discovery.hasChanged(before))) throw error;
      return await this.#sendOnce(asking, verify);
    }
  }

  async #sendOnce<T>(
    { clientId, once, secrets, timeout = onceTimeout, onAnswer }: Asking,
    verify: (configuration: client.Configuration) => Promise<T>,
  ): Promise<T> {
    const request = once === undefined ? undefined : JSON.stringify(once);
    const answer = request === undefined ? new OneAnswer() : this.#held.of(request);
    const { jwks_uri: keysAddress = '', token_endpoint: tokenAddress = '' } = await this.#discovery.metadata();
    const isTokens = (url: string) => url === new URL(tokenAddress).href;
    let neededKeys = false;
    let used: KeyCopy | undefined;
    const attempt = async (newer?: KeyCopy) => {
      const configuration = await this.configuration(clientId, async (url, options) => {
        if (url === new URL(keysAddress).href) {
          neededKeys = true;
          used = newer ?? (await this.#keys.copy());
          return used.answer.clone();
        }
        return await answer.of(async () => {
          const response = await this.#fetch(url, options);
          await onAnswer?.(response.clone());
          return isTokens(url) ? await tokenAnswer(response) : response;
        });
      });
      configuration.timeout = timeout;
      return await withLoopgateErrors(() => verify(configuration), secrets, timeout);
    };
    try {
      const result = await attempt().catch(async (error: unknown) => {
        const newer = neededKeys ? await this.#keys.newerThan(used) : undefined;
        if (!newer) throw error;
        return await attempt(newer);
      });
      if (request !== undefined) this.#held.forget(request);
      return result;
    } catch (error) {
      if (!neededKeys) throw error;
      const mayBeVerified = request === undefined || this.#held.hold(request, answer);
      throw unverified(error, mayBeVerified);
    }
  }

  /** Configures openid-client for this provider and one client. @param fetch - sends the requests @throws LoopgateError */
  async configuration(clientId: string, fetch = this.#fetch): Promise<client.Configuration> {
    const configuration = await this.#discovery.configuration(clientId, fetch);
    configuration.timeout = requestTimeout;
    // T1: without this, openid-client accepts an ID token with a wrong signature.
    client.enableNonRepudiationChecks(configuration);
    return configuration;
  }

  /** Reads the keys; returns the response whatever its status. */
  async #readKeys(): Promise<Response> {
    const { jwks_uri: address } = await this.#discovery.metadata();
    if (address === undefined) throw failedCheck('jwks_uri');
    return await this.#fetch(address, {
      method: 'GET',
      headers: { accept: 'application/json' },
      body: undefined,
      redirect: 'manual',
      signal: AbortSignal.timeout(requestTimeout * 1000),
    });
  }
}
