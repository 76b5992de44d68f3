import type { IncomingMessage } from 'node:http';
import { verbatim } from '../../preload/texts/messages.ts';
import type { Gate } from '../access/gate.ts';
import type { Requester } from '../access/principals.ts';
import type { Caller } from '../access/program.ts';
import type { Broker } from '../broker/broker.ts';
import { callerWith } from '../callers/caller.ts';
import { LoopgateError } from '../errors/errors.ts';
import { callbackPath, healthPath } from '../protocol/protocol.ts';
import type { ConnectedCallers } from './connectedCallers.ts';
import { guard } from './guard.ts';
import { loginPrefix, openPagePrefix } from './paths.ts';
import { pathOf } from './request.ts';

/** A browser that brings a login, perhaps through a forwarder (a container, WSL, SSH), or a probe: nothing here is its own. */
const stranger = callerWith(async () => undefined);

/** Who is let in at all: first the guard looks at the headers of a request, then the system says whose program sent it. */
export class Admission {
  readonly #broker: Broker;
  readonly #gate: Gate;
  readonly #callers: ConnectedCallers;

  constructor(broker: Broker, gate: Gate, callers: ConnectedCallers) {
    this.#broker = broker;
    this.#gate = gate;
    this.#callers = callers;
  }

  /**
   * L1–L4: the headers.
   * @returns the origin of the request when it is one that may call; undefined for a request without one
   * @throws LoopgateError when the guard refuses the request
   */
  async checkHeaders(request: IncomingMessage): Promise<string | undefined> {
    const { socket } = request;
    const { origins } = this.#gate;
    const { providerOrigins } = this.#broker;
    try {
      const { origin } = guard(request, { port: socket.localPort ?? -1, origins, providerOrigins });
      // The connection ends with the answer to a refused request: what was sent behind it is neither answered nor obeyed.
      if (this.#callers.isRefused(socket)) throw new LoopgateError('forbidden_origin');
      return origin;
    } catch (error) {
      this.#callers.refuse(socket);
      await this.#offerOrigin(request);
      throw error;
    }
  }

  /**
   * L5: the program, for a request that the guard has let pass.
   * @throws LoopgateError for another user's process, and for a connection without an owner
   */
  async requesterOf(request: IncomingMessage, origin: string | undefined): Promise<Requester> {
    if (bringsLogin(request) || (this.#callers.isSlow && isProbe(request))) return { caller: stranger, origin };
    return { caller: await this.callerOf(request), origin };
  }

  /** @throws LoopgateError as {@link requesterOf} */
  async callerOf({ socket }: IncomingMessage): Promise<Caller> {
    const caller = await this.#callers.callerOf(socket);
    if (caller) return caller;
    throw new LoopgateError('forbidden_origin', {
      happened: verbatim('The request does not come from a program of the user who runs Loopgate.'),
    });
  }

  /** L2: a refused origin that is not a web page's is shown to the person, unless another user's process sent it. */
  async #offerOrigin({ headers, socket }: IncomingMessage): Promise<void> {
    const { origin } = headers;
    if (origin === undefined || origin === 'null' || /^https?:/.test(origin)) return;
    // Before the answer: a program that has read it may be gone, and then nobody knows whose it was.
    if (await this.#callers.callerOf(socket)) this.#gate.refusedOrigin(origin);
  }
}

/**
 * A browser that follows a login's address, brings its callback, or reads the page that this leads to: it has rules of its own
 * (R16). A program that relays a code is looked up like every other.
 */
export function bringsLogin(request: IncomingMessage): boolean {
  const path = pathOf(request);
  if (path !== callbackPath && !path.startsWith(openPagePrefix) && !path.startsWith(loginPrefix)) return false;
  return request.headers.accept?.includes('text/html') ?? false;
}

/** A probe learns which run this is, and nothing that belongs to anybody. */
function isProbe({ url, method }: IncomingMessage): boolean {
  return url === healthPath && (method === 'GET' || method === 'HEAD');
}
