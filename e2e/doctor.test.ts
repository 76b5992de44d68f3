/** `loopgate doctor` with each trouble brought about for real. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findMissing } from '../build/systemPackages.ts';
import { startDesktopSession } from '../build/testDisplay.ts';
import { startIdentityProvider } from '../demo/identity-provider/provider.ts';
import { printedLogin, providerEnvironment, startPair } from './support/client.ts';
import { launcher, loopgateIn } from './support/command.ts';
import { startHeadless } from './support/headless.ts';
import { ownNetwork, whyNoOwnNetwork } from './support/ownNetwork.ts';

let home: string;
const stops: (() => unknown)[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'loopgate-doctor-'));
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  rmSync(home, { recursive: true, force: true });
});

interface Check {
  readonly check: string;
  readonly outcome: string;
  readonly found: string;
  readonly next?: string;
}

/** What it says, with this in its environment. */
async function examine(environment: NodeJS.ProcessEnv = {}) {
  const { exitCode, out } = await loopgateIn(environment, home, 'doctor', '--json');
  const { ok, checks } = JSON.parse(out) as { ok: boolean; checks: Check[] };
  expect(exitCode).toBe(ok ? 0 : 1);
  // Whatever is not well says what to do.
  expect(checks.filter(({ outcome, next }) => outcome !== 'ok' && next === undefined)).toEqual([]);
  return { ok, of: (name: string) => checks.find(({ check }) => check === name), checks };
}

const missing = await findMissing();

describe('loopgate doctor', () => {
  test('where all is well: says so of each, in both forms, ends with 0, and asks nobody for anything', async () => {
    const { host, provider } = await startPair({ host: { home } }).then((pair) => {
      stops.push(() => pair.stop());
      return pair;
    });
    const environment = { ...providerEnvironment(provider), LOOPGATE_PORT: String(host.port), BROWSER: '/bin/true' };
    const { ok, checks, of } = await examine(environment);
    expect(ok).toBe(true);
    expect(checks.map(({ check }) => check)).toEqual([
      ...['settings', 'files', 'running', 'port', 'localhost', 'proxy', 'hsts', 'keyring', 'browser'],
      ...['provider', 'client', 'clock', 'callbacks'],
    ]);
    for (const name of [
      'settings',
      'files',
      'running',
      'port',
      'localhost',
      'proxy',
      'browser',
      'provider',
      'client',
      'clock',
    ])
      expect(of(name), name).toMatchObject({ outcome: 'ok' });
    const { out, exitCode } = await loopgateIn(environment, home, 'doctor');
    expect(exitCode).toBe(0);
    expect(out).toContain(`ok      running    Loopgate`);
    expect(out).toContain('Nothing is in the way.');
    expect(provider.count('/authorize')).toBe(0);
  });

  test('a client ID that the provider does not know, and one that it does not tell about', async () => {
    const pair = await startPair({ host: { home } });
    stops.push(() => pair.stop());
    const wrong = { ...providerEnvironment(pair.provider), LOOPGATE_CLIENT_ID: 'wrong-client' };
    const host = new URL(pair.provider.issuer).host;
    expect((await examine(wrong)).of('client')).toMatchObject({
      outcome: 'problem',
      found: `${host} does not know the client ID “wrong-client”.`,
    });
    pair.provider.fault('/oauth/token', { status: 400, body: { error: 'invalid_request' } });
    expect((await examine(wrong)).of('client')).toMatchObject({
      outcome: 'note',
      found: expect.stringContaining('Not tested'),
    });
  });

  test('an allowed web origin: which browsers ask before a page of it may come', async () => {
    expect((await examine({ LOOPGATE_ORIGINS: 'vscode-webview:' })).of('origins')).toBeUndefined();
    expect((await examine({ LOOPGATE_ORIGINS: 'https://tool.example' })).of('origins')).toMatchObject({
      outcome: 'note',
      found: expect.stringContaining('ask before a page of https://tool.example reaches Loopgate'),
    });
  });

  test('a list of browsers: the first that can be run, by the same reading of $BROWSER', async () => {
    const { of } = await examine({ BROWSER: '/nowhere/browser:"/bin/sh" -c true' });
    expect(of('browser')).toMatchObject({ outcome: 'ok', found: '$BROWSER is /bin/sh, which can be run.' });
  });

  test('the callback to register is the one that a login names', async () => {
    const pair = await startPair({ host: { home } });
    stops.push(() => pair.stop());
    const asked = fetch(`${pair.host.address}/pkce/code`, { method: 'POST' }).catch(() => undefined);
    const callback = new URL(await printedLogin(pair.host)).searchParams.get('redirect_uri');
    expect((await examine()).of('callbacks')?.next).toContain(callback);
    await fetch(`${pair.host.address}/pkce/clear`, { method: 'POST' });
    await asked;
  });

  test('nothing runs; and one that was killed has left its endpoint.json', async () => {
    expect((await examine()).of('running')).toMatchObject({ outcome: 'problem', found: 'It does not run.' });
    const host = await startHeadless({ home });
    await host.stop('SIGKILL');
    expect(existsSync(join(home, 'endpoint.json'))).toBe(true);
    expect((await examine()).of('running')).toMatchObject({
      outcome: 'problem',
      found: expect.stringContaining('endpoint.json is left'),
      next: expect.stringContaining('npm run serve'),
    });
  });

  test('a port that another program has, before and while Loopgate runs', async () => {
    const occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
    stops.push(() => occupant.close());
    const LOOPGATE_PORTS = String((occupant.address() as AddressInfo).port);
    const taken = { found: expect.stringContaining(`Port ${LOOPGATE_PORTS} is not available (EADDRINUSE)`) };
    expect((await examine({ LOOPGATE_PORTS })).of('port')).toMatchObject({ outcome: 'problem', ...taken });
    const host = await startHeadless({ home });
    stops.push(() => host.stop());
    const { found } = (await examine({ LOOPGATE_PORTS })).of('port') ?? {};
    expect(found).toContain(`Loopgate uses ${host.port}.`);
  });

  test('an address of localhost where somebody else answers', async () => {
    const host = await startHeadless({ home });
    stops.push(() => host.stop());
    const endpoint = join(home, 'endpoint.json');
    const other = createHttpServer((_request, response) => response.end('ok:another'));
    await new Promise<void>((resolve) => other.listen(0, 'localhost', resolve));
    stops.push(() => other.close());
    const { port } = other.address() as AddressInfo;
    const present = JSON.parse(readFileSync(endpoint, 'utf8')) as object;
    writeFileSync(endpoint, JSON.stringify({ ...present, port, address: `http://localhost:${port}` }));
    expect((await examine()).of('localhost')).toMatchObject({
      outcome: 'problem',
      found: expect.stringContaining('another program answers on port'),
    });
  });

  describe.skipIf(whyNoOwnNetwork !== undefined)('where localhost is not both families', () => {
    const both = '127.0.0.1 localhost\n::1 localhost\n';

    /** A machine of its own, with that hosts file and a Loopgate; `families` is what the doctor says of localhost there. */
    async function machine(hosts: string, { ipv6 = true } = {}) {
      const on = await ownNetwork();
      stops.push(on.stop);
      const setIpv6 = (isOn: boolean) => on.run(['sysctl', '-qw', `net.ipv6.conf.all.disable_ipv6=${isOn ? 0 : 1}`]);
      await setIpv6(ipv6);
      const file = join(home, 'hosts');
      writeFileSync(file, hosts);
      // Its own mounts as well: the machine's hosts file stays as it is.
      const withHosts = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c'];
      const put = `mount --bind '${file}' /etc/hosts && "$@"; true`;
      const host = await startHeadless({ home, prefix: on.prefix });
      stops.push(() => host.stop());
      const families = async () => {
        const printed = await on.run([...withHosts, put, 'sh', process.execPath, launcher, 'doctor', '--json'], {
          LOOPGATE_HOME: home,
        });
        const { checks } = JSON.parse(printed) as { checks: Check[] };
        return checks.find(({ check }) => check === 'localhost');
      };
      return { on, host, setIpv6, families };
    }

    test('only one, and Loopgate is there: all is well, for either of them', async () => {
      const four = await machine('127.0.0.1 localhost\n');
      expect(await four.families()).toMatchObject({ outcome: 'ok', found: 'Loopgate answers at 127.0.0.1.' });
      writeFileSync(join(home, 'hosts'), '::1 localhost\n');
      expect(await four.families()).toMatchObject({ outcome: 'ok', found: expect.stringContaining('::1') });
      writeFileSync(join(home, 'hosts'), both);
      const { outcome, found } = (await four.families()) ?? {};
      expect({ outcome, found }).toEqual({
        outcome: 'ok',
        found: expect.stringMatching(/127\.0\.0\.1.*::1|::1.*127\.0\.0\.1/),
      });
    });

    test('IPv6 is switched off: a name for both is warned of, and one that leads there alone is a problem', async () => {
      const { families } = await machine('127.0.0.1 localhost\n', { ipv6: false });
      expect(await families()).toMatchObject({ outcome: 'ok', found: 'Loopgate answers at 127.0.0.1.' });
      writeFileSync(join(home, 'hosts'), both);
      expect(await families()).toMatchObject({
        outcome: 'warning',
        found: expect.stringMatching(
          /^Loopgate answers at 127\.0\.0\.1\. But localhost leads to ::1, which this machine does not/,
        ),
        next: expect.stringContaining("take ::1 out of the hosts file's line of localhost"),
      });
      writeFileSync(join(home, 'hosts'), '::1 localhost\n');
      expect(await families()).toMatchObject({
        outcome: 'problem',
        found: expect.stringMatching(/^localhost leads to ::1, which this machine does not have .*, and nowhere else/),
        next: expect.stringContaining('127.0.0.1 localhost'),
      });
    });

    test('IPv6 came back after Loopgate started: nothing answers there, and then another program does', async () => {
      const { on, host, setIpv6, families } = await machine(both, { ipv6: false });
      await setIpv6(true);
      expect(await families()).toMatchObject({
        outcome: 'problem',
        found: expect.stringContaining(`At ::1 nothing answers on port ${host.port}`),
        next: expect.stringContaining('Restart Loopgate'),
      });
      const other = `require('node:http').createServer((_, answer) => answer.end('ok:another')).listen(${host.port}, '::1', () => console.log('ready'))`;
      await on.start([process.execPath, '-e', other]);
      expect(await families()).toMatchObject({
        outcome: 'problem',
        found: expect.stringContaining(`At ::1 another program answers on port ${host.port}`),
        next: expect.stringContaining(`ss -ltnp 'sport = :${host.port}'`),
      });
    });
  });

  test.each(['HTTP_PROXY', 'http_proxy', 'ALL_PROXY'])('%s that swallows localhost', async (name) => {
    const proxy = { [name]: 'http://proxy.example:3128' };
    expect((await examine(proxy)).of('proxy')).toMatchObject({
      outcome: 'problem',
      found: expect.stringContaining(name),
      next: expect.stringContaining('NO_PROXY=localhost'),
    });
    const { of } = await examine({ ...proxy, NO_PROXY: '.example, localhost,127.0.0.1' });
    expect(of('proxy')).toMatchObject({ outcome: 'ok' });
  });

  test('a provider that is not reached, is none, or is another one', async () => {
    const provider = await startIdentityProvider();
    const environment = providerEnvironment(provider);
    expect((await examine(environment)).of('provider')).toMatchObject({ outcome: 'ok' });
    await provider.close();
    expect((await examine(environment)).of('provider')).toMatchObject({
      outcome: 'problem',
      found: expect.stringContaining('ECONNREFUSED'),
    });
    let answer = 'hello';
    const web = createHttpServer((_request, response) => response.end(answer));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    stops.push(() => web.close());
    const issuer = `http://localhost:${(web.address() as AddressInfo).port}/`;
    const other = { LOOPGATE_ISSUER: issuer, LOOPGATE_CLIENT_ID: 'x' };
    expect((await examine(other)).of('provider')?.found).toContain('not OpenID metadata');
    const evil = 'https://evil.example/';
    answer = JSON.stringify({ issuer: evil, authorization_endpoint: evil, token_endpoint: evil });
    expect((await examine(other)).of('provider')?.found).toContain(`calls itself "${evil}"`);
  });

  test('a clock that is not the provider’s [T15]', async () => {
    const web = createHttpServer((_request, response) => {
      response.setHeader('Date', new Date(Date.now() - 600_000).toUTCString()).end('{}');
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    stops.push(() => web.close());
    const LOOPGATE_ISSUER = `http://localhost:${(web.address() as AddressInfo).port}/`;
    expect((await examine({ LOOPGATE_ISSUER, LOOPGATE_CLIENT_ID: 'x' })).of('clock')).toMatchObject({
      outcome: 'problem',
      found: expect.stringMatching(/^It is (599|60\d) seconds ahead of the provider's\.$/),
    });
  });

  test('a setting that is wrong, files that others can read, and a browser that is none', async () => {
    writeFileSync(join(home, 'settings.json'), '{ "port": "many" }');
    writeFileSync(join(home, 'session.file.json'), '{}');
    chmodSync(join(home, 'session.file.json'), 0o644);
    const { of } = await examine({ BROWSER: '/nowhere/browser' });
    expect(of('settings')).toMatchObject({ outcome: 'problem', found: expect.stringContaining('port') });
    expect(of('files')).toMatchObject({ outcome: 'problem', found: expect.stringContaining('session.file.json') });
    expect(of('files')?.next).toContain(`chmod go= ${join(home, 'session.file.json')}`);
    expect(of('browser')).toMatchObject({ outcome: 'problem' });
    // Nothing was changed.
    expect(existsSync(join(home, 'session.file.json'))).toBe(true);
  });

  test.skipIf(missing.length > 0)('a keyring that is locked, and one that is not', async () => {
    const session = await startDesktopSession({ panel: false });
    stops.push(() => session.stop());
    const { DBUS_SESSION_BUS_ADDRESS } = session.environment;
    expect((await examine({ DBUS_SESSION_BUS_ADDRESS })).of('keyring')).toMatchObject({ outcome: 'ok' });
    await session.lockKeyring();
    expect((await examine({ DBUS_SESSION_BUS_ADDRESS })).of('keyring')).toMatchObject({
      outcome: 'problem',
      found: expect.stringContaining('locked'),
    });
    expect((await examine()).of('keyring')).toMatchObject({ outcome: 'warning' });
  });
});
