import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { verbatim } from '../../../preload/texts/messages.ts';
import type { Gate } from '../../access/gate.ts';
import type { Requester } from '../../access/principals.ts';
import type { Broker } from '../../broker/broker.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { errorModel } from '../errors.ts';
import { profileAnswer } from '../wire/user.ts';
import { type Holder, reasonsProtocol, Sockets } from './sockets.ts';

/** What listeners get at one moment. */
interface Frames {
  readonly plain: string;
  readonly withReason: string;
}

/** One WebSocket and its state. */
interface Listener {
  readonly requester: Requester;
  /** Whether the person allows its program. Otherwise it learns nothing about the person. */
  isAllowed: boolean;
  /** The last frame; undefined before the first one, which covers all earlier changes. */
  told: string | undefined;
}

/** The start of the health text. */
const healthFrame = 'ok';

const notAllowed: Frames = {
  plain: '',
  withReason: JSON.stringify(
    errorModel(
      new LoopgateError('consent_denied', {
        happened: verbatim('The person has not allowed this program to use their sign-in.'),
        next: verbatim('Ask for a sign-in or a token: the person is asked then.'),
      }),
    ),
  ),
};

/**
 * The streams. `/user/stream` sends a text frame with the UserProfile at once and after every change. An empty frame
 * means signed out; with {@link reasonsProtocol} the frame gives the reason. `/.well-known/stream/health` shows that
 * Loopgate runs.
 */
export class Streams {
  readonly #broker: Broker;
  readonly #gate: Gate;
  readonly #sockets: Sockets;
  readonly #stopListening: (() => void)[];
  readonly #listeners = new WeakMap<WebSocket, Listener>();

  /**
   * @param serverName - the value of the `Server` header
   * @param refuse - answers a malformed WebSocket handshake
   */
  constructor(broker: Broker, gate: Gate, serverName: string, refuse: (request: IncomingMessage) => void) {
    this.#broker = broker;
    this.#gate = gate;
    // A decision may have expired: timers stop while a machine sleeps.
    this.#sockets = new Sockets(serverName, refuse, () => this.#tellAll());
    this.#stopListening = [
      broker.onChange(() => this.#tellAll()),
      gate.onChange((change) => {
        if (change === 'decided') this.#tellAll();
      }),
    ];
  }

  /**
   * Opens `/user/stream` for a connection that the guard let pass.
   * @throws LoopgateError `rate_limited`
   */
  async tellUser(request: IncomingMessage, socket: Duplex, head: Buffer, requester: Requester): Promise<void> {
    this.#sockets.accept(request, socket, head, await this.#holderOf(requester), (opened) => {
      // The first frame waits until the stored session is read.
      void this.#broker.person().then(async () => {
        const isAllowed = await this.#gate.isAllowed(requester);
        this.#listeners.set(opened, { requester, isAllowed, told: undefined });
        this.#tell(opened, this.#presentFrames());
      });
    });
  }

  /**
   * Opens `/.well-known/stream/health`: it sends one frame and stays open. It contains nothing about the person.
   * @throws LoopgateError `rate_limited`
   */
  async tellHealth(request: IncomingMessage, socket: Duplex, head: Buffer, requester: Requester): Promise<void> {
    const holder = await this.#holderOf(requester);
    this.#sockets.accept(request, socket, head, holder, (opened) => this.#sockets.send(opened, healthFrame));
  }

  /** Closes every connection (L11). */
  async close(): Promise<void> {
    for (const stop of this.#stopListening) stop();
    await this.#sockets.close();
  }

  async #holderOf(requester: Requester): Promise<Holder> {
    return { owner: await this.#gate.ownerOf(requester), isAllowed: await this.#gate.isAllowed(requester) };
  }

  #presentFrames(): Frames {
    const { person, ended } = this.#broker.state();
    if (!person)
      return { plain: '', withReason: JSON.stringify(errorModel(ended ?? new LoopgateError('not_signed_in'))) };
    const frame = JSON.stringify(profileAnswer(person));
    return { plain: frame, withReason: frame };
  }

  /** The person may have decided about the program, or a decision may have expired. */
  async #lookAgain(socket: WebSocket, frames: Frames): Promise<void> {
    const listener = this.#listeners.get(socket);
    if (!listener) return;
    listener.isAllowed = await this.#gate.isAllowed(listener.requester);
    this.#tell(socket, frames);
  }

  #tellAll(): void {
    if (!this.#broker.state().ready) return;
    const frames = this.#presentFrames();
    for (const socket of this.#sockets.open) void this.#lookAgain(socket, frames);
  }

  /** Sends a change to a listener that has had its first frame. */
  #tell(socket: WebSocket, frames: Frames): void {
    const listener = this.#listeners.get(socket);
    if (!listener) return;
    const { plain, withReason } = listener.isAllowed ? frames : notAllowed;
    const frame = socket.protocol === reasonsProtocol ? withReason : plain;
    if (frame === listener.told) return;
    listener.told = frame;
    this.#sockets.send(socket, frame);
  }
}
