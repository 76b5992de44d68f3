import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { decodeJwt } from 'jose';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import type { IdentityProviderOptions } from '../demo/identity-provider/provider.ts';
import packageJson from '../package.json' with { type: 'json' };
import { newestLogin, type Pair, printedAddresses, printedLogin, printedStates, startPair } from './support/client.ts';
import type { Headless } from './support/headless.ts';
import { runAsOtherUser, whyNoOtherUser } from './support/otherUser.ts';

/** W11 at the real host: what sign-in clients use beside the PKCE and Auth0 operations. */

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const editor = { name: 'VS_CODE', version: '1.99.0', platform: 'LINUX' };
const adasProfile = { id: 'auth0|ada-lovelace', name: 'Ada Lovelace' };

/** A provider and a host, for one test. Without `browser` the person is the test. */
async function start(
  options: { provider?: IdentityProviderOptions; environment?: NodeJS.ProcessEnv; browser?: boolean } = {},
): Promise<Pair> {
  const { provider = {}, environment = {}, browser = false } = options;
  const pair = await startPair({ provider, host: { environment }, browser });
  onTestFinished(async () => {
    await pair.stop();
    expect(pair.provider.errors).toEqual([]);
  });
  return pair;
}

async function json(response: Response): Promise<unknown> {
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  return await response.json();
}

async function get({ host }: Pair, path: string): Promise<Response> {
  return await fetch(`${host.address}${path}`);
}

async function post(
  { host }: Pair,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return await fetch(`${host.address}${path}`, {
    method: 'POST',
    ...(body !== undefined && { body: JSON.stringify(body) }),
    headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
  });
}

async function connected(pair: Pair, application: object = editor): Promise<Record<string, unknown>> {
  const response = await post(pair, '/connect', { application });
  expect(response.status).toBe(200);
  return (await json(response)) as Record<string, unknown>;
}

/** How many login pages were opened: the host prints each address. */
function tabs(host: Headless): number {
  return printedAddresses(host).length;
}

/** A request that the host is known to be working on, before its answer comes. */
interface Begun {
  /** The host has taken it up: it says `100 Continue` in the moment before. */
  readonly begun: Promise<void>;
  readonly answer: Promise<{ status: number; body: unknown }>;
}

/** What the host says to a program that waits to be told to go on (RFC 9110 §10.1.1). */
const interim = /HTTP\/1\.1 100 .*\r\n(?:.+\r\n)*\r\n/;
/** The end of an answer of `GET /user`. */
const greeted = /\r\n\r\n\{.*\}$/;

function begin({ host }: Pair, request: string): Begun {
  const socket: Socket = connect(host.port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let received = '';
  const until = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(received)?.[0];
        if (found !== undefined) resolve(found);
      };
      socket.on('data', look);
      socket.once('close', () => {
        look();
        reject(new Error(`closed after ${JSON.stringify(received)}`));
      });
    });
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    received += text;
  });
  const begun = until(interim);
  const closed = once(socket, 'close');
  const own = `Host: localhost:${host.port}`;
  // Asked first on the same connection, so that its program is known: the look-up would come between.
  socket.write(`GET /user HTTP/1.1\r\n${own}\r\n\r\n`);
  const lines = [`${request} HTTP/1.1`, own, 'Connection: close', 'Expect: 100-continue'];
  void until(greeted).then(
    () => socket.write(`${lines.join('\r\n')}\r\n\r\n`),
    () => undefined,
  );
  return {
    begun: begun.then(() => undefined),
    answer: closed.then(() => {
      const [, answer = ''] = received.split(interim);
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      return { status: Number(head.split(' ')[1]), body: JSON.parse(body) };
    }),
  };
}

/** The person signs in at the login page that was opened last. */
async function finish({ host }: Pair, name = 'Ada Lovelace', options: { deny?: boolean } = {}): Promise<void> {
  await new BrowserDouble().signInAs(await newestLogin(host), name, options);
}

/** Somebody is signed in, as an editor's program does it: the login in the browser, then the exchange. */
async function signIn(pair: Pair, name = 'Ada Lovelace'): Promise<void> {
  const before = tabs(pair.host);
  const code = begin(pair, 'POST /pkce/code');
  await expect.poll(() => tabs(pair.host), { timeout: 10_000 }).toBe(before + 1);
  await finish(pair, name);
  expect((await code.answer).status).toBe(200);
  expect((await post(pair, '/pkce/token')).status).toBe(200);
}

describe('/.well-known', () => {
  test('health is ok: and the id of this run, for GET and for HEAD', async () => {
    const pair = await start();
    const response = await get(pair, '/.well-known/health');
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    const body = await response.text();
    expect(body).toMatch(/^ok:[0-9a-f-]{36}$/);
    const head = await fetch(`${pair.host.address}/.well-known/health`, { method: 'HEAD' });
    expect([head.status, await head.text(), head.headers.get('content-length')]).toEqual([
      200,
      '',
      String(body.length),
    ]);
    expect((await connected(pair)).os).toBe(body.slice('ok:'.length));
  });

  test('health waits for nothing: it is answered while the provider hangs and while a sign-in waits', async () => {
    const pair = await start();
    const hanging = pair.provider.fault('/.well-known/openid-configuration', { hang: true });
    const signingIn = begin(pair, 'POST /os/sign_in');
    let isAnswered = false;
    void signingIn.answer.then(() => {
      isAnswered = true;
    });
    await signingIn.begun;
    expect((await get(pair, '/.well-known/health')).status).toBe(200);
    hanging();
    await printedLogin(pair.host);
    for (const path of ['/.well-known/health', '/.well-known/version', '/user']) {
      expect((await get(pair, path)).status).toBe(200);
    }
    expect(isAnswered).toBe(false);
    await finish(pair);
    expect((await signingIn.answer).status).toBe(200);
  });

  test('it is the only path with HEAD: every other one answers 405 with Allow', async () => {
    const pair = await start();
    const { paths } = (await json(await get(pair, '/openapi.json'))) as { paths: Record<string, object> };
    const others = Object.keys(paths).filter((path) => path !== '/.well-known/health');
    expect(others).toHaveLength(24);
    for (const path of [...others, '/openapi.json']) {
      const { status, headers } = await fetch(pair.host.address + path.replace('{application}', 'x'), {
        method: 'HEAD',
      });
      expect([path, status, headers.get('allow')]).toEqual([
        path,
        405,
        expect.stringMatching(/^(GET|POST)(, (GET|POST))*$/),
      ]);
    }
    expect((await fetch(`${pair.host.address}/not-there`, { method: 'HEAD' })).status).toBe(404);
  });

  test('version is one of Pieces OS with that of the package behind it, in the form that the clients compare', async () => {
    const response = await get(await start(), '/.well-known/version');
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const version = await response.text();
    expect(version).toBe(`12.3.4-loopgate.${packageJson.version}`);
    expect(version).toMatch(/^\d+\.\d+\.\d+([-.].+)?$/);
  });
});

describe('/connect and /{application}/onboarded', () => {
  test('a program gets the context; the same program keeps its id, another one gets another', async () => {
    const pair = await start();
    const first = await connected(pair);
    expect(first).toEqual({
      os: expect.stringMatching(uuid),
      application: { ...editor, id: expect.stringMatching(uuid), onboarded: false, privacy: 'OPEN' },
      health: { os: { id: first.os, version: `12.3.4-loopgate.${packageJson.version}` } },
    });
    const updated = await connected(pair, { ...editor, version: '2.0.0', privacy: 'CLOSED' });
    expect(updated.application).toEqual({
      ...(first.application as object),
      version: '2.0.0',
      privacy: 'CLOSED',
    });
    const other = await connected(pair, { ...editor, name: 'JETBRAINS' });
    expect(other.os).toBe(first.os);
    expect((other.application as { id: string }).id).not.toBe((first.application as { id: string }).id);
  });

  test('values that this version does not know are kept as they came; unknown fields are ignored', async () => {
    const newest = { name: 'EDITOR_OF_2030', version: 'next', platform: 'TOASTER', privacy: 'MOSTLY' };
    const pair = await start();
    const body = { application: { ...newest, schema: { migration: 0, semantic: 'x' }, extra: 1 }, os: 'y' };
    expect(await json(await post(pair, '/connect', body))).toMatchObject({ application: newest });
  });

  test('the user is in the context when somebody is signed in', async () => {
    const pair = await start();
    expect(await connected(pair)).not.toHaveProperty('user');
    await signIn(pair);
    expect(await connected(pair)).toMatchObject({ user: adasProfile });
  });

  test.for<[string, unknown]>([
    ['no body', undefined],
    ['no application', {}],
    ['no name', { application: { ...editor, name: undefined } }],
    ['no version', { application: { ...editor, version: null } }],
    ['no platform', { application: { ...editor, platform: '' } }],
    ['an enum value UNKNOWN', { application: { ...editor, name: 'UNKNOWN' } }],
    ['a name of 201 letters', { application: { ...editor, name: 'x'.repeat(201) } }],
  ])('%s is invalid_request', async ([_what, body]) => {
    const response = await post(await start(), '/connect', body);
    expect([response.status, await json(response)]).toEqual([
      400,
      expect.objectContaining({ error: 'invalid_request' }),
    ]);
  });

  test('onboarded: 200 text for a program that has connected, which then is; 401 text for any other', async () => {
    const pair = await start();
    const { id } = (await connected(pair)).application as { id: string };
    const done = await post(pair, `/${id}/onboarded`, true, { application: id });
    expect([done.status, done.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(await connected(pair)).toMatchObject({ application: { id, onboarded: true } });
    expect((await post(pair, `/${id}/onboarded`, false)).status).toBe(200);
    expect(await connected(pair)).toMatchObject({ application: { onboarded: false } });
    const stranger = await post(pair, `/${crypto.randomUUID()}/onboarded`, true);
    expect([stranger.status, stranger.headers.get('content-type')]).toEqual([401, 'text/plain; charset=utf-8']);
    expect(await stranger.text()).toContain('POST /connect');
    for (const wrong of [undefined, 'true', 1, {}]) {
      expect((await post(pair, `/${id}/onboarded`, wrong)).status).toBe(400);
    }
  });
});

describe('/os/sign_in', () => {
  test('waits until the login in the browser is done, and answers with the person', async () => {
    const pair = await start();
    const signingIn = begin(pair, 'POST /os/sign_in');
    await printedLogin(pair.host);
    await finish(pair);
    expect(await signingIn.answer).toEqual({
      status: 200,
      body: expect.objectContaining({ ...adasProfile, aesthetics: { theme: { dark: false }, font: { size: 14 } } }),
    });
    expect(await json(await get(pair, '/user'))).toMatchObject({ user: (await signingIn.answer).body });
  });

  test('answers at once when somebody is signed in, and opens nothing', async () => {
    const pair = await start();
    await signIn(pair);
    const response = await post(pair, '/os/sign_in');
    expect([response.status, await json(response)]).toEqual([200, expect.objectContaining(adasProfile)]);
    expect(tabs(pair.host)).toBe(1);
  });

  test('two at the same time share one login, and both get the person [R15]', async () => {
    const pair = await start();
    const both = [begin(pair, 'POST /os/sign_in'), begin(pair, 'POST /os/sign_in')];
    await Promise.all(both.map(({ begun }) => begun));
    await printedLogin(pair.host);
    // And one that comes when the page is open already.
    const late = begin(pair, 'POST /os/sign_in');
    await late.begun;
    await finish(pair);
    for (const { answer } of [...both, late]) {
      expect(await answer).toMatchObject({ status: 200, body: adasProfile });
    }
    // The late one had the terminal print a new address of the same login: the first was used.
    expect(await printedStates(pair.host)).toHaveLength(1);
  });

  test("joins a program's login that waits; it is answered when that program has exchanged its code [R15]", async () => {
    const pair = await start();
    const code = begin(pair, 'POST /pkce/code');
    await printedLogin(pair.host);
    const signingIn = begin(pair, 'POST /os/sign_in');
    await signingIn.begun;
    await finish(pair);
    expect((await code.answer).status).toBe(200);
    expect(await json(await get(pair, '/user'))).toEqual({});
    expect((await post(pair, '/pkce/token')).status).toBe(200);
    expect(await signingIn.answer).toMatchObject({ status: 200, body: adasProfile });
    expect(await printedStates(pair.host)).toHaveLength(1);
  });

  test('a denial is access_denied for everybody who waits, and the next one starts anew [R13]', async () => {
    const pair = await start();
    const both = [begin(pair, 'POST /os/sign_in'), begin(pair, 'POST /os/sign_in')];
    await Promise.all(both.map(({ begun }) => begun));
    await printedLogin(pair.host);
    await finish(pair, 'Ada Lovelace', { deny: true });
    for (const { answer } of both) {
      expect(await answer).toMatchObject({ status: 403, body: { error: 'access_denied' } });
    }
    const again = begin(pair, 'POST /os/sign_in');
    await expect.poll(() => tabs(pair.host), { timeout: 10_000 }).toBe(2);
    await finish(pair);
    expect((await again.answer).status).toBe(200);
  });

  test('ends with authorization_timeout when nobody finishes the login', async () => {
    const pair = await start({ environment: { LOOPGATE_SIGN_IN_TIMEOUT: '1' } });
    const response = await post(pair, '/os/sign_in');
    expect([response.status, await json(response)]).toEqual([
      504,
      expect.objectContaining({ error: 'authorization_timeout' }),
    ]);
  });
});

describe('/user', () => {
  test('signed out: {} and 401s in JSON, and the browser is not opened', async () => {
    const pair = await start();
    expect(await json(await get(pair, '/user'))).toEqual({});
    for (const path of ['/user/refresh', '/user/access_token']) {
      const response = await get(pair, path);
      expect([response.status, await json(response)]).toEqual([
        401,
        expect.objectContaining({ error: 'not_signed_in' }),
      ]);
    }
    expect(await json(await post(pair, '/os/sign_out'))).toEqual({ iterable: [] });
    expect((await post(pair, '/user/clear')).status).toBe(204);
    expect(tabs(pair.host)).toBe(0);
  });

  test('/user/clear answers 204 without a body, forgets the session and revokes it [T10]', async () => {
    const pair = await start();
    await signIn(pair);
    const response = await post(pair, '/user/clear');
    expect([response.status, await response.text(), response.headers.get('content-type')]).toEqual([204, '', null]);
    expect(await json(await get(pair, '/user'))).toEqual({});
    await pair.provider.waitFor(({ path }) => path === '/oauth/revoke');
    // Without opening the browser for the provider's own logout.
    expect(pair.provider.count('/v2/logout')).toBe(0);
    expect(tabs(pair.host)).toBe(1);
  });

  test('/user/refresh asks the provider anew each time; those who ask meanwhile share the answer', async () => {
    const pair = await start();
    await signIn(pair);
    const { provider } = pair;
    const before = provider.count('/userinfo');
    for (let round = 1; round <= 3; round += 1) {
      expect(await json(await get(pair, '/user/refresh'))).toMatchObject(adasProfile);
      expect(provider.count('/userinfo')).toBe(before + round);
    }
    expect(await json(await get(pair, '/user'))).toMatchObject({ user: adasProfile });
    expect(provider.count('/userinfo')).toBe(before + 3);
    const release = provider.fault('/userinfo', { hang: true });
    const crowd = Array.from({ length: 20 }, () => begin(pair, 'GET /user/refresh'));
    await Promise.all(crowd.map(({ begun }) => begun));
    release();
    for (const { answer } of crowd) expect(await answer).toMatchObject({ status: 200, body: adasProfile });
    expect(provider.count('/userinfo')).toBe(before + 4);
  });

  test('/user/access_token is the token alone, as text, and the provider takes it', async () => {
    const pair = await start();
    await signIn(pair);
    const response = await get(pair, '/user/access_token');
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    // T8.
    expect(response.headers.get('cache-control')).toBe('no-store');
    const token = await response.text();
    expect([decodeJwt(token).aud].flat()).toContain(pair.provider.audience);
    const info = await fetch(`${pair.provider.issuer}userinfo`, { headers: { Authorization: `Bearer ${token}` } });
    expect(await info.json()).toMatchObject({ sub: adasProfile.id });
    expect(await (await get(pair, '/user/access_token')).text()).toBe(token);
  });

  test('/user/access_token is renewed when it has expired [T7]', async () => {
    const pair = await start({ provider: { accessTokenSeconds: 2 } });
    await signIn(pair);
    const token = async () => await (await get(pair, '/user/access_token')).text();
    const first = await token();
    await expect.poll(token, { timeout: 10_000 }).not.toBe(first);
    expect(await json(await get(pair, '/user'))).toMatchObject({ user: adasProfile });
  });

  test("/user/access_token?audience= is another API's token where the provider grants it, else its own words", async () => {
    const other = 'https://other.test/';
    const pair = await start({ provider: { refreshAudiences: [other] } });
    await signIn(pair);
    const ask = (audience: string) => get(pair, `/user/access_token?audience=${encodeURIComponent(audience)}`);
    const token = await (await ask(other)).text();
    expect([decodeJwt(token).aud].flat()).toContain(other);
    expect(await (await ask(other)).text()).toBe(token);
    const refused = await ask('https://unknown.test/');
    expect(refused.status).toBe(502);
    expect(await json(refused)).toEqual({
      error: 'provider_error',
      error_description: expect.stringContaining('Service not found: https://unknown.test/'),
    });
    expect((await get(pair, '/user/access_token')).status).toBe(200);
  });

  test('a second person is added and does not take over; /os/sign_out lists who remains [T18]', async () => {
    const pair = await start();
    await signIn(pair, 'Ada Lovelace');
    await signIn(pair, 'Grace Hopper');
    expect(await json(await get(pair, '/user'))).toMatchObject({ user: adasProfile });
    expect(decodeJwt(await (await get(pair, '/user/access_token')).text()).sub).toBe(adasProfile.id);
    const response = await post(pair, '/os/sign_out');
    expect(response.status).toBe(200);
    expect(await json(response)).toMatchObject({ iterable: [{ id: 'auth0|grace-hopper', name: 'Grace Hopper' }] });
    // Nobody becomes the active one in silence.
    expect(await json(await get(pair, '/user'))).toEqual({});
    expect((await get(pair, '/user/access_token')).status).toBe(401);
  });
});

describe('/user/stream', () => {
  /** The frames as they come, and the code at the end. */
  function listen({ host }: Pair, headers: Record<string, string> = {}) {
    const socket = new WebSocket(`ws://localhost:${host.port}/user/stream`, { family: 4, headers });
    const frames: string[] = [];
    socket.on('message', (data) => frames.push(String(data)));
    socket.on('error', () => undefined);
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    const frame = async (index: number): Promise<string> => {
      for (let found = frames[index]; ; found = frames[index]) {
        if (found !== undefined) return found;
        await once(socket, 'message');
      }
    };
    return { frame, frames, closed };
  }

  test('200 listeners are told of a sign-in and a sign-out, while one more does not read; at the end all get 1001', async () => {
    const pair = await start();
    const silent = connect(pair.host.port, '127.0.0.1');
    silent.on('error', () => undefined);
    silent.write(
      `GET /user/stream HTTP/1.1\r\nHost: localhost:${pair.host.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    await once(silent, 'data');
    silent.pause();
    onTestFinished(() => void silent.destroy());
    const listeners = Array.from({ length: 200 }, () => listen(pair));
    expect(await Promise.all(listeners.map(({ frame }) => frame(0)))).toEqual(listeners.map(() => ''));
    await signIn(pair);
    for (const { frame } of listeners) expect(JSON.parse(await frame(1))).toMatchObject({ id: adasProfile.id });
    await post(pair, '/os/sign_out');
    const last = listen(pair);
    expect(await last.frame(0)).toBe('');
    const codes = [...listeners, last].map(({ closed }) => closed);
    await pair.host.stop();
    expect(new Set(await Promise.all(codes))).toEqual(new Set([1001]));
    const [{ frames } = last] = listeners;
    expect(frames.at(-1)).toBe('');
    for (const listener of listeners) expect(listener.frames).toEqual(frames);
  });

  test('a page of a listed origin may listen, one of another may not [L3c]', async () => {
    const pair = await start({ environment: { LOOPGATE_ORIGINS: 'https://tool.example' } });
    const asPage = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'websocket' };
    expect(await listen(pair, { Origin: 'https://tool.example', ...asPage }).frame(0)).toBe('');
    // The handshake is refused: the client sees no good-bye.
    expect(await listen(pair, { Origin: 'https://evil.example', ...asPage }).closed).toBe(1006);
  });

  test.skipIf(whyNoOtherUser !== undefined)('another user of this machine may not listen [L5]', async () => {
    const pair = await start();
    const attempt = `
      const socket = new (require('node:net').Socket)();
      socket.connect(${pair.host.port}, '127.0.0.1', () => socket.write(${JSON.stringify(
        `GET /user/stream HTTP/1.1\r\nHost: localhost:${pair.host.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
      )}));
      socket.pipe(process.stdout);
      socket.on('close', () => process.exit(0));`;
    const answer = await runAsOtherUser([process.execPath, '-e', attempt]);
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer).toContain('"error":"forbidden_origin"');
  });
});
