import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type IdentityProvider,
  type IdentityProviderOptions,
  startIdentityProvider,
} from '../demo/identity-provider/provider.ts';
import { providerEnvironment, startPair } from './support/client.ts';
import { type Headless, startHeadless, testBrowser } from './support/headless.ts';

const callers = 1000;
/** How long an access token lives that is to end during the test, in seconds. */
const shortLife = 3;

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A host that runs while the access token of its session ends. */
interface Morning {
  readonly host: Headless;
  readonly provider: IdentityProvider;
  /** The token that has ended. */
  readonly ended: string;
}

/**
 * Signs in at a provider whose access tokens end after seconds, lets the provider be started again with tokens that last, and
 * waits until the stored one has ended. No renewal of the broker's own is due then: one that lives so short is renewed for
 * those who ask.
 */
async function morning(): Promise<Morning> {
  const folder = await mkdtemp(join(tmpdir(), 'loopgate-many-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const options: IdentityProviderOptions = {
    anyLoopbackCallback: true,
    deviceFlow: false,
    stateFile: join(folder, 'provider.json'),
  };
  const evening = await startIdentityProvider({ ...options, accessTokenSeconds: shortLife });
  const host = await startHeadless({
    environment: {
      ...providerEnvironment(evening),
      BROWSER: testBrowser,
      LOOPGATE_VAULT_KEY: randomBytes(32).toString('base64'),
    },
  });
  onTestFinished(async () => void (await host.stop()));
  const ended = await signIn(host.address);
  await evening.close();
  const provider = await startIdentityProvider(options);
  onTestFinished(() => provider.close());
  expect(provider.issuer).toBe(evening.issuer);
  // Its end is a whole second of the provider's; whoever counts from its arrival is up to one later.
  const end = ((decodeJwt(ended).exp ?? 0) + 1) * 1000;
  await expect.poll(() => Date.now() >= end, { timeout: 10_000 }).toBe(true);
  expect(renewals(provider)).toBe(0);
  return { host, provider, ended };
}

function renewals(provider: IdentityProvider): number {
  return provider.requests.filter(({ parameters }) => parameters.grant_type === 'refresh_token').length;
}

/** What one caller writes. */
type Call = (port: number) => string;

const calls = {
  'GET /user/access_token': (port) => `GET /user/access_token HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`,
  'POST /oauth/token': (port) => {
    const form = 'grant_type=refresh_token&client_id=loopgate-demo&code=none&redirect_uri=none&code_verifier=none';
    const headers = ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${form.length}`];
    return `POST /oauth/token HTTP/1.1\r\nHost: localhost:${port}\r\n${headers.join('\r\n')}\r\n\r\n${form}`;
  },
} as const satisfies Record<string, Call>;

const mixed = (index: number): Call => Object.values(calls)[index % 2] ?? calls['GET /user/access_token'];

/** One connection, on which many requests are on their way at once (HTTP/1.1 pipelining). */
class Pipeline {
  readonly #socket: Socket;
  #received = '';
  readonly #answers: Answer[] = [];
  #look: (problem?: Error) => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      // Every answer that is read here is ASCII: tokens, and the one JSON error.
      this.#received += chunk.toString('latin1');
      this.#take();
      this.#look();
    });
    socket.on('error', (problem) => this.#look(problem));
    socket.on('close', () => this.#look(new Error(`closed after ${this.#answers.length} answers`)));
  }

  static async open(port: number): Promise<Pipeline> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Pipeline(socket);
  }

  write(bytes: string): void {
    this.#socket.write(bytes);
  }

  /** The first `count` answers, once they are there; then the connection is over. */
  async answers(count: number): Promise<readonly Answer[]> {
    await new Promise<void>((resolve, reject) => {
      this.#look = (problem) => {
        if (this.#answers.length >= count) resolve();
        else if (problem) reject(problem);
      };
      this.#look();
    });
    this.#socket.destroy();
    return this.#answers;
  }

  #take(): void {
    for (;;) {
      const blank = this.#received.indexOf('\r\n\r\n');
      if (blank === -1) return;
      const head = this.#received.slice(0, blank);
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
      const end = blank + 4 + length;
      if (this.#received.length < end) return;
      this.#answers.push({
        status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]),
        body: this.#received.slice(blank + 4, end),
      });
      this.#received = this.#received.slice(end);
    }
  }
}

/** Writes all calls at once, spread over so many connections; gives the promise of all answers. */
async function callAtOnce(
  port: number,
  connections: number,
  call: (index: number) => Call,
): Promise<Promise<Answer[]>[]> {
  const each = callers / connections;
  const pipelines = await Promise.all(Array.from({ length: connections }, () => Pipeline.open(port)));
  return pipelines.map(async (pipeline, which) => {
    const bytes = Array.from({ length: each }, (_, index) => call(which * each + index)(port));
    pipeline.write(bytes.join(''));
    return [...(await pipeline.answers(each))];
  });
}

/** The access token of an answer of either operation. */
function tokenOf({ status, body }: Answer): string {
  expect(status, body).toBe(200);
  if (!body.startsWith('{')) return body;
  return (JSON.parse(body) as { access_token: string }).access_token;
}

/**
 * Every request that was written before has reached the broker: the kernel holds nothing that the host has not read, and a
 * caller who came later was looked up after them.
 */
async function allHaveArrived(port: number): Promise<void> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const isRead = async () => {
    const tables = await Promise.all([readFile('/proc/net/tcp', 'latin1'), readFile('/proc/net/tcp6', 'latin1')]);
    const rows = tables.flatMap((table) => table.split('\n')).map((line) => line.trim().split(/\s+/));
    const own = rows.filter(([, local, , state]) => local?.endsWith(suffix) && state === '01');
    return own.length > 0 && own.every(([, , , , queues]) => queues?.split(':')[1] === '00000000');
  };
  await expect.poll(isRead, { timeout: 20_000 }).toBe(true);
  const pipeline = await Pipeline.open(port);
  pipeline.write(`GET /pkce/challenge HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
  expect((await pipeline.answers(1))[0]?.status).toBe(200);
}

const spreads = [
  ['10 connections', 10],
  ['50 connections', 50],
  ['1,000 connections', 1000],
] as const;

/**
 * Calls while the token endpoint keeps everybody waiting; it answers when all have arrived.
 * @param unavailable - true when it then answers 503
 * @returns the answers, and how many token requests there were when all had arrived
 */
async function callWhileHeld(
  { host, provider }: Pick<Morning, 'host' | 'provider'>,
  connections: number,
  unavailable: boolean,
) {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const lift = provider.fault(
    '/oauth/token',
    unavailable
      ? { respond: (_request, response) => void released.then(() => response.writeHead(503).end()) }
      : { hang: true },
  );
  const calling = await callAtOnce(host.port, connections, mixed);
  await allHaveArrived(host.port);
  const asked = renewals(provider);
  release();
  if (!unavailable) lift();
  const answers = (await Promise.all(calling)).flat();
  lift();
  return { answers, asked };
}

describe(`${callers} callers at once, whose access token has ended [T4]`, () => {
  test.each(spreads)(
    'on %s: one token request, and everybody has the same new token',
    async (_how, connections) => {
      const { host, provider, ended } = await morning();
      const answers = (await Promise.all(await callAtOnce(host.port, connections, mixed))).flat();
      expect(answers).toHaveLength(callers);
      const tokens = new Set(answers.map(tokenOf));
      expect(tokens.size).toBe(1);
      expect(tokens).not.toContain(ended);
      expect(renewals(provider)).toBe(1);
    },
    60_000,
  );

  test('all by grant_type=refresh_token, on 1,000 connections: one token request for those who come while it is new', async () => {
    const { host, provider } = await morning();
    const calling = await callAtOnce(host.port, 1000, () => calls['POST /oauth/token']);
    const answers = (await Promise.all(calling)).flat();
    expect(new Set(answers.map(tokenOf)).size).toBe(1);
    expect(renewals(provider)).toBe(1);
  }, 60_000);

  test.runIf(process.platform === 'linux').each(spreads)(
    'on %s, while the provider takes its time: one token request, and everybody has the same new token',
    async (_how, connections) => {
      const pair = await morning();
      const { answers, asked } = await callWhileHeld(pair, connections, false);
      expect(asked).toBe(1);
      const tokens = new Set(answers.map(tokenOf));
      expect(tokens.size).toBe(1);
      expect(tokens).not.toContain(pair.ended);
      expect(renewals(pair.provider)).toBe(1);
    },
    60_000,
  );

  test.runIf(process.platform === 'linux').each(spreads)(
    'on %s, when the provider answers 503: one token request, everybody reads why, and the session stays [T5]',
    async (_how, connections) => {
      const pair = await morning();
      const { answers, asked } = await callWhileHeld(pair, connections, true);
      expect(asked).toBe(1);
      expect(answers).toHaveLength(callers);
      for (const { status, body } of answers) {
        expect(status).toBe(502);
        expect(JSON.parse(body)).toMatchObject({ error: 'provider_unreachable' });
      }
      // It comes back by itself.
      await expect
        .poll(async () => (await fetch(`${pair.host.address}/user/access_token`)).status, { timeout: 20_000 })
        .toBe(200);
    },
    60_000,
  );
});

test.runIf(process.platform === 'linux')(
  `${callers} callers at once who want a renewal while the access token is good, when the provider answers 503: everybody has the old one [T5]`,
  async () => {
    const pair = await startPair({ browser: true });
    onTestFinished(() => pair.stop());
    await signIn(pair.host.address);
    const old = await (await fetch(`${pair.host.address}/user/access_token`)).text();
    const { answers, asked } = await callWhileHeld(pair, 50, true);
    expect(asked).toBe(1);
    expect(new Set(answers.map(tokenOf))).toEqual(new Set([old]));
  },
  60_000,
);

/** Signs in over the API, and gives the access token. */
async function signIn(address: string): Promise<string> {
  expect((await fetch(`${address}/pkce/code`, { method: 'POST' })).status).toBe(200);
  const answer = await fetch(`${address}/pkce/token`, { method: 'POST' });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { auth0: { oAuth: { token: { access_token: string } } } }).auth0.oAuth.token
    .access_token;
}
