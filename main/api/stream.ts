import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Broker } from '../broker/broker.ts';
import { BrokerError } from '../broker/errors.ts';
import { errorModel } from './errors.ts';
import { profileAnswer } from './wire.ts';

/**
 * The WebSocket subprotocol of listeners that want to know why nobody is signed in: they get the one JSON error where the
 * others get an empty frame, which says nothing.
 */
export const reasonsProtocol = 'loopgate.reasons';

/** A listener that has not taken this many bytes does not read, and is let go. */
const mostUnread = 256 * 1024;
/** How often a listener must show that it is there, in milliseconds. */
const pingInterval = 30_000;
/** How long a listener may take to say good-bye, in milliseconds. */
const closePatience = 500;

/** What is said to listeners at one moment. */
interface Frames {
  readonly plain: string;
  readonly withReason: string;
}

/**
 * `/user/stream`: a text frame with the UserProfile at once and after every change; an empty frame means signed out, and
 * with {@link reasonsProtocol} says why. A listener that does not read holds up nobody else.
 */
export class UserStream {
  readonly #broker: Broker;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: 1024,
    perMessageDeflate: false,
    handleProtocols: (asked) => (asked.has(reasonsProtocol) ? reasonsProtocol : ([...asked][0] ?? false)),
  });
  readonly #stopListening: () => void;
  readonly #pings: NodeJS.Timeout;
  /** Those that have answered the last ping. */
  readonly #present = new WeakSet<WebSocket>();
  /** Those that have had their first frame; a change before it is in it. */
  readonly #greeted = new WeakSet<WebSocket>();
  /** What was last sent to all; undefined until the stored session was read. */
  #frames: Frames | undefined;

  /** @param refuse - answers a request that is no proper WebSocket handshake */
  constructor(broker: Broker, refuse: (request: IncomingMessage) => void) {
    this.#broker = broker;
    this.#server.on('wsClientError', (_error, _socket, request) => refuse(request));
    this.#stopListening = broker.onChange(() => this.#changed());
    this.#pings = setInterval(() => this.#ping(), pingInterval);
    this.#pings.unref();
  }

  /** Takes a connection that the guard has let pass. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (listener) => {
      this.#present.add(listener);
      listener.on('pong', () => this.#present.add(listener));
      // A broken connection closes by itself; nothing that a listener says means anything here.
      listener.on('error', () => undefined);
      // Before the stored session was read nobody can say who is signed in: the first frame comes then.
      void this.#broker.person().then(() => {
        this.#frames ??= this.#presentFrames();
        this.#greeted.add(listener);
        this.#send(listener, this.#frames);
      });
    });
  }

  /** Ends every connection: with 1001 (going away), and at once for whoever does not answer (L11). */
  async close(): Promise<void> {
    this.#stopListening();
    clearInterval(this.#pings);
    // First, so that a handshake whose caller is still being looked up is refused instead of coming in behind this.
    this.#server.close();
    const listeners = [...this.#server.clients];
    const impatience = setTimeout(() => {
      for (const listener of listeners) listener.terminate();
    }, closePatience);
    await Promise.all(
      listeners.map(
        (listener) =>
          new Promise((resolve) => {
            listener.once('close', resolve);
            listener.close(1001);
          }),
      ),
    );
    clearTimeout(impatience);
  }

  #presentFrames(): Frames {
    const { person, ended } = this.#broker.state();
    if (!person)
      return { plain: '', withReason: JSON.stringify(errorModel(ended ?? new BrokerError('not_signed_in'))) };
    const frame = JSON.stringify(profileAnswer(person));
    return { plain: frame, withReason: frame };
  }

  #changed(): void {
    if (!this.#broker.state().ready) return;
    const before = this.#frames;
    const frames = this.#presentFrames();
    this.#frames = frames;
    for (const listener of this.#server.clients) {
      const isNews = !before || frameFor(listener, frames) !== frameFor(listener, before);
      if (isNews && this.#greeted.has(listener)) this.#send(listener, frames);
    }
  }

  #send(listener: WebSocket, frames: Frames): void {
    if (listener.bufferedAmount > mostUnread) listener.terminate();
    else listener.send(frameFor(listener, frames));
  }

  #ping(): void {
    for (const listener of this.#server.clients) {
      if (!this.#present.delete(listener)) listener.terminate();
      else listener.ping();
    }
  }
}

function frameFor(listener: WebSocket, { plain, withReason }: Frames): string {
  return listener.protocol === reasonsProtocol ? withReason : plain;
}
