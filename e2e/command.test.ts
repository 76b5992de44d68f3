/** The command `loopgate` as a person and a script use it, with a headless host and the local provider. */
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { runCommand } from '../main/cli/run.ts';
import packageJson from '../package.json' with { type: 'json' };
import { type Pair, printedAddresses, printedLogin, startPair } from './support/client.ts';
import { launcher, loopgate, startCommand } from './support/command.ts';
import { startHeadless } from './support/headless.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'loopgate-command-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function pairWith(options: Parameters<typeof startPair>[0] = {}): Promise<Pair> {
  const pair = await startPair({ ...options, host: { home, ...options.host } });
  stops.push(() => pair.stop());
  return pair;
}

const endpointFile = async () =>
  JSON.parse(await readFile(join(home, 'endpoint.json'), 'utf8')) as Record<string, unknown>;

/** The one JSON document that is all of standard output. */
async function asJson(...argv: readonly string[]): Promise<{ exitCode: number | null; json: unknown }> {
  const { exitCode, out } = await loopgate(home, ...argv, '--json');
  return { exitCode, json: JSON.parse(out) };
}

describe('endpoint.json [L10]', () => {
  test('says where the API is, for its user alone, and is gone when it ends', async () => {
    const { host } = await pairWith();
    const found = await endpointFile();
    expect(found).toEqual({
      address: host.address,
      port: host.port,
      pid: host.pid,
      version: packageJson.version,
      started: expect.any(String),
      instance: expect.any(String),
    });
    expect((await stat(join(home, 'endpoint.json'))).mode & 0o777).toBe(0o600);
    // Which run it is, on both families.
    for (const name of ['127.0.0.1', '[::1]']) {
      const health = await fetch(`http://${name}:${host.port}/.well-known/health`);
      expect(await health.text()).toBe(`ok:${found.instance}`);
    }
    expect((await readdir(home)).filter((name) => name.startsWith('endpoint'))).toEqual(['endpoint.json']);
    await host.stop();
    expect(await readdir(home)).not.toContain('endpoint.json');
  });

  test('one that a killed host has left is recognised, and the next host replaces it', async () => {
    const first = await startHeadless({ home });
    await first.stop('SIGKILL');
    expect((await endpointFile()).pid).toBe(first.pid);
    expect(await loopgate(home, 'endpoint')).toMatchObject({ exitCode: 3, out: '' });
    const second = await startHeadless({ home });
    stops.push(() => second.stop());
    expect(await loopgate(home, 'endpoint')).toMatchObject({ exitCode: 0, out: `${second.address}\n` });
  });

  test('one whose process number another process has by now is recognised', async () => {
    const host = await startHeadless({ home });
    stops.push(() => host.stop());
    expect(await loopgate(home, 'status')).toMatchObject({ exitCode: 0 });
    // Somebody answers at that port, and this very test runs: but it is not what the file was written by.
    await writeFile(join(home, 'endpoint.json'), JSON.stringify({ ...(await endpointFile()), pid: process.pid }));
    expect(await loopgate(home, 'status')).toMatchObject({ exitCode: 3 });
  });

  test.each(['', 'null', '{"address":null}', '{"address":"http://evil.example:1/","port":1}'])(
    '%j in its place is nobody’s endpoint',
    async (content) => {
      await writeFile(join(home, 'endpoint.json'), content);
      expect(await loopgate(home, 'endpoint')).toMatchObject({ exitCode: 3 });
    },
  );
});

describe('loopgate, while nothing runs', () => {
  test.each(['login', 'logout', 'token', 'userinfo', 'programs', 'endpoint'])(
    '%s ends with 3 and says what to do, also as JSON',
    async (command) => {
      const { exitCode, out, errors } = await loopgate(home, command);
      expect({ exitCode, out }).toEqual({ exitCode: 3, out: '' });
      expect(errors).toMatch(/not running.*npm (start|run serve)/);
      expect(await asJson(command)).toEqual({
        exitCode: 3,
        json: { error: 'not_running', error_description: expect.stringContaining('npm run serve') },
      });
    },
  );

  test('status says so, and ends with 3', async () => {
    expect(await loopgate(home, 'status')).toMatchObject({ exitCode: 3, out: 'Loopgate is not running.\n' });
    expect(await asJson('status')).toEqual({ exitCode: 3, json: { running: false } });
  });
});

describe('loopgate, where it may start the app', () => {
  /** The app is a headless host here: the installed one does not start for root, whom Chromium's sandbox refuses. */
  async function run(...argv: readonly string[]) {
    const starts: Promise<unknown>[] = [];
    const startApp = () => {
      starts.push(startHeadless({ home }).then((host) => stops.push(() => host.stop())));
    };
    const said = { out: '', error: '' };
    const writer = (name: 'out' | 'error') => async (lines: readonly string[]) => {
      said[name] += lines.join('\n');
    };
    const world = { environment: { LOOPGATE_HOME: home }, platform: process.platform, startApp };
    const interrupted = new AbortController().signal;
    const exitCode = await runCommand(argv, { ...world, interrupted }, { out: writer('out'), error: writer('error') });
    await Promise.all(starts);
    return { exitCode, starts: starts.length, ...said };
  }

  test('token starts it, waits until it answers, and says what it does on standard error alone', async () => {
    // It answers: that it has no provider.
    const first = await run('token', '--json');
    expect(first).toMatchObject({ exitCode: 1, starts: 1, error: 'Starting Loopgate…' });
    expect(JSON.parse(first.out)).toMatchObject({ error: 'not_configured' });
    expect(await loopgate(home, 'endpoint')).toMatchObject({ exitCode: 0 });
    expect(await run('token')).toMatchObject({ exitCode: 1, starts: 0, out: '' });
  });

  test('--no-start forbids it, and nothing else starts it', async () => {
    expect(await run('token', '--no-start')).toMatchObject({ exitCode: 3, starts: 0 });
    for (const command of ['status', 'userinfo', 'programs', 'endpoint', 'logout'])
      expect(await run(command), command).toMatchObject({ exitCode: 3, starts: 0 });
  });
});

describe('loopgate, with somebody who signs in', () => {
  test('login, status, userinfo, token and logout, in both forms; a token is on standard output of token alone', async () => {
    const { host, provider } = await pairWith({ browser: true });
    expect(await asJson('status')).toEqual({
      exitCode: 0,
      json: {
        running: true,
        address: host.address,
        port: host.port,
        pid: host.pid,
        version: packageJson.version,
        guard: 'same-user',
        allowed: true,
        signed_in: false,
      },
    });
    for (const command of ['token', 'userinfo']) {
      expect(await loopgate(home, command)).toMatchObject({ exitCode: 4, out: '' });
      expect(await asJson(command)).toMatchObject({ exitCode: 4, json: { error: 'not_signed_in' } });
    }
    const login = await loopgate(home, 'login');
    expect(login).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^Signed in as Ada Lovelace/) });
    const logins = provider.count('/authorize');
    const again = await loopgate(home, 'login', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ signed_in: true, user: { name: 'Ada Lovelace' } });
    expect(provider.count('/authorize')).toBe(logins);

    const token = await loopgate(home, 'token');
    expect(token).toMatchObject({ exitCode: 0, errors: '' });
    const read = await fetch(`${provider.issuer}userinfo`, {
      headers: { authorization: `Bearer ${token.out.trim()}` },
    });
    expect(await read.json()).toMatchObject({ name: 'Ada Lovelace' });
    expect(await asJson('token')).toEqual({ exitCode: 0, json: { access_token: token.out.trim() } });

    const info = await asJson('userinfo');
    expect(info).toMatchObject({ exitCode: 0, json: { sub: 'auth0|ada-lovelace', name: 'Ada Lovelace' } });
    const others = [
      login,
      again,
      ...(await Promise.all(['status', 'userinfo', 'programs'].map((name) => loopgate(home, name)))),
    ];
    for (const { out, errors } of others) expect(out + errors).not.toMatch(/eyJ|[\w-]{40,}\.[\w-]{20,}/);
    expect(others[2]?.out).toContain('Signed in:  Ada Lovelace');

    expect(await loopgate(home, 'logout')).toMatchObject({ exitCode: 0, out: 'Signed out.\n' });
    expect(await asJson('logout')).toEqual({ exitCode: 0, json: { signed_out: true, still_signed_in: [] } });
    expect(await loopgate(home, 'userinfo')).toMatchObject({ exitCode: 4 });
  });

  test('what a program is called gives the terminal no commands and no lines, and stays in the JSON', async () => {
    const { host } = await pairWith();
    const hostile = join(
      home,
      'bin\u001b]0;PWNED\u0007\u001b[2K\u001b[1G\n allowed  Visual Studio Code \u202e\u0085\u009b31m',
    );
    await mkdir(hostile);
    const program = join(hostile, 'asker');
    await cp(process.execPath, program);
    const ask = 'fetch(process.argv[1] + "/user/access_token").then((answer) => answer.text())';
    await promisify(execFile)(program, ['-e', ask, host.address]);
    for (const argv of [['programs'], ['programs', '--json']]) {
      const { out } = await loopgate(home, ...argv);
      expect(out).toContain('PWNED');
      expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      if (argv.length === 1) expect(out.match(/\n/g)).toHaveLength(1);
    }
    const { json } = await asJson('programs');
    expect((json as { programs: { id: string }[] }).programs[0]?.id).toContain(program);
    // Errors that repeat it, too.
    const { errors } = await loopgate(home, 'programs', 'remove', 'x', '\u001b[2K\nDone.');
    expect(errors).toMatch(/^[^\n]*\ufffd[^\n]*\n$/);
  });

  test('programs lists who asked, and removes one', async () => {
    await pairWith({ browser: true });
    await loopgate(home, 'login');
    const { json } = await asJson('programs');
    const { guard, programs } = json as { guard: string; programs: { id: string; kind: string }[] };
    expect(guard).toBe('same-user');
    // From the repository it is Node that asks: an interpreter, which anybody can run.
    expect(programs).toMatchObject([{ kind: 'interpreter' }]);
    const id = programs[0]?.id ?? '';
    expect((await loopgate(home, 'programs')).out).toContain(id);
    expect(await asJson('programs', 'remove', id)).toEqual({ exitCode: 0, json: { removed: id } });
    expect(await asJson('programs')).toMatchObject({ json: { programs: [] } });
    expect(await asJson('programs', 'remove', id)).toMatchObject({ exitCode: 1, json: { error: 'not_found' } });
  });

  test('Ctrl+C cancels the login that it started', async () => {
    const { host } = await pairWith();
    const running = startCommand(home, 'login');
    const address = await printedLogin(host);
    running.child.kill('SIGINT');
    expect(await running.ended).toMatchObject({ exitCode: 130, out: '' });
    // Whoever finishes it in the browser all the same finishes nothing.
    const person = new BrowserDouble();
    const callback = await person.signInAs(address, 'Ada Lovelace');
    if (!(callback instanceof Response)) expect((await person.deliver(callback)).status).toBe(400);
    expect(await loopgate(home, 'userinfo')).toMatchObject({ exitCode: 4 });
  });

  test('login --address shows the provider’s own address on a terminal, opens nothing, and ends when the person has signed in [R16]', async () => {
    const { host, provider } = await pairWith();
    const command = [process.execPath, launcher, 'login', '--address'].join(' ');
    // A terminal of its own, which shows both streams.
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { PATH: process.env.PATH, LOOPGATE_HOME: home, SHELL: '/bin/sh' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let shown = '';
    const ended = new Promise((resolve) => child.once('close', resolve));
    const address = await new Promise<string>((resolve, reject) => {
      child.stdout.on('data', (data) => {
        shown += data;
        const found = /^ {2}(http\S+\/authorize\?\S+)\s*$/m.exec(shown)?.[1];
        if (found !== undefined) resolve(found);
      });
      void ended.then(() => reject(new Error(shown)));
    });
    expect(address).toContain(`${provider.issuer}authorize?`);
    expect((await new BrowserDouble().signInAs(address, 'Ada Lovelace')).status).toBe(200);
    expect(await ended).toBe(0);
    expect(shown).toContain('Keep it to yourself');
    expect(shown).toContain('Signed in as Ada Lovelace');
    expect(host.output() + host.errors()).not.toContain(new URL(address).searchParams.get('state'));
    expect(printedAddresses(host)).toEqual([]);
  });

  test('login --address shows nothing where its output is kept, and starts no login [R16]', async () => {
    const { provider, host } = await pairWith();
    expect(await loopgate(home, 'login', '--address')).toMatchObject({
      exitCode: 2,
      out: '',
      errors: expect.stringContaining('on a terminal only'),
    });
    expect(await asJson('login', '--address')).toMatchObject({ exitCode: 2, json: { error: 'wrong_use' } });
    expect(await loopgate(home, 'login', '--address', '--device')).toMatchObject({ exitCode: 2 });
    expect(provider.count('/authorize')).toBe(0);
    expect(host.errors()).not.toContain('sign-in started');
  });

  test('login --device shows address and code, and ends when the person has signed in elsewhere [T13]', async () => {
    // A host with a browser: the command asks for the other device, not the host.
    await pairWith({ browser: true, provider: { deviceFlow: true, deviceIntervalSeconds: 1 } });
    const running = startCommand(home, 'login', '--device');
    let said = '';
    running.child.stderr?.on('data', (data) => {
      said += data;
    });
    await running.said(/^ {2}[A-Z]{4}-[A-Z]{4}$/m);
    const address = /^ {2}(http\S+\/activate)$/m.exec(said)?.[1] ?? '';
    const userCode = /^ {2}([A-Z]{4}-[A-Z]{4})$/m.exec(said)?.[1] ?? '';
    await new BrowserDouble().approveDevice(address, 'Ada Lovelace', { userCode });
    expect(await running.ended).toMatchObject({ exitCode: 0, out: expect.stringContaining('Ada Lovelace') });
  });
});

describe('loopgate, where it is not on the list', () => {
  let pair: Pair;
  let listedHome: string;
  beforeAll(async () => {
    listedHome = await mkdtemp(join(tmpdir(), 'loopgate-command-'));
    pair = await startPair({ host: { home: listedHome, environment: { LOOPGATE_GUARD: 'listed' } } });
  });
  afterAll(async () => {
    await pair.stop();
    await rm(listedHome, { recursive: true, force: true });
  });

  test.each(['login', 'logout', 'token', 'userinfo'])('%s is refused with 5, in both forms', async (command) => {
    expect(await loopgate(listedHome, command)).toMatchObject({ exitCode: 5, out: '' });
    const { exitCode, out } = await loopgate(listedHome, command, '--json');
    expect({ exitCode, json: JSON.parse(out) }).toMatchObject({ exitCode: 5, json: { error: 'consent_denied' } });
  });

  test('status does not tell who is signed in, and says that it does not', async () => {
    const { exitCode, out } = await loopgate(listedHome, 'status');
    expect(exitCode).toBe(0);
    expect(out).toMatch(/Signed in: {2}not told to /);
    const json = JSON.parse((await loopgate(listedHome, 'status', '--json')).out) as object;
    expect(json).toMatchObject({ guard: 'listed', allowed: false });
    expect(json).not.toHaveProperty('signed_in');
  });
});

describe('loopgate, used wrongly', () => {
  test.each([[], ['nothing'], ['token', '--nope'], ['status', '--device'], ['programs', 'remove'], ['login', 'x']])(
    'ends with 2 and points to the help: %j %j',
    async (...argv) => {
      const words = argv.filter((word) => word !== undefined) as string[];
      const { exitCode, out, errors } = await loopgate(home, ...words);
      expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
      expect(errors).toContain('loopgate --help');
      expect(await asJson(...words)).toMatchObject({ exitCode: 2, json: { error: 'wrong_use' } });
    },
  );

  test('a data folder that is no path is said', async () => {
    const { exitCode, errors } = await loopgate('relative', 'status');
    expect(exitCode).toBe(1);
    expect(errors).toContain('LOOPGATE_HOME');
  });
});
