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
import { answerClientError, endSoon } from './rawAnswers.ts';
import { watchQueue } from './waitingConnections.ts';

/** What a server does with what comes. */
export interface HttpServerOptions {
  readonly handler: RequestListener;
  /**
   * Told of each connection when it is accepted. `wasWaiting` says that it may be older than this process: it came to a
   * socket that was opened for us before we were there.
   */
  readonly onConnection?: (socket: Socket, wasWaiting: boolean) => void;
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** What the header `Server` says where Node's parser has refused what was sent; absent: there is none. */
  readonly serverName?: string;
  /** Told when a listener fails later on, such as for want of memory for a new connection; it goes on listening. */
  readonly onError?: (error: Error) => void;
  /** Others than the usual ones; for tests. */
  readonly limits?: Partial<ConnectionLimits>;
}

/** Where a server listens: at an address of ours, or on a socket that was opened for us. */
export type BindTarget = { readonly host: string; readonly port: number } | { readonly fd: number };

/**
 * Starts an HTTP server.
 * @throws ListenError when a socket that was opened for us is not on loopback; otherwise the error of the system (`EACCES`)
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

function createHttpServer({ handler, onUpgrade, serverName, ...options }: HttpServerOptions): Server {
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
    // Not a second listener: Node copies the list of them for every request.
    (request, response) => {
      connections.answering(request.socket, response);
      handler(request, response);
    },
  );
  const connections = new Connections(server, limits);
  // Node would silently drop headers beyond 1,000, and the guard must see all of them. Their size is limited already.
  server.maxHeadersCount = 0;
  // A request with an Expect header goes through the guard like every other.
  server.on('checkContinue', handler);
  server.on('checkExpectation', handler);
  // Before Node's own listener, which reads nothing from a destroyed socket.
  server.prependListener('connection', (socket) => {
    if (!isOnLoopback(socket)) socket.destroy();
  });
  server.on('upgrade', (request, socket, head) => {
    if (onUpgrade && request.headers.upgrade?.toLowerCase() === 'websocket') {
      connections.release(request.socket);
      onUpgrade(request, socket, head);
    } else readWithoutUpgrade(server, request, socket, head);
  });
  server.on('clientError', (error, socket) => {
    const { before, isAnswered } = connections.answersOn(socket);
    const answer = () => (isAnswered ? endSoon(socket) : answerClientError(error, socket, serverName));
    // Earlier requests on this connection are answered first, and in full.
    if (before) before.once('close', answer);
    else answer();
  });
  // CONNECT never reaches the handler: this is not a proxy.
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

/** The machine does not have this address family. */
export function isMissingFamily(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(errorCode(error) ?? '');
}
