import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Gate, Requester } from '../access/gate.ts';
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

/** One end of a WebSocket, and what it was told. */
interface Listener {
  readonly requester: Requester;
  /** Whether the person allows its program. Nobody is signed in for one that is not allowed. */
  isAllowed: boolean;
  /** The last frame; undefined before the first one, which has all changes before it. */
  told: string | undefined;
}

const notAllowed: Frames = {
  plain: '',
  withReason: JSON.stringify(
    errorModel(
      new BrokerError('consent_denied', {
        happened: 'The person has not allowed this program to use their sign-in.',
        next: 'Ask for a sign-in or a token: the person is asked then.',
      }),
    ),
  ),
};

/**
 * `/user/stream`: a text frame with the UserProfile at once and after every change; an empty frame means signed out, and
 * with {@link reasonsProtocol} says why. A listener that does not read holds up nobody else.
 */
export class UserStream {
  readonly #broker: Broker;
  readonly #gate: Gate;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: 1024,
    perMessageDeflate: false,
    handleProtocols: (asked) => (asked.has(reasonsProtocol) ? reasonsProtocol : ([...asked][0] ?? false)),
  });
  readonly #stopListening: (() => void)[];
  readonly #pings: NodeJS.Timeout;
  /** Those that have answered the last ping. */
  readonly #present = new WeakSet<WebSocket>();
  readonly #listeners = new WeakMap<WebSocket, Listener>();

  /** @param refuse - answers a request that is no proper WebSocket handshake */
  constructor(broker: Broker, gate: Gate, refuse: (request: IncomingMessage) => void) {
    this.#broker = broker;
    this.#gate = gate;
    this.#server.on('wsClientError', (_error, _socket, request) => refuse(request));
    this.#stopListening = [
      broker.onChange(() => this.#tellAll()),
      gate.onChange((change) => {
        if (change === 'decided') this.#tellAll();
      }),
    ];
    this.#pings = setInterval(() => this.#ping(), pingInterval);
    this.#pings.unref();
  }

  /** Takes a connection that the guard has let pass. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, requester: Requester): void {
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      this.#present.add(opened);
      opened.on('pong', () => this.#present.add(opened));
      // A broken connection closes by itself; nothing that a listener says means anything here.
      opened.on('error', () => undefined);
      // Before the stored session was read nobody can say who is signed in: the first frame comes then.
      void this.#broker.person().then(async () => {
        const isAllowed = await this.#gate.isAllowed(requester);
        this.#listeners.set(opened, { requester, isAllowed, told: undefined });
        this.#tell(opened, this.#presentFrames());
      });
    });
  }

  /** Ends every connection: with 1001 (going away), and at once for whoever does not answer (L11). */
  async close(): Promise<void> {
    for (const stop of this.#stopListening) stop();
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

  /** The person may have decided about its program, or the time of that is over: timers stand still while a machine sleeps. */
  #lookAgain(socket: WebSocket, frames: Frames): void {
    const listener = this.#listeners.get(socket);
    if (!listener) return;
    const tell = (isAllowed: boolean) => {
      listener.isAllowed = isAllowed;
      this.#tell(socket, frames);
    };
    const found = this.#gate.isAllowed(listener.requester);
    if (found instanceof Promise) void found.then(tell);
    else tell(found);
  }

  #tellAll(): void {
    if (!this.#broker.state().ready) return;
    const frames = this.#presentFrames();
    for (const socket of this.#server.clients) this.#lookAgain(socket, frames);
  }

  /** Says what is new to a listener, once it has been greeted. */
  #tell(socket: WebSocket, frames: Frames): void {
    const listener = this.#listeners.get(socket);
    if (!listener) return;
    const { plain, withReason } = listener.isAllowed ? frames : notAllowed;
    const frame = socket.protocol === reasonsProtocol ? withReason : plain;
    if (frame === listener.told) return;
    listener.told = frame;
    if (socket.bufferedAmount > mostUnread) socket.terminate();
    else socket.send(frame);
  }

  #ping(): void {
    const frames = this.#presentFrames();
    for (const listener of this.#server.clients) {
      if (!this.#present.delete(listener)) listener.terminate();
      else listener.ping();
      this.#lookAgain(listener, frames);
    }
  }
}
