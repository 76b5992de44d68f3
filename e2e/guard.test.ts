import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import packageJson from '../package.json' with { type: 'json' };
import { type Pair, printedLogin, startPair } from './support/client.ts';
import { type Headless, startHeadless } from './support/headless.ts';

const evil = 'https://evil.example';
const listed = 'https://tool.example';
const webview = 'vscode-webview://1kq3t0fbc7f6q0c0m6q8o4d2h8';

let pair: Pair;
beforeAll(async () => {
  pair = await startPair({ host: { environment: { LOOPGATE_ORIGINS: `${listed} vscode-webview:` } } });
});
afterAll(() => pair.stop());

interface Reply {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

function parse(received: string): Reply {
  const end = received.indexOf('\r\n\r\n');
  const [first = '', ...lines] = received.slice(0, end).split('\r\n');
  const headers = new Map(
    lines.map((line) => [line.split(':')[0]?.toLowerCase() ?? '', line.replace(/^[^:]*: ?/, '')]),
  );
  return { status: Number(first.split(' ')[1]), headers, body: received.slice(end + 4) };
}

/** Sends these very bytes, and gives all that came when the other side has closed. */
function sent(bytes: string, host: Headless = pair.host): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(host.port, '127.0.0.1');
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    socket.write(bytes);
  });
}

const request = (line: string, headers: readonly string[], body = '') =>
  `${[line, ...headers].join('\r\n')}\r\n\r\n${body}`;
const own = (host: Headless = pair.host) => `Host: localhost:${host.port}`;

/** A request with the right Host, on a connection of its own. */
async function ask(
  method: string,
  path: string,
  headers: readonly string[] = [],
  body = '',
  host = pair.host,
): Promise<Reply> {
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const lines = [own(host), 'Connection: close', ...length, ...headers];
  return parse(await sent(request(`${method} ${path} HTTP/1.1`, lines, body), host));
}

/** The one JSON error (L7), and nothing of the program's inside. */
function expectError(reply: Reply, status: number, error: string): void {
  expect(reply.status).toBe(status);
  expect(reply.headers.get('content-type')).toMatch(/^application\/json/);
  expect(JSON.parse(reply.body)).toEqual({ error, error_description: expect.stringMatching(/\w\. \w/) });
  expect(reply.body).not.toMatch(/ at |\.ts|\.cjs|node:/);
  expect(reply.headers.get('server')).toBe(`Loopgate/${packageJson.version}`);
  expect(
    [...reply.headers.keys()].filter((name) => /^(x-powered-by|access-control-.*|retry-after)$/.test(name)),
  ).toEqual([]);
}

describe('refused before a body is read [L1, L6]', () => {
  const length = 'Content-Length: 1000000000';

  test.for<[string, (port: number) => string[], number]>([
    ['an evil Host', () => ['Host: evil.example', length], 403],
    ['no Host', () => [length], 400],
    ['an evil Origin', (port) => [`Host: localhost:${port}`, `Origin: ${evil}`, length], 403],
    ['another site', (port) => [`Host: localhost:${port}`, 'Sec-Fetch-Site: cross-site', length], 403],
    ['chunks that never end', () => ['Host: evil.example', 'Transfer-Encoding: chunked'], 403],
    ['an expectation', () => ['Host: evil.example', 'Expect: 100-continue', length], 403],
    ['an unknown expectation', () => ['Host: evil.example', 'Expect: surprises', length], 403],
  ])(
    'with %s and a gigabyte announced, the answer comes at once and the connection ends',
    async ([, headers, status]) => {
      const received = await sent(request('POST /pkce/code HTTP/1.1', headers(pair.host.port)));
      expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(parse(received).headers.get('connection')).toBe('close');
    },
  );

  test('a body that is announced as too large is refused before it comes', async () => {
    const lines = [own(), 'Connection: close', 'Content-Type: application/json', length];
    expectError(parse(await sent(request('POST /pkce/token HTTP/1.1', lines))), 413, 'payload_too_large');
  });
});

describe('Origin [L2, L4]', () => {
  test.for<[number, string, string, string]>([
    [403, 'GET', '/pkce/challenge', evil],
    [403, 'GET', '/pkce/challenge', 'null'],
    [403, 'GET', '/pkce/challenge', 'PROVIDER'],
    [403, 'GET', '/pkce/challenge', 'http://127.0.0.1:PORT'],
    [403, 'GET', '/pkce/challenge', 'http://localhost/'],
    [403, 'GET', '/pkce/challenge', 'app://obsidian.md'],
    [403, 'GET', '/pkce/challenge', `${listed}.evil.example`],
    [403, 'GET', '/pkce/challenge', 'http://tool.example'],
    [403, 'GET', '/pkce/challenge', 'vscode-webview-evil://x'],
    [400, 'POST', '/pkce/response/code', evil],
    [403, 'POST', '/pkce/response/code', 'http://evil.example'],
    [400, 'POST', '/pkce/response/code', 'null'],
    [400, 'POST', '/pkce/response/code', 'PROVIDER'],
    [403, 'POST', '/pkce/response/code', 'PROVIDER.evil.example'],
    [403, 'POST', '/pkce/clear', 'PROVIDER'],
    [403, 'POST', '/pkce/response/code/', 'null'],
    [403, 'POST', '//pkce/response/code', 'null'],
    [403, 'POST', '/pkce/response%2Fcode', 'null'],
  ])('%i for %s %s with Origin %s', async ([status, method, path, template]) => {
    const provider = new URL(pair.provider.issuer).origin;
    const origin = template.replace('PROVIDER', provider).replace('PORT', String(pair.host.port));
    const reply = await ask(method, path, [`Origin: ${origin}`]);
    expectError(reply, status, status === 403 ? 'forbidden_origin' : 'unknown_state');
  });

  test.for([listed, webview])('%s gets exactly its own CORS answer, also with an error', async (origin) => {
    for (const path of ['/pkce/challenge', '/nowhere']) {
      const { headers, status } = await ask('GET', path, [
        `Origin: ${origin}`,
        'Sec-Fetch-Site: cross-site',
        'Sec-Fetch-Mode: cors',
      ]);
      expect(status).toBe(path === '/nowhere' ? 404 : 200);
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('vary')).toBe('Origin');
      expect(headers.has('access-control-allow-credentials')).toBe(false);
    }
  });

  test.for([listed, webview])('the preflight of %s is answered, and opens nothing more', async (origin) => {
    const { status, headers, body } = await ask('OPTIONS', '/pkce/token', [
      `Origin: ${origin}`,
      'Access-Control-Request-Method: POST',
      'Access-Control-Request-Headers: content-type',
      'Sec-Fetch-Site: cross-site',
      'Sec-Fetch-Mode: cors',
    ]);
    expect([status, body]).toEqual([204, '']);
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('access-control-allow-methods')).toBe('GET, POST');
    expect(headers.get('access-control-allow-headers')?.toLowerCase().split(', ').sort()).toEqual([
      'application',
      'authorization',
      'content-type',
      'x-application-id',
    ]);
    expect(headers.has('access-control-allow-credentials')).toBe(false);
  });

  test.for([evil, 'null', 'app://obsidian.md'])(
    'the preflight of %s is a 403 without any CORS header',
    async (origin) => {
      const lines = [`Origin: ${origin}`, 'Access-Control-Request-Method: POST', 'Sec-Fetch-Mode: cors'];
      expectError(await ask('OPTIONS', '/pkce/token', lines), 403, 'forbidden_origin');
    },
  );

  test('without an Origin there is no CORS header at all', async () => {
    const { headers } = await ask('GET', '/pkce/challenge');
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('our own Origin [L2]', () => {
  const handshake = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ];

  /** The first line of the answer, with which a WebSocket goes on, and all that comes with it. */
  function answered(lines: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(pair.host.port, '127.0.0.1');
      let received = '';
      socket.setEncoding('utf8').on('data', (text: string) => {
        received += text;
        if (received.includes('\r\n\r\n')) socket.destroy();
      });
      socket.on('error', reject).on('close', () => resolve(received));
      socket.write(request('GET /user/stream HTTP/1.1', [...lines, ...handshake]));
    });
  }

  test.for([
    ['localhost', 'http://localhost:PORT'],
    ['127.0.0.1', 'http://127.0.0.1:PORT'],
    ['[::1]', 'http://[::1]:PORT'],
    ['localhost', 'http://localhost/'],
    ['127.0.0.1', 'http://localhost/'],
  ] as const)('a program that connects to %s and sends %s listens, as Python’s and Go’s do', async ([name, origin]) => {
    const port = String(pair.host.port);
    const answer = await answered([`Host: ${name}:${port}`, `Origin: ${origin.replace('PORT', port)}`]);
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(parse(answer).headers.get('server')).toBe(`Loopgate/${packageJson.version}`);
    expect(answer).not.toMatch(/access-control/i);
  });

  test('a request without Sec-Fetch-Site passes, as of Node’s fetch, and gets no CORS header', async () => {
    const answer = await fetch(`${pair.host.address}/pkce/challenge`, { headers: { Origin: pair.host.address } });
    expect(answer.status).toBe(200);
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test.for<[string, string[]]>([
    ['as Chromium, by its name alone', ['User-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0.0.0']],
    ['as Firefox', ['User-Agent: Mozilla/5.0', ...fetched('same-origin', 'websocket', 'empty')]],
    ['with Sec-Fetch-Site alone', ['Sec-Fetch-Site: same-origin']],
  ])('a page of our own that asks %s is refused [L3]', async ([, lines]) => {
    const origin = `Origin: ${pair.host.address}`;
    expect(await answered([own(), origin, ...lines])).toMatch(/^HTTP\/1\.1 403 /);
    for (const path of ['/userinfo', '/user', '/user/access_token', '/nowhere']) {
      expectError(await ask('GET', path, [origin, ...lines]), 403, 'forbidden_origin');
    }
  });

  test('a program with a wrong one reads which is right, and not to open Loopgate to a web page', async () => {
    const refused = parse(await answered([own(), 'Origin: http://localhost:3000']));
    expectError(refused, 403, 'forbidden_origin');
    expect(refused.body).toContain(`or sends ${pair.host.address}`);
    expect(refused.body).not.toContain('"origins"');
  });
});

interface Endpoint {
  readonly method: string;
  readonly path: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** Every operation, asked so that it would act. */
function endpoints(): Endpoint[] {
  const form = ['Content-Type: application/x-www-form-urlencoded'];
  const authorize = new URLSearchParams({
    audience: pair.provider.audience,
    scope: 'openid',
    response_type: 'code',
    client_id: pair.provider.clientId,
    code_challenge_method: 'S256',
    code_challenge: randomBytes(32).toString('base64url'),
    response_mode: 'form_post',
  });
  const refresh = `grant_type=refresh_token&client_id=${pair.provider.clientId}`;
  return [
    { method: 'POST', path: '/pkce/clear' },
    { method: 'POST', path: '/pkce/code' },
    { method: 'POST', path: '/pkce/token' },
    { method: 'GET', path: '/pkce/challenge' },
    { method: 'POST', path: '/pkce/response/code', headers: form, body: 'code=x&state=y' },
    { method: 'GET', path: '/pkce/response/code?code=x&state=y' },
    { method: 'GET', path: `/authorize?${authorize}` },
    { method: 'POST', path: '/oauth/token', headers: form, body: refresh },
    { method: 'GET', path: '/userinfo', headers: ['Authorization: Bearer x'] },
    { method: 'GET', path: '/v2/logout' },
    { method: 'GET', path: '/' },
    { method: 'GET', path: '/nowhere' },
  ];
}

const fetched = (site: string, mode: string, dest: string, ...more: string[]) => [
  `Sec-Fetch-Site: ${site}`,
  `Sec-Fetch-Mode: ${mode}`,
  `Sec-Fetch-Dest: ${dest}`,
  ...more,
];

/** What a hostile page can send. What is marked reaches the callback, whose state is its own proof (L3a). */
const hostile: { name: string; headers: string[]; method?: string; reachesCallback?: boolean }[] = [
  { name: 'fetch', headers: fetched('cross-site', 'cors', 'empty', `Origin: ${evil}`) },
  { name: 'no-cors fetch', headers: fetched('cross-site', 'no-cors', 'empty') },
  { name: 'no-cors fetch with Origin', headers: fetched('cross-site', 'no-cors', 'empty', `Origin: ${evil}`) },
  { name: 'img', headers: fetched('cross-site', 'no-cors', 'image') },
  { name: 'iframe', headers: fetched('cross-site', 'navigate', 'iframe', 'Accept: text/html') },
  {
    name: 'top navigation',
    headers: fetched('cross-site', 'navigate', 'document', 'Accept: text/html'),
    reachesCallback: true,
  },
  {
    name: 'form',
    headers: fetched('cross-site', 'navigate', 'document', `Origin: ${evil}`, 'Accept: text/html'),
    reachesCallback: true,
  },
  {
    name: 'form from https',
    headers: fetched('cross-site', 'navigate', 'document', 'Origin: null', 'Accept: text/html'),
    reachesCallback: true,
  },
  {
    name: 'page of another local port',
    headers: fetched('same-site', 'cors', 'empty', 'Origin: http://localhost:3000'),
  },
  {
    name: 'navigation from another local port',
    headers: fetched('same-site', 'navigate', 'document'),
    reachesCallback: true,
  },
  // Chromium says so of what any site has it load ahead.
  ...['Sec-Purpose: prefetch', 'Sec-Purpose: prefetch;prerender', 'Purpose: prefetch'].map((line) => ({
    name: `speculative load with ${line}`,
    headers: fetched('none', 'navigate', 'document', 'Accept: text/html', line),
  })),
  { name: 'DNS rebinding', headers: ['Host: evil.example'] },
  { name: 'DNS rebinding with POST', headers: ['Host: evil.example', `Origin: ${evil}`] },
  {
    name: 'websocket',
    headers: fetched(
      'cross-site',
      'websocket',
      'websocket',
      `Origin: ${evil}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
    ),
  },
  // Chromium sends no Sec-Fetch header with it: its Origin alone tells.
  { name: 'websocket of Chromium', headers: [`Origin: ${evil}`, 'Connection: Upgrade', 'Upgrade: websocket'] },
];

describe('what a hostile page can send [L3]', () => {
  const name = 'Ada Lovelace';

  beforeAll(async () => {
    const { address } = pair.host;
    const state = await fetch(`${address}/pkce/challenge`).then((answer) => answer.json());
    expect(state).toHaveProperty('challenge.state');
    const code = fetch(`${address}/pkce/code`, { method: 'POST' });
    await new BrowserDouble().signInAs(await printedLogin(pair.host), name);
    expect((await code).status).toBe(200);
    expect((await fetch(`${address}/pkce/token`, { method: 'POST' })).status).toBe(200);
  });

  test.for(hostile)('$name gets 403 everywhere, and nothing happens', async ({ headers, reachesCallback }) => {
    const { host, provider } = pair;
    const state = randomUUID();
    const login = new URLSearchParams({
      audience: provider.audience,
      scope: 'openid',
      response_type: 'code',
      client_id: provider.clientId,
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(state).digest('base64url'),
      response_mode: 'form_post',
      state,
    });
    const waiting = fetch(`${host.address}/authorize?${login}`);
    const address = await printedLogin(host, state);
    const asked = provider.requests.length;
    const printed = host.output();

    for (const endpoint of endpoints()) {
      const isCallback = endpoint.path.startsWith('/pkce/response/code');
      if (isCallback && reachesCallback) continue;
      const lines = [...headers, ...(endpoint.headers ?? [])];
      const body = endpoint.body ?? '';
      const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
      const host = lines.some((line) => line.startsWith('Host:')) ? [] : [own()];
      const bytes = request(`${endpoint.method} ${endpoint.path} HTTP/1.1`, [...host, ...length, ...lines], body);
      const reply = parse(await sent(bytes));
      expect(reply.status, `${endpoint.method} ${endpoint.path}`).toBe(403);
      expectError(reply, 403, 'forbidden_origin');
    }

    expect(provider.requests.slice(asked)).toEqual([]);
    expect(host.output()).toBe(printed);
    expect(await (await fetch(`${host.address}/userinfo`)).json()).toMatchObject({ name });
    // Neither was the sign-in that waits cleared: it still ends well.
    expect((await new BrowserDouble().signInAs(address, name)).status).toBe(200);
    expect(await (await waiting).json()).toMatchObject({ state });
  });

  test('a page of another site may link to a result page, which is never framed [L3b]', async () => {
    const path = '/pkce/response/result/any';
    const { status, headers } = await ask('GET', path, fetched('cross-site', 'navigate', 'document'));
    expect(status).toBe(200);
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect((await ask('GET', path, fetched('cross-site', 'navigate', 'iframe'))).status).toBe(403);
  });

  test.for([
    fetched('cross-site', 'navigate', 'document'),
    fetched('cross-site', 'navigate', 'document', 'Origin: null'),
    fetched('cross-site', 'navigate', 'document', `Origin: ${evil}`),
  ])('the callback may be navigated to, and a stranger’s state changes nothing (%#) [L3a, R9]', async (headers) => {
    const lines = [...headers, 'Accept: text/html', 'Content-Type: application/x-www-form-urlencoded'];
    const { status, body } = await ask('POST', '/pkce/response/code', lines, 'code=x&state=y');
    expect(status).toBe(400);
    expect(body).toContain('No sign-in was waiting');
  });
});

describe('a host without a provider, where asking has no effect', () => {
  let bare: Headless;
  beforeAll(async () => {
    bare = await startHeadless();
  });
  afterAll(() => bare.stop());

  test.for<[string, string[]]>([
    ['no Sec-Fetch header', []],
    ['Sec-Fetch-Site: none, by a typed address', fetched('none', 'navigate', 'document')],
    ['Sec-Fetch-Site: none, by a program', fetched('none', 'cors', 'empty')],
    ['Sec-Fetch-Mode alone, by Node', ['Sec-Fetch-Mode: cors']],
  ])('with %s every operation is reached [L3]', async ([, headers]) => {
    await Promise.all(
      endpoints().map(async ({ method, path, headers: more = [], body = '' }) => {
        const { status } = await ask(method, path, [...headers, ...more], body, bare);
        // A refusal would be one of these; only the callback, which waits for nobody, says 400.
        if (path.startsWith('/pkce/response')) expect(status, path).toBe(400);
        else expect([400, 403, 405], `${method} ${path}`).not.toContain(status);
      }),
    );
  });

  test('with no origin listed, not even a webview is answered [L2]', async () => {
    for (const origin of [listed, webview]) {
      expectError(await ask('GET', '/pkce/challenge', [`Origin: ${origin}`], '', bare), 403, 'forbidden_origin');
    }
  });
});

test('on a fresh host no page’s POST to the callback makes anybody ask the provider [L2, L3]', async () => {
  const fresh = await startPair();
  try {
    const answers: [string[], number, string][] = [
      [fetched('cross-site', 'cors', 'empty'), 403, 'forbidden_origin'],
      [fetched('cross-site', 'navigate', 'document'), 400, 'unknown_state'],
      [[], 400, 'unknown_state'],
    ];
    for (const [mode, status, code] of answers) {
      const lines = [own(fresh.host), 'Connection: close', ...mode, `Origin: ${evil}`];
      const reply = parse(await sent(request('POST /pkce/response/code HTTP/1.1', lines), fresh.host));
      expectError(reply, status, code);
    }
    expect(fresh.provider.requests.map(({ path }) => path)).toEqual([]);
  } finally {
    await fresh.stop();
  }
});

/** A provider has many origins, and others stand behind it: the state decides, not who posts it. */
test('a form_post of any https page ends a login by its state alone: a forged or guessed one changes nothing [L2, R4]', async () => {
  const fresh = await startPair();
  onTestFinished(() => fresh.stop());
  const { host, provider } = fresh;
  const waiting = fetch(`${host.address}/pkce/code`, { method: 'POST' });
  const { fields } = await new BrowserDouble().signInAs(await printedLogin(host), 'Ada Lovelace', { deliver: false });
  const post = (origin: string, changed: Record<string, string>) => {
    const headers = fetched('cross-site', 'navigate', 'document', `Origin: ${origin}`, 'Accept: text/html');
    const form = new URLSearchParams({ ...fields, ...changed }).toString();
    return ask(
      'POST',
      '/pkce/response/code',
      [...headers, 'Content-Type: application/x-www-form-urlencoded'],
      form,
      host,
    );
  };
  const asked = provider.requests.length;
  const { state = '' } = fields;
  for (const guess of [randomUUID(), '', `${state.slice(0, -1)}_`, `${state} `, state.slice(1), '*', '__proto__']) {
    for (const ending of [{}, { error: 'access_denied' }]) {
      const { status, body } = await post(evil, { state: guess, ...ending });
      expect([status, body], guess).toEqual([400, expect.stringContaining('No sign-in was waiting')]);
    }
  }
  expect(provider.requests.slice(asked)).toEqual([]);
  const { status, body } = await post('https://login.live.com', {});
  expect([status, body]).toEqual([200, expect.stringContaining('Login received')]);
  expect(await (await waiting).json()).toMatchObject({ result: { state } });
});

describe('what is not there [L7]', () => {
  test.for([
    '/',
    '/nowhere',
    '/userinfo/',
    '/USERINFO',
    '//userinfo',
    '/%75serinfo',
    '/pkce',
    '/pkce/challenge/../clear',
    '/favicon.ico',
    '/.env',
  ])('%s is a 404 in JSON', async (path) => {
    expectError(await ask('GET', path), 404, 'not_found');
  });

  test.for<[string, string, string]>([
    ['GET', '/pkce/clear', 'POST'],
    ['GET', '/pkce/code', 'POST'],
    ['GET', '/pkce/token', 'POST'],
    ['POST', '/pkce/challenge', 'GET'],
    ['PUT', '/pkce/response/code', 'POST, GET'],
    ['POST', '/authorize', 'GET'],
    ['GET', '/oauth/token', 'POST'],
    ['DELETE', '/userinfo', 'GET'],
    ['POST', '/v2/logout', 'GET'],
    ['OPTIONS', '/userinfo', 'GET'],
    ['TRACE', '/userinfo', 'GET'],
    ['PATCH', '/pkce/response/result/x', 'GET'],
  ])('%s %s is a 405 in JSON that allows %s', async ([method, path, allowed]) => {
    const reply = await ask(method, path);
    expectError(reply, 405, 'method_not_allowed');
    expect(reply.headers.get('allow')).toBe(allowed);
  });

  test('HEAD is a 405 without a body', async () => {
    const reply = await ask('HEAD', '/userinfo');
    expect([reply.status, reply.body, reply.headers.get('allow')]).toEqual([405, '', 'GET']);
  });

  test('an address that cannot be decoded is a 400 in JSON', async () => {
    expectError(await ask('GET', '/pkce/response/result/%E0%A4%A'), 400, 'invalid_request');
  });

  test('every answer names Loopgate and nothing that it is made of; none may be stored, or be taken for another type [T8]', async () => {
    for (const path of ['/pkce/challenge', '/nowhere', '/pkce/response/result/x', '/authorize']) {
      const { headers } = await ask('GET', path);
      expect(headers.get('cache-control'), path).toBe('no-store');
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('server'), path).toBe(`Loopgate/${packageJson.version}`);
      expect(
        [...headers.keys()].filter((name) => /^(x-powered-by|etag)$/.test(name)),
        path,
      ).toEqual([]);
    }
  });
});

describe('bodies [L6]', () => {
  const json = 'Content-Type: application/json';
  const form = 'Content-Type: application/x-www-form-urlencoded';
  const limit = 32 * 1024;

  test.for<[string, string, string[], string, number, string]>([
    ['malformed JSON', '/pkce/token', [json], '{"grant_type":', 400, 'invalid_request'],
    ['JSON that is no object', '/pkce/token', [json], '[1]', 400, 'invalid_request'],
    [
      'JSON as text/plain, which needs no preflight',
      '/pkce/code',
      ['Content-Type: text/plain'],
      '{}',
      415,
      'unsupported_media_type',
    ],
    ['JSON without a type', '/pkce/token', [], '{}', 415, 'unsupported_media_type'],
    [
      'JSON as a kind of JSON',
      '/pkce/token',
      ['Content-Type: application/json-seq'],
      '{}',
      415,
      'unsupported_media_type',
    ],
    ['a form as JSON', '/oauth/token', [json], '{"grant_type":"refresh_token"}', 400, 'invalid_request'],
    ['a form as malformed JSON', '/oauth/token', [json], '{', 400, 'invalid_request'],
    ['a form as text/plain', '/oauth/token', ['Content-Type: text/plain'], '{}', 415, 'unsupported_media_type'],
    ['too large a form as JSON', '/oauth/token', [json], `"${'x'.repeat(limit)}"`, 413, 'payload_too_large'],
    [
      'a form as multipart',
      '/pkce/response/code',
      ['Content-Type: multipart/form-data; boundary=x'],
      '--x--',
      415,
      'unsupported_media_type',
    ],
    [
      'an unknown charset',
      '/pkce/token',
      ['Content-Type: application/json; charset=klingon'],
      '{}',
      415,
      'unsupported_media_type',
    ],
    ['a compressed body', '/pkce/token', [json, 'Content-Encoding: gzip'], 'x', 415, 'unsupported_media_type'],
    ['32,000 open brackets', '/pkce/token', [json], '['.repeat(32_000), 400, 'invalid_request'],
    ['32 KiB of nonsense', '/pkce/token', [json], 'x'.repeat(limit), 400, 'invalid_request'],
    ['32 KiB and one byte', '/pkce/token', [json], 'x'.repeat(limit + 1), 413, 'payload_too_large'],
    ['too large a form', '/pkce/response/code', [form], `state=${'x'.repeat(limit)}`, 413, 'payload_too_large'],
    [
      'too large a body of an operation that takes none',
      '/pkce/clear',
      [json],
      'x'.repeat(limit + 1),
      413,
      'payload_too_large',
    ],
  ])('%s at %s', async ([, path, headers, body, status, error]) => {
    expectError(await ask('POST', path, headers, body), status, error);
  });

  const keys = (count: number) => Array.from({ length: count }, (_, index) => index.toString(36)).join('&');
  const tooMany = (count: number) => new RegExp(`has ${count} parameters; no more than 100`);

  test.for<[string, string, string]>([
    ['POST', '/oauth/token', 'a form'],
    ['POST', '/pkce/response/code', 'a callback’s form'],
    ['GET', '/authorize', 'a query'],
    ['GET', '/pkce/response/code', 'a callback’s query'],
    ['GET', '/user/access_token', 'another query'],
    ['GET', '/v2/logout', 'a query that acts'],
  ])('%s %s: of the parameters of %s a hundred are read, and one more is a 400', async ([method, path]) => {
    const askWith = (parameters: string) =>
      method === 'GET' ? ask(method, `${path}?${parameters}`) : ask(method, path, [form], parameters);
    const refused = await askWith(keys(101));
    expectError(refused, 400, 'invalid_request');
    expect(refused.body).toMatch(tooMany(101));
    expect((await askWith(keys(100))).body).not.toMatch(/parameters; no more than/);
  });

  test('health does not wait for twenty forms of 32 KiB, each with thousands of keys', async () => {
    const body = keys(8_525);
    expect(body.length).toBeGreaterThan(limit - 100);
    expect(body.length).toBeLessThanOrEqual(limit);
    // What is needed for a first form is loaded by it.
    await ask('POST', '/pkce/response/code', [form], body);
    const forms = Array.from({ length: 20 }, () => ask('POST', '/pkce/response/code', [form], body));
    const began = performance.now();
    expect((await ask('GET', '/.well-known/health')).status).toBe(200);
    // Milliseconds. They would take 8,000 and more where each key is looked for among all, and take about 50 in one pass.
    expect(performance.now() - began).toBeLessThan(3_000);
    for (const form of await Promise.all(forms)) expectError(form, 400, 'invalid_request');
  });

  test('chunks count like a length', async () => {
    const chunk = `${(limit + 1).toString(16)}\r\n${'x'.repeat(limit + 1)}\r\n0\r\n\r\n`;
    const lines = [own(), 'Connection: close', json, 'Transfer-Encoding: chunked'];
    expectError(parse(await sent(request('POST /pkce/token HTTP/1.1', lines, chunk))), 413, 'payload_too_large');
  });

  test('a thousand chunks are read, and one more is a 413', async () => {
    const lines = [own(), 'Connection: close', json, 'Transfer-Encoding: chunked'];
    const sendChunks = async (count: number) =>
      parse(await sent(request('POST /pkce/token HTTP/1.1', lines, `${'1\r\n{\r\n'.repeat(count)}0\r\n\r\n`)));
    expectError(await sendChunks(1_000), 400, 'invalid_request');
    const refused = await sendChunks(1_001);
    expectError(refused, 413, 'payload_too_large');
    expect(refused.body).toContain('more than 1000 chunks');
  });

  test.for<[string, string[], string]>([
    ['zero bytes as JSON', [json, 'Content-Length: 0'], ''],
    ['null as JSON', [json], 'null'],
    ['zero bytes as text', ['Content-Type: text/plain', 'Content-Length: 0'], ''],
    ['nothing at all', [], ''],
  ])('no body, sent as %s, is fine [W3]', async ([, headers, body]) => {
    expect((await ask('POST', '/pkce/clear', headers, body)).status).toBe(204);
    // Everything was cleared: it is the missing code that is refused, not the missing body.
    expectError(await ask('POST', '/pkce/token', headers, body), 400, 'invalid_grant');
  });

  test('JSON with parameters of its type is JSON [W3]', async () => {
    const { status, body } = await ask('POST', '/pkce/token', ['Content-Type: Application/JSON; charset=utf-8'], '{}');
    expect([status, body]).toEqual([400, expect.stringContaining('grant_type')]);
  });

  test.for<[number, number]>([
    [9, 200],
    [17, 431],
  ])('%i KiB of headers get %i', async ([size, status]) => {
    const reply = await ask('GET', '/pkce/challenge', [`Cookie: a=${'x'.repeat(size * 1024)}`]);
    if (status === 200) return expect(reply.status).toBe(200);
    expectError(reply, status, 'invalid_request');
  });
});
