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

/**
 * A browser that brings a login, perhaps through a forwarder (a container, WSL, SSH), or a probe. It owns nothing here.
 */
const stranger = callerWith(async () => undefined);

/** Decides who gets in: the guard checks a request's headers, then the system names the program that sent it. */
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
   * Checks the headers (L1–L4).
   * @returns the origin of the request if it may call; undefined for a request without one
   * @throws LoopgateError when the guard refuses the request
   */
  async checkHeaders(request: IncomingMessage): Promise<string | undefined> {
    const { socket } = request;
    const { origins } = this.#gate;
    const { providerOrigins } = this.#broker;
    try {
      const { origin } = guard(request, { port: socket.localPort ?? -1, origins, providerOrigins });
      // The connection ends with the answer to a refused request. Loopgate ignores what the client sent after it.
      if (this.#callers.isRefused(socket)) throw new LoopgateError('forbidden_origin');
      return origin;
    } catch (error) {
      this.#callers.refuse(socket);
      await this.#offerOrigin(request);
      throw error;
    }
  }

  /**
   * L5: finds the program behind a request that the guard let pass.
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

  /**
   * L2: shows the person a refused origin of an app or an extension, unless another user's process sent it. At the callback
   * it is not one that wants to use the API.
   */
  async #offerOrigin(request: IncomingMessage): Promise<void> {
    const { headers, socket } = request;
    const { origin } = headers;
    if (origin === undefined || origin === 'null' || /^https?:/.test(origin) || pathOf(request) === callbackPath)
      return;
    // Before the answer: a program that has read it may exit, and then the system can no longer name its owner.
    if (await this.#callers.callerOf(socket)) this.#gate.refusedOrigin(origin);
  }
}

/**
 * Whether a browser follows a login's address, brings its callback, or reads the page after it. R16 has its own rules
 * for these. A program that relays a code is looked up like any other.
 */
export function bringsLogin(request: IncomingMessage): boolean {
  const path = pathOf(request);
  if (path !== callbackPath && !path.startsWith(openPagePrefix) && !path.startsWith(loginPrefix)) return false;
  return request.headers.accept?.includes('text/html') ?? false;
}

/** Whether this is a probe, which only learns the id of this run. */
function isProbe({ url, method }: IncomingMessage): boolean {
  return url === healthPath && (method === 'GET' || method === 'HEAD');
}
