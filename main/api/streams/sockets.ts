import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';

/**
 * The WebSocket subprotocol of listeners that want to know why nobody is signed in: they get the one JSON error where the
 * others get an empty frame, which says nothing.
 */
export const reasonsProtocol = 'loopgate.reasons';

/** L6: many times what programs listen on one machine; with the other connections less than a process may open. */
const maxOpen = 500;
/** A listener that has not taken this many bytes does not read, and is let go. */
const maxUnread = 256 * 1024;
/** How often a listener must show that it is there, in milliseconds. */
const pingInterval = 30_000;
/** How long a listener may take to say good-bye, in milliseconds. */
const closeTimeout = 500;

/** The open WebSockets. One that does not read, or has gone without a word, holds up nobody else. */
export class Sockets {
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: 1024,
    perMessageDeflate: false,
    handleProtocols: (asked) => (asked.has(reasonsProtocol) ? reasonsProtocol : ([...asked][0] ?? false)),
  });
  readonly #pings: NodeJS.Timeout;
  /** Those that have answered the last ping. */
  readonly #present = new WeakSet<WebSocket>();

  /**
   * @param serverName - what the header `Server` says
   * @param refuse - answers a request that is no proper WebSocket handshake
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
   * Takes a connection that the guard has let pass.
   * @param greet - gets it when it is open
   * @throws LoopgateError `rate_limited` when too many are open
   */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, greet: (opened: WebSocket) => void): void {
    if (this.open.size >= maxOpen) {
      throw new LoopgateError('rate_limited', {
        happened: verbatim(`${maxOpen} WebSockets are open, and no more are taken.`),
        next: verbatim('Close what nobody listens to. GET /user tells who is signed in.'),
      });
    }
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      this.#present.add(opened);
      opened.on('pong', () => this.#present.add(opened));
      // A broken connection closes by itself; nothing that a listener says means anything here.
      opened.on('error', () => undefined);
      greet(opened);
    });
  }

  /** Lets go of a listener that does not read, instead of keeping for it what it was told. */
  send(socket: WebSocket, frame: string): void {
    if (socket.bufferedAmount > maxUnread) socket.terminate();
    else socket.send(frame);
  }

  /** Ends every connection: with 1001 (going away), and at once for whoever does not answer (L11). */
  async close(): Promise<void> {
    clearInterval(this.#pings);
    // First, so that a handshake whose caller is still being looked up is refused instead of coming in behind this.
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

  #ping(): void {
    for (const listener of this.#server.clients) {
      if (!this.#present.delete(listener)) listener.terminate();
      else listener.ping();
    }
  }
}
