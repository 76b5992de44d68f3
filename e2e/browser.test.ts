/** The browser that opens a login, as it is on other people's machines: missing, failing, named in every way. Real programs. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { loginPageBehind } from '../testing/loginAddress.ts';
import { type Pair, printedLogin, startPair } from './support/client.ts';
import { launcher, startCommand } from './support/command.ts';
import { testBrowser } from './support/headless.ts';
import { inTerminal } from './support/terminal.ts';

const device = { deviceFlow: true, deviceIntervalSeconds: 1 } as const;

let home: string;
let folder: string;
const stops: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'loopgate-browser-'));
  folder = await mkdtemp(join(tmpdir(), 'my browser '));
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await rm(home, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
});

/** A host whose `$BROWSER` is this. */
async function pairWith(browser: string, provider: Parameters<typeof startPair>[0] = {}): Promise<Pair> {
  const pair = await startPair({ ...provider, host: { home, environment: { BROWSER: browser } } });
  stops.push(() => pair.stop());
  return pair;
}

async function program(name: string, body: string, mode = 0o755): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, mode);
  return path;
}

/** What does not open anything: a value for `$BROWSER`, and what the log says. */
const failures: [what: string, browser: () => Promise<string>, logged: RegExp][] = [
  ['that is missing', async () => '/missing/browser', /\/missing\/browser cannot be run \(ENOENT\)/],
  ['that is not executable', () => program('plain', 'exit 0', 0o644), /plain cannot be run \(EACCES\)/],
  ['that ends with 3', () => program('fails', 'exit 3'), /fails ended with 3/],
];

describe('a $BROWSER that opens nothing', () => {
  test.each(failures)(
    'one %s: the terminal of the host shows the address, the log says why without it',
    async (_, browser, logged) => {
      const { host } = await pairWith(await browser());
      const signingIn = fetch(`${host.address}/pkce/code`, { method: 'POST' });
      const address = await printedLogin(host);
      const state = new URL(address).searchParams.get('state') ?? '?';
      const line = await host.waitForLine(/"the browser did not open"|the browser did not open/);
      expect(line).toMatch(logged);
      expect(line).toContain('"level":40');
      expect(host.errors()).not.toContain(state);
      await new BrowserDouble().signInAs(address, 'Ada Lovelace');
      expect((await signingIn).status).toBe(200);
    },
  );

  test('the error of the call that waits says that no browser could be opened, and where the address is', async () => {
    const environment = { BROWSER: '/missing/browser', LOOPGATE_SIGN_IN_TIMEOUT: '2' };
    const { host, stop } = await startPair({ host: { home, environment } });
    stops.push(() => stop());
    for (const path of ['/os/sign_in', '/pkce/code']) {
      expect(await (await fetch(`${host.address}${path}`, { method: 'POST' })).json()).toMatchObject({
        error: 'authorization_timeout',
        error_description: expect.stringMatching(/No browser could be opened.*terminal/),
      });
    }
  });

  test('where the provider has device authorization, POST /os/sign_in shows a code for another device too', async () => {
    const { host } = await pairWith('/missing/browser', { provider: device });
    const signingIn = fetch(`${host.address}/os/sign_in`, { method: 'POST' });
    const address = (await host.waitForLine(/^ {2}http\S+\/activate$/)).trim();
    const userCode = (await host.waitForLine(/^ {2}[A-Z]{4}-[A-Z]{4}$/)).trim();
    expect(await printedLogin(host)).toContain('/authorize?');
    await new BrowserDouble().approveDevice(address, 'Ada Lovelace', { userCode });
    expect(await (await signingIn).json()).toMatchObject({ name: 'Ada Lovelace' });
    expect(host.errors()).not.toContain(userCode);
  });

  test.each([
    ['missing', async () => '/missing/browser'],
    ['not set', async () => ''],
  ])(
    'loopgate login shows the address on its terminal, when it is %s, and ends when the person has signed in',
    async (_, browser) => {
      await pairWith(await browser());
      const terminal = inTerminal(home, [process.execPath, launcher, 'login']);
      stops.push(() => terminal.end());
      const [address = ''] = await terminal.shows(/http\S+\/login\/[\w-]+/);
      await new BrowserDouble().signInAs((await loginPageBehind(address)) ?? '', 'Ada Lovelace');
      await terminal.shows(/Signed in as Ada Lovelace/);
      expect(await terminal.ended).toBe(0);
    },
  );

  test('loopgate login whose standard error is no terminal keeps the address out of it, and says what to do', async () => {
    const { host } = await pairWith('/missing/browser');
    const running = startCommand(home, 'login');
    await running.said(/Run "loopgate login" in a terminal/);
    const address = await printedLogin(host);
    await new BrowserDouble().signInAs(address, 'Ada Lovelace');
    const { exitCode, out, errors } = await running.ended;
    expect({ exitCode, out }).toEqual({ exitCode: 0, out: expect.stringMatching(/^Signed in as Ada Lovelace/) });
    expect(errors).toMatch(/^Opening your browser…\nNo browser could be opened\. /);
    expect(out + errors).not.toMatch(/http/);
  });

  test('loopgate login shows a code for another device instead, where the provider has that', async () => {
    await pairWith('/missing/browser', { provider: device });
    const terminal = inTerminal(home, [process.execPath, launcher, 'login']);
    stops.push(() => terminal.end());
    const [, address = ''] = await terminal.shows(/ {2}(http\S+\/activate)\s/);
    const [, userCode = ''] = await terminal.shows(/ {2}([A-Z]{4}-[A-Z]{4})\s/);
    await new BrowserDouble().approveDevice(address, 'Ada Lovelace', { userCode });
    await terminal.shows(/Signed in as Ada Lovelace/);
    expect(await terminal.ended).toBe(0);
  });
});

describe('$BROWSER by its convention', () => {
  const signsIn = async (browser: string) => {
    const { host, provider } = await pairWith(browser);
    expect((await fetch(`${host.address}/pkce/code`, { method: 'POST' })).status).toBe(200);
    expect(host.errors()).not.toContain('did not open');
    expect(provider.errors).toEqual([]);
  };

  test('a list whose first is missing: the second is opened', () => signsIn(`/missing/browser:${testBrowser}`));

  test('%s is where the address goes', async () => {
    const path = await program('counts', `test "$#" = 2 -a "$2" = last && exec ${testBrowser} "$1"`);
    await signsIn(`"${path}" %s last`);
  });

  test('a path with a space, quoted, or as the whole of it', async () => {
    const path = await program('signs in', `exec ${testBrowser} "$1"`);
    await signsIn(`"${path}"`);
    for (const stop of stops.splice(0).reverse()) await stop();
    await signsIn(path);
  });

  test('one that stays in the foreground has opened the login, and nothing else is shown', async () => {
    const path = await program('stays', `${testBrowser} "$1"\necho $$ > "$0.pid"\nexec sleep 300`);
    stops.push(async () => process.kill(Number(await readFile(`${path}.pid`, 'utf8')), 'SIGKILL'));
    const { host } = await pairWith(path);
    const running = startCommand(home, 'login');
    expect(await running.ended).toMatchObject({
      exitCode: 0,
      errors: expect.stringMatching(/^Opening your browser…\nFinish the sign-in in your browser/),
    });
    expect(host.output()).not.toContain('To sign in, open');
  });
});
