import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import { publishedClient, startPair } from './support/client.ts';
import { startHeadless } from './support/headless.ts';
import { allAnswers } from './support/rawSocket.ts';

/** How often a slow caller sends its next byte, in milliseconds. */
const pace = 200;

/** A caller that never closes its side, whatever it is told. */
class Caller {
  readonly #socket: Socket;
  #received = '';
  /** The host has closed its side. */
  isOver = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#received += text;
    });
    socket.on('end', () => {
      this.isOver = true;
    });
    socket.on('error', () => {
      this.isOver = true;
    });
  }

  static async open(port: number): Promise<Caller> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const caller = new Caller(socket);
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined);
    return caller;
  }

  /** The status of its answer; undefined until there is one. */
  get status(): string | undefined {
    return /^HTTP\/1\.1 (\d{3})/.exec(this.#received)?.[1];
  }

  write(bytes: string): void {
    this.#socket.write(bytes);
  }

  /** Goes on with one byte after the other. */
  dribble(): void {
    const timer = setInterval(() => (this.isOver ? clearInterval(timer) : this.#socket.write('a')), pace);
    this.#socket.once('close', () => clearInterval(timer));
  }

  end(): void {
    this.#socket.destroy();
  }
}

async function open(port: number, count: number, finished: TestContext['onTestFinished']): Promise<Caller[]> {
  const callers = await Promise.all(Array.from({ length: count }, () => Caller.open(port)));
  finished(() => {
    for (const caller of callers) caller.end();
  });
  return callers;
}

/** How many descriptors a process has open. */
const descriptors = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;
/** Connections that a client of ours keeps for its next request, and what the host itself opens now and then. */
const few = 20;

// The descriptors of another process are counted in /proc.
describe.runIf(process.platform === 'linux')('connections', () => {
  test('beside 1,000 idle and 50 slow connections the others are served, and none of those lasts [L6]', async ({
    onTestFinished: finished,
  }) => {
    const { host, provider, stop } = await startPair({ browser: true });
    finished(() => stop());
    const before = descriptors(host.pid);

    const idle = await open(host.port, 1000, finished);
    for (const caller of idle.slice(0, 500)) caller.write(`GET /user HTTP/1.1\r\nHost: localhost:${host.port}\r\nX-Ha`);
    const slow = await open(host.port, 50, finished);
    for (const [index, caller] of slow.entries()) {
      const head = `POST /pkce/token HTTP/1.1\r\nHost: localhost:${host.port}\r\n`;
      if (index % 2 === 0) caller.write(`${head}X-Slow: `);
      else caller.write(`${head}Content-Type: application/json\r\nContent-Length: 30000\r\n\r\n`);
      caller.dribble();
    }
    await expect.poll(() => descriptors(host.pid)).toBeGreaterThan(before + 1000);

    for (const path of ['/.well-known/health', '/user', '/pkce/challenge']) {
      expect((await fetch(`${host.address}${path}`)).status, path).toBe(200);
    }
    const { pkce, auth0 } = publishedClient(host.address);
    const { challenge } = await pkce.getChallenge();
    if (!challenge) throw new Error('no challenge');
    const { state, nonce, verifier, challenge: codeChallenge } = challenge;
    const { clientId, audience } = provider;
    const code = await pkce.generateCode({
      seededPKCE: {
        responseType: 'code',
        state,
        nonce,
        codeChallenge,
        codeChallengeMethod: 'S256',
        scope: ['openid', 'profile', 'email'],
        clientId,
        audience,
      },
    });
    await pkce.generateToken({
      tokenizedPKCE: {
        grantType: 'authorization_code',
        clientId,
        code: code.result?.code ?? '',
        redirectUri: `${host.address}/pkce/response/code`,
        codeVerifier: verifier,
      },
    });
    expect(await auth0.getAuth0UserInfo()).toMatchObject({ name: 'Ada Lovelace' });
    // No number of seconds says more than this: nobody had to wait until the slow ones were gone.
    expect(slow.filter(({ isOver }) => !isOver).length).toBeGreaterThanOrEqual(25);

    await expect.poll(() => [...idle, ...slow].every(({ isOver }) => isOver), { timeout: 40_000 }).toBe(true);
    expect(new Set([...idle, ...slow].map(({ status }) => status))).toEqual(new Set(['408']));
    // Not one of them has closed its side.
    await expect.poll(() => descriptors(host.pid), { timeout: 10_000 }).toBeLessThan(before + few);
    expect(host.errors()).not.toMatch(/"level":(50|60)/);
  }, 90_000);

  test('a host that has run out of descriptors goes on listening, and serves when there are some again [L6]', async ({
    onTestFinished: finished,
  }) => {
    const most = 128;
    const host = await startHeadless({ prefix: ['prlimit', `--nofile=${most}:${most}`] });
    finished(async () => void (await host.stop()));
    await open(host.port, 2 * most, finished);
    await expect.poll(() => descriptors(host.pid)).toBeGreaterThanOrEqual(most - 2);
    // The limits end those that ask nothing, and nobody has to close anything for that.
    const bytes = `GET /pkce/challenge HTTP/1.1\r\nHost: localhost:${host.port}\r\nConnection: close\r\n\r\n`;
    const ask = () => allAnswers(host.port, bytes).then(([answer]) => answer?.status, String);
    await expect.poll(ask, { timeout: 40_000, interval: 200 }).toBe(200);
    await expect.poll(() => descriptors(host.pid), { timeout: 20_000 }).toBeLessThan(most / 2);
    expect(await ask()).toBe(200);
  }, 90_000);

  test('more idle connections than the host keeps push out each other, and nobody who asks [L6]', async () => {
    const host = await startHeadless();
    onTestFinished(async () => void (await host.stop()));
    const before = descriptors(host.pid);
    await open(host.port, 1700, onTestFinished);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => fetch(`${host.address}/pkce/challenge`).then(({ status }) => status)),
    );
    expect(new Set(answers)).toEqual(new Set([200]));
    expect(descriptors(host.pid)).toBeLessThan(before + 1250 + few);
  }, 60_000);
});
