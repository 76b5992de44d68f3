/** A provider whose every secret carries a mark, and the search for these marks in whatever form. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { ScriptedProvider } from '../../testing/brokerWorld.ts';

/** What a mark is of. `sent` is what a caller has sent that it should not have. */
export type SecretKind =
  | 'access token'
  | 'refresh token'
  | 'ID token'
  | 'code'
  | 'device code'
  | 'user code'
  | 'state'
  | 'nonce'
  | 'verifier'
  | 'vault key'
  | 'sent';

/** Letters alone, so that no encoding of the whole changes them but those that {@link Secrets.in} looks for. */
const marks = {
  'access token': 'CanaryMarkAccess',
  'refresh token': 'CanaryMarkRefresh',
  'ID token': 'CanaryMarkIdentity',
  code: 'CanaryMarkCode',
  'device code': 'CanaryMarkDevice',
  'user code': 'CanaryMarkUser',
  sent: 'CanaryMarkSent',
} as const satisfies Partial<Record<SecretKind, string>>;

/** All secrets there are: the marks, and those that were learnt while the program ran. */
export class Secrets {
  readonly #needles = new Map<string, { kind: SecretKind; forms: readonly RegExp[] }>();

  constructor() {
    for (const [kind, mark] of Object.entries(marks)) this.learn(kind as SecretKind, mark);
  }

  /** From now on this very text is a secret; one that is too short to be told from other text is none. */
  learn(kind: SecretKind, text: string | null | undefined): void {
    if (text == null || text.length < 12 || this.#needles.has(text)) return;
    this.#needles.set(text, { kind, forms: formsOf(text) });
  }

  /**
   * Which kinds of secrets a text has in it: in the clear, in base64 or base64url at any offset, in hexadecimal, percent-encoded,
   * or in 16-bit characters.
   */
  in(text: string, options: { except?: readonly SecretKind[] } = {}): SecretKind[] {
    const found = new Set<SecretKind>();
    const narrow = text.replaceAll('\0', '');
    for (const { kind, forms } of this.#needles.values()) {
      if (options.except?.includes(kind) || found.has(kind)) continue;
      if (forms.some((form) => form.test(narrow))) found.add(kind);
    }
    return [...found];
  }
}

function formsOf(text: string): RegExp[] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  const percent = hex.replace(/../g, '%$&');
  const offsets = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    // What depends on the bytes before and behind is left out.
    const whole = encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
    return escaped(whole).replace(/\\\+/g, '[+-]').replaceAll('/', '[/_]');
  });
  const plain = new Set([escaped(text), escaped(encodeURIComponent(text)), escaped(JSON.stringify(text).slice(1, -1))]);
  return [new RegExp([...plain, ...offsets].join('|')), new RegExp(`${hex}|${percent}`, 'i')];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** A new secret of this kind, as long as real ones are. */
export function marked(kind: keyof typeof marks): string {
  return marks[kind] + randomBytes(24).toString('base64url');
}

/** A new secret that is short, and of characters that RFC 6749 (Appendix A) allows and few providers use. */
export function markedOddly(kind: keyof typeof marks): string {
  return `${marks[kind]}!${randomBytes(3).toString('hex')}*$`;
}

/** What the provider does instead of answering; a function answers with what it was sent. */
export type Mishap = 'reset' | 'hang' | ((sent: string) => Response | Promise<Response>);

/** {@link ScriptedProvider} behind a socket: honest but for its mishaps, and all its secrets are marked. */
export class CanaryProvider {
  readonly script: ScriptedProvider;
  readonly secrets = new Secrets();
  /** By path; `*` is for every path. */
  readonly mishaps = new Map<string, Mishap>();
  /** What the browser brings back instead of a code. */
  denial: ((state: string) => Record<string, string>) | undefined;
  /** Makes the secrets. */
  make: (kind: keyof typeof marks) => string = marked;
  readonly #server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.script = new ScriptedProvider(`http://localhost:${(server.address() as AddressInfo).port}/`);
    this.beHonest();
    server.on('request', (request, response) => void this.#answer(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(): Promise<CanaryProvider> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new CanaryProvider(server);
  }

  get issuer(): string {
    return this.script.issuer;
  }

  /** Takes back every mishap and lie. */
  beHonest(): void {
    this.mishaps.clear();
    this.denial = undefined;
    this.make = marked;
    this.script.beHonest();
    this.script.claims = { canary: marks['ID token'] };
  }

  /** Announces device authorization (RFC 8628), which starts with these codes. */
  offerDeviceFlow(): void {
    this.script.metadata = { device_authorization_endpoint: `${this.issuer}device` };
    this.script.answers.set('/device', () =>
      Response.json({
        device_code: this.make('device code'),
        user_code: `${marks['user code']}-1`,
        verification_uri: `${this.issuer}activate`,
        verification_uri_complete: `${this.issuer}activate?user_code=${marks['user code']}-1`,
        expires_in: 600,
        interval: 1,
      }),
    );
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.issuer);
    const body = String(await buffer(request));
    this.#learnFrom(url.searchParams);
    this.#learnFrom(new URLSearchParams(body));
    const mishap = this.mishaps.get(url.pathname) ?? this.mishaps.get('*');
    if (mishap === 'hang') return;
    if (mishap === 'reset') return void request.socket.resetAndDestroy();
    const sent = [request.url, body, request.headers.authorization].join(' ');
    const answer = mishap ? await mishap(sent) : await this.#honestly(request, url, body);
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  }

  async #honestly(request: IncomingMessage, url: URL, body: string): Promise<Response> {
    if (url.pathname === '/authorize') return await this.#login(url);
    if (url.pathname === '/v2/logout') return new Response('signed out');
    if (url.pathname === '/oauth/token') {
      this.script.tokens = {
        access_token: this.make('access token'),
        refresh_token: this.make('refresh token'),
        ...this.script.tokens,
      };
    }
    const answer = await this.script.fetch(url.href, { method: request.method ?? 'GET', ...(body !== '' && { body }) });
    if (url.pathname === '/oauth/token') {
      const { access_token: _, refresh_token: __, ...lies } = this.script.tokens;
      this.script.tokens = lies;
    }
    return answer;
  }

  /** The person signs in at once: what their browser is to bring, and where. */
  async #login(url: URL): Promise<Response> {
    const state = url.searchParams.get('state') ?? '';
    this.script.response = this.denial ? { code: undefined, ...this.denial(state) } : { code: this.make('code') };
    const brought = await this.script.login(url.href, '', {});
    return Response.json({ to: url.searchParams.get('redirect_uri'), fields: Object.fromEntries(brought) });
  }

  #learnFrom(parameters: URLSearchParams): void {
    this.secrets.learn('state', parameters.get('state'));
    this.secrets.learn('nonce', parameters.get('nonce'));
    this.secrets.learn('verifier', parameters.get('code_verifier'));
  }
}
