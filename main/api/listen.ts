import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** The order in which ports are tried when none was set: what the published clients look for. */
export const defaultPorts = [1000, 5323, 39300, 39301, 39302, 39303] as const;

/** Why a port could not be had, in words with the remedy. */
export interface RefusedPort {
  readonly port: number;
  readonly reason: string;
}

/** The API listens. */
export interface Listening {
  readonly port: number;
  /** The ports that were tried before and refused. */
  readonly refused: readonly RefusedPort[];
  /** Closes every socket; resolves when nothing listens any more (L11). */
  close(): Promise<void>;
}

/** What a connection may take up (L6). Times in milliseconds. */
export interface ConnectionLimits {
  /** For the headers to come, counted from the opening: also for a connection that says nothing. */
  readonly headers: number;
  /** For the whole request to come. */
  readonly request: number;
  /** For the next request on the same connection. Node's 5 s reset pooled clients in the middle of a request (L7). */
  readonly keepAlive: number;
  /** For an answer that nobody takes. One that is still being made may take any time: a person signs in meanwhile. */
  readonly unread: number;
  /** How often the first two are looked at. */
  readonly checking: number;
  /**
   * Connections of each family; below what systems let a process open (4,096 descriptors). Whoever asks for nothing has to
   * give way beyond that, so that another user of the machine cannot keep the port busy.
   */
  readonly connections: number;
}

const defaultLimits: ConnectionLimits = {
  headers: 10_000,
  request: 15_000,
  keepAlive: 65_000,
  unread: 30_000,
  checking: 2_000,
  connections: 1_500,
};

/** How long the other side may take to close a connection that was ended with an error, in milliseconds. */
const closePatience = 1_000;

/** No port could be had. The message says why and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

export interface ListenOptions {
  /** A port that was set: it alone is tried. 0 takes any free one. Absent: {@link defaultPorts}. */
  readonly port?: number;
  readonly handler: RequestListener;
  /** Told of each connection when it is accepted. */
  readonly onConnection?: (socket: Socket) => void;
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Told when a listener fails later on, such as for want of memory for a new connection; it goes on listening. */
  readonly onError?: (error: Error) => void;
  readonly platform?: NodeJS.Platform;
  /** The order to try when no port was set; for tests. */
  readonly ports?: readonly number[];
  /** Others than the usual ones; for tests. */
  readonly limits?: Partial<ConnectionLimits>;
}

/**
 * Listens on 127.0.0.1 and ::1, both or neither; ::1 is left out only where the machine has no IPv6 (R8).
 * @throws ListenError
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { port, platform = process.platform, ports = defaultPorts } = options;
  const refused: RefusedPort[] = [];
  for (const candidate of port === undefined ? ports : [port]) {
    try {
      const servers = await listenOnBoth(candidate, options);
      return { port: portOf(servers[0]), refused, close: () => closeAll(servers) };
    } catch (error) {
      refused.push({ port: candidate, reason: reasonOf(error, candidate, platform) });
    }
  }
  const reasons = refused.map(({ reason }) => reason).join(' ');
  throw new ListenError(
    port === undefined
      ? `No port could be had. ${reasons}`
      : `${reasons} LOOPGATE_PORT or "port" was set, so no other port was tried.`,
  );
}

async function listenOnBoth(port: number, options: ListenOptions): Promise<[Server, ...Server[]]> {
  // With any port, the number that IPv4 got may be taken on IPv6: another one is drawn then.
  for (let attempt = 1; ; attempt += 1) {
    const four = await listenOnOne('127.0.0.1', port, options);
    try {
      return [four, await listenOnOne('::1', portOf(four), options)];
    } catch (error) {
      if (isMissingFamily(error)) return [four];
      await closeAll([four]);
      if (port !== 0 || codeOf(error) !== 'EADDRINUSE' || attempt === 20) throw error;
    }
  }
}

function listenOnOne(host: string, port: number, options: ListenOptions): Promise<Server> {
  const { handler, onConnection, onUpgrade, onError } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const server = createServer(
    {
      // The guard answers a missing Host itself (L1).
      requireHostHeader: false,
      maxHeaderSize: 16 * 1024,
      headersTimeout: limits.headers,
      requestTimeout: limits.request,
      connectionsCheckingInterval: limits.checking,
      keepAliveTimeout: limits.keepAlive,
    },
    handler,
  );
  // Beyond 1,000 headers Node would pass over the others, which the guard must see; their size is limited already.
  server.maxHeadersCount = 0;
  // An expectation does not make a request one that passes by the guard.
  server.on('checkContinue', handler);
  server.on('checkExpectation', handler);
  if (onConnection) server.on('connection', onConnection);
  const connections = new Connections(server, limits);
  server.on('upgrade', (request, socket, head) => {
    if (onUpgrade && request.headers.upgrade?.toLowerCase() === 'websocket') {
      connections.release(request.socket);
      onUpgrade(request, socket, head);
    } else readWithoutUpgrade(server, request, socket, head);
  });
  server.on('clientError', (error, socket) => {
    const { before, isAnswered } = connections.answersOn(socket);
    const answer = () => (isAnswered ? endSoon(socket) : answerClientError(error, socket));
    // What was asked before on this connection is answered first, whole.
    if (before) before.once('close', answer);
    else answer();
  });
  // CONNECT never reaches the handler; this is no proxy.
  server.on('connect', (_request, socket) => answerClientError(new Error('CONNECT'), socket));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true, ipv6Only: host === '::1' }, () => {
      server.off('error', reject);
      server.on('error', (error) => onError?.(error));
      resolve(server);
    });
  });
}

/** The connections of a server, and which of them are good for nothing (L6). */
class Connections {
  /** Whoever has asked nothing for longest comes first. */
  readonly #open = new Set<Duplex>();
  /** The newest answer, and those before it that are not yet over. */
  readonly #answers = new WeakMap<Duplex, ServerResponse[]>();

  constructor(server: Server, limits: ConnectionLimits) {
    server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
      if (this.#open.size > limits.connections) this.#letOneGo();
    });
    server.on('request', ({ socket }, response) => {
      const before = this.#answers.get(socket)?.filter(({ closed }) => !closed) ?? [];
      this.#answers.set(socket, [...before, response]);
      this.release(socket);
      if (!socket.destroyed) this.#open.add(socket);
    });
    // Both the end of keep-alive and an answer that nobody takes come as this event.
    server.timeout = limits.unread;
    server.on('timeout', (socket) => {
      if (!this.#isBeingAnswered(socket)) socket.destroy();
    });
  }

  /**
   * Where an error on this connection stands: after the answer `before`, to the last request that came whole. `isAnswered`
   * says that the request with the error has its answer already.
   */
  answersOn(socket: Duplex): { before: ServerResponse | undefined; isAnswered: boolean } {
    const answers = this.#answers.get(socket) ?? [];
    const last = answers.at(-1);
    return {
      before: answers.findLast(({ req, closed }) => req.complete && !closed),
      isAnswered: last !== undefined && !last.req.complete && last.headersSent,
    };
  }

  /** This one is somebody else's business from now on. */
  release(socket: Duplex): void {
    this.#open.delete(socket);
  }

  /** A whole request came, and its answer is being made. */
  #isBeingAnswered(socket: Duplex): boolean {
    const answers = this.#answers.get(socket) ?? [];
    return answers.some(({ req, writableEnded, closed }) => req.complete && !writableEnded && !closed);
  }

  #letOneGo(): void {
    for (const socket of this.#open) {
      if (!this.#isBeingAnswered(socket)) return void socket.destroy();
    }
  }
}

/**
 * RFC 9110 §7.8: an upgrade that is not spoken here is ignored. Java's HTTP client asks for h2c with every request. Node has
 * stopped reading at the headers, so the request is read again, without the wish.
 */
function readWithoutUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  const { rawHeaders } = request;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    if (!['upgrade', 'http2-settings', 'connection'].includes(name.toLowerCase())) lines.push(`${name}: ${value}`);
  }
  if (/\bclose\b/i.test(request.headers.connection ?? '')) lines.push('Connection: close');
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

/** What Node's parser refuses never reaches the guard; it is JSON all the same (L7). */
function answerClientError(error: Error, socket: Duplex): void {
  if (!socket.writable) return void socket.destroy();
  const status = {
    HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
    ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  }[codeOf(error) ?? ''];
  const body = JSON.stringify({
    error: 'invalid_request',
    error_description:
      'The request is not well-formed HTTP, is too large, or was sent too slowly. Correct it and send it again.',
  });
  endSoon(
    socket,
    `HTTP/1.1 ${status ?? '400 Bad Request'}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/**
 * Ends a connection, if need be after last words. Whoever does not close their side would hold the descriptor for good;
 * closed at once, they might not read why.
 */
function endSoon(socket: Duplex, lastWords = ''): void {
  socket.end(lastWords);
  const impatience = setTimeout(() => socket.destroy(), closePatience);
  socket.once('close', () => clearTimeout(impatience));
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    ),
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function isMissingFamily(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(codeOf(error) ?? '');
}

function reasonOf(error: unknown, port: number, platform: NodeJS.Platform): string {
  const code = codeOf(error);
  if (code === 'EADDRINUSE') return `Port ${port} is taken by another program.`;
  if (code !== 'EACCES') return `Port ${port} cannot be used (${code ?? 'unknown error'}).`;
  if (platform === 'linux') {
    return `Port ${port} is privileged on this system: to use it, an administrator runs "sysctl -w net.ipv4.ip_unprivileged_port_start=${port}".`;
  }
  if (platform === 'win32') {
    return `Port ${port} is reserved by Windows: "netsh int ipv4 show excludedportrange tcp" shows by whom.`;
  }
  return `Port ${port} is privileged on this system.`;
}
