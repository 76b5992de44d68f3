import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { keepConnectionTimes } from '../callers/connectionTime.ts';
import { excludedRange } from './excludedPorts.ts';
import { isPiecesPort, piecesOs } from './piecesOs.ts';
import { describeOwner, type PortOwner, portOwner } from './portOwner.ts';

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

/** A port belongs to another Loopgate of the same user, as the operating system says: that one is to be used (L9). */
export class OwnLoopgateError extends ListenError {
  /** The process of the other one. */
  readonly pid: number | undefined;

  constructor(port: number, { pid }: PortOwner) {
    const which = pid === undefined ? '' : ` (process ${pid})`;
    super(`Loopgate already runs${which} and serves port ${port}. Use that one, or stop it and start again.`);
    this.pid = pid;
  }
}

/** What the system is asked about ports; for tests. */
export interface PortWorld {
  readonly portOwner: (port: number) => Promise<PortOwner | undefined>;
  readonly piecesOs: () => Promise<string | undefined>;
  readonly excludedRange: (port: number) => Promise<{ first: number; last: number } | undefined>;
}

export interface ListenOptions {
  /** A port that was set: it alone is tried. 0 takes any free one. */
  readonly port?: number;
  /** The order to try when no port was set. Absent: {@link defaultPorts}. */
  readonly ports?: readonly number[];
  /** Descriptors of listening sockets that were opened for this process (socket activation): they are used, and no port is tried. */
  readonly sockets?: readonly number[];
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
  /** What else can be done about a privileged port here, in one sentence. */
  readonly remedy?: string;
  readonly platform?: NodeJS.Platform;
  readonly world?: Partial<PortWorld>;
  /** Others than the usual ones; for tests. */
  readonly limits?: Partial<ConnectionLimits>;
}

/**
 * Listens on 127.0.0.1 and ::1, both or neither; ::1 is left out only where the machine has no IPv6 (R8). Where macOS gives a
 * privileged port on the wildcard address only, it listens there, and ends every connection that is not on loopback.
 * @throws OwnLoopgateError when another Loopgate of this user is met (L9); ListenError with the reason and what to do
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { port, ports = defaultPorts, sockets = [], platform = process.platform } = options;
  if (sockets.length > 0) return await listenOnHanded(sockets, options);
  const world: PortWorld = { portOwner, piecesOs, excludedRange, ...options.world };
  const refused: RefusedPort[] = [];
  let pieces: Promise<string | undefined> | undefined;
  for (const candidate of port === undefined ? ports : [port]) {
    if (port === undefined && isPiecesPort(candidate)) {
      pieces ??= world.piecesOs();
      const why = await pieces;
      if (why !== undefined) {
        refused.push({ port: candidate, reason: `The ports from 39300 on are left to Pieces OS: ${why}.` });
        continue;
      }
    }
    try {
      const servers = await listenOnBoth(candidate, options);
      return { port: portOf(servers[0]), refused, close: () => closeAll(servers) };
    } catch (error) {
      refused.push({ port: candidate, reason: await reasonOf(error, candidate, { ...options, platform, world }) });
    }
  }
  const reasons = reasonsOf(refused);
  throw new ListenError(
    port === undefined
      ? `No port could be had. ${reasons} Free one of them, or set LOOPGATE_PORTS or "ports" to others.`
      : `${reasons} LOOPGATE_PORT or "port" was set, so no other port was tried.`,
  );
}

/** Why ports were refused, each reason once. */
export function reasonsOf(refused: readonly RefusedPort[]): string {
  return [...new Set(refused.map(({ reason }) => reason))].join(' ');
}

/** Where a server listens: at an address of ours, or on a socket that was opened for us. */
type Place = { readonly host: string; readonly port: number } | { readonly fd: number };

async function listenOnBoth(port: number, options: ListenOptions): Promise<[Server, ...Server[]]> {
  try {
    return await listenOnPair(port, ['127.0.0.1', '::1'], options);
  } catch (error) {
    const { platform = process.platform } = options;
    if (platform !== 'darwin' || codeOf(error) !== 'EACCES') throw error;
    return await listenOnPair(port, ['0.0.0.0', '::'], options);
  }
}

async function listenOnPair(
  port: number,
  [four, six]: readonly [string, string],
  options: ListenOptions,
): Promise<[Server, ...Server[]]> {
  // With any port, the number that IPv4 got may be taken on IPv6: another one is drawn then.
  for (let attempt = 1; ; attempt += 1) {
    const first = await listenOnOne({ host: four, port }, options);
    try {
      return [first, await listenOnOne({ host: six, port: portOf(first) }, options)];
    } catch (error) {
      if (isMissingFamily(error)) return [first];
      await closeAll([first]);
      if (port !== 0 || codeOf(error) !== 'EADDRINUSE' || attempt === 20) throw error;
    }
  }
}

/**
 * Listens on sockets that were opened for this process. They must be 127.0.0.1 and ::1 with one port, and nothing else: what
 * others can reach is never served (R8). A family that was not handed over is opened here, when this user may.
 * @throws ListenError
 */
async function listenOnHanded(sockets: readonly number[], options: ListenOptions): Promise<Listening> {
  const servers: Server[] = [];
  try {
    for (const fd of sockets) servers.push(await listenOnOne({ fd }, options));
    const places = servers.map((server) => server.address());
    const addresses = places.map((place) => (typeof place === 'object' ? place?.address : undefined));
    const [first] = servers;
    if (!first) throw new ListenError('No socket was handed over.');
    const port = portOf(first);
    if (new Set(addresses).size < addresses.length || servers.some((server) => portOf(server) !== port)) {
      throw new ListenError(
        'The sockets that were handed over are not one of each family with the same port. The socket unit must have ListenStream=127.0.0.1:1000 and ListenStream=[::1]:1000, and no other.',
      );
    }
    if (options.port !== undefined && options.port !== 0 && options.port !== port) {
      throw new ListenError(
        `The socket that was handed over has port ${port}, and LOOPGATE_PORT or "port" is ${options.port}. Set both to the same, or remove the setting.`,
      );
    }
    for (const host of ['127.0.0.1', '::1'].filter((address) => !addresses.includes(address))) {
      servers.push(...(await listenOnMissing(host, port, options)));
    }
    return { port, refused: [], close: () => closeAll(servers) };
  } catch (error) {
    await closeAll(servers);
    if (error instanceof ListenError) throw error;
    throw new ListenError(
      `A socket that was handed over cannot be used (${codeOf(error) ?? 'unknown error'}). LISTEN_FDS must be the listening TCP sockets of 127.0.0.1 and ::1.`,
    );
  }
}

/** The family for which no socket was handed over; none where the machine does not have it. @throws ListenError */
async function listenOnMissing(host: string, port: number, options: ListenOptions): Promise<Server[]> {
  try {
    return [await listenOnOne({ host, port }, options)];
  } catch (error) {
    if (host === '::1' && isMissingFamily(error)) return [];
    const address = host === '::1' ? '[::1]' : host;
    throw new ListenError(
      `No socket for ${address} was handed over, and port ${port} cannot be opened there (${codeOf(error) ?? 'unknown error'}). Add ListenStream=${address}:${port} to the socket unit.`,
    );
  }
}

function listenOnOne(place: Place, options: ListenOptions): Promise<Server> {
  const { handler, onConnection, onUpgrade, onError, serverName } = options;
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
  // Beyond 1,000 headers Node would pass over the others, which the guard must see; their size is limited already.
  server.maxHeadersCount = 0;
  // An expectation does not make a request one that passes by the guard.
  server.on('checkContinue', handler);
  server.on('checkExpectation', handler);
  // What was refused here is never read: Node's own listener finds it destroyed.
  server.prependListener('connection', (socket) => {
    if (!isOnLoopback(socket)) socket.destroy();
  });
  const mayBeOlder = 'fd' in place ? watchQueue(server) : () => false;
  if (onConnection) server.on('connection', (socket: Socket) => onConnection(socket, mayBeOlder()));
  server.on('upgrade', (request, socket, head) => {
    if (onUpgrade && request.headers.upgrade?.toLowerCase() === 'websocket') {
      connections.release(request.socket);
      onUpgrade(request, socket, head);
    } else readWithoutUpgrade(server, request, socket, head);
  });
  server.on('clientError', (error, socket) => {
    const { before, isAnswered } = connections.answersOn(socket);
    const answer = () => (isAnswered ? endSoon(socket) : answerClientError(error, socket, serverName));
    // What was asked before on this connection is answered first, whole.
    if (before) before.once('close', answer);
    else answer();
  });
  // CONNECT never reaches the handler; this is no proxy.
  server.on('connect', (_request, socket) => answerClientError(new Error('CONNECT'), socket, serverName));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const where = 'fd' in place ? place : { ...place, ipv6Only: place.host.includes(':') };
    server.listen({ ...where, exclusive: true }, () => {
      server.off('error', reject);
      server.on('error', (error) => onError?.(error));
      if (process.platform === 'linux') keepConnectionTimes(server);
      const address = server.address();
      if ('fd' in place && !isLoopback(typeof address === 'object' ? address?.address : undefined)) {
        // Before anything of it was accepted.
        const found =
          typeof address === 'object' && address !== null ? `${address.address} port ${address.port}` : 'a path';
        server.close();
        return reject(
          new ListenError(
            `A socket that was handed over listens on ${found}. Loopgate serves 127.0.0.1 and ::1 alone: correct ListenStream= in the socket unit.`,
          ),
        );
      }
      resolve(server);
    });
  });
}

function isLoopback(address: string | undefined): boolean {
  return address === '127.0.0.1' || address === '::1';
}

/** Both ends, so that neither another machine nor an address of ours that others reach is served (R8). */
function isOnLoopback({ remoteAddress, localAddress }: Socket): boolean {
  return isLoopback(remoteAddress) && isLoopback(localAddress);
}

/**
 * Tells connections that waited before this process was there from later ones. Who waited may have started another program
 * in its place meanwhile. A queue is first in, first out: when a connection of our own has come out of it, so have they all.
 * @returns whether one that is accepted now may be from before
 */
function watchQueue(server: Server): () => boolean {
  let isDrained = false;
  const seen = new Set<string>();
  server.once('listening', () => {
    const address = server.address();
    if (typeof address !== 'object' || address === null || !isLoopback(address.address)) return;
    const own = connect(address.port, address.address);
    const end = (ip: string | undefined, port: number | undefined) => `${ip} ${port}`;
    const look = (peer: string) => {
      if (own.localPort === undefined || peer !== end(own.localAddress, own.localPort)) return;
      isDrained = true;
      seen.clear();
      own.destroy();
    };
    server.on('connection', ({ remoteAddress, remotePort }: Socket) => {
      if (isDrained) return;
      // Others may connect from another loopback address, at the very port of our own.
      const peer = end(remoteAddress, remotePort);
      seen.add(peer);
      if (!own.connecting) look(peer);
    });
    own.once('connect', () => {
      const self = end(own.localAddress, own.localPort);
      if (seen.has(self)) look(self);
    });
    own.on('error', () => undefined);
    server.once('close', () => own.destroy());
  });
  return () => !isDrained;
}

/** What stands on a connection. */
interface Standing {
  /** When it came, or asked last: counted up with every connection and request of the server. */
  lastAsked: number;
  /** The newest answer, and those before it that are not yet over. */
  readonly answers: ServerResponse[];
}

/** The connections of a server, and which of them are good for nothing (L6). */
class Connections {
  readonly #open = new Map<Duplex, Standing>();
  #asked = 0;

  constructor(server: Server, limits: ConnectionLimits) {
    server.on('connection', (socket: Socket) => {
      if (!this.#open.has(socket)) this.#open.set(socket, { lastAsked: this.#count(), answers: [] });
      socket.once('close', () => this.#open.delete(socket));
      if (this.#open.size > limits.connections) this.#letOneGo();
    });
    // Both the end of keep-alive and an answer that nobody takes come as this event.
    server.on('timeout', (socket) => {
      if (!this.#isBeingAnswered(socket)) socket.destroy();
    });
    // Looked for now and then: a timer for every answer is much dearer, and hardly any is left unread.
    const looking = setInterval(() => this.#watchUnread(limits.unread), limits.checking);
    looking.unref();
    server.once('close', () => clearInterval(looking));
  }

  /** A request has come on this connection. */
  answering(socket: Duplex, response: ServerResponse): void {
    const standing = this.#open.get(socket);
    if (!standing) return;
    standing.lastAsked = this.#count();
    const { answers } = standing;
    while (answers[0]?.closed) answers.shift();
    answers.push(response);
  }

  /**
   * Where an error on this connection stands: after the answer `before`, to the last request that came whole. `isAnswered`
   * says that the request with the error has its answer already.
   */
  answersOn(socket: Duplex): { before: ServerResponse | undefined; isAnswered: boolean } {
    const answers = this.#open.get(socket)?.answers ?? [];
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

  #count(): number {
    this.#asked += 1;
    return this.#asked;
  }

  /** A whole request came, and its answer is being made. */
  #isBeingAnswered(socket: Duplex): boolean {
    const answers = this.#open.get(socket)?.answers ?? [];
    return answers.some(({ req, writableEnded, closed }) => req.complete && !writableEnded && !closed);
  }

  /** Answers that are made and not taken get a time, which begins anew whenever some of it is taken. Node ends it with the answer. */
  #watchUnread(milliseconds: number): void {
    for (const { answers } of this.#open.values()) {
      for (const { socket, writableEnded, closed } of answers) {
        if (writableEnded && !closed && socket && socket.timeout !== milliseconds) socket.setTimeout(milliseconds);
      }
    }
  }

  #letOneGo(): void {
    let idlest: Duplex | undefined;
    let lastAsked = Number.POSITIVE_INFINITY;
    for (const [socket, standing] of this.#open) {
      if (standing.lastAsked >= lastAsked || this.#isBeingAnswered(socket)) continue;
      idlest = socket;
      lastAsked = standing.lastAsked;
    }
    idlest?.destroy();
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
function answerClientError(error: Error, socket: Duplex, serverName?: string): void {
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
  const head = [
    `HTTP/1.1 ${status ?? '400 Bad Request'}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...(serverName === undefined ? [] : [`Server: ${serverName}`]),
  ];
  endSoon(socket, `${head.join('\r\n')}\r\n\r\n${body}`);
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

/** @throws OwnLoopgateError */
async function reasonOf(
  error: unknown,
  port: number,
  { platform, world, remedy }: Pick<ListenOptions, 'remedy'> & { platform: NodeJS.Platform; world: PortWorld },
): Promise<string> {
  const code = codeOf(error);
  const range = code === 'EACCES' && platform === 'win32' ? await world.excludedRange(port) : undefined;
  if (range) {
    return `Port ${port} is reserved by Windows, with ${range.first}–${range.last} (most often for Hyper-V or WSL): to use it, an administrator runs "net stop winnat", "netsh int ipv4 add excludedportrange protocol=tcp startport=${port} numberofports=1", and "net start winnat".`;
  }
  // Windows says EACCES also for a port that another program keeps to itself.
  if (code === 'EADDRINUSE' || (code === 'EACCES' && platform === 'win32')) {
    const owner = await world.portOwner(port);
    if (owner?.isLoopgate && owner.pid !== process.pid) throw new OwnLoopgateError(port, owner);
    return `Port ${port} is taken by ${describeOwner(owner)}.`;
  }
  if (code !== 'EACCES') return `Port ${port} cannot be used (${code ?? 'unknown error'}).`;
  const opened =
    platform === 'linux'
      ? `: to use it, an administrator runs "sudo sysctl -w net.ipv4.ip_unprivileged_port_start=${port}", which lasts until the machine is started again (README, "The port", says what lasts longer).`
      : '.';
  return [`Port ${port} is privileged on this system${opened}`, ...(remedy === undefined ? [] : [remedy])].join(' ');
}
