import { createServer, type RequestListener } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import {
  ada,
  editor,
  exchangeOf,
  FakeClock,
  failureOf,
  localProvider,
  localWorld,
  plainFetch,
  ScriptedProvider,
  scriptedWorld,
  signInAs,
} from '../../../testing/brokerWorld.ts';
import { MessageError } from '../../errors/errors.ts';
import { Provider } from './provider.ts';
import { normaliseIssuer } from './providerChecks.ts';
import { providerFetch } from './providerFetch.ts';
import { oauthWords } from './providerWords.ts';

const discovery = '/.well-known/openid-configuration';

test.each([
  ['tenant.us.auth0.com', 'https://tenant.us.auth0.com/'],
  ['https://tenant.us.auth0.com', 'https://tenant.us.auth0.com/'],
  ['https://tenant.us.auth0.com/', 'https://tenant.us.auth0.com/'],
  ['  https://tenant.us.auth0.com/  ', 'https://tenant.us.auth0.com/'],
  ['HTTPS://Login.Example.COM', 'https://login.example.com/'],
  ['login.example.com:8443', 'https://login.example.com:8443/'],
  ['https://keycloak.example/realms/one', 'https://keycloak.example/realms/one'],
  ['https://keycloak.example/realms/one/', 'https://keycloak.example/realms/one/'],
  ['https://tenant.example/.well-known/openid-configuration', 'https://tenant.example/'],
  ['https://keycloak.example/realms/one/.well-known/openid-configuration', 'https://keycloak.example/realms/one/'],
  ['http://localhost:4000', 'http://localhost:4000/'],
  ['http://127.0.0.1:4000/', 'http://127.0.0.1:4000/'],
  ['http://[::1]:4000/', 'http://[::1]:4000/'],
])('the issuer %j is %j [T14]', (written, issuer) => {
  expect(normaliseIssuer(written)).toBe(issuer);
});

test.each([
  ['http://tenant.example/', 'https'],
  ['http://localhost.evil.example/', 'https'],
  ['http://127.0.0.1.evil.example/', 'https'],
  ['http://0.0.0.0/', 'https'],
  ['ftp://localhost/', 'https'],
  ['file:///etc/passwd', 'https'],
  ['https://user:secret@tenant.example/', 'user name'],
  ['https://tenant.example/?x=1', 'query'],
  ['https://tenant.example/#x', 'fragment'],
  ['', 'address'],
  ['https://', 'address'],
  ['two words', 'address'],
])('the issuer %j is refused, and the message says what is expected [T14]', (written, expectation) => {
  expect(() => normaliseIssuer(written)).toThrow(MessageError);
  expect(() => normaliseIssuer(written)).toThrow(expectation);
});

test.each([
  ['configured without, announced with', 'https://tenant.example/realms/one', 'https://tenant.example/realms/one/'],
  ['configured with, announced without', 'https://tenant.example/realms/one/', 'https://tenant.example/realms/one'],
  ['a host alone, announced without', 'https://tenant.example/', 'https://tenant.example'],
])(
  "only a final slash may differ, and the metadata's spelling is the issuer: %s [T14]",
  async (_what, configured, announced) => {
    const provider = new ScriptedProvider(announced);
    const world = await scriptedWorld({ provider, settings: { issuer: configured } });
    expect(await signInAs(world)).toMatchObject({ profile: { sub: ada } });
    expect(world.broker.state().person?.issuer).toBe(announced);
  },
);

const tenMegabytes = 'x'.repeat(10 * 1024 * 1024);
/** Cuts the connection in the middle of the answer. */
const cutOff: RequestListener = (request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
  response.write('{"access_token": "half', () => request.socket.destroy());
};
const misbehaviours = [
  [
    'HTML',
    { status: 200, body: '<html>hello</html>', headers: { 'Content-Type': 'text/html' } },
    'provider_unreachable',
  ],
  [
    'HTML that is said to be JSON',
    { status: 200, body: '<html>', headers: { 'Content-Type': 'application/json' } },
    'provider_unreachable',
  ],
  ['empty', { status: 200, body: '', headers: { 'Content-Type': 'application/json' } }, 'provider_unreachable'],
  ['a JSON array', { status: 200, body: '[]', headers: { 'Content-Type': 'application/json' } }, 'provider_error'],
  [
    '10 MB',
    { status: 200, body: tenMegabytes, headers: { 'Content-Type': 'application/json' } },
    'provider_unreachable',
  ],
  ['a redirect', { status: 302, headers: { Location: 'https://evil.example/' } }, 'provider_unreachable'],
  ['a 307 redirect', { status: 307, headers: { Location: 'https://evil.example/' } }, 'provider_unreachable'],
  ['404', { status: 404, body: 'not here' }, 'provider_unreachable'],
  ['503', { status: 503, body: 'busy' }, 'provider_unreachable'],
  ['dropped', { drop: true }, 'provider_unreachable'],
  ['cut off', { respond: cutOff }, 'provider_unreachable'],
] as const;

test.each(misbehaviours)(
  'metadata that is %s: nothing is opened, and the next start a second later works',
  async (_what, fault, code) => {
    const world = await localWorld();
    const lift = world.provider.fault(discovery, fault);
    const failure = await failureOf(world.broker.authorize(editor, {}));
    expect(failure).toMatchObject({ code, retryable: code === 'provider_unreachable' });
    expect(failure.message.length).toBeLessThan(400);
    expect(world.browser.opened).toEqual([]);
    lift();
    world.clock.jump(1_000);
    expect(await signInAs(world)).toMatchObject({ profile: { sub: ada } });
  },
);

test.each(misbehaviours)(
  'a UserInfo answer that is %s is an error for its caller, and no sign-out',
  async (_what, fault, code) => {
    const world = await localWorld();
    const { accessToken } = await signInAs(world);
    world.clock.advance(30_000);
    world.provider.fault('/userinfo', fault);
    const other = `${accessToken}x`;
    expect((await failureOf(world.broker.userInfo(other))).code).toBe(code);
    expect(world.broker.state().person).toMatchObject({ subject: ada });
  },
);

test.each(misbehaviours)('keys that are %s make no session', async (_what, fault) => {
  const world = await localWorld();
  const asked = exchangeOf(await world.broker.authorize(editor, {}));
  world.provider.fault('/.well-known/jwks.json', fault);
  expect((await failureOf(world.broker.token(editor, asked))).code).toMatch(/^provider_/);
  expect(world.broker.state().person).toBeUndefined();
});

test('a redirect is never followed, so no code and no token goes elsewhere', async () => {
  const thief = await server((_request, response) => response.writeHead(200).end('{}'));
  const world = await localWorld();
  const asked = exchangeOf(await world.broker.authorize(editor, {}));
  world.provider.fault('/oauth/token', { status: 307, headers: { Location: thief.url } });
  expect((await failureOf(world.broker.token(editor, asked))).message).toContain('redirect');
  expect(thief.requests()).toBe(0);
});

test('an answer is not read beyond 1 MiB', async () => {
  let sent = 0;
  const endless = await server((_request, response) => {
    const more = (): void => {
      sent += 65_536;
      if (!response.destroyed) response.write(Buffer.alloc(65_536), more);
    };
    response.writeHead(200);
    more();
  });
  const failure = await failureOf(fetched(endless.url));
  expect(failure).toMatchObject({ code: 'provider_unreachable', message: expect.stringContaining('1 MiB') });
  await expect.poll(() => endless.closed()).toBeGreaterThan(0);
  expect(sent).toBeLessThan(64 * 1024 * 1024);
});

test('an answer of exactly 1 MiB is read whole', async () => {
  const full = await server((_request, response) => response.end(Buffer.alloc(1024 * 1024, 'x')));
  const response = await fetched(full.url);
  expect((await response.text()).length).toBe(1024 * 1024);
});

test.each([204, 205])('an answer of status %i has no body', async (status) => {
  const silent = await server((_request, response) => response.writeHead(status).end());
  expect(await fetched(silent.url)).toMatchObject({ status, body: null });
});

test.each([
  [
    'Node: connection refused',
    Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }),
    'ECONNREFUSED',
  ],
  ['Chromium: no such name', new Error('net::ERR_NAME_NOT_RESOLVED'), 'net::ERR_NAME_NOT_RESOLVED'],
  ['nothing known', new Error('https://tenant.example/?code=secret'), 'network error'],
  ['no error at all', 'a text with a secret', 'network error'],
])('why the network failed is said by its code alone: %s [T9]', async (_what, thrown, words) => {
  const failing = providerFetch(() => Promise.reject(thrown));
  const failure = await failureOf(failing('https://tenant.example/oauth/token?x=secret', requestOf()));
  expect(failure).toMatchObject({ code: 'provider_unreachable', retryable: true });
  expect(failure.message).toContain(`tenant.example cannot be reached (${words})`);
  expect(failure.message).not.toContain('secret');
});

test('a platform that hides the redirect behind an opaque answer: also a redirect', async () => {
  const opaque = providerFetch(async () => {
    const answer = new Response(null);
    Object.defineProperty(answer, 'type', { value: 'opaqueredirect' });
    return answer;
  });
  expect((await failureOf(opaque('https://tenant.example/', requestOf()))).message).toContain('redirect');
});

const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEiLCJleHAiOjE3OTUxNjg4MDB9.c2lnbmF0dXJl';
const trace = 'a1b2c3d4-0000-4444-8888-1234567890ab';
test.each([
  ['invalid_grant', undefined, 'invalid_grant'],
  ['server_error', 'Some words', 'server_error: Some words'],
  ['bad\r\nSet-Cookie: x=1', '\u2028é', 'bad Set-Cookie: x=1: é'],
  ['access_denied', 'Пользователь отказал в доступе', 'access_denied: Пользователь отказал в доступе'],
  ['access_denied', 'ユーザーが拒否しました', 'access_denied: ユーザーが拒否しました'],
  ['access_denied', 'Zugriff für die Größe verweigert', 'access_denied: Zugriff für die Größe verweigert'],
  ['access_denied', '\u0000\u001b\u200b\u202e\n', 'access_denied'],
  ['access_denied', 'a\u202eb\u001b[31mc\u2066d', 'access_denied: a b [31mc d'],
  [
    'invalid_grant',
    `AADSTS50076: Trace ID: ${trace} Correlation ID: ${trace.toUpperCase()} Timestamp: 2026-12-01 10:00:00Z`,
    `invalid_grant: AADSTS50076: Trace ID: ${trace} Correlation ID: ${trace.toUpperCase()} Timestamp: 2026-12-01 10:00:00Z`,
  ],
  [
    'invalid_grant',
    `See https://login.example/error/with/a/long/path/to/read?code=50076&token=${jwt} for help`,
    'invalid_grant: See https://login.example/error/with/a/long/path/to/read?... for help',
  ],
  ['invalid_grant', `At https://login.example/${jwt}/x#${jwt}`, 'invalid_grant: At https://login.example/.../x?...'],
  ['invalid_grant', `Token ${jwt} is spent`, 'invalid_grant: Token ... is spent'],
  ['invalid_grant', `code=${'Ab1/'.repeat(12)}`, 'invalid_grant: ...'],
])(
  "the provider's words stay, what nobody can see and what may be a secret goes: %j, %j [T9]",
  (error, words, shown) => {
    expect(oauthWords(error, words)).toBe(shown);
  },
);

test("the provider's words are cut to a length that a page can show, and no character is cut in two", () => {
  expect(oauthWords('e '.repeat(500), 'd '.repeat(500))).toHaveLength(402);
  expect([...oauthWords('error', '😀'.repeat(500))]).toHaveLength(207);
});

test('what was sent is not repeated, in whatever form the provider repeats it [T9]', () => {
  const words = oauthWords('invalid_grant', 'no such code a+b/c== or a%2Bb%2Fc%3D%3D', ['a+b/c==', undefined]);
  expect(words).toBe('invalid_grant: no such code ... or ...');
});

test.each([
  ['a realm that is not there', new Response('not found', { status: 404 }), 'status 404'],
  ['the page of a web server', new Response('<html>', { headers: { 'Content-Type': 'text/html' } }), 'not JSON'],
  [
    'a redirect',
    new Response(null, { status: 302, headers: { Location: 'https://tenant.example/login' } }),
    'redirect',
  ],
])('an issuer that has no metadata, %s: the reason names the address and the issuer', async (_what, answer, what) => {
  const scripted = new ScriptedProvider('https://tenant.example/realms/wrong');
  scripted.answers.set('/realms/wrong/.well-known/openid-configuration', () => answer.clone());
  const failure = await failureOf(providerOf(scripted).issuer());
  expect(failure.message).toContain(what);
  expect(failure.message).toContain('https://tenant.example/realms/wrong/.well-known/openid-configuration');
  expect(failure.next).toContain('issuer');
});

test.each([
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'https://localhost:8080/', 'http and not https'],
  ['net::ERR_SSL_PROTOCOL_ERROR', 'https://localhost:8080/', 'http and not https'],
  ['ECONNRESET', 'https://localhost:8080/', 'Check the network'],
])('https at a port that speaks http (%s) is told from a network that fails', async (code, address, advice) => {
  const error = Object.assign(new Error(code), { code });
  const failing = providerFetch(() => Promise.reject(new TypeError('fetch failed', { cause: error })));
  expect((await failureOf(failing(address, requestOf()))).next).toContain(advice);
});

test.each(['invalid_client', 'unauthorized_client'])(
  '%s: the advice says that the application is a public one',
  async (error) => {
    const world = await scriptedWorld();
    world.provider.answers.set('/oauth/token', () => Response.json({ error }, { status: 401 }));
    expect((await failureOf(signInAs(world))).next).toContain('without a secret');
  },
);

test('a provider that is not laid out like Auth0 is logged out at its end_session_endpoint, without an ID token [W14]', async () => {
  const scripted = new ScriptedProvider();
  scripted.metadata = {
    token_endpoint: 'https://tenant.example/token',
    end_session_endpoint: 'https://tenant.example/logout?tenant=1',
  };
  const parameters = { clientId: 'loopgate-demo', returnTo: 'https://tool.example/goodbye' };
  const url = new URL((await providerOf(scripted).logoutUrl(parameters)) ?? '');
  expect(url.origin + url.pathname).toBe('https://tenant.example/logout');
  expect(Object.fromEntries(url.searchParams)).toEqual({
    tenant: '1',
    client_id: 'loopgate-demo',
    post_logout_redirect_uri: 'https://tool.example/goodbye',
  });
});

test.each([
  ['login page', { authorization_endpoint: 'https://tenant.example/oauth/v2/authorize' }],
  ['keys', { jwks_uri: 'https://tenant.example/oauth/v2/keys' }],
  ['token endpoint', { token_endpoint: 'https://tenant.example/oauth/v2/token' }],
])(
  'a provider whose %s is not where Auth0 has it has no /v2/logout: its own address is opened [W14]',
  async (_, change) => {
    const scripted = new ScriptedProvider();
    scripted.metadata = {
      jwks_uri: 'https://tenant.example/.well-known/jwks.json',
      end_session_endpoint: 'https://tenant.example/end_session',
    };
    const parameters = { clientId: 'loopgate-demo' };
    expect(await providerOf(scripted).logoutUrl(parameters)).toBe(
      'https://tenant.example/v2/logout?client_id=loopgate-demo',
    );
    scripted.metadata = { ...scripted.metadata, ...change };
    expect(await providerOf(scripted).logoutUrl(parameters)).toBe(
      'https://tenant.example/end_session?client_id=loopgate-demo',
    );
  },
);

test('a provider without a logout has no logout address [W14]', async () => {
  const scripted = new ScriptedProvider();
  scripted.metadata = { token_endpoint: 'https://tenant.example/token' };
  expect(await providerOf(scripted).logoutUrl({ clientId: 'loopgate-demo' })).toBeUndefined();
});

test('without a revocation endpoint there is nothing to revoke [T10]', async () => {
  const scripted = new ScriptedProvider();
  scripted.metadata = { revocation_endpoint: undefined };
  expect(await providerOf(scripted).revoke('loopgate-demo', 'a token')).toBe('no_endpoint');
  expect(scripted.requests.map(({ path }) => path)).toEqual([discovery]);
});

test('a form_post may come from the origin of the issuer or of the login page [L2]', async () => {
  const scripted = new ScriptedProvider();
  scripted.metadata = { authorization_endpoint: 'https://login.example/authorize' };
  const { broker } = await scriptedWorld({ provider: scripted });
  // This does not ask the provider: its login page's origin is known as soon as a login was possible.
  expect(broker.providerOrigins).toEqual(['https://tenant.example']);
  expect(scripted.requests).toEqual([]);
  await broker.signOutAtProvider({ openBrowser: false });
  expect(broker.providerOrigins).toEqual(['https://tenant.example', 'https://login.example']);
  expect(broker.providerHost).toBe('tenant.example');
});

test('the metadata is read once for any number of callers, and the keys once for some minutes', async () => {
  const provider = await localProvider();
  const world = await localWorld({ provider });
  await Promise.all(Array.from({ length: 20 }, () => world.broker.signOutAtProvider({ openBrowser: false })));
  await signInAs(world);
  await signInAs(world);
  expect(provider.count(discovery)).toBe(1);
  expect(provider.count('/.well-known/jwks.json')).toBe(1);
});

function providerOf(scripted: ScriptedProvider): Provider {
  return new Provider({ issuer: scripted.issuer, clientId: 'loopgate-demo' }, scripted.fetch, new FakeClock());
}

function requestOf(): Parameters<ReturnType<typeof providerFetch>>[1] {
  return { method: 'GET', headers: {}, body: undefined, redirect: 'manual' };
}

async function fetched(url: string): Promise<Response> {
  return await providerFetch(plainFetch)(url, requestOf());
}

/** A server on loopback for the duration of a test. */
async function server(handle: RequestListener): Promise<{ url: string; requests: () => number; closed: () => number }> {
  let requests = 0;
  let closed = 0;
  const listening = createServer((request, response) => {
    requests++;
    handle(request, response);
  });
  listening.on('connection', (socket) => {
    socket.on('error', () => undefined).on('close', () => closed++);
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    listening.close();
    listening.closeAllConnections();
  });
  const at = listening.address();
  if (at === null || typeof at === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${at.port}/`, requests: () => requests, closed: () => closed };
}
