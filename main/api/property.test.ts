import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  ada,
  failureOf,
  idleBroker,
  parametersOf,
  type ScriptedWorld,
  scriptedWorld,
} from '../../testing/brokerWorld.ts';
import { testGate } from '../../testing/testGate.ts';
import { s256 } from '../broker/login/challenge.ts';
import { callerWith } from '../callers/caller.ts';
import { listen } from '../listener/listen.ts';
import { openApiDocument } from './description/openapi.ts';
import { apiOperations } from './operationList.ts';
import { createApi } from './server.ts';

/**
 * Whatever a program sends, the answer is one that the API's own description has. The requests come from that description:
 * right ones, nearly right ones and hostile ones.
 *
 * The API, the listener and the broker are the real ones. The provider is a double without sockets: the local one needs a
 * dozen requests for a login, and could not answer more than 20,000 times in the time that a test may take. So is the
 * look-up of the caller, which always finds the broker's own user, and the person: they sign in, deny or walk away at once.
 */
const seed = 20_261_121;
const runs = 1000;
/** An answer that takes longer is a hang. Milliseconds. */
const timeout = 10_000;
/** Of a caller that cannot be identified, where every program of the user is let in. */
const owner = 'unknown';
const listedRedirect = 'http://127.0.0.1:4567/callback';
const listedReturn = 'https://app.example/bye';

/** The part of JSON Schema that the description uses. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly format?: string;
  readonly additionalProperties?: boolean;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

interface Described {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** Nobody asks for the page /docs here. */
const docsFolder = 'unused';
const instance = { id: randomUUID(), version: '1.2.3', compatibleVersion: '12.3.4' };

const description = JSON.parse(
  JSON.stringify(
    openApiDocument(
      apiOperations({
        broker: idleBroker(),
        gate: testGate(),
        commandKey: 'unused',
        now: () => 0,
        log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
        instance,
        docsFolder,
      }),
      instance.version,
      {},
    ),
  ),
) as Description;

/** What the checker below understands; a keyword that it does not know would be a promise that nobody checks. */
const knownKeywords = new Set([
  ...['$ref', 'type', 'properties', 'required', 'items', 'enum', 'const', 'pattern', 'minLength', 'maxLength'],
  ...['minimum', 'maximum', 'allOf', 'anyOf', 'oneOf', 'format', 'additionalProperties'],
]);

function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const found = description.components.schemas[schema.$ref.replace('#/components/schemas/', '')];
  if (!found) throw new Error(`${schema.$ref} is not described`);
  return found;
}

/** The fields that a schema names, its parts included. */
function fieldsOf(schema: Schema): Readonly<Record<string, Schema>> {
  const { properties = {}, allOf = [] } = resolved(schema);
  return Object.assign({}, ...allOf.map(fieldsOf), properties);
}

/** What is wrong with a value, by the schema; a field that is not described is wrong too. Empty when it fits. */
function problemsOf(given: Schema, value: unknown, at = 'body', isPart = false): string[] {
  const schema = resolved(given);
  const unknownKeyword = Object.keys(schema).find((keyword) => !knownKeywords.has(keyword));
  if (unknownKeyword !== undefined) return [`${at}: this test does not know the keyword ${unknownKeyword}`];
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives && !alternatives.some((one) => problemsOf(one, value, at).length === 0)) return [`${at}: no fit`];
  const problems = (schema.allOf ?? []).flatMap((part) => problemsOf(part, value, at, true));
  if (schema.const !== undefined && schema.const !== value) problems.push(`${at}: not ${schema.const}`);
  if (schema.enum && !schema.enum.includes(value)) problems.push(`${at}: not one of ${schema.enum.join(', ')}`);
  const type = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  const isOfType = schema.type === undefined || schema.type === (Number.isInteger(value) ? 'integer' : type);
  if (!isOfType && !(schema.type === 'number' && type === 'number')) return [...problems, `${at}: is a ${type}`];
  if (typeof value === 'string') {
    const { pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
    if (value.length < minLength || value.length > maxLength) problems.push(`${at}: has ${value.length} characters`);
    if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) problems.push(`${at}: not like ${pattern}`);
  }
  if (typeof value === 'number') {
    const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
    if (value < minimum || value > maximum) problems.push(`${at}: ${value} is out of range`);
  }
  if (Array.isArray(value) && schema.items) {
    const { items } = schema;
    problems.push(...value.flatMap((one, index) => problemsOf(items, one, `${at}[${index}]`)));
  }
  if (type === 'object' && typeof value === 'object' && value !== null) {
    for (const name of schema.required ?? []) if (!(name in value)) problems.push(`${at}.${name}: is missing`);
    const fields = fieldsOf(schema);
    for (const [name, one] of Object.entries(value)) {
      const field = fields[name];
      if (field) problems.push(...problemsOf(field, one, `${at}.${name}`));
      else if (!isPart && Object.keys(fields).length > 0) problems.push(`${at}.${name}: is not described`);
    }
  }
  return problems;
}

interface Reply {
  readonly status: number;
  /** By lower-case name; doubled ones are joined with a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** A connection that is kept and sends these very bytes. Raw, because an HTTP client refuses to send most of them. */
class Connection {
  readonly #port: number;
  #socket: Socket | undefined;
  #received = Buffer.alloc(0);
  #look: () => void = () => undefined;

  constructor(port: number) {
    this.#port = port;
  }

  close(): void {
    this.#socket?.destroy();
  }

  /** @throws Error when there is no whole answer in time, or more than one */
  async ask(method: string, bytes: Buffer): Promise<Reply> {
    const socket = this.#open();
    const answered = new Promise<Reply>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`no answer within ${timeout} ms`)), timeout);
      this.#look = () => {
        const reply = this.#take(method, socket.destroyed);
        if (!reply && !socket.destroyed) return;
        clearTimeout(limit);
        if (reply) resolve(reply);
        else
          reject(
            new Error(`the connection was closed without a whole answer: ${JSON.stringify(String(this.#received))}`),
          );
      };
    });
    socket.write(bytes);
    const reply = await answered.finally(() => {
      this.#look = () => undefined;
    });
    // An upgraded connection speaks HTTP no more; what could not be parsed was not known to be a HEAD.
    const isOver = reply.status === 101 || reply.headers.get('connection') === 'close';
    if (isOver) socket.destroy();
    else if (this.#received.length > 0) throw new Error(`more than one answer: ${this.#received}`);
    return reply;
  }

  #open(): Socket {
    if (this.#socket && !this.#socket.destroyed && this.#socket.writable) return this.#socket;
    this.#socket?.destroy();
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    this.#received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      if (this.#socket !== socket) return;
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#look();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket === socket) this.#look();
    });
    return socket;
  }

  #take(method: string, isClosed: boolean): Reply | undefined {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end === -1) return undefined;
    const [first = '', ...lines] = this.#received.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(first.split(' ')[1]);
    if (status >= 100 && status < 200 && status !== 101) {
      this.#received = this.#received.subarray(end + 4);
      return this.#take(method, isClosed);
    }
    const headers = new Map<string, string>();
    for (const line of lines) {
      const name = line.slice(0, line.indexOf(':')).toLowerCase();
      const value = line.slice(line.indexOf(':') + 1).trim();
      headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
    }
    const length = method === 'HEAD' || status === 204 || status === 101 ? 0 : Number(headers.get('content-length'));
    if (Number.isNaN(length)) throw new Error(`an answer without Content-Length: ${first}`);
    const rest = this.#received.subarray(end + 4);
    if (rest.length < length) return undefined;
    // The first WebSocket frames may follow a 101 at once.
    this.#received = status === 101 ? Buffer.alloc(0) : rest.subarray(length);
    return { status, headers, body: rest.subarray(0, length) };
  }
}

/** Values that mean something, by field; a text that begins with `$` is replaced by what the broker has made. */
const meaningful: Readonly<Record<string, readonly unknown[]>> = {
  client_id: ['loopgate-demo', 'other-client'],
  redirect_uri: ['http://localhost:39300/pkce/response/code', listedRedirect, 'https://evil.example/'],
  returnTo: [listedReturn, 'https://evil.example/'],
  state: ['$state', '6dd9f7f4-1c57-4e43-8bb1-6f1f0c1d0a7e', 'b'.repeat(64)],
  nonce: ['$state', '6dd9f7f4-1c57-4e43-8bb1-6f1f0c1d0a7e'],
  code_challenge: ['$challenge', s256('v'.repeat(43)), 'short'],
  code_verifier: ['$verifier', 'v'.repeat(43)],
  code: ['$code', 'not-a-code'],
  iss: ['https://tenant.example/', 'https://evil.example/'],
  error: ['access_denied', 'server_error'],
  scope: ['openid profile', 'openidemail', ['openid', 'email'], 'openid,profile', '', []],
  audience: ['https://api.example/', 'https://other.example/'],
  refresh_token: ['$refresh', 'refresh-of-mine'],
  prompt: ['login', 'none', 'consent'],
  organization: ['org_42'],
  user: [ada, 'auth0|grace-hopper', 'onboarded', '%', '..'],
  user_id: [ada, 'auth0|grace-hopper', 42],
  application: ['$application', '6dd9f7f4-1c57-4e43-8bb1-6f1f0c1d0a7e'],
  Authorization: [
    'Bearer $access',
    '$access',
    'bearer  $access ',
    'Bearer',
    'Basic YTpi',
    'Bearer a b',
    'Bearer \xff\xfe',
  ],
};

/** Parameters that a request which is to succeed does not have. */
const seldom = ['error', 'error_description'];

const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', 'UNKNOWN', 'null', 'undefined', '[object Blob]', '__proto__', '\u0000', '\ud800', '💥'.repeat(9)),
  fc.constantFrom(
    "'; DROP TABLE users; --",
    '<script>alert(1)</script>',
    '../../etc/passwd',
    '%00%0d%0aSet-Cookie: a=b',
  ),
  fc.constantFrom('a\r\nX-Injected: 1', '{"a":1}', '-1', '1e999', 'true', ' ', '+', '%'),
);
const huge = fc.constantFrom(1_000, 31_000, 33_000, 70_000).map((length) => 'h'.repeat(length));
const wrong: fc.Arbitrary<unknown> = fc.oneof(
  odd,
  fc.constantFrom(null, true, 0, -1, 1.5, 1e308, [], {}, [[]], { a: { b: [] } }, '', 'UNKNOWN', '$state', '$code'),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Values that fit a schema, or nearly so. */
function arbitraryOf(given: Schema, name = ''): fc.Arbitrary<unknown> {
  const schema = resolved(given);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return fc.oneof(...alternatives.map((one) => arbitraryOf(one, name)));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const known = meaningful[name];
  if (known && schema.type !== 'object') {
    const [usual, ...others] = known;
    return fc.oneof(
      { weight: 20, arbitrary: fc.constant(usual) },
      { weight: 3, arbitrary: fc.constantFrom(usual, ...others) },
      { weight: 1, arbitrary: odd },
    );
  }
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'integer') return fc.maxSafeInteger();
  if (schema.type === 'array') return fc.array(arbitraryOf(schema.items ?? {}), { maxLength: 3 });
  if (schema.type === 'object') {
    const fields = Object.entries(schema.properties ?? {}).map(([field, one]) => [field, arbitraryOf(one, field)]);
    const model: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(fields);
    return fc.record(model, { requiredKeys: [...(schema.required ?? [])] });
  }
  if (schema.format === 'uuid') return fc.uuid();
  return schema.type === 'string' ? fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }) : wrong;
}

/** One thing that is done to a request that fits. */
type Change = { readonly kind: 'drop' | 'set' | 'add' | 'double'; readonly field: number; readonly value: unknown };

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('drop', 'set', 'add', 'double'),
  field: fc.nat(12),
  value: fc.oneof({ weight: 6, arbitrary: wrong }, { weight: 1, arbitrary: huge }),
});

const headerLines: readonly (readonly string[])[] = [
  ['Accept: text/html', 'Sec-Fetch-Mode: navigate'],
  ['Accept: text/html,*/*', 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'],
  ['Accept: application/json'],
  ['Sec-Fetch-Site: none', 'Sec-Fetch-Mode: cors'],
  ['Origin: https://evil.example'],
  ['Origin: null', 'Accept: text/html'],
  ['Origin: https://tool.example', 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: cors'],
  ['Origin: a', 'Origin: b'],
  ['Host: evil.example'],
  ['Authorization: Bearer $access'],
  ['Authorization: \xff'],
  ['Content-Encoding: gzip'],
  ['Expect: 100-continue'],
  ['Expect: the-unexpected'],
  // Java's own HTTP client says this on every first request; RFC 9110 §7.8 lets a server go on in HTTP/1.1.
  ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
  ['X-HTTP-Method-Override: DELETE', 'X-Forwarded-Host: evil.example', 'X-Forwarded-For: 203.0.113.9'],
  ['Range: bytes=0-1', 'If-None-Match: *', 'If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT'],
  ['X-Application-ID: 42', 'application: not-a-uuid', 'Cookie: a=b'],
  [`X-Long: ${'l'.repeat(8_000)}`],
  ['X-Broken: \x00'],
  ['Broken Name: 1'],
];

const upgrade = ['Connection: Upgrade', 'Upgrade: websocket'];
const webSocketKey = `Sec-WebSocket-Key: ${'A'.repeat(22)}==`;
/** A right handshake (RFC 6455 §4.1), and wrong ones. */
const handshakeLines: readonly (readonly string[])[] = [
  [...upgrade, 'Sec-WebSocket-Version: 13', webSocketKey],
  [...upgrade, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: short'],
  [...upgrade, 'Sec-WebSocket-Version: 7', webSocketKey],
  [...upgrade, 'Sec-WebSocket-Extensions: permessage-deflate; =', 'Sec-WebSocket-Version: 13', webSocketKey],
  upgrade,
];

const contentTypes = [
  'application/json',
  'application/x-www-form-urlencoded',
  'Application/JSON; charset=UTF-8',
  'application/json; charset=utf-7',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/json, text/plain',
  '',
  ';;;',
];

/** What the world is like when the request comes. */
interface Circumstances {
  readonly isSignedIn: boolean;
  readonly person: 'signs in' | 'denies' | 'walks away' | 'has no browser';
  readonly provider: 'well' | 'unreachable' | 'overloaded' | 'refusing' | 'nonsense';
}

interface Asked {
  readonly circumstances: Circumstances;
  readonly values: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly changes: readonly Change[];
  readonly headers: readonly (readonly string[])[];
  readonly contentType: string | undefined;
  readonly cut: 'no' | 'half' | 'empty' | 'null' | 'deep' | 'bytes';
  readonly isChunked: boolean;
  readonly querySuffix: string;
}

const mostly = <T>(usual: T, others: fc.Arbitrary<T>, weight = 4): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: others });

function requestsOf(operation: Described): fc.Arbitrary<Asked> {
  const parameters = operation.parameters ?? [];
  const content = Object.values(operation.requestBody?.content ?? {})[0];
  const isStream = operation.operationId.startsWith('stream');
  const usualLines = isStream ? handshakeLines.slice(0, 1) : [];
  const lines = isStream ? [...headerLines, ...handshakeLines] : headerLines;
  return fc.record({
    circumstances: fc.record({
      isSignedIn: mostly(true, fc.constant(false), 3),
      person: mostly<Circumstances['person']>('signs in', fc.constantFrom('denies', 'walks away', 'has no browser'), 3),
      provider: mostly<Circumstances['provider']>(
        'well',
        fc.constantFrom('unreachable', 'overloaded', 'refusing', 'nonsense'),
      ),
    }),
    values: fc.record(
      Object.fromEntries(
        parameters.map(({ name, schema }) => {
          const value = arbitraryOf(schema, name);
          return [name, seldom.includes(name) ? mostly<unknown>(undefined, value) : value];
        }),
      ),
    ),
    // Operations without a body are sent one now and then.
    body: content?.schema ? arbitraryOf(content.schema) : mostly<unknown>(undefined, wrong, 3),
    changes: mostly<readonly Change[]>([], fc.array(change, { minLength: 1, maxLength: 3 }), 1),
    headers: mostly<readonly (readonly string[])[]>(
      usualLines,
      fc.array(fc.constantFrom(...lines), { maxLength: 2 }),
      1,
    ),
    contentType: mostly<string | undefined>(undefined, fc.constantFrom(...contentTypes), 6),
    cut: mostly<Asked['cut']>('no', fc.constantFrom('half', 'empty', 'null', 'deep', 'bytes'), 6),
    isChunked: mostly(false, fc.constant(true), 6),
    querySuffix: mostly(
      '',
      fc.constantFrom(
        '?',
        '&',
        '&&==&',
        '&a=%',
        '&a=%zz',
        '&a=%ff%fe',
        `&a=${'q'.repeat(9_000)}`,
        '&__proto__=1',
        '&state=1&state=2',
      ),
      6,
    ),
  });
}

/** A query or form with the changes made to it. */
function asParameters(fields: Record<string, unknown>, changes: readonly Change[], known: KnownText): string {
  const pairs = Object.entries(fields).filter(([, value]) => value !== undefined);
  for (const { kind, field, value } of changes) {
    const at = pairs.length === 0 ? 0 : field % pairs.length;
    const name = pairs[at]?.[0] ?? 'extra';
    if (kind === 'drop') pairs.splice(at, 1);
    else if (kind === 'set') pairs.splice(at, 1, [name, value]);
    else pairs.push([kind === 'double' ? name : 'extra', value]);
  }
  const parameters = new URLSearchParams();
  for (const [name, value] of pairs) {
    const isPlain = typeof value !== 'object' || value === null;
    for (const one of Array.isArray(value) ? value : [isPlain ? value : JSON.stringify(value)]) {
      parameters.append(name, known(String(one)));
    }
  }
  return parameters.toString();
}

function asJson(body: unknown, changes: readonly Change[], known: KnownText): string {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    const [first] = changes;
    return known(JSON.stringify(first ? first.value : body) ?? '');
  }
  const members = Object.entries(body).map(([name, value]): [string, unknown] => [name, value]);
  for (const { kind, field, value } of changes) {
    const at = members.length === 0 ? 0 : field % members.length;
    const name = members[at]?.[0] ?? 'extra';
    if (kind === 'drop') members.splice(at, 1);
    else if (kind === 'set') members.splice(at, 1, [name, value]);
    else members.push([kind === 'double' ? name : '__proto__', value]);
  }
  // By hand: an object cannot have a member twice.
  const written = members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`);
  return known(`{${written.join(',')}}`);
}

/** Puts what the broker has made in the place of the `$` names. */
type KnownText = (text: string) => string;

function bytesOf(
  method: string,
  path: string,
  operation: Described,
  asked: Asked,
  port: number,
  known: KnownText,
): Buffer {
  const parameters = operation.parameters ?? [];
  const placed = (where: string) =>
    Object.fromEntries(parameters.filter((one) => one.in === where).map(({ name }) => [name, asked.values[name]]));
  const target = path.replace(/\{([a-z]+)\}/g, (_, name: string) => {
    const value = known(String(asked.values[name]));
    // A lone surrogate, which encodeURIComponent does not take, becomes a replacement character.
    return encodeURIComponent(Buffer.from(value).toString()) || 'x';
  });
  const mediaType = Object.keys(operation.requestBody?.content ?? {})[0];
  const hasQuery = parameters.some((one) => one.in === 'query');
  const query = asParameters(placed('query'), hasQuery ? asked.changes : [], known);
  const isForm = mediaType === 'application/x-www-form-urlencoded';
  const fields = typeof asked.body === 'object' && asked.body !== null ? { ...asked.body } : {};
  const whole = Buffer.from(
    asked.body === undefined
      ? ''
      : isForm
        ? asParameters(fields, asked.changes, known)
        : asJson(asked.body, asked.changes, known),
  );
  const body = {
    no: whole,
    half: whole.subarray(0, Math.floor(whole.length / 2)),
    empty: Buffer.alloc(0),
    null: Buffer.from('null'),
    deep: Buffer.from('['.repeat(10_000)),
    bytes: Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28]),
  }[asked.cut];
  const hasBody = asked.body !== undefined || asked.cut !== 'no';
  const contentType = asked.contentType ?? mediaType;
  const authorization = asked.values.Authorization;
  const lines = [
    `${method} ${target}?${query}${asked.querySuffix} HTTP/1.1`,
    `Host: localhost:${port}`,
    ...(hasBody && contentType !== undefined ? [`Content-Type: ${contentType}`] : []),
    ...(hasBody ? [asked.isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`] : []),
    ...(authorization === undefined ? [] : [`Authorization: ${known(String(authorization)).replace(/[\r\n]/g, ' ')}`]),
    ...asked.headers.flat().map(known),
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (!hasBody) return head;
  if (!asked.isChunked) return Buffer.concat([head, body]);
  const chunk = body.length === 0 ? [] : [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')];
  return Buffer.concat([head, ...chunk, Buffer.from('0\r\n\r\n')]);
}

/** Time passes for the broker, for the provider and for what checks its tokens. */
function pass({ clock }: ScriptedWorld, milliseconds: number): void {
  clock.advance(milliseconds);
  vi.setSystemTime(clock.now());
}

const failures: Readonly<Record<Circumstances['provider'], () => Response>> = {
  well: () => Response.json({}),
  unreachable: () => {
    throw new TypeError('fetch failed');
  },
  overloaded: () => new Response('too many', { status: 429, headers: { 'Retry-After': '1' } }),
  refusing: () =>
    Response.json(
      { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' },
      { status: 400, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } },
    ),
  nonsense: () =>
    new Response('<html>Sign in to the hotel network</html>', { headers: { 'Content-Type': 'text/html' } }),
};

/** Makes the circumstances, and gives what the broker has made, for requests that are to get beyond the first check. */
async function arrange(
  world: ScriptedWorld,
  operation: Described,
  asked: Circumstances,
  application: string,
): Promise<KnownText> {
  const { broker, browser, vault } = world;
  // Only so many logins may be started in a minute (L8); what still waits from the last request is over.
  pass(world, broker.state().waiting ? 240_000 : 1_500);
  world.provider.answers.clear();
  browser.deny = false;
  browser.failure = undefined;
  browser.person = 'Ada Lovelace';
  const isNow = broker.state().person !== undefined;
  if (asked.isSignedIn && !isNow) await broker.signIn();
  if (!asked.isSignedIn && isNow) await broker.signOut();
  const { state, codeChallenge, codeVerifier } = broker.challenge(owner);
  const { accessToken = 'none', refreshToken = 'none' } = vault.state?.accounts[0] ?? {};
  const texts: Record<string, string> = {
    $state: state,
    $challenge: codeChallenge,
    $verifier: codeVerifier,
    $access: accessToken,
    $refresh: refreshToken,
    $code: 'a-code',
    $application: application,
  };
  if (operation.operationId.startsWith('respondWithCode')) {
    // A login that waits for this very request.
    browser.person = undefined;
    const tabs = browser.opened.length;
    void failureOf(broker.authorize(owner, { state, codeChallenge }));
    texts.$state = parametersOf(await browser.tab(tabs)).state ?? '';
  }
  if (asked.person === 'signs in' && ['generateToken', 'exchangeForAuth0Token'].includes(operation.operationId)) {
    const received = await broker.authorize(owner, { state, codeChallenge });
    texts.$code = received.code;
  }
  browser.deny = asked.person === 'denies';
  if (asked.person === 'walks away') browser.person = undefined;
  if (asked.person === 'has no browser') browser.failure = () => new Error('no browser');
  if (asked.provider !== 'well') {
    for (const path of ['/oauth/token', '/userinfo', '/oauth/revoke', '/.well-known/openid-configuration']) {
      world.provider.answers.set(path, failures[asked.provider]);
    }
  }
  return (text) => text.replace(/\$[a-z]+/g, (name) => texts[name] ?? name);
}

/** What is not as the description says. Undefined when all is. */
function violationOf(operation: Described, method: string, reply: Reply): string | undefined {
  const { status, headers, body } = reply;
  const about = `${status} ${headers.get('content-type') ?? ''} ${JSON.stringify(body.toString().slice(0, 400))}`;
  if (status === 500) return `a 500: ${about}`;
  const described = operation.responses[status];
  if (!described) return `a status that is not described: ${about}`;
  if (headers.has('retry-after')) return `a Retry-After, which makes clients sleep: ${about}`;
  if (headers.has('x-injected') || headers.has('x-powered-by')) return `a foreign header: ${about}`;
  if (status === 200 && headers.get('cache-control') !== 'no-store') return `an answer that may be stored: ${about}`;
  if (method === 'HEAD') return body.length > 0 ? `a body for HEAD: ${about}` : undefined;
  const mediaType = headers.get('content-type')?.split(';')[0];
  if (!described.content)
    return body.length > 0 || mediaType !== undefined ? `a body where none is: ${about}` : undefined;
  const { schema } = described.content[mediaType ?? ''] ?? {};
  if (!schema) return `a content type that is not described: ${about}`;
  const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  const problems = problemsOf(schema, mediaType === 'application/json' ? JSON.parse(text) : text);
  return problems.length > 0 ? `${problems.join('; ')}: ${about}` : undefined;
}

/** The id that a program gets when it connects. */
async function connectedApplication(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/connect`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ application: { name: 'VS_CODE', version: '1.0.0', platform: 'LINUX' } }),
  });
  return problemsOf({ $ref: '#/components/schemas/Context' }, await response.clone().json()).length === 0
    ? ((await response.json()) as { application: { id: string } }).application.id
    : '';
}

const routes = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, path, operation })),
);

afterEach(() => {
  vi.useRealTimers();
});

test('every operation of the contract is among those that are tried', () => {
  expect(routes.length).toBeGreaterThanOrEqual(22);
  expect(routes.map(({ route }) => route)).toEqual(expect.arrayContaining(['POST /pkce/code', 'GET /user/stream']));
});

describe(`whatever is sent (seed ${seed}, ${runs} requests each), the answer is a described one`, () => {
  test.for(routes)('$route', { timeout: 60_000 }, async ({ route, path, operation }) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-20T10:00:00.000Z') });
    const method = route.split(' ')[0] ?? '';
    const world = await scriptedWorld({
      settings: { clients: ['other-client'], redirectUris: [listedRedirect], returnTo: [listedReturn] },
    });
    // The description of the callback has no `iss`; a provider that announces it would have to send it (R6).
    world.provider.metadata = { authorization_response_iss_parameter_supported: undefined };
    const { broker } = world;
    const unexpected: string[] = [];
    const api = createApi({
      broker,
      gate: testGate('same-user', { clock: world.clock }, ['https://tool.example']),
      callers: { find: async () => callerWith(async () => undefined), mayBringLogin: async () => true },
      now: () => world.clock.now(),
      log: {
        debug: () => undefined,
        info: () => undefined,
        warn: () => undefined,
        error: (fields) => unexpected.push(JSON.stringify(fields)),
      },
      instance,
      commandKey: 'unused',
      docsFolder,
    });
    const listening = await listen({ port: 0, handler: api.handler, onUpgrade: api.onUpgrade });
    const connection = new Connection(listening.port);
    onTestFinished(async () => {
      connection.close();
      await Promise.all([api.close(), listening.close()]);
    });
    const application = await connectedApplication(listening.port);
    // Nobody finishes a login when the person has walked away: its time runs out, by the broker's clock.
    const isLeft = () => world.browser.person === undefined || world.browser.failure !== undefined;
    const isCallback = operation.operationId.startsWith('respondWithCode');
    broker.onChange(() => {
      if (isLeft() && !isCallback && broker.state().waiting) setImmediate(() => isLeft() && pass(world, 240_000));
    });
    let sent = '';
    const seen = new Map<number, number>();
    const outcome = await fc.check(
      fc.asyncProperty(requestsOf(operation), async (asked) => {
        const known = await arrange(world, operation, asked.circumstances, application);
        const bytes = bytesOf(method, path, operation, asked, listening.port, known);
        const violation = await connection.ask(method, bytes).then(
          (reply) => {
            seen.set(reply.status, (seen.get(reply.status) ?? 0) + 1);
            return violationOf(operation, method, reply);
          },
          (error: unknown) => String(error),
        );
        sent = JSON.stringify(bytes.toString('latin1').replace(/(.)\1{99,}/g, '$1…'));
        expect(violation, JSON.stringify(asked.circumstances)).toBe(undefined);
      }),
      // The counterexample is the first one found: the world goes on from run to run, so that shrinking would lie.
      { seed, numRuns: runs, endOnFailure: true },
    );
    if (outcome.failed) {
      const after = `after ${outcome.numRuns} requests with the seed ${outcome.seed}`;
      throw new Error([after, `sent: ${sent}`, ...unexpected].join('\n'), { cause: outcome.errorInstance });
    }
    // Not vacuous: enough of the requests were right.
    const success = Number(Object.keys(operation.responses).find((status) => Number(status) < 300));
    expect(seen.get(success)).toBeGreaterThan(runs / 50);
    // The process keeps answering, to a newcomer as well.
    const newcomer = new Connection(listening.port);
    const health = Buffer.from(`GET /.well-known/health HTTP/1.1\r\nHost: localhost:${listening.port}\r\n\r\n`);
    expect((await newcomer.ask('GET', health)).status).toBe(200);
    newcomer.close();
    expect(unexpected).toEqual([]);
  });
});
