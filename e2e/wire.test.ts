import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { operationAt, readStrictly, readUserFrame } from '../testing/strictReader.ts';
import { type Pair, printedLogin, startPair } from './support/client.ts';
import { type Headless, startHeadless } from './support/headless.ts';
import { sendBytes, sendHandshake, type WireAnswer } from './support/rawSocket.ts';

/**
 * W3, byte by byte: what each published client sends, over a plain socket. Every answer is read by the strict readers of all
 * client families (W4).
 */

const clients = ['TypeScript', 'Python 5', 'Python 4.4', 'Dart', 'Kotlin', 'C#'] as const;
type Client = (typeof clients)[number];

/** How a client writes its requests. */
interface Style {
  /** Sent with every request, beside Host. */
  readonly headers: readonly string[];
  /** The `Accept` where the client chooses none by the operation. */
  readonly accept?: string;
  /** Python alone asks for another type where the pages document one. */
  readonly acceptAt?: Readonly<Record<string, string>>;
  /** Kotlin: a Content-Type on GETs, too. */
  readonly typeOnGet?: string;
  readonly json: string;
  readonly form: string;
  /** The body of an operation that takes none: its Content-Type and text. */
  readonly noBody: readonly [type: string | undefined, text: string];
  /** The body of an operation that takes JSON, called without an argument. */
  readonly noArgument: readonly [type: string | undefined, text: string];
  /** How a value is written in a query. */
  readonly encode: (value: string) => string;
}

const python = {
  accept: 'application/json',
  acceptAt: {
    '/authorize': 'application/x-www-form-urlencoded',
    '/v2/logout': 'text/html',
    '/user/access_token': 'text/plain',
    '/.well-known/health': 'text/plain',
    '/.well-known/version': 'text/plain',
  },
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  noBody: [undefined, ''],
  noArgument: ['application/json', ''],
  encode: (value) => encodeURIComponent(value).replaceAll('%2F', '/'),
} as const satisfies Partial<Style>;

const applicationId = randomUUID();

/** Hundreds of requests need no line each. */
const quiet = { LOOPGATE_LOG_LEVEL: 'warn' };

const styles: Record<Client, Style> = {
  TypeScript: {
    headers: [
      'connection: keep-alive',
      `X-Application-ID: ${applicationId}`,
      'accept-language: *',
      'sec-fetch-mode: cors',
      'user-agent: node',
      'accept-encoding: gzip, deflate',
    ],
    accept: '*/*',
    json: 'application/json',
    form: 'application/x-www-form-urlencoded;charset=UTF-8',
    noBody: [undefined, ''],
    noArgument: ['application/json', ''],
    encode: encodeURIComponent,
  },
  'Python 5': { ...python, headers: ['Accept-Encoding: identity', 'User-Agent: OpenAPI-Generator/5.0.0/python'] },
  'Python 4.4': { ...python, headers: ['Accept-Encoding: identity', 'User-Agent: OpenAPI-Generator/4.4.0/python'] },
  Dart: {
    headers: [`application: ${applicationId}`, 'user-agent: Dart/3.4 (dart:io)', 'accept-encoding: gzip'],
    json: 'application/json; charset=utf-8',
    form: 'application/x-www-form-urlencoded; charset=utf-8',
    noBody: ['text/plain; charset=utf-8', ''],
    noArgument: ['text/plain; charset=utf-8', ''],
    encode: (value) => encodeURIComponent(value).replaceAll('%20', '+'),
  },
  Kotlin: {
    headers: ['Connection: Keep-Alive', 'Accept-Encoding: gzip', 'User-Agent: okhttp/4.12.0'],
    accept: 'application/json',
    typeOnGet: 'application/json',
    json: 'application/json; charset=utf-8',
    form: 'application/x-www-form-urlencoded',
    noBody: ['application/json; charset=utf-8', 'null'],
    noArgument: ['application/json; charset=utf-8', 'null'],
    encode: encodeURIComponent,
  },
  'C#': {
    headers: [`application: ${applicationId}`, 'User-Agent: OpenAPI-Generator/1.0.0/csharp'],
    accept: 'application/json',
    json: 'application/json; charset=utf-8',
    form: 'application/x-www-form-urlencoded',
    noBody: [undefined, ''],
    noArgument: ['application/json; charset=utf-8', ''],
    encode: encodeURIComponent,
  },
};

/** A request before it has a port: the first line, the client's own headers, and the body. */
interface Sent {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly target: string;
  readonly headers: readonly string[];
  readonly body?: string;
}

function sent(client: Client, method: Sent['method'], target: string, headers: readonly string[], body?: string): Sent {
  const { headers: own, accept, acceptAt } = styles[client];
  const accepted = acceptAt?.[pathOf(target)] ?? accept;
  const isSaid = headers.some((line) => line.startsWith('Accept:'));
  const accepts = accepted === undefined || isSaid ? [] : [`Accept: ${accepted}`];
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return {
    method,
    target,
    headers: [...own, ...accepts, ...length, ...headers],
    ...(body !== undefined && { body }),
  };
}

const get = (client: Client, target: string, ...headers: string[]) => {
  const { typeOnGet } = styles[client];
  return sent(client, 'GET', target, [...(typeOnGet === undefined ? [] : [`Content-Type: ${typeOnGet}`]), ...headers]);
};
const post = (client: Client, target: string, [type, body]: Style['noBody'], ...headers: string[]) =>
  sent(client, 'POST', target, [...(type === undefined ? [] : [`Content-Type: ${type}`]), ...headers], body);
const bare = (client: Client, target: string) => post(client, target, styles[client].noBody);
const withoutArgument = (client: Client, target: string) => post(client, target, styles[client].noArgument);
const json = (client: Client, target: string, value: unknown) =>
  post(client, target, [styles[client].json, JSON.stringify(value)]);
const form = (client: Client, target: string, fields: Record<string, string>) =>
  post(client, target, [styles[client].form, new URLSearchParams(fields).toString()]);

const bytesOf = ({ method, target, headers, body = '' }: Sent, port: number) =>
  `${[`${method} ${target} HTTP/1.1`, `Host: localhost:${port}`, ...headers].join('\r\n')}\r\n\r\n${body}`;
const pathOf = (target: string) => target.split('?')[0] ?? '';

/** What a client can know of a login of its own. */
interface Login {
  readonly clientId: string;
  readonly audience: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly verifier: string;
  readonly challenge: string;
}

function newLogin({ provider, host }: Pair): Login {
  const verifier = randomBytes(32).toString('base64url');
  return {
    clientId: provider.clientId,
    audience: provider.audience,
    redirectUri: `${host.address}/pkce/response/code`,
    state: randomUUID(),
    verifier,
    challenge: createHash('sha256').update(verifier).digest('base64url'),
  };
}

/** GET /authorize as a client writes it; `scope` and `more` are what stands in the query, letter for letter. */
function authorize(client: Client, it: Login, scope: string, more = ''): Sent {
  const { encode } = styles[client];
  const query = [
    `audience=${encode(it.audience)}`,
    scope,
    'response_type=code',
    `client_id=${it.clientId}`,
    `state=${it.state}`,
    'code_challenge_method=S256',
    `code_challenge=${it.challenge}`,
    'response_mode=form_post',
  ];
  return get(client, `/authorize?${query.join('&')}${more}`);
}

/** The required fields of a SeededPKCE. */
const seedOf = (it: Login) => ({
  response_type: 'code',
  state: it.state,
  nonce: it.state,
  code_challenge: it.challenge,
  code_challenge_method: 'S256',
  scope: ['openid', 'email', 'profile'],
  client_id: it.clientId,
});
/** The required fields of a TokenizedPKCE. */
const tokenizedOf = (it: Login & { code: string }) => ({
  grant_type: 'authorization_code',
  client_id: it.clientId,
  code: it.code,
  redirect_uri: it.redirectUri,
  code_verifier: it.verifier,
});
/** EmbeddedModelSchema, as each client puts it into a form. */
const formSchemas: Record<Client, string> = {
  TypeScript: '[object Blob]',
  'Python 5': "{'migration': 0, 'semantic': 'MAJOR_0_MINOR_0_PATCH_1'}",
  'Python 4.4':
    "{'migration': 0, 'semantic': <EmbeddedModelSchemaSemanticVersionEnum.MAJOR_0_MINOR_0_PATCH_1: 'MAJOR_0_MINOR_0_PATCH_1'>}",
  Dart: 'EmbeddedModelSchema[migration=0, semantic=MAJOR_0_MINOR_0_PATCH_1]',
  Kotlin: 'EmbeddedModelSchema(migration=0, semantic=MAJOR_0_MINOR_0_PATCH_1)',
  'C#': '{"migration":0,"semantic":"MAJOR_0_MINOR_0_PATCH_1"}',
};
const jsonSchema = { migration: 0, semantic: 'MAJOR_0_MINOR_0_PATCH_1' };
const scopes = 'scope=openid%20email%20profile';

interface Expected {
  readonly status: number;
  readonly type?: string;
  /** A part of the JSON, or a pattern of the text. */
  readonly answer?: object | RegExp;
}

const ok = (answer: object): Expected => ({ status: 200, type: 'application/json', answer });
const plainText = (answer: RegExp): Expected => ({ status: 200, type: 'text/plain', answer });
const noContent: Expected = { status: 204 };
const page: Expected = { status: 200, type: 'text/html', answer: /You are signed out/ };
const refused = (error: string, status = 400): Expected => ({ status, type: 'application/json', answer: { error } });
const tokens = { access_token: expect.any(String), token_type: 'Bearer', scope: expect.stringContaining('openid') };
const ada = {
  name: 'Ada Lovelace',
  user_id: 'auth0|ada-lovelace',
  sub: 'auth0|ada-lovelace',
  email_verified: true,
};
const profile = { id: 'auth0|ada-lovelace', name: 'Ada Lovelace' };

/** Sends it as it is, and has every family of clients read the answer. */
async function answerTo(host: Headless, request: Sent): Promise<WireAnswer> {
  const answer = await sendBytes(host.port, bytesOf(request, host.port));
  const operation = operationAt(request.method, pathOf(request.target));
  if (operation !== undefined) readStrictly(operation, answer);
  return answer;
}

function expectAnswer(answer: WireAnswer, { status, type, answer: expected }: Expected): void {
  expect([answer.status, answer.body]).toEqual([status, expect.anything()]);
  expect(answer.headers.get('content-type')?.split(';')[0]).toBe(type);
  if (expected instanceof RegExp) expect(answer.body).toMatch(expected);
  else if (expected !== undefined) expect(JSON.parse(answer.body)).toMatchObject(expected);
  else expect(answer.body).toBe('');
}

/** The people at the headless host, which has no browser and prints each login's address. */
class People {
  readonly #host: Headless;
  readonly #browsers = new Map<string, BrowserDouble>();
  readonly #seen: string[] = [];

  constructor(host: Headless) {
    this.#host = host;
  }

  /** Sends a request that waits for a login, and signs in: at the one with this state, or at the next that is new. */
  async signIn(request: Sent, state?: string, name = 'Ada Lovelace'): Promise<WireAnswer> {
    const asked = answerTo(this.#host, request);
    const shown = await this.#browserOf(name).signInAs(await this.#login(asked, state), name);
    expect(shown.status).toBe(200);
    return await asked;
  }

  /** Signs in, and leaves the callback to be brought by somebody else. */
  async codeFor(asked: Promise<WireAnswer>, state: string, name = 'Ada Lovelace'): Promise<string> {
    const login = await this.#login(asked, state);
    const { fields } = await this.#browserOf(name).signInAs(login, name, { deliver: false });
    return fields.code ?? '';
  }

  /** @throws Error when the request is answered instead */
  async #login(asked: Promise<WireAnswer>, state: string | undefined): Promise<string> {
    const answered = asked.then(({ status, body }): never => {
      throw new Error(`no login was opened, the answer is ${status} ${body}`);
    });
    const address = await Promise.race([printedLogin(this.#host, state, this.#seen), answered]);
    this.#seen.push(new URL(address).searchParams.get('state') ?? '');
    return address;
  }

  #browserOf(name: string): BrowserDouble {
    const browser = this.#browsers.get(name) ?? new BrowserDouble();
    this.#browsers.set(name, browser);
    return browser;
  }
}

/** A login of the client's own, up to its code. */
async function received(
  pair: Pair,
  people: People,
  { clientId, name }: { clientId?: string; name?: string } = {},
): Promise<Login & { code: string }> {
  const own = newLogin(pair);
  const it = { ...own, clientId: clientId ?? own.clientId };
  const { body } = await people.signIn(authorize('TypeScript', it, scopes), it.state, name);
  const { code } = JSON.parse(body) as { code: string };
  return { ...it, code };
}

describe('a sign-in as each client asks for it', () => {
  const second = 'second';
  let pair: Pair;
  let people: People;
  beforeAll(async () => {
    pair = await startPair({
      // For a client that is not the session's, no scope is added: what was understood is what the provider is asked for.
      provider: { clients: [{ clientId: second, redirectUris: ['http://localhost:9/callback'] }] },
      host: { environment: { ...quiet, LOOPGATE_CLIENTS: second } },
    });
    people = new People(pair.host);
  });
  afterAll(() => pair.stop());

  const three = 'openid email profile';
  const four = `${three} offline_access`;

  /** The client, the row of section 3, the request, and what the provider is asked for; undefined where it is not asked. */
  type SignIn = readonly [Client, string, (it: Login) => Sent, Readonly<Record<string, string | undefined>>];

  const scopeRows: readonly SignIn[] = [
    [
      'TypeScript',
      '%20-joined',
      (it) => authorize('TypeScript', it, 'scope=openid%20email%20profile'),
      { scope: three },
    ],
    ['Python 5', '%20-joined', (it) => authorize('Python 5', it, 'scope=openid%20email%20profile'), { scope: three }],
    [
      'Python 4.4',
      '%20-joined',
      (it) => authorize('Python 4.4', it, 'scope=openid%20email'),
      { scope: 'openid email' },
    ],
    ['Dart', '+-joined', (it) => authorize('Dart', it, 'scope=openid+email+profile'), { scope: three }],
    ['C#', 'comma-joined', (it) => authorize('C#', it, 'scope=openid,email,profile'), { scope: three }],
    ['C#', 'comma-joined, escaped', (it) => authorize('C#', it, 'scope=openid%2Cemail%2Cprofile'), { scope: three }],
    ['Kotlin', 'joined with nothing', (it) => authorize('Kotlin', it, 'scope=openidemailprofile'), { scope: three }],
    [
      'Kotlin',
      'joined with nothing, all four',
      (it) => authorize('Kotlin', it, 'scope=offline_accessprofileopenidemail'),
      { scope: four },
    ],
    [
      'Dart',
      'repeated keys',
      (it) => authorize('Dart', it, 'scope=openid&scope=email&scope=profile'),
      { scope: three },
    ],
    ['TypeScript', 'a JSON array', (it) => json('TypeScript', '/pkce/code', seedOf(it)), { scope: three }],
    ['Python 5', 'a JSON array', (it) => json('Python 5', '/pkce/code', seedOf(it)), { scope: three }],
    ['Dart', 'a JSON array', (it) => json('Dart', '/pkce/code', seedOf(it)), { scope: three }],
    ['Kotlin', 'a JSON array', (it) => json('Kotlin', '/pkce/code', seedOf(it)), { scope: three }],
    ['C#', 'a JSON array', (it) => json('C#', '/pkce/code', seedOf(it)), { scope: three }],
    [
      'C#',
      'a scope beyond the four names is asked for',
      (it) => json('C#', '/pkce/code', { ...seedOf(it), scope: ['openid', 'email', 'read:contacts'] }),
      { scope: 'openid email read:contacts' },
    ],
  ];

  const absentRows: readonly SignIn[] = [
    [
      'Python 5',
      'UNKNOWN in prompt, response_mode and screen_hint of a seed',
      (it) =>
        json('Python 5', '/pkce/code', {
          client_id: it.clientId,
          code_challenge: it.challenge,
          code_challenge_method: 'S256',
          nonce: it.state,
          prompt: 'UNKNOWN',
          response_mode: 'UNKNOWN',
          response_type: 'code',
          scope: ['openid', 'email', 'profile'],
          screen_hint: 'UNKNOWN',
          state: it.state,
        }),
      { prompt: undefined, screen_hint: undefined, response_mode: 'form_post' },
    ],
    [
      'Python 4.4',
      'UNKNOWN in prompt, response_mode and screen_hint of a seed',
      (it) =>
        json('Python 4.4', '/pkce/code', {
          ...seedOf(it),
          screen_hint: 'UNKNOWN',
          prompt: 'UNKNOWN',
          response_mode: 'UNKNOWN',
        }),
      { prompt: undefined, screen_hint: undefined, response_mode: 'form_post' },
    ],
    [
      'Dart',
      'null and UNKNOWN in every optional field of a seed',
      (it) =>
        json('Dart', '/pkce/code', {
          schema: null,
          ...seedOf(it),
          redirect_uri: null,
          domain: null,
          audience: null,
          screen_hint: 'UNKNOWN',
          prompt: 'UNKNOWN',
          organization: null,
          invitation: null,
          ADDITIONAL_PARAMETERS: null,
          response_mode: 'UNKNOWN',
        }),
      { prompt: undefined, organization: undefined, invitation: undefined, screen_hint: undefined },
    ],
    [
      'Dart',
      'null and UNKNOWN inside of ADDITIONAL_PARAMETERS',
      (it) =>
        json('Dart', '/pkce/code', {
          ...seedOf(it),
          ADDITIONAL_PARAMETERS: { access_type: 'UNKNOWN', display: null },
        }),
      { access_type: undefined, display: undefined },
    ],
    [
      'Kotlin',
      '"" in every optional text of a seed',
      (it) =>
        json('Kotlin', '/pkce/code', {
          ...seedOf(it),
          redirect_uri: '',
          domain: '',
          audience: '',
          organization: '',
          invitation: '',
        }),
      { organization: undefined, invitation: undefined },
    ],
    [
      'Kotlin',
      '"" in redirect_uri, connection and prompt of a query',
      (it) => authorize('Kotlin', it, scopes, '&redirect_uri=&connection=&prompt='),
      { connection: undefined, prompt: undefined },
    ],
    [
      'Python 5',
      'UNKNOWN in prompt of a query',
      (it) => authorize('Python 5', it, scopes, '&prompt=UNKNOWN'),
      { prompt: undefined },
    ],
  ];

  const otherRows: readonly SignIn[] = [
    [
      'Python 5',
      'query encoding: / unescaped in audience, redirect_uri too',
      (it) => authorize('Python 5', it, scopes, `&redirect_uri=${styles['Python 5'].encode(it.redirectUri)}`),
      { audience: 'https://api.loopgate.test/' },
    ],
    [
      'Dart',
      'query encoding: a space as +',
      (it) => authorize('Dart', it, 'scope=openid+email+profile', '&connection=my+connection'),
      { connection: 'my connection' },
    ],
    [
      'TypeScript',
      'query encoding: all escaped',
      (it) => authorize('TypeScript', it, scopes, '&connection=my%20connection'),
      { connection: 'my connection' },
    ],
    [
      'C#',
      'an SDK that accepts text/html is no browser: 200 with JSON, never a 3xx',
      (it) => {
        const request = authorize('C#', it, scopes);
        const headers = request.headers.filter((line) => !line.startsWith('Accept:'));
        return { ...request, headers: [...headers, 'Accept: text/html', 'Sec-Fetch-Mode: cors'] };
      },
      {},
    ],
    [
      'TypeScript',
      'a state of 64 hex digits',
      (it) => authorize('TypeScript', { ...it, state: createHash('sha256').update(it.state).digest('hex') }, scopes),
      {},
    ],
    [
      'C#',
      'unknown fields of a seed are ignored',
      (it) => json('C#', '/pkce/code', { ...seedOf(it), later: { a: [1] }, schema: jsonSchema }),
      { later: undefined, schema: undefined },
    ],
    [
      'TypeScript',
      'unknown parameters of a query are ignored',
      (it) => authorize('TypeScript', it, scopes, '&later=1&schema=x'),
      { later: undefined, schema: undefined },
    ],
    [
      'Kotlin',
      'a full seed, with its schema and ADDITIONAL_PARAMETERS',
      (it) =>
        json('Kotlin', '/pkce/code', {
          schema: jsonSchema,
          ...seedOf(it),
          redirect_uri: it.redirectUri,
          domain: 'tenant.example',
          audience: it.audience,
          prompt: 'login',
          screen_hint: 'signup',
          ADDITIONAL_PARAMETERS: { access_type: 'offline', display: 'popup' },
          response_mode: 'form_post',
        }),
      { prompt: 'login', screen_hint: 'signup', access_type: 'offline', display: 'popup', domain: undefined },
    ],
    ...(['fragment', 'query', 'web_message'] as const).map(
      (mode): SignIn => [
        'TypeScript',
        `response_mode=${mode}: the broker’s own callback gets what reaches a server (R10)`,
        (it) => {
          const request = authorize('TypeScript', it, scopes);
          return { ...request, target: request.target.replace('=form_post', `=${mode}`) };
        },
        { response_mode: 'form_post' },
      ],
    ),
  ];

  /** Sends it, signs in, and gives the answer and what the provider was asked for. */
  async function signedInBy(request: Sent, state: string) {
    const answer = await people.signIn(request, state);
    const { parameters } = await pair.provider.waitFor(
      ({ path, parameters }) => path === '/authorize' && parameters.state === state,
    );
    return { answer, parameters };
  }

  function run([, , send, asked]: SignIn) {
    const it = { ...newLogin(pair), clientId: second };
    const request = send(it);
    const isQuery = request.method === 'GET';
    const state = isQuery ? (new URLSearchParams(request.target).get('state') ?? '') : it.state;
    return signedInBy(request, state).then(({ answer, parameters }) => {
      const result = { code: expect.any(String), state };
      expectAnswer(answer, ok(isQuery ? result : { result, seed: { state } }));
      for (const [name, value] of Object.entries(asked)) {
        if (name === 'scope') expect(parameters.scope?.split(' ').sort()).toEqual(value?.split(' ').sort());
        else expect([name, parameters[name]]).toEqual([name, value]);
      }
    });
  }

  describe('scope', () => {
    test.for(scopeRows)('%s: %s', (row) => run(row));
  });
  describe('absent values', () => {
    test.for(absentRows)('%s: %s', (row) => run(row));
  });
  describe('query encoding, unknown fields, states and modes', () => {
    test.for(otherRows)('%s: %s', (row) => run(row));
  });

  describe('JSON bodies: POST /pkce/code without an argument takes the newest challenge', () => {
    test.for<[Client, string, Sent]>([
      ...clients.map((client): [Client, string, Sent] => [
        client,
        'its own way',
        withoutArgument(client, '/pkce/code'),
      ]),
      ['Dart', 'application/json, zero-length', post('Dart', '/pkce/code', ['application/json', ''])],
      ['Kotlin', 'literal null without charset', post('Kotlin', '/pkce/code', ['application/json', 'null'])],
    ])('%s: %s', async ([client, , request]) => {
      const { body } = await answerTo(pair.host, get(client, '/pkce/challenge'));
      const { challenge } = JSON.parse(body) as { challenge: { state: string } };
      const { answer } = await signedInBy(request, challenge.state);
      expectAnswer(answer, ok({ result: { state: challenge.state, code: expect.any(String) } }));
    });
  });

  test('a state that is left out is made by the broker', async () => {
    const it = newLogin(pair);
    const answer = await people.signIn(authorize('Python 5', { ...it, state: '' }, scopes));
    expectAnswer(answer, ok({ code: expect.any(String), state: expect.stringMatching(/^[0-9a-f-]{36}$/) }));
  });

  describe('UNKNOWN, null and "" in a required field are a 400, and no browser is opened', () => {
    const required = [
      ['GET /authorize', 'response_type'],
      ['GET /authorize', 'code_challenge_method'],
      ['GET /authorize', 'response_mode'],
      ['GET /authorize', 'scope'],
      ['POST /pkce/code', 'response_type'],
      ['POST /pkce/code', 'code_challenge_method'],
    ] as const;
    const rows = required.flatMap(([operation, field]) =>
      (operation === 'GET /authorize' ? ['UNKNOWN', ''] : ['UNKNOWN', '', null]).map(
        (value) => [operation, field, value] as const,
      ),
    );
    test.for(rows)('%s: %s = %o', async ([operation, field, value]) => {
      const it = newLogin(pair);
      const query = authorize('Kotlin', it, scopes);
      const request =
        operation === 'GET /authorize'
          ? { ...query, target: query.target.replace(new RegExp(`${field}=[^&]*`), `${field}=${value}`) }
          : json('Dart', '/pkce/code', { ...seedOf(it), [field]: value });
      const before = pair.host.output();
      expectAnswer(await answerTo(pair.host, request), refused('invalid_request'));
      expect(pair.host.output()).toBe(before);
    });
  });

  test('429 on a GET: readable, and without the Retry-After that would make Python sleep', async () => {
    const host = await startHeadless({
      environment: { LOOPGATE_ISSUER: pair.provider.issuer, LOOPGATE_CLIENT_ID: pair.provider.clientId },
    });
    let ended: Promise<unknown> | undefined;
    try {
      const asked = Array.from({ length: 80 }, () =>
        answerTo(host, authorize('Python 5', { ...newLogin(pair), audience: '' }, scopes)),
      );
      // Those that were let in wait for a person, until the host stops.
      const limited = await Promise.race(asked);
      expectAnswer(limited, refused('rate_limited', 429));
      expect(limited.headers.has('retry-after')).toBe(false);
      ended = Promise.allSettled(asked);
    } finally {
      await host.stop();
      await ended;
    }
  });
});

describe('an exchange and a relayed code as each client sends them', () => {
  let pair: Pair;
  let people: People;
  beforeAll(async () => {
    // A client cannot relay more than code and state, so the provider must not announce `iss` (R6).
    pair = await startPair({ provider: { announceIss: false }, host: { environment: quiet } });
    people = new People(pair.host);
  });
  afterAll(() => pair.stop());

  type Exchange = readonly [Client, string, (it: Login & { code: string }) => Sent];

  const formRows: readonly Exchange[] = [
    ...clients.map(
      (client): Exchange => [
        client,
        'a schema that is only text',
        (it) =>
          form(client, '/oauth/token', { schema: formSchemas[client], ...tokenizedOf(it), audience: it.audience }),
      ],
    ),
    ['Python 5', 'no schema, no audience', (it) => form('Python 5', '/oauth/token', sorted(tokenizedOf(it)))],
    [
      'Kotlin',
      'schema and audience as ""',
      (it) => form('Kotlin', '/oauth/token', { schema: '', ...tokenizedOf(it), audience: '' }),
    ],
    ['Dart', 'audience as UNKNOWN', (it) => form('Dart', '/oauth/token', { ...tokenizedOf(it), audience: 'UNKNOWN' })],
    ['C#', 'unknown fields', (it) => form('C#', '/oauth/token', { ...tokenizedOf(it), later: '1', nonce: '2' })],
  ];
  const jsonRows: readonly Exchange[] = [
    ...clients.map((client): Exchange => [client, 'plain', (it) => json(client, '/pkce/token', tokenizedOf(it))]),
    [
      'Dart',
      'schema and audience as null',
      (it) => json('Dart', '/pkce/token', { schema: null, ...tokenizedOf(it), audience: null }),
    ],
    [
      'C#',
      'a schema, and unknown fields',
      (it) => json('C#', '/pkce/token', { schema: jsonSchema, ...tokenizedOf(it), later: { a: [1] } }),
    ],
    ['Kotlin', 'audience as ""', (it) => json('Kotlin', '/pkce/token', { ...tokenizedOf(it), audience: '' })],
  ];

  describe('POST /oauth/token', () => {
    test.for(formRows)('%s: %s', async ([, , send]) => {
      const it = await received(pair, people);
      expectAnswer(await answerTo(pair.host, send(it)), ok(tokens));
    });
  });

  describe('POST /pkce/token', () => {
    test.for(jsonRows)('%s: %s', async ([, , send]) => {
      const it = await received(pair, people);
      const { clientId: client, audience } = it;
      const answer = await answerTo(pair.host, send(it));
      expectAnswer(answer, ok({ auth0: { client, audience, redirects: {}, oAuth: { token: tokens }, user: ada } }));
    });

    test.for(clients)('%s: without an argument', async (client) => {
      const { body } = await answerTo(pair.host, get(client, '/pkce/challenge'));
      const { challenge } = JSON.parse(body) as { challenge: { state: string } };
      await people.signIn(withoutArgument(client, '/pkce/code'), challenge.state);
      const answer = await answerTo(pair.host, withoutArgument(client, '/pkce/token'));
      expectAnswer(answer, ok({ auth0: { oAuth: { token: tokens }, user: ada } }));
    });
  });

  describe('POST /pkce/response/code: form schema, and fields that mean nothing', () => {
    test.for<[Client, string, Record<string, string>]>([
      ...clients.map((client): [Client, string, Record<string, string>] => [
        client,
        'a schema that is only text',
        { schema: formSchemas[client] },
      ]),
      ['TypeScript', 'no schema', {}],
      ['Kotlin', 'schema as ""', { schema: '' }],
      ['C#', 'unknown fields', { later: '1' }],
    ])('%s: %s', async ([client, , more]) => {
      const it = newLogin(pair);
      const waiting = answerTo(pair.host, authorize(client, it, scopes));
      const code = await people.codeFor(waiting, it.state);
      const answer = await answerTo(pair.host, form(client, '/pkce/response/code', { ...more, code, state: it.state }));
      expectAnswer(answer, ok({ result: { code, state: it.state } }));
      expectAnswer(await waiting, ok({ code, state: it.state }));
    });
  });

  describe('grant_type: UNKNOWN, null and "" are a 400', () => {
    const nowhere = () => ({ ...newLogin(pair), code: 'none' });
    test.for([['UNKNOWN'], ['']])('POST /oauth/token: %o', async ([value = '']) => {
      const request = form('Dart', '/oauth/token', { ...tokenizedOf(nowhere()), grant_type: value });
      expectAnswer(await answerTo(pair.host, request), refused('invalid_request'));
    });
    test.for([['UNKNOWN'], [''], [null]])('POST /pkce/token: %o', async ([value]) => {
      const request = json('Dart', '/pkce/token', { ...tokenizedOf(nowhere()), grant_type: value });
      expectAnswer(await answerTo(pair.host, request), refused('invalid_request'));
    });
  });
});

describe('a session as each client uses it', () => {
  let pair: Pair;
  let people: People;
  beforeAll(async () => {
    pair = await startPair({
      provider: { clients: [{ clientId: 'second', redirectUris: ['http://localhost:9/callback'] }] },
      host: {
        environment: { ...quiet, LOOPGATE_CLIENTS: 'second', LOOPGATE_RETURN_TO: returnTo },
      },
    });
    people = new People(pair.host);
  });
  afterAll(() => pair.stop());

  const returnTo = 'http://localhost:3/signed-out';

  async function signedIn(): Promise<void> {
    const { body } = await answerTo(pair.host, get('TypeScript', '/user'));
    if (body !== '{}') return;
    expect((await people.signIn(bare('TypeScript', '/os/sign_in'))).status).toBe(200);
  }

  async function signedOut(): Promise<void> {
    expect((await answerTo(pair.host, bare('TypeScript', '/user/clear'))).status).toBe(204);
  }

  const everyone = <T>(row: (client: Client) => T) => clients.map((client) => [client, row(client)] as const);

  describe('signed in', () => {
    type Row = readonly [Client, Sent, Expected];
    const rows = clients.flatMap((client): Row[] => [
      [client, get(client, '/pkce/challenge'), ok({ challenge: { method: 'S256' } })],
      [client, get(client, '/userinfo'), ok(ada)],
      [client, bare(client, '/os/sign_in'), ok(profile)],
      [client, get(client, '/user'), ok({ user: profile })],
      [client, get(client, '/user/refresh'), ok(profile)],
      [client, get(client, '/user/access_token'), plainText(/^[\w-]+\.[\w-]+\.[\w-]+$/)],
      [client, get(client, '/.well-known/health'), plainText(/^ok:[0-9a-f-]{36}$/)],
      [client, get(client, '/.well-known/version'), plainText(/^\d+\.\d+\.\d+([-.].+)?$/)],
      [client, sent(client, 'HEAD', '/.well-known/health', []), { status: 200, type: 'text/plain' }],
      [client, bare(client, '/pkce/clear'), noContent],
      [
        client,
        form(client, '/oauth/token', {
          schema: formSchemas[client],
          grant_type: 'refresh_token',
          client_id: 'loopgate-demo',
          code: 'none',
          redirect_uri: 'none',
          code_verifier: 'none',
        }),
        ok(tokens),
      ],
      [
        client,
        json(client, '/pkce/token', {
          grant_type: 'refresh_token',
          client_id: 'loopgate-demo',
          code: 'none',
          redirect_uri: 'none',
          code_verifier: 'none',
        }),
        ok({ auth0: { oAuth: { token: tokens }, user: ada } }),
      ],
    ]);
    test.for(rows.map((row) => [row[0], row[1].method, row[1].target, row] as const))(
      '%s: %s %s',
      async ([, , , [, request, expected]]) => {
        await signedIn();
        expectAnswer(await answerTo(pair.host, request), expected);
      },
    );

    test.for<[Client, string, Sent]>([
      [
        'Kotlin',
        '""',
        form('Kotlin', '/oauth/token', {
          schema: '',
          grant_type: 'refresh_token',
          client_id: 'loopgate-demo',
          code: '',
          redirect_uri: '',
          code_verifier: '',
          audience: '',
        }),
      ],
      [
        'Dart',
        'null',
        json('Dart', '/pkce/token', {
          schema: null,
          grant_type: 'refresh_token',
          client_id: 'loopgate-demo',
          code: null,
          redirect_uri: null,
          code_verifier: null,
          audience: null,
        }),
      ],
    ])('%s: grant_type=refresh_token with all else as %s', async ([, , request]) => {
      await signedIn();
      expect((await answerTo(pair.host, request)).status).toBe(200);
    });
  });

  test.for([[''], ['UNKNOWN']])('GET /user/access_token: an audience and a scope of "%s" are none', async ([value]) => {
    await signedIn();
    const answer = await answerTo(pair.host, get('Kotlin', `/user/access_token?audience=${value}&scope=${value}`));
    expectAnswer(answer, plainText(/^\S+$/));
  });

  describe('headers that any call may carry', () => {
    const bodyless: readonly (readonly ['GET' | 'POST', string])[] = [
      ['GET', '/pkce/challenge'],
      ['POST', '/pkce/clear'],
      ['GET', '/userinfo'],
      ['POST', '/os/sign_in'],
      ['GET', '/user'],
      ['GET', '/user/refresh'],
      ['GET', '/user/access_token'],
      ['GET', '/.well-known/health'],
      ['GET', '/.well-known/version'],
    ];
    const headers = [
      `X-Application-ID: ${randomUUID()}`,
      'X-Application-ID: not-a-uuid',
      `application: ${randomUUID()}`,
      'Accept: text/html',
      'Accept: application/x-www-form-urlencoded',
      'Accept: application/json, text/html',
      'Accept: image/png',
    ];
    test.for(bodyless.flatMap((one) => headers.map((header) => [...one, header] as const)))(
      '%s %s with %s',
      async ([method, path, header]) => {
        await signedIn();
        const answer = await answerTo(
          pair.host,
          sent('Python 5', method, path, [header], method === 'POST' ? '' : undefined),
        );
        expect(answer.status).toBe(path === '/pkce/clear' ? 204 : 200);
      },
    );
  });

  describe('Authorization', () => {
    const forms: readonly (readonly [Client, string, (token: string) => string])[] = [
      ['TypeScript', 'the raw token', (token) => token],
      ['Python 5', 'Bearer x', (token) => `Bearer ${token}`],
      ['Python 4.4', 'Bearer x', (token) => `Bearer ${token}`],
      ['Dart', 'Bearer x', (token) => `Bearer ${token}`],
      ['C#', 'Bearer x', (token) => `Bearer ${token}`],
      ['Kotlin', 'Bearer x with a trailing space', (token) => `Bearer ${token} `],
      ['C#', 'bearer x', (token) => `bearer ${token}`],
      ['C#', 'BEARER x', (token) => `BEARER ${token}`],
      ['Dart', 'two spaces', (token) => `Bearer  ${token}`],
    ];
    // Another person's token: nobody can answer for it by chance from the session.
    let grace: string;
    beforeAll(async () => {
      const it = await received(pair, people, { clientId: 'second', name: 'Grace Hopper' });
      const { body } = await answerTo(pair.host, form('TypeScript', '/oauth/token', tokenizedOf(it)));
      grace = (JSON.parse(body) as { access_token: string }).access_token;
    });

    test.for(forms)('%s: %s, of another person', async ([client, , written]) => {
      const answer = await answerTo(pair.host, get(client, '/userinfo', `Authorization: ${written(grace)}`));
      expectAnswer(answer, ok({ name: 'Grace Hopper', user_id: 'auth0|grace-hopper' }));
    });

    test.for(forms)('%s: %s, of the session', async ([client, , written]) => {
      await signedIn();
      const { body } = await answerTo(pair.host, get(client, '/user/access_token'));
      const answer = await answerTo(pair.host, get(client, '/userinfo', `Authorization: ${written(body)}`));
      expectAnswer(answer, ok(ada));
    });

    test.for([[''], ['Bearer'], ['Bearer ']])('"%s" is none', async ([value]) => {
      await signedIn();
      expectAnswer(await answerTo(pair.host, get('Kotlin', '/userinfo', `Authorization: ${value}`)), ok(ada));
    });

    test.for(clients)('%s: a wrong token is a readable 401', async (client) => {
      const answer = await answerTo(pair.host, get(client, '/userinfo', 'Authorization: Bearer wrong'));
      expectAnswer(answer, refused('invalid_token', 401));
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    });
  });

  describe('POST /connect and /{application}/onboarded', () => {
    const application = { name: 'VS_CODE', version: '1.9.1', platform: 'LINUX' };
    const claimed = { id: expect.any(String), ...application, onboarded: false, privacy: 'OPEN' };
    test.for<[Client, string, object, object]>([
      ...clients.map((client): [Client, string, object, object] => [client, 'plain', { application }, claimed]),
      [
        'Dart',
        'null and UNKNOWN in optional fields',
        { schema: null, application: { schema: null, ...application, capabilities: 'UNKNOWN', privacy: 'UNKNOWN' } },
        claimed,
      ],
      ['Kotlin', '"" in privacy', { application: { ...application, privacy: '' } }, claimed],
      [
        'C#',
        'names that nobody knows yet, and unknown fields',
        {
          schema: jsonSchema,
          later: 1,
          application: { ...application, name: 'LATER', platform: 'HAIKU', privacy: 'CLOSED', later: [] },
        },
        { name: 'LATER', platform: 'HAIKU', privacy: 'CLOSED' },
      ],
    ])('%s: %s', async ([client, , body, expected]) => {
      await signedIn();
      const answer = await answerTo(pair.host, json(client, '/connect', body));
      expectAnswer(answer, ok({ application: expected, health: { os: {} }, user: profile }));
    });

    test.for(everyone((client) => json(client, '/connect', { application })))(
      '%s: /onboarded, with the application header of /connect',
      async ([client, connecting]) => {
        const context = await answerTo(pair.host, connecting);
        const { id } = (JSON.parse(context.body) as { application: { id: string } }).application;
        const told = post(client, `/${id}/onboarded`, [styles[client].json, 'true'], `application: ${id}`);
        // The file's own base header would be a second one.
        const headers = told.headers.filter((line) => line !== `application: ${applicationId}`);
        expectAnswer(await answerTo(pair.host, { ...told, headers }), plainText(/./));
        const again = await answerTo(pair.host, connecting);
        expectAnswer(again, ok({ application: { id, onboarded: true } }));
        const taken = await answerTo(pair.host, json(client, `/${id}/onboarded`, false));
        expect(taken.status).toBe(200);
      },
    );

    test.for(clients)('%s: /onboarded before /connect is 401', async (client) => {
      const answer = await answerTo(pair.host, json(client, `/${randomUUID()}/onboarded`, true));
      expectAnswer(answer, { status: 401, type: 'text/plain', answer: /connect/ });
    });

    test.for([['UNKNOWN'], [''], [null]])('%o in the name is a 400', async ([name]) => {
      const answer = await answerTo(pair.host, json('Dart', '/connect', { application: { ...application, name } }));
      expectAnswer(answer, refused('invalid_request'));
    });

    test.for(clients)('%s: /connect without an argument is a 400', async (client) => {
      expectAnswer(await answerTo(pair.host, withoutArgument(client, '/connect')), refused('invalid_request'));
    });
  });

  describe('GET /v2/logout', () => {
    const escaped = encodeURIComponent(returnTo);
    test.for<[Client, string, string]>([
      ...clients.map((client): [Client, string, string] => [client, 'no query', '']),
      ['TypeScript', 'client_id and returnTo', `?client_id=loopgate-demo&returnTo=${escaped}`],
      ['Python 5', '/ unescaped in returnTo', `?client_id=loopgate-demo&returnTo=${escaped.replaceAll('%2F', '/')}`],
      ['Kotlin', '"" in both', '?client_id=&returnTo='],
      ['Dart', 'an unknown parameter', '?federated=&later=1'],
    ])('%s: %s', async ([client, , query]) => {
      await signedIn();
      expectAnswer(await answerTo(pair.host, get(client, `/v2/logout${query}`)), page);
      expectAnswer(await answerTo(pair.host, get(client, '/user')), ok({}));
    });

    test('SDK or browser: Accept: text/html without navigation is answered with the page, never with a 3xx', async () => {
      await signedIn();
      expectAnswer(await answerTo(pair.host, get('Dart', '/v2/logout', 'Accept: text/html')), page);
    });
  });

  describe('signing in and out through the neighbours', () => {
    test.for(everyone((client) => bare(client, '/os/sign_in')))('%s: POST /os/sign_in', async ([, request]) => {
      await signedOut();
      expectAnswer(await people.signIn(request), ok(profile));
    });

    test.for(everyone((client) => bare(client, '/os/sign_out')))('%s: POST /os/sign_out', async ([, request]) => {
      await signedIn();
      expectAnswer(await answerTo(pair.host, request), ok({ iterable: [] }));
    });

    test.for(everyone((client) => bare(client, '/user/clear')))('%s: POST /user/clear', async ([client, request]) => {
      await signedIn();
      expectAnswer(await answerTo(pair.host, request), noContent);
      expect((await answerTo(pair.host, get(client, '/user'))).body).toBe('{}');
    });
  });

  describe('signed out', () => {
    const rows = clients.flatMap((client): [Client, Sent, Expected][] => [
      [client, get(client, '/user'), ok({})],
      [client, get(client, '/userinfo'), refused('not_signed_in', 401)],
      [client, get(client, '/user/refresh'), refused('not_signed_in', 401)],
      [client, get(client, '/user/access_token'), refused('not_signed_in', 401)],
      [client, bare(client, '/os/sign_out'), ok({ iterable: [] })],
      [client, get(client, '/v2/logout'), page],
      [client, bare(client, '/user/clear'), noContent],
    ]);
    test.for(rows.map((row) => [row[0], row[1].method, row[1].target, row] as const))(
      '%s: %s %s',
      async ([, , , [, request, expected]]) => {
        await signedOut();
        expectAnswer(await answerTo(pair.host, request), expected);
      },
    );
  });

  describe('GET /user/stream', () => {
    const handshake = (client: Client) =>
      get(
        client,
        '/user/stream',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      );
    const frameFor = async (client: Client) => {
      const request = handshake(client);
      // A handshake says `Connection` once.
      const headers = request.headers.filter((line) => !/^connection: keep-alive$/i.test(line));
      return await sendHandshake(pair.host.port, bytesOf({ ...request, headers }, pair.host.port));
    };

    test.for(clients)('%s: the first frame is the profile', async (client) => {
      await signedIn();
      const { status, body } = await frameFor(client);
      expect(status).toBe(101);
      expect(readUserFrame(body)).toMatchObject(profile);
    });

    test.for(clients)('%s: signed out, the first frame is empty', async (client) => {
      await signedOut();
      expect(await frameFor(client)).toMatchObject({ status: 101, body: '' });
    });
  });

  describe('what is refused is refused readably, whatever the client accepts', () => {
    const rows: readonly (readonly [string, Sent, Expected])[] = [
      ['no such path', get('Python 5', '/nowhere', 'Accept: text/html'), refused('not_found', 404)],
      ['the wrong method', get('Python 5', '/pkce/clear'), refused('method_not_allowed', 405)],
      ['HEAD elsewhere', sent('C#', 'HEAD', '/user', []), { status: 405, type: 'application/json' }],
      ['JSON as text/plain', post('Dart', '/pkce/code', ['text/plain', '{}']), refused('unsupported_media_type', 415)],
      [
        'a form as text',
        post('Dart', '/oauth/token', ['text/plain', 'grant_type=refresh_token']),
        refused('unsupported_media_type', 415),
      ],
      ['an empty form as JSON', json('C#', '/oauth/token', {}), refused('invalid_request')],
      ['half a JSON', post('C#', '/pkce/token', ['application/json', '{']), refused('invalid_request')],
      ['a list', json('C#', '/pkce/token', []), refused('invalid_request')],
      ['a large body', json('C#', '/pkce/token', { a: 'x'.repeat(40_000) }), refused('payload_too_large', 413)],
      ['an empty form', form('C#', '/oauth/token', {}), refused('invalid_request')],
      ['an unknown state', form('C#', '/pkce/response/code', { code: 'x', state: 'x' }), refused('unknown_state')],
      ['a stream without WebSocket', get('TypeScript', '/user/stream'), refused('invalid_request')],
    ];
    test.for(rows)('%s', async ([, request, expected]) => {
      const answer = await answerTo(pair.host, request);
      expectAnswer(answer, expected);
      if (request.method !== 'HEAD') readStrictly('clearPKCE', answer);
    });
  });
});

describe('a provider that says strange things', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair({ host: { environment: quiet } });
    await new People(pair.host).signIn(bare('TypeScript', '/os/sign_in'));
  });
  afterAll(() => pair.stop());

  const sub = 'auth0|ada-lovelace';
  test.for<[string, object, object, readonly string[]]>([
    ['email_verified as a text', { email_verified: 'true' }, { email_verified: true }, []],
    ['email_verified as another text', { email_verified: 'maybe' }, { user_id: sub }, ['email_verified']],
    ['updated_at in milliseconds', { updated_at: 1_795_168_800_000 }, { updated_at: '2026-11-20T10:00:00.000Z' }, []],
    ['user_metadata without global_id', { user_metadata: {} }, { user_id: sub }, ['user_metadata']],
    ['a global_id that is no UUID', { user_metadata: { global_id: 'ada' } }, { user_id: sub }, ['user_metadata']],
    [
      'an identity with a number as user_id',
      { identities: [{ provider: 'github', user_id: 7, isSocial: true }] },
      { identities: [{ provider: 'github', isSocial: true }] },
      [],
    ],
    ['updated_at as a number', { updated_at: 1_795_168_800 }, { updated_at: '2026-11-20T10:00:00.000Z' }, []],
    [
      'dates with another offset',
      { created_at: '2026-11-20T11:00:00+01:00' },
      { created_at: '2026-11-20T10:00:00.000Z' },
      [],
    ],
    [
      'dates that are none',
      { updated_at: 'yesterday', last_login: '' },
      { user_id: sub },
      ['updated_at', 'last_login'],
    ],
    // The ID token has said it.
    ['null in every field', { name: null, last_login: null }, { name: 'Ada Lovelace' }, ['last_login']],
    ['logins_count as a fraction', { logins_count: 1.5 }, { user_id: sub }, ['logins_count']],
    ['the sub alone', {}, { user_id: sub }, []],
  ])('%s', async ([, claims, expected, leftOut]) => {
    const lift = pair.provider.fault('/userinfo', { status: 200, body: { sub, ...claims } });
    try {
      expectAnswer(await answerTo(pair.host, get('Python 5', '/user/refresh')), ok({ id: sub }));
      const answer = await answerTo(pair.host, get('Python 5', '/userinfo'));
      expectAnswer(answer, ok(expected));
      for (const name of leftOut) expect(JSON.parse(answer.body)).not.toHaveProperty(name);
      expectAnswer(await answerTo(pair.host, get('Python 5', '/user')), ok({ user: { id: sub } }));
    } finally {
      lift();
    }
  });

  test('a provider’s 503 with Retry-After: its header is not passed on', async () => {
    const lift = pair.provider.fault('/userinfo', { status: 503, body: 'busy', headers: { 'Retry-After': '5' } });
    try {
      const answer = await answerTo(pair.host, get('Python 5', '/user/refresh'));
      expect(answer.status).toBeGreaterThanOrEqual(500);
      expect(answer.headers.has('retry-after')).toBe(false);
    } finally {
      lift();
    }
  });
});

describe('a host without an audience', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair({ host: { environment: { ...quiet, LOOPGATE_AUDIENCE: '' } } });
  });
  afterAll(() => pair.stop());

  test.for(clients)('%s: auth0.audience is there, as ""', async (client) => {
    const { body } = await answerTo(pair.host, get(client, '/pkce/challenge'));
    const { challenge } = JSON.parse(body) as { challenge: { state: string } };
    await new People(pair.host).signIn(withoutArgument(client, '/pkce/code'), challenge.state);
    const answer = await answerTo(pair.host, withoutArgument(client, '/pkce/token'));
    expectAnswer(answer, ok({ auth0: { audience: '', oAuth: { token: tokens } } }));
  });
});

describe('a host without a provider', () => {
  let host: Headless;
  beforeAll(async () => {
    host = await startHeadless();
  });
  afterAll(() => host.stop());

  test.for(clients)('%s: 503 without Retry-After', async (client) => {
    for (const target of ['/userinfo', '/user/refresh', '/user/access_token']) {
      const answer = await answerTo(host, get(client, target));
      expectAnswer(answer, refused('not_configured', 503));
      expect(answer.headers.has('retry-after')).toBe(false);
    }
  });
});

function sorted(fields: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).sort(([one], [other]) => one.localeCompare(other)));
}
