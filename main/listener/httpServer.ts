import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { verbatim } from '../../preload/texts/messages.ts';
import { keepConnectionTimes } from '../callers/linux/connectionTime.ts';
import { errorCode } from '../system/errorCode.ts';
import { type ConnectionLimits, Connections, defaultLimits } from './connections.ts';
import { readWithoutUpgrade } from './ignoredUpgrade.ts';
import { ListenError } from './listenErrors.ts';
import { isLoopback, isOnLoopback } from './loopback.ts';
import { answerClientError, endSoon, type RawPage } from './rawAnswers.ts';
import { watchQueue } from './waitingConnections.ts';

/** The handlers and limits of a server. */
export interface HttpServerOptions {
  readonly handler: RequestListener;
  /**
   * Called for each accepted connection. `wasWaiting` means that it may be older than this process: it came to a
   * handed-over socket before this process started.
   */
  readonly onConnection?: (socket: Socket, wasWaiting: boolean) => void;
  /** Resolves when the connection is a WebSocket, or ends. Until then it counts as a connection like any other. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;
  /** Called with what Node's parser refuses. May give a page instead of the JSON error. */
  readonly onUnreadable?: (error: Error, socket: Duplex) => Promise<RawPage | undefined>;
  /** The `Server` header of errors from Node's parser; absent: without the header. */
  readonly serverName?: string;
  /** Called when a listener fails later, such as for lack of memory for a new connection. The listener continues. */
  readonly onError?: (error: Error) => void;
  /** Overrides the default limits; for tests. */
  readonly limits?: Partial<ConnectionLimits>;
}

/** Where a server listens: at one of our addresses, or on a handed-over socket. */
export type BindTarget = { readonly host: string; readonly port: number } | { readonly fd: number };

/**
 * Starts an HTTP server.
 * @throws ListenError when a handed-over socket is not on loopback; otherwise the system's error (`EACCES`)
 */
export async function startServer(target: BindTarget, options: HttpServerOptions): Promise<Server> {
  const { onConnection, onError } = options;
  const server = createHttpServer(options);
  const mayBeOlder = 'fd' in target ? watchQueue(server) : () => false;
  if (onConnection) server.on('connection', (socket: Socket) => onConnection(socket, mayBeOlder()));
  await bind(server, target);
  server.on('error', (error) => onError?.(error));
  if (process.platform === 'linux') keepConnectionTimes(server);
  // Runs before Node accepts the first connection.
  if ('fd' in target) closeUnlessLoopback(server);
  return server;
}

function bind(server: Server, target: BindTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const where = 'fd' in target ? target : { ...target, ipv6Only: target.host.includes(':') };
    server.listen({ ...where, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** @throws ListenError */
function closeUnlessLoopback(server: Server): void {
  const address = server.address();
  if (isLoopback(typeof address === 'object' ? address?.address : undefined)) return;
  const found = typeof address === 'object' && address !== null ? `${address.address} port ${address.port}` : 'a path';
  server.close();
  throw new ListenError(
    verbatim(
      `A socket that was handed over listens on ${found}. Loopgate serves 127.0.0.1 and ::1 alone: correct ListenStream= in the socket unit.`,
    ),
  );
}

function createHttpServer({ handler, onUpgrade, onUnreadable, serverName, ...options }: HttpServerOptions): Server {
  const limits = { ...defaultLimits, ...options.limits };
  // As the one listener: Node copies the list of listeners for each request.
  const take: RequestListener = (request, response) => {
    if (connections.answering(request.socket, response)) handler(request, response);
  };
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
    take,
  );
  const connections = new Connections(server, limits);
  // Node would silently drop headers after 1,000, and the guard must see them all. Their total size has a limit anyway.
  server.maxHeadersCount = 0;
  // A request with an Expect header goes through the guard too.
  server.on('checkContinue', take);
  server.on('checkExpectation', take);
  // Before Node's own listener, which reads nothing from a destroyed socket.
  server.prependListener('connection', (socket) => {
    if (!isOnLoopback(socket)) socket.destroy();
  });
  server.on('upgrade', (request, socket, head) => {
    if (onUpgrade && request.headers.upgrade?.toLowerCase() === 'websocket') {
      void onUpgrade(request, socket, head).then(() => connections.release(request.socket));
    } else readWithoutUpgrade(server, request, socket, head);
  });
  server.on('clientError', (error, socket) => {
    const { before, isAnswered } = connections.answersOn(socket);
    const answer = async () => {
      if (isAnswered) return endSoon(socket);
      answerClientError(error, socket, serverName, await onUnreadable?.(error, socket).catch(() => undefined));
    };
    // The server first answers earlier requests on this connection completely.
    if (before) before.once('close', () => void answer());
    else void answer();
  });
  // CONNECT never reaches the handler, because this is not a proxy.
  server.on('connect', (_request, socket) => answerClientError(new Error('CONNECT'), socket, serverName));
  return server;
}

/** The port that a server listens on; 0 when it has none. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Resolves when none of the servers has a socket any more. */
export async function closeAll(servers: readonly Server[]): Promise<void> {
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

/** Whether the machine lacks this address family. */
export function isMissingFamily(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(errorCode(error) ?? '');
}
