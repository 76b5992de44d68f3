import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { BrowserDouble } from '../../demo/identity-provider/person.ts';
import type { IdentityProvider } from '../../demo/identity-provider/provider.ts';
import { printedLogin } from '../../e2e/support/client.ts';
import type { Headless } from '../../e2e/support/headless.ts';
import { endLater } from './processes.ts';
import type { ProviderTime } from './providerTime.ts';

const challenged = z.object({
  challenge: z.object({ state: z.string(), challenge: z.string(), verifier: z.string() }),
});
const coded = z.object({ result: z.object({ code: z.string() }) });

/** The host's own time in the parts of a sign-in, in milliseconds. */
export interface SignInTimes {
  readonly challenge: number;
  /** From the wish for a code until the address of the login is out. */
  readonly address: number;
  /** From the browser's callback until the program has the code and the browser its page. */
  readonly code: number;
  readonly tokens: number;
}

/** A program that signs in, over one kept connection, as Ada Lovelace. */
export class Program {
  readonly #host: Headless;
  readonly #provider: IdentityProvider;
  readonly #time: ProviderTime | undefined;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2 });

  /** @param time - what is taken off for the provider */
  constructor(host: Headless, provider: IdentityProvider, time?: ProviderTime) {
    this.#host = host;
    this.#provider = provider;
    this.#time = time;
    endLater(async () => this.#agent.destroy());
  }

  /**
   * Challenge, code (with a person in a browser), tokens.
   * @returns what the host has taken of each, in milliseconds: neither what the person's browser did nor the provider's work
   */
  async signIn(): Promise<SignInTimes> {
    const [host, provider] = [this.#host, this.#provider];
    const began = performance.now();
    const { challenge } = challenged.parse(await this.#ask('GET', '/pkce/challenge'));
    const untilChallenge = this.#ownSince(began);
    const asked = performance.now();
    const code = this.#ask('POST', '/pkce/code', {
      response_type: 'code',
      state: challenge.state,
      nonce: challenge.state,
      code_challenge: challenge.challenge,
      code_challenge_method: 'S256',
      scope: ['openid', 'profile', 'email', 'offline_access'],
      client_id: provider.clientId,
      audience: provider.audience,
    });
    const address = await printedLogin(host, challenge.state);
    const untilAddress = this.#ownSince(asked);
    const browser = new BrowserDouble();
    const callback = await browser.signInAs(address, 'Ada Lovelace', { deliver: false });
    const back = performance.now();
    const [{ result }] = await Promise.all([code.then((answer) => coded.parse(answer)), browser.deliver(callback)]);
    const untilCode = this.#ownSince(back);
    const exchanged = performance.now();
    await this.#ask('POST', '/pkce/token', {
      grant_type: 'authorization_code',
      client_id: provider.clientId,
      code: result.code,
      redirect_uri: `${host.address}/pkce/response/code`,
      code_verifier: challenge.verifier,
    });
    return { challenge: untilChallenge, address: untilAddress, code: untilCode, tokens: this.#ownSince(exchanged) };
  }

  /** Resolves when the session is gone, at the provider too. */
  async signOut(): Promise<void> {
    this.#provider.clearRequests();
    await this.#ask('POST', '/os/sign_out');
    await this.#provider.waitFor(({ path }) => path === '/oauth/revoke');
  }

  #ownSince(began: number): number {
    const now = performance.now();
    return now - began - (this.#time?.between(began, now) ?? 0);
  }

  async #ask(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const asked = httpRequest(`${this.#host.address}${path}`, {
      method,
      agent: this.#agent,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    });
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    const [answer]: IncomingMessage[] = await once(asked, 'response');
    if (!answer) throw new Error(`${path} was not answered.`);
    const received = await text(answer);
    if (answer.statusCode !== 200) throw new Error(`${path} was answered with ${answer.statusCode}: ${received}`);
    return JSON.parse(received);
  }
}
