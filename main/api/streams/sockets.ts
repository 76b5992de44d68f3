import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';

/**
 * The WebSocket subprotocol for listeners that want the reason for a sign-out. They get the one JSON error; other
 * listeners get an empty frame.
 */
export const reasonsProtocol = 'loopgate.reasons';

/** L6: far more than the programs of one machine need, and fewer than a process may open. */
const maxOpen = 1_000;
/**
 * Of these, what programs may hold that the person has not allowed, each and all together: they wait to hear that they
 * are, and could otherwise keep out the allowed ones.
 */
const maxOfOneUnallowed = 100;
const maxUnallowed = 500;
/** A listener with this many unread bytes does not read, so Loopgate drops it. */
const maxUnread = 256 * 1024;
/** How often a listener must answer a ping, in milliseconds. */
const pingInterval = 30_000;
/** How long a listener may take to close, in milliseconds. */
const closeTimeout = 500;

/** Whose a WebSocket is. */
export interface Holder {
  /** The same for all connections of one program. */
  readonly owner: string;
  /** Whether the person allows that program. */
  readonly isAllowed: boolean;
}

/** The open WebSockets. A listener that hangs or has disappeared does not hold up the others. */
export class Sockets {
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: 1024,
    perMessageDeflate: false,
    handleProtocols: (asked) => (asked.has(reasonsProtocol) ? reasonsProtocol : ([...asked][0] ?? false)),
  });
  readonly #pings: NodeJS.Timeout;
  /** The listeners that answered the last ping. */
  readonly #present = new WeakSet<WebSocket>();
  /** The listeners whose program was not allowed when they came, with their owner. */
  readonly #unallowed = new Map<WebSocket, string>();

  /**
   * @param serverName - the value of the `Server` header
   * @param refuse - answers a malformed WebSocket handshake
   * @param pinged - called after each round of pings
   */
  constructor(serverName: string, refuse: (request: IncomingMessage) => void, pinged: () => void) {
    this.#server.on('wsClientError', (_error, _socket, request) => refuse(request));
    this.#server.on('headers', (headers) => headers.push(`Server: ${serverName}`));
    this.#pings = setInterval(() => {
      this.#ping();
      pinged();
    }, pingInterval);
    this.#pings.unref();
  }

  get open(): ReadonlySet<WebSocket> {
    return this.#server.clients;
  }

  /**
   * Takes a connection that the guard let pass.
   * @param greet - receives the open connection
   * @throws LoopgateError `rate_limited` when too many are open
   */
  accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    holder: Holder,
    greet: (opened: WebSocket) => void,
  ): void {
    this.#checkCount(holder);
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      if (!holder.isAllowed) {
        this.#unallowed.set(opened, holder.owner);
        opened.once('close', () => this.#unallowed.delete(opened));
      }
      this.#present.add(opened);
      opened.on('pong', () => this.#present.add(opened));
      // A broken connection closes by itself, and messages from listeners have no meaning here.
      opened.on('error', () => undefined);
      greet(opened);
    });
  }

  /** Drops a listener that does not read, instead of buffering for it. */
  send(socket: WebSocket, frame: string): void {
    if (socket.bufferedAmount > maxUnread) socket.terminate();
    else socket.send(frame);
  }

  /** Closes every connection with 1001 (going away), and cuts those that do not answer (L11). */
  async close(): Promise<void> {
    clearInterval(this.#pings);
    // First, to refuse a handshake whose caller is still being looked up.
    this.#server.close();
    const listeners = [...this.#server.clients];
    const timer = setTimeout(() => {
      for (const listener of listeners) listener.terminate();
    }, closeTimeout);
    await Promise.all(
      listeners.map(
        (listener) =>
          new Promise((resolve) => {
            listener.once('close', resolve);
            listener.close(1001);
          }),
      ),
    );
    clearTimeout(timer);
  }

  #checkCount({ owner, isAllowed }: Holder): void {
    const others = [...this.#unallowed.values()];
    const isFull = !isAllowed && others.length >= maxUnallowed;
    const hasItsShare = !isAllowed && others.filter((other) => other === owner).length >= maxOfOneUnallowed;
    if (!isFull && !hasItsShare && this.open.size < maxOpen) return;
    throw new LoopgateError('rate_limited', {
      happened: verbatim(
        hasItsShare
          ? `This program has ${maxOfOneUnallowed} WebSockets open, and no more are taken until the person allows it.`
          : `${isFull ? maxUnallowed : maxOpen} WebSockets are open, and no more are taken.`,
      ),
      next: verbatim('Close what nobody listens to. GET /user tells who is signed in.'),
    });
  }

  #ping(): void {
    for (const listener of this.#server.clients) {
      if (!this.#present.delete(listener)) listener.terminate();
      else listener.ping();
    }
  }
}
