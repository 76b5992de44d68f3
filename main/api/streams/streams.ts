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
import { reasonsProtocol, Sockets } from './sockets.ts';

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

/** What health begins with. */
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
 * What is listened to. `/user/stream`: a text frame with the UserProfile at once and after every change; an empty frame means
 * signed out, and with {@link reasonsProtocol} says why. `/.well-known/stream/health`: that Loopgate is there.
 */
export class Streams {
  readonly #broker: Broker;
  readonly #gate: Gate;
  readonly #sockets: Sockets;
  readonly #stopListening: (() => void)[];
  readonly #listeners = new WeakMap<WebSocket, Listener>();

  /**
   * @param serverName - what the header `Server` says
   * @param refuse - answers a request that is no proper WebSocket handshake
   */
  constructor(broker: Broker, gate: Gate, serverName: string, refuse: (request: IncomingMessage) => void) {
    this.#broker = broker;
    this.#gate = gate;
    // The time of a decision may be over: timers stand still while a machine sleeps.
    this.#sockets = new Sockets(serverName, refuse, () => this.#tellAll());
    this.#stopListening = [
      broker.onChange(() => this.#tellAll()),
      gate.onChange((change) => {
        if (change === 'decided') this.#tellAll();
      }),
    ];
  }

  /** `/user/stream`, for a connection that the guard has let pass. */
  tellUser(request: IncomingMessage, socket: Duplex, head: Buffer, requester: Requester): void {
    this.#sockets.accept(request, socket, head, (opened) => {
      // Before the stored session was read nobody can say who is signed in: the first frame comes then.
      void this.#broker.person().then(async () => {
        const isAllowed = await this.#gate.isAllowed(requester);
        this.#listeners.set(opened, { requester, isAllowed, told: undefined });
        this.#tell(opened, this.#presentFrames());
      });
    });
  }

  /** `/.well-known/stream/health`: one frame, and then that it stays open. Nothing of it is anybody's. */
  tellHealth(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.accept(request, socket, head, (opened) => this.#sockets.send(opened, healthFrame));
  }

  /** Ends every connection (L11). */
  async close(): Promise<void> {
    for (const stop of this.#stopListening) stop();
    await this.#sockets.close();
  }

  #presentFrames(): Frames {
    const { person, ended } = this.#broker.state();
    if (!person)
      return { plain: '', withReason: JSON.stringify(errorModel(ended ?? new LoopgateError('not_signed_in'))) };
    const frame = JSON.stringify(profileAnswer(person));
    return { plain: frame, withReason: frame };
  }

  /** The person may have decided about its program, or the time of that is over. */
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

  /** Says what is new to a listener, once it has been greeted. */
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
