import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ensureTestKit } from '../build/bundle.ts';
import { electronBuilderConfiguration } from '../build/electron-builder.ts';
import { faultNames, faultPath } from '../demo/test-kit/faults.ts';
import { isAlive } from '../main/storage/folderLock.ts';
import { publishedClient } from './support/client.ts';
import { projectFolder, startHeadless } from './support/headless.ts';
import { runAsOtherUser, whyNoOtherUser } from './support/otherUser.ts';
import { startTestKit, type TestKit, TestKitFailed } from './support/testKit.ts';

// npm, tsx and the kit start one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const execute = promisify(execFile);

/** What the API answers to a program that wants a token. */
async function token(address: string): Promise<{ status: number; text: string; error?: string }> {
  const response = await fetch(`${address}/user/access_token`);
  const text = await response.text();
  return { status: response.status, text, ...(response.ok ? {} : { error: JSON.parse(text).error }) };
}

async function user(address: string): Promise<string | undefined> {
  const answer = (await (await fetch(`${address}/user`)).json()) as { user?: { name?: string } };
  return answer.user?.name;
}

async function signIn(address: string): Promise<Response> {
  return await fetch(`${address}/os/sign_in`, { method: 'POST' });
}

/** The frames of /user/stream, each once it is there. */
function listen(address: string, protocol?: string): { next(): Promise<string>; close(): void } {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/user/stream`, protocol);
  const frames: string[] = [];
  const waiting: ((frame: string) => void)[] = [];
  socket.on('message', (data) => {
    const frame = String(data);
    const first = waiting.shift();
    if (first) first(frame);
    else frames.push(frame);
  });
  return {
    // Not by the ping, which looks again every 30 s.
    next: () => {
      const first = frames.shift();
      if (first !== undefined) return Promise.resolve(first);
      return new Promise((resolve, reject) => {
        waiting.push(resolve);
        setTimeout(() => reject(new Error('no frame within 15 s')), 15_000).unref();
      });
    },
    close: () => socket.terminate(),
  };
}

/** Starts a kit that must refuse to start, and gives why. */
async function refusal(options: Parameters<typeof startTestKit>[0]): Promise<TestKitFailed> {
  const failure: unknown = await startTestKit(options).then(
    (kit) => kit.stop().then(() => new Error('it started')),
    (error: unknown) => error,
  );
  if (!(failure instanceof TestKitFailed)) throw failure;
  return failure;
}

describe('the test kit', () => {
  let kit: TestKit;
  beforeAll(async () => {
    kit = await startTestKit();
  });
  afterEach(() => kit.recover());
  afterAll(() => kit.stop());

  test('has somebody signed in as soon as endpoint.json is there, and signs in by itself', async () => {
    const endpoint = JSON.parse(await readFile(join(kit.home, 'endpoint.json'), 'utf8')) as { address: string };
    expect(endpoint.address).toBe(kit.address);
    const { pkce, auth0 } = publishedClient(kit.address);
    expect((await auth0.getAuth0UserInfo()).name).toBe('Ada Lovelace');
    const { result } = await pkce.generateCode();
    expect(result?.code).toBeTruthy();
    expect((await pkce.generateToken()).auth0?.user?.name).toBe('Ada Lovelace');
    expect((await token(kit.address)).status).toBe(200);
  });

  test('expired: 401 with the reason, and a sign-in ends it', async () => {
    const stream = listen(kit.address, 'loopgate.reasons');
    expect(await stream.next()).toContain('Ada Lovelace');
    await kit.fault('expired');
    const answer = await token(kit.address);
    expect(answer).toMatchObject({ status: 401, error: 'not_signed_in' });
    expect(answer.text).toContain('The session has ended');
    expect(await user(kit.address)).toBeUndefined();
    expect(JSON.parse(await stream.next())).toMatchObject({ error: 'not_signed_in' });
    expect((await signIn(kit.address)).status).toBe(200);
    expect(await stream.next()).toContain('Ada Lovelace');
    expect((await token(kit.address)).status).toBe(200);
    expect(await (await fetch(`${kit.address}${faultPath}`)).json()).toEqual({ faults: [...faultNames] });
    stream.close();
  });

  test('token-expired: the token is refused, and the next call gives another', async () => {
    const { text: old } = await token(kit.address);
    const withOld = () => fetch(`${kit.address}/userinfo`, { headers: { Authorization: `Bearer ${old}` } });
    expect((await withOld()).status).toBe(200);
    await kit.fault('token-expired');
    expect((await withOld()).status).toBe(401);
    const { status, text: renewed } = await token(kit.address);
    expect(status).toBe(200);
    expect(renewed).not.toBe(old);
    const withNew = await fetch(`${kit.address}/userinfo`, { headers: { Authorization: `Bearer ${renewed}` } });
    expect(withNew.status).toBe(200);
  });

  test('signed-out: 401, an empty frame, and a sign-in of the published client ends it', async () => {
    const stream = listen(kit.address);
    expect(await stream.next()).toContain('Ada Lovelace');
    await kit.fault('signed-out');
    expect(await stream.next()).toBe('');
    const answer = await token(kit.address);
    expect(answer).toMatchObject({ status: 401, error: 'not_signed_in' });
    expect(answer.text).toContain('Nobody is signed in');
    const { pkce, auth0 } = publishedClient(kit.address);
    await pkce.generateCode();
    await pkce.generateToken();
    expect((await auth0.getAuth0UserInfo()).name).toBe('Ada Lovelace');
    // Told twice: who it is, and then with their profile.
    expect(await stream.next()).toContain('ada-lovelace');
    stream.close();
  });

  test('offline: 502 while the session stays', async () => {
    const before = await token(kit.address);
    await kit.fault('offline');
    expect(await token(kit.address)).toMatchObject({ status: 502, error: 'provider_unreachable' });
    expect((await fetch(`${kit.address}/user/refresh`)).status).toBe(502);
    expect(await user(kit.address)).toBe('Ada Lovelace');
    await kit.recover();
    expect((await token(kit.address)).status).toBe(200);
    expect(before.status).toBe(200);
  });

  test('consent-denied: 403, and nobody is signed in for that program', async () => {
    const stream = listen(kit.address, 'loopgate.reasons');
    expect(await stream.next()).toContain('Ada Lovelace');
    await kit.fault('consent-denied');
    expect(await token(kit.address)).toMatchObject({ status: 403, error: 'consent_denied' });
    expect((await signIn(kit.address)).status).toBe(403);
    expect(await user(kit.address)).toBeUndefined();
    expect(JSON.parse(await stream.next())).toMatchObject({ error: 'consent_denied' });
    await kit.recover();
    expect(await stream.next()).toContain('Ada Lovelace');
    expect((await token(kit.address)).status).toBe(200);
    stream.close();
  });

  test('one fault ends the other, and one that does not exist is refused by name', async () => {
    await kit.fault('consent-denied');
    await kit.fault('offline');
    expect(await token(kit.address)).toMatchObject({ status: 502 });
    const wrong = await fetch(`${kit.address}${faultPath}/tired`, { method: 'PUT' });
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('signed-out');
    expect(await (await fetch(`${kit.address}${faultPath}`)).json()).toMatchObject({ fault: 'offline' });
  });

  test('as many faults as a suite has tests: none is refused for those before it [L8]', async () => {
    for (let count = 0; count < 61; count++) {
      await kit.fault('signed-out');
      await kit.recover();
    }
    expect((await token(kit.address)).status).toBe(200);
  });

  test.each([
    ['a web origin', { Origin: 'https://evil.example' }],
    ['a page of another site', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }],
    ['a rebound name', { Host: 'evil.example' }],
  ])('the control path refuses %s', async (_who, headers) => {
    const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    for (const [method, path] of [
      ['PUT', `${faultPath}/signed-out`],
      ['DELETE', faultPath],
      ['GET', faultPath],
    ]) {
      const argv = ['--silent', '--write-out', '%{http_code}', '--output', '/dev/null', ...lines];
      const { stdout } = await execute('curl', [...argv, '-X', method ?? '', `${kit.address}${path}`]);
      expect(stdout).toBe('403');
    }
    expect(await user(kit.address)).toBe('Ada Lovelace');
  });

  test.skipIf(whyNoOtherUser)('the control path refuses another user of the machine', async () => {
    const address = `${kit.address}${faultPath}/signed-out`;
    const argv = ['--silent', '--write-out', '%{http_code}', '--output', '/dev/null', '-X', 'PUT'];
    expect(await runAsOtherUser(['curl', ...argv, address])).toBe('403');
    expect(await user(kit.address)).toBe('Ada Lovelace');
  });

  test('says on every line that it is a test, and no line holds a token or an e-mail address', async () => {
    await kit.fault('expired');
    expect(kit.lines.length).toBeGreaterThan(5);
    expect(kit.lines.filter((line) => !line.startsWith('[test kit] '))).toEqual([]);
    expect(kit.lines.filter((line) => line.includes('"msg"')).length).toBeGreaterThan(0);
    expect(kit.lines.join('\n')).not.toMatch(/eyJ|@example/);
  });
});

describe('the test kit leaves alone what is the person’s', () => {
  let home: string;
  afterEach(() => rm(home, { recursive: true, force: true }));

  test('found with no configuration, with the person’s files untouched, and gone without a trace on SIGTERM', async () => {
    home = await mkdtemp(join(tmpdir(), 'loopgate-person-'));
    const temporary = join(home, 'tmp');
    await mkdir(temporary);
    const folder = join(home, '.config', 'loopgate');
    await mkdir(folder, { recursive: true });
    const own = {
      // Read, it would keep the kit from starting.
      'settings.json': '{"issuer":"https://company.example/","clientId":"real","guard":"listed"}',
      'session.keyring.json': 'sealed',
      'programs.json': '{}',
    };
    for (const [name, text] of Object.entries(own)) await writeFile(join(folder, name), text);
    const environment = { HOME: home, LOOPGATE_HOME: undefined, XDG_CONFIG_HOME: '', TMPDIR: temporary };
    const kit = await startTestKit({ environment });
    expect(JSON.parse(await readFile(join(folder, 'endpoint.json'), 'utf8'))).toMatchObject({ address: kit.address });
    expect((await signIn(kit.address)).status).toBe(200);
    expect(readdirSync(folder).sort()).toEqual([...Object.keys(own), 'endpoint.json', 'lock.json'].sort());
    const { pid } = JSON.parse(await readFile(join(folder, 'endpoint.json'), 'utf8')) as { pid: number };
    expect(await kit.stop()).toBe(0);
    expect(isAlive({ pid, startedAt: 'unknown' })).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(Object.keys(own).sort());
    for (const [name, text] of Object.entries(own)) expect(await readFile(join(folder, name), 'utf8')).toBe(text);
    expect(readdirSync(temporary).filter((name) => name.startsWith('loopgate'))).toEqual([]);
  });

  test('a Loopgate that runs there is left alone: exit code 2, and LOOPGATE_HOME is named', async () => {
    home = await mkdtemp(join(tmpdir(), 'loopgate-person-'));
    const real = await startHeadless({ home });
    try {
      const { exitCode, message } = await refusal({ environment: { LOOPGATE_HOME: home } });
      expect(exitCode).toBe(2);
      expect(message).toMatch(/^\[test kit\] A Loopgate runs already .*LOOPGATE_HOME/);
      expect((await fetch(`${real.address}/pkce/challenge`)).status).toBe(200);
      expect(existsSync(join(home, 'endpoint.json'))).toBe(true);
    } finally {
      await real.stop();
    }
  });

  test('ends when npm, which started it, is ended', async () => {
    home = await mkdtemp(join(tmpdir(), 'loopgate-person-'));
    const kit = await startTestKit({ command: ['npm', 'run', '--silent', 'serve', '--'] });
    const { pid } = JSON.parse(await readFile(join(kit.home, 'endpoint.json'), 'utf8')) as { pid: number };
    await kit.stop();
    // The streams of npm are open as long as a child of it has them.
    expect(isAlive({ pid, startedAt: 'unknown' })).toBe(false);
  });
});

describe('npm run serve', () => {
  test.each([
    ['--auto without --demo', ['--auto'], {}, '--demo --auto'],
    ['an option that it does not know', ['--demo', '--atuo'], {}, 'Known are --demo, --auto and --help'],
    ['a word that is no option', ['demo'], {}, 'Known are --demo, --auto and --help'],
    [
      'a provider beside the demo',
      ['--demo', '--auto'],
      { LOOPGATE_ISSUER: 'tenant.auth0.com' },
      'unset LOOPGATE_ISSUER',
    ],
    ['a guard that asks', ['--demo', '--auto'], { LOOPGATE_GUARD: 'ask' }, 'unset it'],
  ])('refuses %s', async (_what, argv, environment, words) => {
    const { exitCode, message } = await refusal({ argv, environment });
    expect(exitCode).toBeGreaterThan(0);
    expect(message).toContain(words);
  });

  test('--help names the options', async () => {
    const { exitCode, message } = await refusal({ argv: ['--help'] });
    expect(exitCode).toBe(0);
    for (const option of ['--demo', '--auto', '--help', 'LOOPGATE_DEMO=1']) expect(message).toContain(option);
  });

  test('LOOPGATE_DEMO=1 is the same as --demo', async () => {
    const kit = await startTestKit({ argv: ['--auto'], environment: { LOOPGATE_DEMO: '1' } });
    expect(await user(kit.address)).toBe('Ada Lovelace');
    expect(await kit.stop()).toBe(0);
  });
});

describe('what is shipped', () => {
  test('has no control path: 404 as for any other', async () => {
    const host = await startHeadless();
    try {
      for (const [method, path] of [
        ['PUT', `${faultPath}/signed-out`],
        ['DELETE', faultPath],
        ['GET', faultPath],
      ]) {
        expect((await fetch(`${host.address}${path}`, { method: method ?? '' })).status).toBe(404);
      }
    } finally {
      await host.stop();
    }
  });

  test('holds nothing of the test kit, and no package takes it along', async () => {
    await ensureTestKit();
    const kit = readFileSync(join(projectFolder, 'out/testKit/index.cjs'), 'utf8');
    for (const words of [faultPath, 'consent-denied', 'BrowserDouble']) {
      expect(kit.includes(words), words).toBe(true);
      for (const part of ['main/index', 'headless/index', 'cli/index', 'preload/index']) {
        const shipped = readFileSync(join(projectFolder, 'out', `${part}.cjs`), 'utf8');
        expect(shipped.includes(words), `${words} in out/${part}.cjs`).toBe(false);
      }
    }
    const runtime = { distFolder: '', version: '33.0.0', official: true, executable: '' };
    const { files } = electronBuilderConfiguration({
      root: projectFolder,
      runtime,
      outputFolder: 'dist',
      sbom: '',
      mustBeSigned: false,
    });
    expect(files).toContain('out/main/**');
    expect([files].flat().filter((pattern) => /^(out|\*\*)(\/\*\*)?$|testKit|test-kit/.test(String(pattern)))).toEqual(
      [],
    );
  });
});
