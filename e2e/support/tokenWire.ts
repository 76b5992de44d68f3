import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** What becomes of the next token request: carried to the provider and back, or stopped on the way. */
export type Course =
  | { readonly kind: 'carried' }
  /** It has left the program and never comes to the provider. `atMoment` is called in between. */
  | { readonly kind: 'request lost'; readonly atMoment: () => void }
  /** The provider has handled it; its answer stays on the wire, and `atMoment` is called. */
  | { readonly kind: 'answer lost'; readonly atMoment: () => void }
  /** Of the answer only the headers and half of the body come through. */
  | { readonly kind: 'half of the answer' };

/** A token request that came to the provider. */
export interface Carried {
  /** The refresh token that it spent. */
  readonly spent: string;
  readonly status: number;
  /** The tokens that it gave. */
  readonly given: { readonly refreshToken: string; readonly accessToken: string } | undefined;
}

/**
 * The wire between a program that gets killed and the provider's token endpoint. A request that has come in whole is handled
 * to its end, whatever becomes of the program, so that what the provider did is certain and not a race.
 */
export class TokenWire {
  course: Course = { kind: 'carried' };
  readonly #endpoint: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #handling = 0;
  #carried: Carried[] = [];
  #waiters: (() => void)[] = [];

  private constructor(endpoint: string) {
    this.#endpoint = endpoint;
    this.#server = createServer((request, response) => void this.#handle(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        this.#changed();
      });
    });
  }

  /** @param endpoint - the provider's token endpoint */
  static async to(endpoint: string): Promise<TokenWire> {
    const wire = new TokenWire(endpoint);
    wire.#server.listen(0, '127.0.0.1');
    await once(wire.#server, 'listening');
    return wire;
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * To be asked when the program is dead: resolves when everything that it had sent is handled, and gives the requests that
   * came to the provider since the last time.
   */
  async settled(): Promise<Carried[]> {
    // Connections are taken in their order: once this one is answered, those of the program have been seen.
    const probe = connect(this.#port, '127.0.0.1');
    probe.end('GET / HTTP/1.1\r\nHost: wire\r\nConnection: close\r\n\r\n');
    await text(probe);
    while (this.#sockets.size > 0 || this.#handling > 0) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    const carried = this.#carried;
    this.#carried = [];
    return carried;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#handling += 1;
    try {
      if (request.method !== 'POST') return void response.writeHead(204).end();
      await this.#carry(request, response);
    } catch {
      // Of a request that was cut off nothing is known, and nothing goes on.
      response.destroy();
    } finally {
      this.#handling -= 1;
      this.#changed();
    }
  }

  async #carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { course } = this;
    const form = await text(request);
    if (course.kind === 'request lost') {
      course.atMoment();
      return;
    }
    const answer = await fetch(this.#endpoint, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json', Connection: 'close' },
      body: form,
    });
    const body = Buffer.from(await answer.arrayBuffer());
    this.#carried.push({
      spent: new URLSearchParams(form).get('refresh_token') ?? '',
      status: answer.status,
      given: tokensIn(JSON.parse(body.toString())),
    });
    if (course.kind === 'answer lost') {
      course.atMoment();
      return;
    }
    response.writeHead(answer.status, { 'Content-Type': 'application/json', 'Content-Length': String(body.length) });
    if (course.kind === 'carried') response.end(body);
    else response.write(body.subarray(0, body.length / 2));
  }

  #changed(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

function tokensIn(answer: { refresh_token?: string; access_token?: string }): Carried['given'] {
  const { refresh_token: refreshToken, access_token: accessToken } = answer;
  return refreshToken === undefined || accessToken === undefined ? undefined : { refreshToken, accessToken };
}
