/** T13: signing in where no browser can be opened, as a person with a terminal and a phone does it. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { type IdentityProviderOptions, startIdentityProvider } from '../demo/identity-provider/provider.ts';
import { type Pair, printedLogin, providerEnvironment, startPair } from './support/client.ts';
import { type Headless, startHeadless, testBrowser } from './support/headless.ts';

const deviceFlow = { deviceFlow: true, deviceIntervalSeconds: 1 } as const satisfies IdentityProviderOptions;
/** As the terminal shows them: an address without the code, and the code, each on a line of its own. */
const addressLine = /^ {2}(http\S+\/activate)$/;
const codeLine = /^ {2}([A-Z]{4}-[A-Z]{4})$/;

const stops: (() => Promise<unknown>)[] = [];
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'loopgate-device-'));
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await rm(home, { recursive: true, force: true });
});

async function pairWith(options: Parameters<typeof startPair>[0]): Promise<Pair> {
  const pair = await startPair({ ...options, host: { home, ...options?.host } });
  stops.push(() => pair.stop());
  return pair;
}

/** POST without a body; the answer's status and JSON, once it is there. */
async function post({ address }: Headless, path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${address}${path}`, { method: 'POST' });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

/** What a person reads on the terminal. */
async function printed(host: Headless): Promise<{ address: string; userCode: string }> {
  const [address, userCode] = await Promise.all([host.waitForLine(addressLine), host.waitForLine(codeLine)]);
  return { address: address.trim(), userCode: userCode.trim() };
}

const shownCodes = (host: Headless) => host.output().match(new RegExp(codeLine, 'gm')) ?? [];

describe('POST /os/sign_in without a browser [T13]', () => {
  test('the terminal shows address and code, the person signs in elsewhere, and stays signed in over a restart', async () => {
    const provider = await startIdentityProvider(deviceFlow);
    stops.push(() => provider.close());
    const key = randomBytes(32).toString('base64');
    const environment = { ...providerEnvironment(provider), LOOPGATE_VAULT_KEY: key };
    const first = await startHeadless({ home, environment });
    stops.push(() => first.stop());
    const signedIn = post(first, '/os/sign_in');
    const { address, userCode } = await printed(first);
    expect(await (await fetch(`${first.address}/user`)).json()).toEqual({});
    await new BrowserDouble().approveDevice(address, 'Ada Lovelace', { userCode });
    expect(await signedIn).toMatchObject({ status: 200, body: { id: 'auth0|ada-lovelace', name: 'Ada Lovelace' } });
    expect(await (await fetch(`${first.address}/user`)).json()).toMatchObject({ user: { name: 'Ada Lovelace' } });
    expect(await (await fetch(`${first.address}/userinfo`)).json()).toMatchObject({ name: 'Ada Lovelace' });
    const token = await (await fetch(`${first.address}/user/access_token`)).text();
    const read = await fetch(`${provider.issuer}userinfo`, { headers: { authorization: `Bearer ${token}` } });
    expect(await read.json()).toMatchObject({ sub: 'auth0|ada-lovelace' });
    // Asked again, it answers at once and shows nothing.
    expect(await post(first, '/os/sign_in')).toMatchObject({ status: 200 });
    expect(shownCodes(first)).toHaveLength(1);

    // Killed, not stopped: what was answered is on disk already (T4).
    await first.stop('SIGKILL');
    const second = await startHeadless({ home, environment });
    stops.push(() => second.stop());
    expect(await post(second, '/os/sign_in')).toMatchObject({ status: 200, body: { name: 'Ada Lovelace' } });
    const renewal = new URLSearchParams({ grant_type: 'refresh_token', client_id: provider.clientId });
    const renewed = await fetch(`${second.address}/oauth/token`, { method: 'POST', body: renewal });
    const { access_token: next } = (await renewed.json()) as { access_token: string };
    expect(next).not.toBe(token);
    expect(provider.count('/oauth/device/code')).toBe(1);
    expect(provider.errors).toEqual([]);

    // T9, at level debug: the log is on standard error, and what is for the person alone is on standard output.
    const sent = provider.requests.flatMap(({ parameters }) => [parameters.device_code, parameters.refresh_token]);
    const secrets = [userCode, token, next, ...sent].filter((secret) => secret !== undefined);
    expect(secrets.length).toBeGreaterThan(4);
    const files = await Promise.all((await readdir(home)).map((name) => readFile(join(home, name), 'utf8')));
    const written = [first.errors(), second.errors(), ...files].join('\n');
    expect(written).toContain('sign-in on another device started');
    for (const secret of secrets) expect(written).not.toContain(secret);
    expect(first.output()).not.toContain(sent.find((secret) => secret !== undefined));
  });

  test('what the terminal says can be followed by a person who has never heard of this', async () => {
    const { host } = await pairWith({ provider: deviceFlow });
    void post(host, '/os/sign_in').catch(() => undefined);
    const { address, userCode } = await printed(host);
    await host.waitForLine(/user_code=/);
    const output = host.output();
    expect(output.slice(output.indexOf('To sign in')).trimEnd()).toBe(
      [
        'To sign in, open this address in a browser on any device, such as your phone:',
        '',
        `  ${address}`,
        '',
        'and enter this code within 15 minutes:',
        '',
        `  ${userCode}`,
        '',
        'Or open this one, where the code is filled in already; it must be the same code:',
        '',
        `  ${address}?user_code=${userCode}`,
      ].join('\n'),
    );
  });

  test('POST /pkce/clear cancels it for all who wait, and the provider is asked no more', async () => {
    const { host, provider } = await pairWith({ provider: deviceFlow });
    const first = post(host, '/os/sign_in');
    const { address, userCode } = await printed(host);
    const second = post(host, '/os/sign_in');
    await expect.poll(() => shownCodes(host), { timeout: 10_000 }).toHaveLength(2);
    expect(new Set(shownCodes(host)).size).toBe(1);
    expect(await post(host, '/pkce/clear')).toMatchObject({ status: 204 });
    for (const one of [first, second]) {
      expect(await one).toMatchObject({ status: 409, body: { error: 'authorization_cleared' } });
    }
    // The person enters the code all the same: nobody takes its tokens.
    await new BrowserDouble().approveDevice(address, 'Ada Lovelace', { userCode });
    provider.clearRequests();
    // By the second question of a new login, the old one's next would have come.
    const third = post(host, '/os/sign_in');
    await expect.poll(() => provider.count('/oauth/token'), { timeout: 20_000 }).toBeGreaterThan(1);
    const polls = provider.requests.filter(({ path }) => path === '/oauth/token');
    expect(new Set(polls.map(({ parameters }) => parameters.device_code)).size).toBe(1);
    expect(await (await fetch(`${host.address}/user`)).json()).toEqual({});
    await post(host, '/os/sign_out');
    expect(await third).toMatchObject({ status: 409, body: { error: 'authorization_cleared' } });
  });

  test('a person who says no is heard: access_denied', async () => {
    const { host } = await pairWith({ provider: deviceFlow });
    const signedIn = post(host, '/os/sign_in');
    const { address, userCode } = await printed(host);
    await new BrowserDouble().approveDevice(address, 'Ada Lovelace', { userCode, deny: true });
    expect(await signedIn).toMatchObject({ status: 403, body: { error: 'access_denied' } });
  });

  test('a program that hangs up does not cancel it: the person finishes, and is signed in', async () => {
    const { host } = await pairWith({ provider: deviceFlow });
    const caller = new AbortController();
    const asked = fetch(`${host.address}/os/sign_in`, { method: 'POST', signal: caller.signal });
    const { address, userCode } = await printed(host);
    caller.abort();
    await expect(asked).rejects.toThrow();
    await new BrowserDouble().approveDevice(address, 'Ada Lovelace', { userCode });
    expect(await post(host, '/os/sign_in')).toMatchObject({ status: 200, body: { name: 'Ada Lovelace' } });
  });

  test('stops at once while a login waits [L11]', async () => {
    const { host } = await pairWith({ provider: deviceFlow });
    const signedIn = post(host, '/os/sign_in').catch(() => ({ status: 0 }));
    await printed(host);
    expect(await host.stop()).toBe(0);
    expect([0, 409]).toContain((await signedIn).status);
  });

  test.each([
    ['the provider has no device authorization', { deviceFlow: false }, undefined],
    ['the application may not use it', deviceFlow, { status: 403, body: { error: 'unauthorized_client' } }],
  ])('where %s, the address of the browser login is printed as before', async (_, provider, fault) => {
    const pair = await pairWith({ provider });
    if (fault) pair.provider.fault('/oauth/device/code', fault);
    const signedIn = post(pair.host, '/os/sign_in');
    await new BrowserDouble().signInAs(await printedLogin(pair.host), 'Ada Lovelace');
    expect(await signedIn).toMatchObject({ status: 200, body: { name: 'Ada Lovelace' } });
    expect(shownCodes(pair.host)).toEqual([]);
  });

  test('with $BROWSER the browser is opened, and nothing is shown', async () => {
    const { host, provider } = await pairWith({
      provider: deviceFlow,
      host: { environment: { BROWSER: testBrowser } },
    });
    expect(await post(host, '/os/sign_in')).toMatchObject({ status: 200, body: { name: 'Ada Lovelace' } });
    expect(provider.count('/oauth/device/code')).toBe(0);
    expect(shownCodes(host)).toEqual([]);
  });
});
