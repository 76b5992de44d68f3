import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { failureOf, type Headless, startHeadless } from './support/headless.ts';
import { knock, providerIn, socketActivate } from './support/hostInNetwork.ts';
import { asOtherUser, otherUsersFolder } from './support/otherUser.ts';
import { type OwnNetwork, ownNetwork, whyNoOwnNetwork } from './support/ownNetwork.ts';
import { type Probed, probe, probedLines } from './support/probe.ts';

/** Everything here runs in a network of its own: port 1000 is there for each test, and nobody else's. */
vi.setConfig({ testTimeout: 90_000 });

const cleanings: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanings.splice(0).reverse()) await clean();
});

async function network(firstFree?: number): Promise<OwnNetwork> {
  const made = await ownNetwork(firstFree);
  cleanings.push(made.stop);
  return made;
}

/** A data folder of the other user. */
function home(): string {
  const folder = otherUsersFolder();
  cleanings.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const node = (script: string, ...argv: string[]) => [process.execPath, '--input-type=module', '-e', script, ...argv];

/** Listens on 127.0.0.1 and answers as somebody, with 200. */
const answers = `
  import { createServer } from 'node:http';
  const [port, text] = process.argv.slice(1);
  createServer((_request, response) => response.end(text)).listen(Number(port), '127.0.0.1', () => console.log('ready'));
`;

async function probed(
  on: OwnNetwork,
  user: readonly string[],
  address: string,
  targets: readonly string[],
): Promise<Probed[]> {
  return probedLines(await on.run([...user, ...node(probe, address, ...targets)]));
}

interface Start {
  readonly prefix?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  readonly home?: string;
}

/** A headless host of the other user in that network, by the usual order of ports unless the environment says another. */
async function host(
  on: OwnNetwork,
  { prefix = [], environment = {}, home: folder = home() }: Start,
): Promise<Headless> {
  const started = await startHeadless({
    home: folder,
    prefix: [...on.prefix, ...prefix, ...asOtherUser],
    environment: { LOOPGATE_PORT: '', HOME: folder, ...environment },
  });
  cleanings.push(() => started.stop('SIGKILL'));
  return started;
}

const flow = ['POST /pkce/code', 'POST /pkce/token', 'GET /userinfo'];

async function expectFlow(on: OwnNetwork, { address }: Headless): Promise<void> {
  const done = await probed(on, asOtherUser, address, flow);
  expect(done.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(JSON.parse(done[2]?.body ?? '')).toMatchObject({ name: 'Ada Lovelace' });
}

async function activated(
  on: OwnNetwork,
  listen: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Headless> {
  const [first = ''] = listen;
  const starting = host(on, { prefix: socketActivate(listen, environment), environment });
  const knocking = on.run([
    ...asOtherUser,
    ...node(knock, `http://${first.replace(/0\.0\.0\.0|\[::\]/, '127.0.0.1')}`),
  ]);
  // A host that refuses ends without an answer.
  knocking.catch(() => undefined);
  return await starting;
}

describe.skipIf(whyNoOwnNetwork !== undefined)('run by another user than root [L9]', () => {
  test('port 1000 is refused with the remedy, the next one is used, and the whole flow works there', async () => {
    const on = await network(1024);
    const started = await host(on, { environment: await providerIn(on) });
    expect(started.port).toBe(5323);
    expect(started.output()).toContain('Port 1000 is privileged on this system');
    expect(started.output()).toContain('sudo sysctl -w net.ipv4.ip_unprivileged_port_start=1000');
    expect(started.output()).toContain('Loopgate uses port 5323 instead.');
    // L10: whoever looks for it finds that port.
    const said = JSON.parse(await readFile(join(started.home, 'endpoint.json'), 'utf8')) as object;
    expect(said).toMatchObject({ port: 5323, address: 'http://localhost:5323', pid: expect.any(Number) });
    // The provider takes its exact callbacks alone: the one that it is sent is that of port 5323.
    await expectFlow(on, started);
  });

  test('where the administrator has opened port 1000, it is used and nothing is said', async () => {
    const on = await network(1000);
    const started = await host(on, { environment: await providerIn(on) });
    expect(started.address).toBe('http://localhost:1000');
    expect(started.output()).not.toMatch(/privileged|instead/);
    await expectFlow(on, started);
  });

  test('whoever has a port is named: a program of one’s own by its name, another user’s as that', async () => {
    const on = await network(1000);
    await on.start(node(answers, '1000', 'ok:somebody'));
    await on.start([...asOtherUser, ...node(answers, '5323', 'hello')]);
    const started = await host(on, {});
    expect(started.port).toBe(39300);
    expect(started.output()).toContain('Port 1000 is taken by a program of another user (uid 0).');
    expect(started.output()).toMatch(
      /Port 5323 is taken by node -e \(process \d+\)\. Loopgate uses port 39300 instead/,
    );
  });

  test('settings: the order of ports can be set', async () => {
    const on = await network();
    const started = await host(on, { environment: { LOOPGATE_PORTS: '999, 7001 7002' } });
    expect(started.port).toBe(7001);
    expect(started.output()).toContain('Port 999 is privileged');
  });
});

describe.skipIf(whyNoOwnNetwork !== undefined)('39300 and up, where Pieces OS is [L9]', () => {
  test.each<[string, (on: OwnNetwork, home: string) => unknown, RegExp]>([
    ['answers', (on) => on.start(node(answers, '39317', 'ok:8a1f')), /Pieces OS answers on port 39317/],
    [
      'is installed',
      (_on, folder) => mkdirSync(join(folder, '.local', 'share', 'com.pieces.os'), { recursive: true, mode: 0o755 }),
      /Pieces OS is installed \(.*com\.pieces\.os\)/,
    ],
  ])('they are left alone where it %s; a port that was set is taken all the same', async (_how, put, why) => {
    const on = await network();
    await on.start(node(answers, '5323', 'hello'));
    const folder = home();
    await put(on, folder);
    const { exitCode, errors } = await failureOf(host(on, { home: folder }));
    expect(exitCode).toBe(2);
    expect(errors).toMatch(why);
    expect(errors.match(/left to Pieces OS/g)).toHaveLength(1);
    expect(errors).toContain('LOOPGATE_PORTS');
    const set = await host(on, { home: folder, environment: { LOOPGATE_PORT: '39300' } });
    expect(set.port).toBe(39300);
  });

  test('what answers otherwise there is no Pieces OS', async () => {
    const on = await network();
    await on.start(node(answers, '5323', 'hello'));
    await on.start(node(answers, '39300', 'hello'));
    expect((await host(on, {})).port).toBe(39301);
  });
});

describe.skipIf(whyNoOwnNetwork !== undefined)('a port that a Loopgate serves already [L9]', () => {
  test('by the same user: the second one says which, ends with 3, and touches nothing', async () => {
    const on = await network();
    const first = await host(on, {});
    const { exitCode, errors } = await failureOf(host(on, {}));
    expect(exitCode).toBe(3);
    expect(errors).toMatch(/^Loopgate already runs \(process \d+\) and serves port 5323\. Use that one, or stop it/m);
    expect(await probed(on, asOtherUser, first.address, ['GET /pkce/challenge'])).toMatchObject([{ status: 200 }]);
  });

  test('by another user: it is no reason to end; the next port is used', async () => {
    const on = await network();
    const theirs = mkdtempSync(join(tmpdir(), 'loopgate-root-'));
    cleanings.push(() => rmSync(theirs, { recursive: true, force: true }));
    const other = await startHeadless({ home: theirs, prefix: on.prefix, environment: { LOOPGATE_PORT: '5323' } });
    cleanings.push(() => other.stop('SIGKILL'));
    const started = await host(on, {});
    expect(started.port).toBe(39300);
    expect(started.output()).toContain('Port 5323 is taken by a program of another user (uid 0).');
  });

  test('a program of the same user that merely answers as one is no Loopgate', async () => {
    const on = await network();
    await on.start([...asOtherUser, ...node(answers, '5323', 'ok:1b2c')]);
    expect((await host(on, {})).port).toBe(39300);
  });
});

describe.skipIf(whyNoOwnNetwork !== undefined)('socket activation', () => {
  const both = ['127.0.0.1:1000', '[::1]:1000'];

  test('port 1000 is served headless without privileges, on both families, and the whole flow works there', async () => {
    const on = await network(1024);
    const environment = await providerIn(on);
    const started = await activated(on, both, environment);
    expect(started.address).toBe('http://localhost:1000');
    expect(started.output()).not.toMatch(/privileged|instead/);
    await expectFlow(on, started);
    for (const address of ['http://127.0.0.1:1000', 'http://[::1]:1000']) {
      expect(await probed(on, asOtherUser, address, ['GET /user'])).toMatchObject([{ status: 200 }]);
      // L5: root is another user here, though its systemd has opened the socket.
      expect(await probed(on, [], address, ['GET /user', 'GET /userinfo'])).toMatchObject([
        { status: 403 },
        { status: 403 },
      ]);
    }
  });

  test('the sockets are not handed on to the programs that the host starts', async () => {
    const on = await network(1024);
    const folder = home();
    const listing = join(folder, 'descriptors');
    const browser = join(folder, 'browser');
    writeFileSync(browser, `#!/bin/sh\nls -l /proc/self/fd > ${listing}\nenv >> ${listing}\necho done >> ${listing}\n`);
    chmodSync(browser, 0o755);
    const environment = { ...(await providerIn(on)), BROWSER: browser };
    const starting = host(on, { home: folder, prefix: socketActivate(both, environment), environment });
    await on.run([...asOtherUser, ...node(knock, 'http://127.0.0.1:1000')]);
    const started = await starting;
    const asking = probed(on, asOtherUser, started.address, ['POST /pkce/code']);
    asking.catch(() => undefined);
    const read = () => on.run(['cat', listing]).catch(() => '');
    await expect.poll(read, { timeout: 20_000 }).toContain('done');
    expect(await read()).not.toMatch(/socket:|LISTEN_/);
    await probed(on, asOtherUser, started.address, ['POST /pkce/clear']);
    await asking;
  });

  test.each<[string, readonly string[], NodeJS.ProcessEnv, string]>([
    ['an address that others reach', ['0.0.0.0:1000'], {}, 'listens on 0.0.0.0 port 1000'],
    ['the wildcard of IPv6', ['[::]:1000'], {}, 'listens on :: port 1000'],
    ['one family alone', ['127.0.0.1:1000'], {}, 'No socket for [::1] was handed over'],
    ['two ports', ['127.0.0.1:1000', '[::1]:1001'], {}, 'not one of each family with the same port'],
    ['another port than was set', both, { LOOPGATE_PORT: '2000' }, 'has port 1000'],
  ])('%s is refused at the start, with what to correct [R8]', async (_what, listen, environment, why) => {
    const on = await network(1024);
    const { exitCode, errors } = await failureOf(activated(on, listen, environment));
    expect(exitCode).toBe(2);
    expect(errors).toContain(why);
    expect(errors).toMatch(/ListenStream|Set both to the same/);
  });

  test('what is no listening socket is refused', async () => {
    const on = await network(1024);
    const shell = `exec 3</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"`;
    const { exitCode, errors } = await failureOf(host(on, { prefix: ['sh', '-c', shell, 'sh'] }));
    expect(exitCode).toBe(2);
    expect(errors).toContain('A socket that was handed over cannot be used');
  });

  test('sd_listen_fds(3): sockets for another process are not taken', async () => {
    const on = await network(1024);
    const started = await host(on, { environment: { LISTEN_FDS: '1', LISTEN_PID: '1' } });
    expect(started.port).toBe(5323);
  });

  test('a connection that came before the host was there proves no program; a later one does [C8]', async () => {
    const on = await network(1024);
    const folder = home();
    const tool = join(folder, 'tool');
    copyFileSync(process.execPath, tool);
    chmodSync(tool, 0o755);
    // One connection for both requests of each: the first of all starts the host.
    const use = (kept: string) =>
      on.run([
        ...asOtherUser,
        tool,
        '--input-type=module',
        '-e',
        knock.replace('/.well-known/health', kept),
        'http://127.0.0.1:1000',
      ]);
    const starting = host(on, { prefix: socketActivate(both, {}) });
    await use('/user/access_token');
    const started = await starting;
    await use('/user/access_token');
    const logged = started
      .errors()
      .split('\n')
      .filter((line) => line.includes('a program uses the sign-in'))
      .map((line) => (JSON.parse(line) as { program: string }).program);
    expect(logged).toEqual(['', tool]);
  });

  test('callers of another network namespace than the host’s are not known, and refused [C2]', async () => {
    const [outside, inside] = [await network(1024), await network(1024)];
    const prefix = [...socketActivate(both, {}), ...inside.prefix];
    const starting = host(outside, { prefix });
    expect((await outside.run([...asOtherUser, ...node(knock, 'http://127.0.0.1:1000')])).trim()).toBe('403');
    const started = await starting;
    expect(await probed(outside, asOtherUser, started.address, ['GET /user'])).toMatchObject([{ status: 403 }]);
  });
});
