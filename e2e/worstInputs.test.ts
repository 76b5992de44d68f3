import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Pair, startPair } from './support/client.ts';

/** What the limits admit, in bytes: nearly 16 KiB of headers, and 32 KiB of body. */
const headers = 15_500;
const body = 32 * 1024;

/** An input: its name, and the bytes of its request for a size that is a share of what the limits admit. */
type Row = readonly [name: string, bytes: (share: number) => string];

const fill = (text: string, size: number) => text.repeat(Math.floor(size / text.length));
const keys = (count: number) => Array.from({ length: count }, (_, index) => index.toString(36));
const request = (line: string, lines: readonly string[] = [], content = '') => {
  const length = content === '' ? [] : [`Content-Length: ${Buffer.byteLength(content, 'latin1')}`];
  const head = [`${line} HTTP/1.1`, 'Host: localhost:PORT', 'Connection: close', ...lines, ...length];
  return `${head.join('\r\n')}\r\n\r\n${content}`;
};

const json = 'Content-Type: application/json';
const form = 'Content-Type: application/x-www-form-urlencoded';
const page = 'Accept: text/html';
const handshake = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='];

/** Each text, so often that the headers are full. */
const targets: Row[] = [
  ['/authorize?', 'GET', ['a&', '%', '%25', '+', '=', '&', 'scope=a+&', 'scope=openid']],
  ['/pkce/response/code?', 'GET', ['a&', '%2', 'state=a&']],
  ['/v2/logout?', 'GET', ['a&', '%ff', 'returnTo=']],
  ['/user/access_token?', 'GET', ['a&', 'scope=a,', 'scope=openid+']],
  ['/programs?', 'DELETE', ['id=', 'a&']],
  ['/pkce/response/result/', 'GET', ['a', '%25', '%', '%2f']],
  ['/login/', 'GET', ['a', '%25', '/']],
  ['/docs/', 'GET', ['a', '../', '%2e%2e%2f']],
  ['/users/', 'GET', ['a', '%25', '%ff', '/a', '//']],
  ['/', 'GET', ['/', 'onboarded/', '%2f', ';']],
].flatMap(([path, method, texts]) =>
  (texts as string[]).map((text): Row => {
    return [`${method} ${path}${text}`, (share) => request(`${method} ${path}${fill(text, headers * share)}`, [page])];
  }),
);

targets.push(
  ...['/authorize', '/pkce/response/code'].map((path): Row => {
    return [`GET ${path} with keys`, (share) => request(`GET ${path}?${keys(4_100 * share).join('&')}`)];
  }),
);

const header = (line: string, name: string, text: string, lines: readonly string[] = []): Row => [
  `${name}: ${JSON.stringify(text)}`,
  (share) =>
    request(line, [`${name}: x${fill(text, headers * share)}x`, ...lines], line.startsWith('POST') ? '{}' : ''),
];

const headerLines: Row[] = [
  ...['Origin', 'Sec-Fetch-Site', 'Sec-Fetch-Mode', 'User-Agent', 'Accept', 'Authorization', 'Connection', 'Upgrade'],
  ...['X-Forwarded-For', 'Forwarded', 'Accept-Language', 'Range', 'If-None-Match', 'Expect', 'TE', 'Via'],
].flatMap((name) => [' ', 'a, ', '"\\'].map((text) => header('GET /programs', name, text)));
headerLines.push(
  ...['vscode-webview://a', 'a:', '.', '-'].map((text) => header('GET /user', 'Origin', text)),
  ...['loopgate-login=a;', '; ', '=', 'loopgate-login='].map((text) => header('GET /login/x', 'Cookie', text, [page])),
  ...[';a="', ';a=b', '; ', ' ', '/', ';a="\\"'].map((text) => header('POST /connect', 'Content-Type', text)),
  ...['gzip, ', 'a'].map((text) => header('POST /connect', 'Content-Encoding', text)),
  ['many lines', (share) => request('GET /user', [fill('a:\r\n', headers * share).trimEnd()])],
  ['many Cookies', (share) => request('GET /login/x', [page, fill('Cookie: a\r\n', headers * share).trimEnd()])],
  [
    'many names',
    (share) =>
      request(
        'GET /user',
        keys(2_500 * share).map((name) => `${name}:`),
      ),
  ],
  ['many Origins', (share) => request('GET /user', [fill('Origin: a\r\n', headers * share).trimEnd()])],
);

/** JSON that is hard to read, of this size. */
const jsons: Record<string, (size: number) => string> = {
  'open brackets': (size) => fill('[', size),
  brackets: (size) => fill('[', size / 2) + fill(']', size / 2),
  objects: (size) => `${fill('{"a":', (size * 5) / 6 - 1)}1${fill('}', size / 6 - 1)}`,
  __proto__: (size) => `${fill('{"__proto__":', (size * 13) / 14 - 14)}1${fill('}', size / 14 - 14)}`,
  'many keys': (size) => `{${keys(size / 10).map((key) => `"${key}":1`)}}`,
  'the same key': (size) => `{${fill('"a":1,', size - 8)}"a":1}`,
  'numbers as keys': (size) => `{${Array.from({ length: size / 13 }, (_, index) => `"${index * 7919}":1`)}}`,
  digits: (size) => fill('9', size),
  fraction: (size) => `0.${fill('1', size - 2)}`,
  exponent: (size) => `1e${fill('9', size - 2)}`,
  escapes: (size) => `"${fill('\\u0000', size - 2)}"`,
  'halves of pairs': (size) => `"${fill('\\ud800', size - 2)}"`,
  'no UTF-8': (size) => fill('\xff', size),
  blanks: (size) => fill(' ', size),
  'blanks of another kind': (size) => fill('\x0b', size),
  'a long name': (size) =>
    JSON.stringify({ application: { name: 'a'.repeat(size - 90), version: '1', platform: 'x' } }),
  'one scope': (size) => JSON.stringify({ scope: fill('openid', size - 20) }),
  'many scopes': (size) => JSON.stringify({ scope: fill('a,+ ', size - 20) }),
};
const jsonBodies: Row[] = ['/connect', '/x/onboarded', '/oauth/token'].flatMap((path) =>
  Object.entries(jsons).map(([name, make]): Row => {
    return [`${name} to ${path}`, (share) => request(`POST ${path}`, [json], make(body * share))];
  }),
);

const formBodies: Row[] = ['/pkce/response/code', '/oauth/token'].flatMap((path) =>
  ['a&', 'a=&', '%', '%25', '+', '=', '&', 'state=a&', 'scope=a&', 'state=a%20']
    .map((text): Row => [`${text} to ${path}`, (share) => request(`POST ${path}`, [form], fill(text, body * share))])
    .concat([[`keys to ${path}`, (share) => request(`POST ${path}`, [form], keys(8_525 * share).join('&'))]]),
);

const chunks = (content: string) => request('POST /connect', [json, 'Transfer-Encoding: chunked']) + content;
const otherBodies: Row[] = [
  [
    'parts',
    (share) =>
      request('POST /connect', ['Content-Type: multipart/form-data; boundary=x'], fill('--x\r\n', body * share)),
  ],
  ['chunks of one byte', (share) => chunks(`${fill('1\r\n[\r\n', 6 * body * share)}0\r\n\r\n`)],
  ['chunk extensions', (share) => chunks(`1;${fill('a="\\"";', headers * share)}\r\n[\r\n0\r\n\r\n`)],
  ['trailers', (share) => chunks(`0\r\n${fill('a:\r\n', headers * share)}\r\n`)],
];

/** A masked frame of a client: its first byte, and its bytes. */
const frame = (first: number, content = '') => String.fromCharCode(first, 0x80 | content.length, 0, 0, 0, 0) + content;
/** A WebSocket that is closed after these bytes. */
const socket = (content: string, lines: readonly string[] = []) =>
  request('GET /user/stream', [...handshake, ...lines]).replace('Connection: close', 'Connection: Upgrade') +
  content +
  frame(0x88);
const sockets: Row[] = [
  ['Sec-WebSocket-Protocol: a, a', (share) => socket('', [`Sec-WebSocket-Protocol: ${fill('a, ', headers * share)}b`])],
  [
    'Sec-WebSocket-Protocol of many names',
    (share) => socket('', [`Sec-WebSocket-Protocol: ${keys(3_000 * share).join()}`]),
  ],
  ...['permessage-deflate;', 'permessage-deflate, ', ';a="', ' '].map((text): Row => {
    return [
      `Sec-WebSocket-Extensions: ${text}`,
      (share) => socket('', [`Sec-WebSocket-Extensions: ${fill(text, headers * share)}x`]),
    ];
  }),
  ['tiny frames', (share) => socket(fill(frame(0x81, 'a'), body * share))],
  ['empty frames', (share) => socket(fill(frame(0x81), body * share))],
  ['pings', (share) => socket(fill(frame(0x89, 'a'.repeat(125)), body * share))],
  ['fragments of nothing', (share) => socket(frame(0x01, 'a') + fill(frame(0x00), body * share) + frame(0x80))],
  ['frames that say they are compressed', (share) => socket(fill(frame(0xc1, 'a'), body * share))],
];

const groups: Record<string, Row[]> = { targets, headerLines, jsonBodies, formBodies, otherBodies, sockets };

// Whatever it sends, this program was never allowed anything.
let pair: Pair;
beforeAll(async () => {
  pair = await startPair({ host: { environment: { LOOPGATE_GUARD: 'listed' } } });
  // What is loaded for a first request, and for a first WebSocket.
  for (const [, bytes] of [...jsonBodies.slice(0, 1), ...sockets.slice(-1)]) await send(bytes(0.1));
});
afterAll(() => pair.stop());

/** Sends the bytes on a connection of their own, and resolves when that has ended. */
function send(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(pair.host.port, '127.0.0.1');
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(received));
    socket.write(bytes.replaceAll('PORT', String(pair.host.port)), 'latin1');
  });
}

const health = request('GET /.well-known/health');

/** How long health waits while so many of these inputs are on their way, in milliseconds. */
async function waitBeside(bytes: string, count: number): Promise<number> {
  const inputs = Array.from({ length: count }, () => send(bytes));
  const began = performance.now();
  expect(await send(health)).toMatch(/^HTTP\/1\.1 200 /);
  const waited = performance.now() - began;
  await Promise.all(inputs);
  return waited;
}

/** A wait that counts, in milliseconds. */
const noticeable = 1_000;
const harmless = request('GET /.well-known/health', [`X-Harmless: ${'a'.repeat(headers)}`]);

/**
 * The machine may be busy: what takes long is compared with what twenty harmless requests take at the same time.
 * @param measure - how long health waits, in milliseconds
 */
async function expectNoWait(measure: () => Promise<number>): Promise<void> {
  if ((await measure()) < noticeable) return;
  const usual = await waitBeside(harmless, 20);
  // What is superlinear is so each time.
  const again = [await measure(), await measure(), await measure()];
  expect(Math.min(...again)).toBeLessThan(5 * usual + noticeable);
}

describe.each(Object.entries(groups))('the worst %s that the limits admit, twenty at once [L6]', (_group, rows) => {
  test.for(rows)('%s: nobody else waits', { timeout: 60_000 }, ([, bytes]) =>
    expectNoWait(() => waitBeside(bytes(1), 20)),
  );
});

test.for(['', 'Expect: 100-continue\r\n'])(
  '300,000 requests on one connection that ends with all of them unanswered: nobody else waits [L6] (%j)',
  { timeout: 120_000 },
  async (line) => {
    const { port } = pair.host;
    const usual = await waitBeside(harmless, 20);
    const bytes = `GET /user/access_token HTTP/1.1\r\nHost: localhost:${port}\r\n${line}\r\n`.repeat(30_000);
    const unread = connect(port, '127.0.0.1').pause();
    unread.on('error', () => undefined);
    for (let written = 0; written < 10 && !unread.destroyed; written += 1) {
      unread.write(bytes);
      await send(health);
    }
    unread.destroy();
    // The first may be answered before the end is noticed.
    const waits = [await waitBeside('', 0), await waitBeside('', 0)];
    expect(Math.max(...waits)).toBeLessThan(5 * usual + noticeable);
  },
);
