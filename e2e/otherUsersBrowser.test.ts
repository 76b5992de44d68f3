import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { constants, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { startIdentityProvider } from '../demo/identity-provider/provider.ts';
import { ownChallenge } from '../testing/brokerWorld.ts';
import { askForLogin, isLoginAddress } from '../testing/loginAddress.ts';
import { printedAddresses, providerEnvironment, startPair } from './support/client.ts';
import { ConsentStage, ProgramFolder } from './support/consentStage.ts';
import { type Headless, startHeadless } from './support/headless.ts';
import {
  asOtherUser,
  families,
  halfClosed,
  orphans,
  otherUsersFolder,
  probedStrings,
  rawProbeAs,
  runAsOtherUser,
  treeForOtherUser,
  whyNoOtherUser,
} from './support/otherUser.ts';

const asBrowser = [
  'Accept: text/html',
  'Sec-Fetch-Site: none',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Dest: document',
] as const;

const requestOf = (port: number, method: string, path: string, lines: readonly string[] = asBrowser, body = '') =>
  `${[`${method} ${path} HTTP/1.1`, `Host: localhost:${port}`, ...lines].join('\r\n')}\r\n\r\n${body}`;

/** A denial, as a browser brings it from the provider. */
function denial(port: number, state: string): string {
  const body = new URLSearchParams({ state, error: 'access_denied' }).toString();
  const lines = [
    'Accept: text/html',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return requestOf(port, 'POST', '/pkce/response/code', lines, body);
}

/** A program's login that waits, with a state that the test knows. */
async function waitingLogin(host: Headless): Promise<{ state: string; answer: Promise<Response>; address: string }> {
  const state = randomUUID();
  const query = new URLSearchParams({
    state,
    scope: 'openid',
    audience: 'https://api.loopgate.test/',
    response_type: 'code',
    client_id: 'loopgate-demo',
    code_challenge_method: 'S256',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw_cM',
    response_mode: 'form_post',
  });
  const printed = printedAddresses(host).length;
  const answer = fetch(`${host.address}/authorize?${query}`);
  await host.waitForOutput(() => printedAddresses(host).length > printed);
  return { state, answer, address: printedAddresses(host).at(-1) ?? '' };
}

/** A forwarder of this process to a port, as docker-proxy is one. @returns its port; it ends with the test */
async function forwarderTo(port: number): Promise<number> {
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    pipeline(near, far, near, () => undefined);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe.skipIf(whyNoOtherUser !== undefined)("another user's browser", () => {
  test('whoever reads the address of a login from the process list can neither finish it nor end it [R16]', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'loopgate-browser-'));
    // A browser that is started with the address, and shows it to the process list until somebody writes here.
    const hold = join(folder, 'hold');
    execFileSync('mkfifo', [hold]);
    const { host, stop } = await startPair({ host: { environment: { BROWSER: `cat ${hold}` } } });
    try {
      const waiting = fetch(`${host.address}/os/sign_in`, { method: 'POST' });
      const thief = join(treeForOtherUser(), 'e2e', 'support', 'addressThief.ts');
      const printed = await runAsOtherUser([process.execPath, '--import', 'tsx', thief, `cat ${hold}`]);
      const [address = '', ...outcomes] = probedStrings(printed);
      expect(address).toSatisfy(isLoginAddress);
      expect(outcomes).toEqual([expect.stringContaining('403'), expect.stringContaining('403')]);
      expect((await new BrowserDouble().signInAs(address, 'Ada Lovelace')).status).toBe(200);
      expect(await (await waiting).json()).toMatchObject({ name: 'Ada Lovelace' });
    } finally {
      await open(hold, constants.O_WRONLY | constants.O_NONBLOCK).then(
        (held) => held.close(),
        () => undefined,
      );
      await stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('gets the same for a login address that is good, one that never was, and any way to ask for it [R16]', async () => {
    const { host, stop } = await startPair();
    try {
      const { state, answer, address } = await waitingLogin(host);
      const { pathname } = new URL(address);
      const dateless = (text: string) => text.replace(/^Date: .*\r\n/m, '');
      for (const family of families) {
        const ways = (path: string) => [
          requestOf(host.port, 'GET', path),
          requestOf(host.port, 'GET', path, [...asBrowser, 'Sec-Purpose: prefetch']),
          requestOf(host.port, 'HEAD', path),
          requestOf(host.port, 'GET', path, []),
          requestOf(host.port, 'GET', path, ['Accept: application/json']),
        ];
        const good = await rawProbeAs(host.port, family, ways(pathname));
        const never = await rawProbeAs(host.port, family, ways(`/login/${'x'.repeat(32)}`));
        expect(good.map(dateless)).toEqual(never.map(dateless));
        for (const one of good) expect(one).toMatch(/^HTTP\/1\.1 403 /);
        expect(good.join()).not.toMatch(/^location:|^set-cookie:/im);
        const [denied] = await rawProbeAs(host.port, family, [denial(host.port, state)]);
        expect(denied).toMatch(/^HTTP\/1\.1 403 /);
      }
      // The person's own browser reads the same of an address that never was.
      const unknown = await askForLogin(`http://127.0.0.1:${host.port}/login/${'x'.repeat(32)}`);
      const [refused = ''] = await rawProbeAs(host.port, '127.0.0.1', [requestOf(host.port, 'GET', pathname)]);
      expect(refused.split('\r\n\r\n')[1]).toBe(unknown.body);
      expect(unknown.status).toBe(403);
      expect((await new BrowserDouble().signInAs(address, 'Ada Lovelace')).status).toBe(200);
      expect(await (await answer).json()).toMatchObject({ state });
    } finally {
      await stop();
    }
  });

  // While the host stands still they are gone, or half gone, for certain: that is what it finds when it looks.
  test.each([
    ['closed', 'socket.end(request, () => process.exit(0))'],
    ['closed half', 'socket.end(request, () => console.log("sent"))'],
  ])(
    'a ticket and a denial on a connection that was %s before anybody looked change nothing [R16]',
    async (_how, act) => {
      const { host, stop } = await startPair();
      try {
        const { state, answer, address } = await waitingLogin(host);
        const hitAndRun = `
        const { connect } = require('node:net');
        const [address, request] = process.argv.slice(1);
        const socket = connect({ port: ${host.port}, host: address, allowHalfOpen: true }, () => ${act});
        socket.resume().on('end', () => process.exit(0)).on('error', () => process.exit(0));`;
        const requests = [requestOf(host.port, 'GET', new URL(address).pathname), denial(host.port, state)];
        for (const family of families) {
          process.kill(host.pid, 'SIGSTOP');
          const runs = requests.map((request) => runAsOtherUser([process.execPath, '-e', hitAndRun, family, request]));
          try {
            if (act.includes('exit(0)')) await Promise.all(runs);
            else await expect.poll(() => halfClosed(host.port), { timeout: 20_000 }).toBe(requests.length);
          } finally {
            process.kill(host.pid, 'SIGCONT');
          }
          await Promise.all(runs);
          await expect.poll(() => orphans(host.port), { timeout: 20_000 }).toBe(0);
        }
        // Later connections are looked up after those of the runaway.
        expect((await fetch(`${host.address}/pkce/challenge`)).status).toBe(200);
        expect((await new BrowserDouble().signInAs(address, 'Ada Lovelace')).status).toBe(200);
        expect(await (await answer).json()).toMatchObject({ state });
      } finally {
        await stop();
      }
    },
  );

  // A connection that is reset before it is read brings nothing at all: here it is read, and reset before it is looked up.
  test('a ticket and a denial on a connection that is reset while somebody looks change nothing [R16]', async () => {
    let reset: () => Promise<void> = async () => undefined;
    const options = { signedIn: false, mode: 'same-user', beforeBringing: () => reset() } as const;
    const stage = await ConsentStage.set(new ProgramFolder(), options);
    stage.browser.signsIn = false;
    const state = randomUUID();
    const asked = stage.broker.authorize('program', { ...ownChallenge(), state });
    const address = await stage.browser.tab();
    const resetting = `
      const { connect } = require('node:net');
      const [address, request] = process.argv.slice(1);
      const socket = connect(${stage.port}, address, () => socket.write(request));
      process.stdin.once('data', () => { socket.resetAndDestroy(); socket.once('close', () => process.exit(0)); });`;
    for (const family of families) {
      for (const request of [requestOf(stage.port, 'GET', new URL(address).pathname), denial(stage.port, state)]) {
        const [command, ...argv] = [...asOtherUser, process.execPath, '-e', resetting, family, request];
        const child = spawn(command, argv, { stdio: ['pipe', 'inherit', 'inherit'] });
        const gone = once(child, 'close');
        await new Promise<void>((resolve) => {
          reset = async () => {
            child.stdin.end('now');
            await gone;
            resolve();
          };
        });
      }
    }
    reset = async () => undefined;
    expect(await stage.browser.finish(address)).toBe(200);
    expect(await asked).toMatchObject({ state });
  });

  test("a live connection of root's brings ticket and callback, as docker-proxy does, and nothing else [R16, L5]", async () => {
    const provider = await startIdentityProvider({ anyLoopbackCallback: true, deviceFlow: false });
    const home = otherUsersFolder();
    try {
      const environment = { ...providerEnvironment(provider), HOME: home };
      const host = await startHeadless({ home, prefix: asOtherUser, environment });
      try {
        const post = (path: string) =>
          `fetch('${host.address}${path}', { method: 'POST' }).then((answer) => answer.text()).then(console.log)`;
        const asked = runAsOtherUser([process.execPath, '-e', post('/os/sign_in')]);
        await host.waitForOutput(() => printedAddresses(host).length > 0);
        // This is root's.
        const [address = ''] = printedAddresses(host);
        expect((await new BrowserDouble().signInAs(address, 'Ada Lovelace')).status).toBe(200);
        expect(JSON.parse(await asked)).toMatchObject({ name: 'Ada Lovelace' });

        // Whoever is behind a forwarder of root's.
        const waiting = runAsOtherUser([process.execPath, '-e', post('/pkce/code')]);
        await host.waitForOutput(() => printedAddresses(host).length > 1);
        const { pathname } = new URL(printedAddresses(host).at(-1) ?? '');
        const answers = await rawProbeAs(await forwarderTo(host.port), '127.0.0.1', [
          requestOf(host.port, 'GET', '/user/access_token', []),
          requestOf(host.port, 'GET', '/userinfo'),
          requestOf(host.port, 'POST', '/pkce/clear', ['Content-Length: 0']),
          requestOf(host.port, 'GET', `/login/${'x'.repeat(32)}`),
          requestOf(host.port, 'GET', pathname, [...asBrowser, 'Connection: close']),
        ]);
        expect(answers.map((answer) => answer.slice(9, 12))).toEqual(['403', '403', '403', '403', '303']);
        await runAsOtherUser([process.execPath, '-e', post('/pkce/clear')]);
        expect(await waiting).toContain('authorization_cleared');
      } finally {
        await host.stop();
      }
    } finally {
      await provider.close();
      rmSync(home, { recursive: true, force: true });
    }
  });
});
