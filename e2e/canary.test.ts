import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { forgedSignatures } from '../testing/brokerWorld.ts';
import { CanaryProvider, type Mishap, marked, markedOddly, type SecretKind } from './support/canary.ts';
import { type Headless, projectFolder, startHeadless } from './support/headless.ts';
import { sendHandshake } from './support/rawSocket.ts';

/** The lowest level logs whatever the others do; one of those is proof that the level itself changes nothing. */
const levels = ['debug', 'warn'] as const;

/** `$BROWSER`: writes down how it was started, signs in at once, and writes down the page that the person reads. */
const browserScript = `
  import { appendFileSync } from 'node:fs';
  import { get } from 'node:http';
  const [, , trace, address] = process.argv;
  const note = (seen) => appendFileSync(trace, JSON.stringify(seen) + '\\n');
  note({ kind: 'start', argv: process.argv, environment: process.env });
  if (!new URL(address).pathname.startsWith('/login/')) await fetch(address);
  else {
    const sent = await new Promise((resolve) => get(address, { headers: { accept: 'text/html' } }, resolve));
    const { to, fields } = await (await fetch(sent.headers.location)).json();
    const page = await fetch(to, { method: 'POST', headers: { accept: 'text/html' }, body: new URLSearchParams(fields) });
    note({ kind: 'page', status: page.status, text: await page.text() });
  }
`;

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A real program between a marked provider and a browser, and all that it has said. */
class Canary {
  readonly provider: CanaryProvider;
  readonly host: Headless;
  readonly home: string;
  readonly trace: string;
  /** Where a secret was seen that should not have been there, and of what kind. Never the secret. */
  readonly leaks: string[] = [];

  private constructor(provider: CanaryProvider, host: Headless, home: string, trace: string) {
    this.provider = provider;
    this.host = host;
    this.home = home;
    this.trace = trace;
  }

  static async start(level: string, options: { browser: boolean } = { browser: true }): Promise<Canary> {
    const provider = await CanaryProvider.start();
    onTestFinished(() => provider.close());
    const home = await mkdtemp(join(tmpdir(), 'loopgate-canary-'));
    const aside = await mkdtemp(join(tmpdir(), 'loopgate-canary-browser-'));
    onTestFinished(() =>
      Promise.all([home, aside].map((folder) => rm(folder, { recursive: true, force: true }))).then(),
    );
    const script = join(aside, 'browser.mjs');
    const trace = join(aside, 'trace.jsonl');
    await writeFile(script, browserScript);
    await writeFile(trace, '');
    const key = randomBytes(32).toString('base64');
    provider.secrets.learn('vault key', key);
    const host = await startHeadless({
      home,
      environment: {
        LOOPGATE_ISSUER: provider.issuer,
        LOOPGATE_CLIENT_ID: 'loopgate-demo',
        LOOPGATE_LOG_LEVEL: level,
        LOOPGATE_VAULT_KEY: key,
        ...(options.browser && { BROWSER: `${process.execPath} ${script} ${trace}` }),
      },
    });
    onTestFinished(async () => void (await host.stop()));
    return new Canary(provider, host, home, trace);
  }

  /** Looks for secrets; what is found is a leak. */
  search(where: string, haystack: string, except: readonly SecretKind[] = []): void {
    for (const kind of this.provider.secrets.in(haystack, { except })) this.leaks.push(`${kind} in ${where}`);
  }

  /** Asks, and searches the answer for what it is not meant to hold. @param also - what a good answer may hold this time */
  async ask(asked: Asked, also: readonly SecretKind[] = []): Promise<Answered> {
    const { method, path, headers = {}, body } = asked;
    const sent = request(`${this.host.address}${path}`, { agent: false, method, headers });
    sent.end(body);
    const [answer] = await once(sent, 'response');
    const { statusCode: status = 0, headers: answered } = answer;
    const received = await text(answer);
    const meant = status < 400 ? [...(meantFor[`${method} ${path.split('?')[0]}`] ?? []), ...also] : [];
    this.search(`the answer ${status} of ${method} ${path.split('?')[0]?.replace(/Canary\S*/g, '*')}`, received, meant);
    this.search(`a header of ${method} ${path.split('?')[0]}`, JSON.stringify(answered), meant);
    return { status, headers: answered, body: received };
  }

  /** Signs in as a program does. */
  async signIn(): Promise<Answered> {
    await this.ask({ method: 'POST', path: '/pkce/code' });
    return await this.ask({ method: 'POST', path: '/pkce/token' });
  }

  /** Searches all that the program has left behind anywhere. @param printed - what its terminal may show */
  async searchAll(printed: readonly SecretKind[] = []): Promise<void> {
    this.search('standard output', this.host.output(), printed);
    this.search('the log', this.host.errors());
    for (const entry of await readdir(this.home, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      this.search(`the file ${entry.name}`, (await readFile(join(entry.parentPath, entry.name))).toString('latin1'));
    }
    this.search('the command line', await readFile(`/proc/${this.host.pid}/cmdline`, 'latin1').catch(() => ''));
    for (const line of (await readFile(this.trace, 'utf8')).split('\n').filter((one) => one !== '')) {
      const { kind, argv, environment, text: page } = JSON.parse(line) as Record<string, unknown>;
      if (kind === 'page') this.search('a page that the person reads', String(page));
      // R16: not even what the login's address carries to the provider.
      if (kind === 'start') this.search("the browser's command line", JSON.stringify(argv));
      if (kind === 'start') this.search("the browser's environment", JSON.stringify(environment));
    }
  }
}

/** Answers that are meant to hold secrets, and why: nothing else does, no error does, and none holds a refresh token. */
const meantFor: Readonly<Record<string, readonly SecretKind[]>> = {
  // The caller's own challenge, made for it.
  'GET /pkce/challenge': ['state', 'nonce', 'verifier'],
  // The code, for which the caller waits, and the challenge that was made for it.
  'POST /pkce/code': ['code', 'state', 'nonce', 'verifier'],
  'GET /authorize': ['code', 'state', 'nonce', 'sent'],
  // Repeats to a program what it has relayed.
  'POST /pkce/response/code': ['code', 'state'],
  'GET /pkce/response/code': ['code', 'state'],
  // The token endpoints.
  // The ID token has the nonce as a claim.
  'POST /pkce/token': ['access token', 'ID token', 'nonce'],
  'POST /oauth/token': ['access token', 'ID token', 'nonce'],
  'GET /user/access_token': ['access token'],
};

const json = { 'Content-Type': 'application/json' };
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const page = {
  Accept: 'text/html',
  'Sec-Fetch-Site': 'none',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
};

/** How each operation of the API is asked, well and badly; what is sent badly is marked too. */
function asksOf(operation: string): Asked[] {
  const [method = '', path = ''] = operation.split(' ');
  const sent = marked('sent');
  const parameters = {
    state: sent,
    code: sent,
    error: sent,
    error_description: sent,
    client_id: sent,
    redirect_uri: `https://tool.example/${sent}`,
    code_verifier: sent,
    code_challenge: sent,
    refresh_token: sent,
    token: sent,
    returnTo: `https://tool.example/${sent}`,
    user_id: sent,
    audience: sent,
    scope: sent,
    grant_type: sent,
    response_type: sent,
    prompt: sent,
  };
  const query = new URLSearchParams(parameters).toString();
  const own = path.replace('{user}', 'auth0%7Cada-lovelace').replace('{application}', 'none');
  const marks = path.replace('{user}', sent).replace('{application}', sent);
  const badly = [
    { path: `${own}?${query}` },
    { path: marks },
    { path: own, headers: { Authorization: `Bearer ${sent}`, application: sent, 'X-Application-ID': sent } },
    { path: own, headers: { Origin: `https://${sent}.example` } },
    { path: own, headers: { Host: `${sent}.example` } },
    { path: own, headers: { Cookie: sent, Referer: `https://tool.example/${sent}`, 'User-Agent': sent, ...page } },
  ];
  const withBody = [
    { path: own, headers: json, body: JSON.stringify(parameters) },
    { path: own, headers: json, body: `{"token": "${sent}` },
    { path: own, headers: json, body: JSON.stringify(sent) },
    { path: own, headers: form, body: query },
    { path: own, headers: { ...form, ...page }, body: query },
    { path: own, headers: { 'Content-Type': sent }, body: sent },
    { path: own, headers: json, body: JSON.stringify({ token: sent.repeat(1000) }) },
  ];
  const asks = method === 'POST' ? [...badly, ...withBody] : badly;
  return [...(wellAsked[operation] ?? [{}]).map((ask) => ({ path: own, ...ask })), ...asks].map((ask) => ({
    method,
    ...ask,
  }));
}

const refreshGrant = 'grant_type=refresh_token&client_id=loopgate-demo&code=none&redirect_uri=none&code_verifier=none';

/** What an operation wants beside its address. */
const wellAsked: Readonly<Record<string, readonly Partial<Asked>[]>> = {
  'POST /oauth/token': [{ headers: form, body: refreshGrant }],
  'POST /user/select': [{ headers: json, body: JSON.stringify({ user_id: 'auth0|ada-lovelace' }) }],
  'POST /connect': [
    { headers: json, body: JSON.stringify({ application: { name: 'VS_CODE', version: '1.0.0', platform: 'LINUX' } }) },
  ],
  'POST /{application}/onboarded': [{ headers: json, body: 'true' }],
};

/** Every operation, from the API description itself. */
async function operations(canary: Canary): Promise<string[]> {
  const { body } = await canary.ask({ method: 'GET', path: '/openapi.json' });
  const { paths } = JSON.parse(body) as { paths: Record<string, Record<string, unknown>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** Calls every operation, those that sign out last. */
async function askEverything(canary: Canary): Promise<void> {
  const all = await operations(canary);
  expect(all.length).toBeGreaterThan(20);
  const signsOut = /logout|sign_out|\/clear|disconnect/;
  for (const operation of [...all.filter((one) => !signsOut.test(one)), ...all.filter((one) => signsOut.test(one))]) {
    for (const ask of asksOf(operation)) await canary.ask(ask);
    if (signsOut.test(operation)) await canary.signIn();
  }
  for (const protocol of [undefined, 'loopgate.reasons', marked('sent')])
    canary.search('a frame', await frame(canary, protocol));
}

/** The first frame of /user/stream. */
async function frame({ host }: Canary, protocol: string | undefined): Promise<string> {
  const lines = [
    'GET /user/stream HTTP/1.1',
    `Host: localhost:${host.port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
  ];
  return (await sendHandshake(host.port, `${lines.join('\r\n')}\r\n\r\n`)).body;
}

const refusing =
  (status: number, error: string): Mishap =>
  (sent) =>
    Response.json({ error, error_description: `refused: ${sent} ${decodeURIComponent(sent)}` }, { status });

/** What the provider does with what it was sent. */
const mishaps: Readonly<Record<string, Mishap>> = {
  reset: 'reset',
  '500 that repeats it': (sent) => new Response(sent, { status: 500 }),
  '503 that repeats it as JSON': refusing(503, 'temporarily_unavailable'),
  '429 that repeats it': refusing(429, 'too_many_requests'),
  'HTML that repeats it': (sent) => new Response(`<html>${sent}</html>`, { headers: { 'Content-Type': 'text/html' } }),
  'JSON that is cut off': (sent) => new Response(`{"access_token": "${sent}`, { headers: json }),
  'another type than text': (sent) => Response.json({ access_token: [sent], token_type: { sent }, sub: [sent] }),
  'invalid_request that repeats it': refusing(400, 'invalid_request'),
  'an error that is what was sent': (sent) => Response.json({ error: decodeURIComponent(sent) }, { status: 400 }),
  'access_denied that repeats it': refusing(403, 'access_denied'),
  'WWW-Authenticate that repeats it': (sent) =>
    new Response(null, {
      status: 401,
      headers: { 'WWW-Authenticate': `Bearer error="invalid_token", error_description="${sent.replaceAll('"', '')}"` },
    }),
  'a redirect that repeats it': (sent) =>
    new Response(null, { status: 302, headers: { Location: `https://tool.example/?${encodeURIComponent(sent)}` } }),
  'a token with a line end': () =>
    Response.json({
      access_token: `${marked('access token')}\n`,
      refresh_token: marked('refresh token'),
      token_type: 'Bearer',
    }),
  'a DPoP token': () => Response.json({ access_token: marked('access token'), token_type: 'DPoP' }),
  'an ID token that is none': () =>
    Response.json({ access_token: marked('access token'), token_type: 'Bearer', id_token: marked('ID token') }),
  // The last, because it ends sessions.
  'invalid_grant that repeats it': refusing(400, 'invalid_grant'),
};

/** Every way that a program asks the provider something through the broker. */
async function bother(canary: Canary, options: { signIn: boolean } = { signIn: true }): Promise<void> {
  await canary.ask({ method: 'POST', path: '/oauth/token', headers: form, body: refreshGrant });
  // A token that the program carries itself is passed on, and so is the one that takes its place.
  const carried = `${refreshGrant}&refresh_token=${encodeURIComponent(markedOddly('refresh token'))}`;
  await canary.ask({ method: 'POST', path: '/oauth/token', headers: form, body: carried }, ['refresh token']);
  await canary.ask({ method: 'GET', path: '/user/access_token?audience=https%3A%2F%2Fother.example%2F' });
  await canary.ask({ method: 'GET', path: '/user/refresh' });
  await canary.ask({
    method: 'GET',
    path: '/userinfo',
    headers: { Authorization: `Bearer ${marked('access token')}` },
  });
  const foreign = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: 'loopgate-demo',
    code: markedOddly('code'),
    redirect_uri: `${canary.host.address}/pkce/response/code`,
    code_verifier: marked('sent'),
  });
  await canary.ask({ method: 'POST', path: '/oauth/token', headers: form, body: String(foreign) });
  if (options.signIn) await canary.signIn();
  canary.search('a frame', await frame(canary, 'loopgate.reasons'));
  await canary.ask({ method: 'GET', path: '/user' });
}

/** A provider that has just failed is asked again after a second or a few (T5). */
async function signedInAgain(canary: Canary, what: string): Promise<void> {
  await expect.poll(async () => (await canary.signIn()).status, { message: what, timeout: 20_000 }).toBe(200);
}

test.each(levels)(
  'with the log level "%s", every operation asked well and badly, signed in and signed out, leaves no secret anywhere [T9]',
  async (level) => {
    const canary = await Canary.start(level);
    for (const operation of await operations(canary)) {
      // Signed out nothing but a login can be asked well; that is what follows.
      for (const ask of asksOf(operation).filter(({ path }) => !/os\/sign_in|pkce\/code$/.test(path)))
        await canary.ask(ask);
    }
    expect((await canary.signIn()).status).toBe(200);
    await askEverything(canary);
    await canary.searchAll();
    expect(canary.leaks).toEqual([]);
    // The search is no idle one: what is meant to be told was told.
    const { body } = await canary.ask({ method: 'GET', path: '/user/access_token' });
    expect(canary.provider.secrets.in(body)).toEqual(['access token']);
  },
  120_000,
);

test('no failure of the provider brings what it was sent into a log, an error, a page or a file [T9]', async () => {
  const canary = await Canary.start('debug');
  const { provider } = canary;
  for (const [what, mishap] of Object.entries(mishaps)) {
    provider.beHonest();
    provider.make = what.length % 2 === 0 ? marked : markedOddly;
    await signedInAgain(canary, what);
    for (const path of ['/oauth/token', '/userinfo', '/oauth/revoke']) provider.mishaps.set(path, mishap);
    await bother(canary);
    await canary.ask({ method: 'POST', path: '/os/sign_out' });
    canary.leaks.splice(
      0,
      canary.leaks.length,
      ...canary.leaks.map((leak) => (leak.includes(':') ? leak : `${what}: ${leak}`)),
    );
  }
  provider.beHonest();
  for (const [what, sign] of Object.entries(forgedSignatures)) {
    await canary.signIn();
    provider.script.sign = sign;
    await bother(canary);
    canary.search(what, canary.host.errors());
    provider.beHonest();
  }
  await canary.searchAll();
  expect(canary.leaks).toEqual([]);
}, 180_000);

test('metadata and keys that cannot be had, or that lie, and a provider that hangs or is not there [T9]', async () => {
  for (const [path, mishap] of [
    ['/.well-known/openid-configuration', 'reset'],
    ['/.well-known/openid-configuration', (sent: string) => new Response(sent)],
    ['/jwks.json', (sent: string) => new Response(sent, { status: 500 })],
    ['/jwks.json', () => Response.json({ keys: [{ kty: marked('sent') }] })],
    ['/oauth/token', 'hang'],
  ] as const) {
    const canary = await Canary.start('debug');
    canary.provider.mishaps.set(path, mishap);
    const failed = await canary.signIn();
    expect(failed.status, path).toBeGreaterThanOrEqual(400);
    canary.provider.beHonest();
    await signedInAgain(canary, path);
    canary.provider.close();
    // No login: nobody could finish it.
    await bother(canary, { signIn: false });
    await canary.searchAll();
    expect(canary.leaks, path).toEqual([]);
  }
}, 180_000);

test.each([
  [
    'its state',
    (state: string) => ({ error: 'server_error', error_description: `for the state ${state} ${marked('code')}` }),
  ],
  ['a code beside an error', () => ({ error: 'access_denied', error_description: 'no', code: marked('code') })],
  ['a token in its error', () => ({ error: marked('access token'), error_description: marked('refresh token') })],
])('a login that comes back with %s [T9]', async (_what, denial) => {
  const canary = await Canary.start('debug');
  canary.provider.denial = denial;
  expect((await canary.ask({ method: 'POST', path: '/pkce/code' })).status).toBeGreaterThanOrEqual(400);
  await canary.searchAll();
  expect(canary.leaks).toEqual([]);
});

test('the device flow: the terminal shows the code to enter, and nothing else shows anything [T9]', async () => {
  const canary = await Canary.start('debug', { browser: false });
  const { provider } = canary;
  provider.offerDeviceFlow();
  provider.mishaps.set('/oauth/token', refusing(400, 'access_denied'));
  expect((await canary.ask({ method: 'POST', path: '/os/sign_in' })).status).toBe(403);
  provider.mishaps.set('/oauth/token', refusing(400, 'invalid_request'));
  expect((await canary.ask({ method: 'POST', path: '/os/sign_in' })).status).toBe(502);
  provider.mishaps.clear();
  expect((await canary.ask({ method: 'POST', path: '/os/sign_in' })).status).toBe(200);
  expect(canary.host.output()).toContain('CanaryMarkUser-1');
  await canary.searchAll(['user code']);
  expect(canary.leaks).toEqual([]);
}, 60_000);

test('a vault that cannot be written says so without its content [T9]', async () => {
  const canary = await Canary.start('debug');
  // The file that is written before it takes the place of the old one cannot be made, whoever the user is.
  await mkdir(join(canary.home, 'session.vault-key.new.json', 'in-the-way'), { recursive: true });
  expect((await canary.signIn()).status).toBe(200);
  await bother(canary);
  await canary.host.waitForLine(/could not be saved/);
  await canary.ask({ method: 'POST', path: '/os/sign_out' });
  await canary.searchAll();
  expect(canary.leaks).toEqual([]);
});

describe('diagnostic reports', () => {
  test('a host that is killed by a signal in the midst of it writes no report and no dump [T9]', async () => {
    const before = await readdir(projectFolder);
    const canary = await Canary.start('debug');
    await canary.signIn();
    await canary.searchAll();
    await canary.host.stop('SIGUSR2');
    expect(await readdir(projectFolder)).toEqual(before);
    expect((await readdir(canary.home)).filter((name) => /report|core|heap/.test(name))).toEqual([]);
    expect(canary.leaks).toEqual([]);
  });
});
