import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Auth0Api,
  Configuration,
  OSApi,
  PKCEApi,
  ResponseError,
  UserApi,
  type UserProfile,
  UsersApi,
} from '@pieces.app/pieces-os-client';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { type IdentityProvider, startIdentityProvider } from '../demo/identity-provider/provider.ts';
import { readUserFrame } from '../testing/strictReader.ts';
import { printedLogin, providerEnvironment } from './support/client.ts';
import { type Headless, startHeadless } from './support/headless.ts';

const ada = 'auth0|ada-lovelace';
const grace = 'auth0|grace-hopper';
const mary = 'auth0|mary-jackson';

let provider: IdentityProvider;
let host: Headless;
let client: ReturnType<typeof clientAt>;

/** The published TypeScript client as it comes from npm. */
function clientAt(address: string) {
  const configuration = new Configuration({ basePath: address });
  return {
    pkce: new PKCEApi(configuration),
    auth0: new Auth0Api(configuration),
    os: new OSApi(configuration),
    user: new UserApi(configuration),
    users: new UsersApi(configuration),
  };
}

beforeEach(async () => {
  provider = await startIdentityProvider({ anyLoopbackCallback: true, deviceFlow: false });
  onTestFinished(() => provider.close());
  host = await startHeadless({ environment: providerEnvironment(provider) });
  onTestFinished(async () => void (await host.stop()));
  client = clientAt(host.address);
});

/** Signs in over the API as that person, in a browser that knows nobody yet. */
async function signInAs(name: string, at = { host, client }): Promise<void> {
  const { challenge } = await at.client.pkce.getChallenge();
  const waiting = at.client.pkce.generateCode();
  await new BrowserDouble().signInAs(await printedLogin(at.host, challenge?.state), name);
  await waiting;
  const { auth0 } = await at.client.pkce.generateToken();
  expect(auth0?.user?.name).toBe(name);
}

async function ids(): Promise<string[]> {
  return idsOf((await client.users.usersSnapshot()).iterable);
}

function idsOf(people: readonly UserProfile[] | undefined): string[] {
  return (people ?? []).map(({ id }) => id);
}

async function active(): Promise<string | undefined> {
  return (await client.user.userSnapshot()).user?.id;
}

async function select(id: string): Promise<UserProfile> {
  return await client.user.selectUser({ auth0User: { userId: id } });
}

/** The one JSON error of a call, with its status. @throws Error when it did not fail by an answer */
async function errorOf(call: Promise<unknown>): Promise<{ status: number; error: unknown; description: unknown }> {
  const error: unknown = await call.then(
    (value) => new Error(`it did not fail: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ResponseError)) throw error;
  const body = (await error.response.json()) as Record<string, unknown>;
  return { status: error.response.status, error: body.error, description: body.error_description };
}

/** Whose access token it is, as the provider says. */
async function subjectOf(accessToken: string): Promise<unknown> {
  const headers = { Authorization: `Bearer ${accessToken}` };
  const response = await fetch(`${provider.issuer}userinfo`, { headers });
  return ((await response.json()) as { sub?: unknown }).sub;
}

/** A listener of /user/stream, with everything that it was sent. */
class Listener {
  readonly frames: string[] = [];
  readonly socket: WebSocket;
  readonly #waiters: (() => void)[] = [];

  constructor(address: string, protocol?: string) {
    this.socket = new WebSocket(
      `${address.replace('http', 'ws')}/user/stream`,
      protocol === undefined ? [] : [protocol],
    );
    onTestFinished(() => this.socket.terminate());
    this.socket.on('message', (data) => {
      this.frames.push(String(data));
      for (const wake of this.#waiters.splice(0)) wake();
    });
  }

  /** The first frame that fits, also one that has come already. */
  async frame(fits: (frame: string) => boolean): Promise<string> {
    for (;;) {
      const found = this.frames.find(fits);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  /** Everything that was sent before has come: a ping goes there and back, on the same connection. */
  async upToDate(): Promise<void> {
    this.socket.ping();
    await once(this.socket, 'pong');
  }
}

const isOf = (id: string) => (frame: string) => frame.includes(JSON.stringify(id));

describe('several accounts, by the published TypeScript client', () => {
  test('a second sign-in over the API adds a person and does not switch [T18]', async () => {
    await signInAs('Ada Lovelace');
    await signInAs('Grace Hopper');
    expect(await ids()).toEqual([ada, grace]);
    expect(await active()).toBe(ada);
    expect((await client.auth0.getAuth0UserInfo()).userId).toBe(ada);
    expect(await subjectOf(await client.user.userAccessToken())).toBe(ada);
  });

  test('usersSpecificUserSnapshot: one of them, active or not', async () => {
    await signInAs('Ada Lovelace');
    await signInAs('Grace Hopper');
    for (const [id, name] of [
      [ada, 'Ada Lovelace'],
      [grace, 'Grace Hopper'],
    ] as const) {
      expect(await client.users.usersSpecificUserSnapshot({ user: id })).toMatchObject({ id, name });
    }
  });

  test('selectUser switches for every program at once, without a login and without a request to the provider', async () => {
    await signInAs('Ada Lovelace');
    await signInAs('Grace Hopper');
    const listeners = [new Listener(host.address), new Listener(host.address)];
    for (const listener of listeners) await listener.frame(isOf(ada));
    provider.clearRequests();
    const printed = host.output();
    expect(await select(grace)).toMatchObject({ id: grace, name: 'Grace Hopper' });
    expect(await ids()).toEqual([grace, ada]);
    expect(await active()).toBe(grace);
    expect((await clientAt(host.address).auth0.getAuth0UserInfo()).userId).toBe(grace);
    const token = await client.user.userAccessToken();
    expect(provider.requests).toEqual([]);
    expect(host.output()).toBe(printed);
    for (const listener of listeners) {
      expect(readUserFrame(await listener.frame(isOf(grace)))).toMatchObject({ id: grace, name: 'Grace Hopper' });
    }
    expect(await subjectOf(token)).toBe(grace);
    expect((await client.os.signIntoOS()).id).toBe(grace);
  });

  test('selectUser with a person who is not signed in: 404 with words, and nothing changes', async () => {
    await signInAs('Ada Lovelace');
    expect(await errorOf(select(grace))).toEqual({
      status: 404,
      error: 'not_found',
      description: expect.stringMatching(/^Nobody with this id is signed in here\. .*GET \/users/),
    });
    expect(await active()).toBe(ada);
  });

  test.each([
    ['no body', undefined],
    ['no user_id', { auth0User: { name: 'Ada Lovelace' } }],
    ['an empty user_id', { auth0User: { userId: '' } }],
  ])('selectUser with %s: 400 with words, and nothing changes', async (_what, asked) => {
    await signInAs('Ada Lovelace');
    expect(await errorOf(client.user.selectUser(asked))).toMatchObject({ status: 400, error: 'invalid_request' });
    expect(await active()).toBe(ada);
  });

  test('usersSpecificUserSnapshot and usersDisconnectUser of somebody who is not signed in: 404 with words', async () => {
    await signInAs('Ada Lovelace');
    for (const user of [grace, '../user', '%', 'auth0|ada-lovelace/', '?x']) {
      const expected = { status: 404, error: 'not_found', description: expect.stringMatching(/\. [A-Z]/) };
      expect(await errorOf(client.users.usersSpecificUserSnapshot({ user })), user).toEqual(expected);
      expect(await errorOf(client.users.usersDisconnectUser({ user })), user).toEqual(expected);
    }
    expect(await ids()).toEqual([ada]);
  });

  test('usersDisconnectUser of another person revokes theirs alone; the active one stays [T10]', async () => {
    await signInAs('Ada Lovelace');
    await signInAs('Grace Hopper');
    await signInAs('Mary Jackson');
    provider.clearRequests();
    expect(idsOf((await client.users.usersDisconnectUser({ user: grace })).iterable)).toEqual([ada, mary]);
    expect(await active()).toBe(ada);
    await provider.waitFor(({ path, status }) => path === '/oauth/revoke' && status === 200);
    expect(provider.count('/oauth/revoke')).toBe(1);
    // What is left of hers at the provider: nothing. Of the others': everything.
    expect([provider.revokeAll(grace), provider.revokeAll(ada), provider.revokeAll(mary)]).toEqual([0, 1, 1]);
  });

  test('usersDisconnectUser of the active person: nobody takes the place, and the tokens are revoked [T18, T10]', async () => {
    await signInAs('Ada Lovelace');
    await signInAs('Grace Hopper');
    const listener = new Listener(host.address);
    await listener.frame(isOf(ada));
    expect(idsOf((await client.users.usersDisconnectUser({ user: ada })).iterable)).toEqual([grace]);
    expect(await (await fetch(`${host.address}/user`)).json()).toEqual({});
    expect(await errorOf(client.user.userAccessToken())).toMatchObject({ status: 401, error: 'not_signed_in' });
    expect(await listener.frame((frame) => frame === '')).toBe('');
    await provider.waitFor(({ path, status }) => path === '/oauth/revoke' && status === 200);
    expect([provider.revokeAll(ada), provider.revokeAll(grace)]).toEqual([0, 1]);
  });

  test('after the active person has signed out, selectUser makes a stored one active without a login', async () => {
    await signInAs('Ada Lovelace');
    await signInAs('Grace Hopper');
    expect(idsOf((await client.os.signOutOfOS()).iterable)).toEqual([grace]);
    const logins = provider.count('/authorize');
    expect((await select(grace)).id).toBe(grace);
    expect((await client.os.signIntoOS()).id).toBe(grace);
    expect(provider.count('/authorize')).toBe(logins);
  });

  test('signed out, usersSnapshot is an empty list', async () => {
    expect((await client.users.usersSnapshot()).iterable).toEqual([]);
  });
});

test('a switch survives a restart, and costs no login', async () => {
  const home = await mkdtemp(join(tmpdir(), 'loopgate-accounts-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const environment = {
    ...providerEnvironment(provider),
    LOOPGATE_VAULT_KEY: randomBytes(32).toString('base64'),
  };
  const before = await startHeadless({ home, environment });
  const first = { host: before, client: clientAt(before.address) };
  await signInAs('Ada Lovelace', first);
  await signInAs('Grace Hopper', first);
  await first.client.user.selectUser({ auth0User: { userId: grace } });
  // Killed, not stopped: the answer came after the disk.
  await before.stop('SIGKILL');
  const logins = provider.count('/authorize');
  const again = await startHeadless({ home, environment });
  onTestFinished(async () => void (await again.stop()));
  const second = clientAt(again.address);
  expect(idsOf((await second.users.usersSnapshot()).iterable)).toEqual([grace, ada]);
  expect((await second.user.userSnapshot()).user?.id).toBe(grace);
  expect(provider.count('/authorize')).toBe(logins);
});

describe('loopgate.reasons, the subprotocol of /user/stream', () => {
  const refresh = () => client.auth0.exchangeForAuth0Token(refreshGrant());
  const refreshGrant = () => ({
    grantType: 'refresh_token' as const,
    clientId: provider.clientId,
    code: 'none',
    redirectUri: 'none',
    codeVerifier: 'none',
  });

  test('a session that ends by itself: the reason for who asked for it, one empty frame for the others', async () => {
    await signInAs('Ada Lovelace');
    const [plain, curious, other] = [
      new Listener(host.address),
      new Listener(host.address, 'loopgate.reasons'),
      new Listener(host.address, 'somebody-elses'),
    ];
    for (const listener of [plain, curious, other]) await listener.frame(isOf(ada));
    expect([plain, curious, other].map(({ socket }) => socket.protocol)).toEqual([
      '',
      'loopgate.reasons',
      'somebody-elses',
    ]);
    provider.revokeAll(ada);
    const { error, description } = await errorOf(refresh());
    expect(error).toBe('not_signed_in');
    const said = JSON.parse(await curious.frame((frame) => frame.includes('"error"'))) as Record<string, unknown>;
    expect(said).toEqual({ error: 'not_signed_in', error_description: description });
    expect(said.error_description).toContain('The session has ended: the identity provider no longer accepts it');
    for (const listener of [plain, other]) await listener.frame((frame) => frame === '');
    for (const listener of [plain, curious, other]) await listener.upToDate();
    expect(plain.frames.filter((frame) => !isOf(ada)(frame))).toEqual(['']);
    expect(other.frames.filter((frame) => !isOf(ada)(frame))).toEqual(['']);
    expect(curious.frames.filter((frame) => !isOf(ada)(frame))).toHaveLength(1);
  });

  test('who comes later is told the same; a sign-out by the person has no reason', async () => {
    await signInAs('Ada Lovelace');
    provider.revokeAll(ada);
    const { description } = await errorOf(refresh());
    const late = new Listener(host.address, 'loopgate.reasons');
    expect(JSON.parse(await late.frame(() => true))).toMatchObject({ error_description: description });
    await signInAs('Ada Lovelace');
    await client.user.clearUser();
    const later = new Listener(host.address, 'loopgate.reasons');
    expect(JSON.parse(await later.frame(() => true))).toMatchObject({
      error: 'not_signed_in',
      error_description: expect.stringMatching(/^Nobody is signed in\. /),
    });
  });

  test('when the session that a program switched to has ended, nobody takes its place until somebody is selected [T18]', async () => {
    await signInAs('Ada Lovelace');
    await signInAs('Grace Hopper');
    await select(grace);
    provider.revokeAll(grace);
    expect(await errorOf(refresh())).toMatchObject({ error: 'not_signed_in' });
    expect(await active()).toBeUndefined();
    expect(await ids()).toEqual([ada]);
    await select(ada);
    expect(await subjectOf((await refresh()).accessToken)).toBe(ada);
  });
});

describe('/v2/logout?federated [W14]', () => {
  const printedLogout = () => host.waitForLine(/^http\S+\/v2\/logout/);

  test.each([
    ['', false],
    ['?federated', true],
    ['?federated=', true],
    ['?returnTo=', false],
    [`?client_id=loopgate-demo&federated`, true],
    [`?client_id=loopgate-demo`, false],
  ])('%j for a program: the browser is sent with federated: %s', async (query, federated) => {
    await signInAs('Ada Lovelace');
    expect((await fetch(`${host.address}/v2/logout${query}`)).status).toBe(200);
    const opened = new URL(await printedLogout());
    expect(opened.searchParams.has('federated')).toBe(federated);
    expect(opened.searchParams.get('client_id')).toBe(provider.clientId);
    expect(await active()).toBeUndefined();
  });

  test.each([
    ['?federated', true],
    ['', false],
  ])('%j for a browser that navigates here: it is redirected with federated: %s', async (query, federated) => {
    await signInAs('Ada Lovelace');
    const location = await navigate(`${host.address}/v2/logout${query}`);
    expect(new URL(location ?? '').searchParams.has('federated')).toBe(federated);
  });

  test('no other sign-out opens a logout address', async () => {
    await signInAs('Ada Lovelace');
    await signInAs('Grace Hopper');
    const printed = host.output();
    await client.users.usersDisconnectUser({ user: grace });
    await client.os.signOutOfOS();
    await client.user.clearUser();
    await provider.waitFor(({ path }) => path === '/oauth/revoke');
    expect(host.output()).toBe(printed);
  });
});

/** Where a browser is sent that was pointed at this address. Fetch would write its own Sec-Fetch-Mode. */
async function navigate(address: string): Promise<string | undefined> {
  const headers = {
    Accept: 'text/html',
    'Sec-Fetch-Site': 'none',
    'Sec-Fetch-Mode': 'navigate',
    'Sec-Fetch-Dest': 'document',
  };
  const asked = request(address, { agent: false, headers });
  asked.end();
  const [{ headers: answered }] = (await once(asked, 'response')) as [{ headers: { location?: string } }];
  return answered.location;
}
