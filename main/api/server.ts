import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Gate } from '../access/gate.ts';
import type { CallerLookup } from '../callers/caller.ts';
import { LoopgateError, loopgateErrorOf } from '../errors/errors.ts';
import { Admission, bringsLogin } from './admission.ts';
import { ConnectedCallers } from './connectedCallers.ts';
import { errorAnswer } from './errors.ts';
import { fastPath } from './fastPath.ts';
import type { Answer, ApiRequest, Operation } from './operation.ts';
import { type ApiLog, apiOperations, type OperationOptions } from './operationList.ts';
import { serverName } from './operations/wellKnown.ts';
import { foreignBrowserPage, noLoginPage } from './pages.ts';
import { loginPrefix } from './paths.ts';
import { HttpRequest, pathOf } from './request.ts';
import { allowOrigin, type Send, sender, sendInsteadOfUpgrade } from './send.ts';
import { noHandshake, Upgrades } from './streams/upgrades.ts';
import { unreadable } from './unreadable.ts';

/** L6. In bytes. */
const maxBody = 32 * 1024;

/** What the API needs from the entry file. */
export interface ApiOptions extends OperationOptions {
  readonly callers: CallerLookup;
}

/** The API, to be put behind a listening server. */
export interface Api {
  readonly handler: RequestListener;
  /** Called for each accepted connection. */
  readonly onConnection: (socket: Socket, wasWaiting?: boolean) => void;
  /** Takes a connection that wants to become a WebSocket. Resolves when it is one, or ends. */
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;
  /** Takes what Node's parser refuses. Resolves with the page for a browser that brings a login. */
  readonly onUnreadable: (error: Error, socket: Duplex) => Promise<Answer | undefined>;
  /** Closes the WebSockets, which a closed server leaves open. */
  close(): Promise<void>;
}

/** Puts the API together. */
export function createApi(options: ApiOptions): Api {
  const { broker, gate, log } = options;
  const name = serverName(options.instance);
  const send = sender(name);
  const callers = new ConnectedCallers(options.callers);
  const admission = new Admission(broker, gate, callers);
  const server = new ApiServer(options, callers, admission, send);
  const refuseUpgrade = (request: IncomingMessage, error: unknown) =>
    sendInsteadOfUpgrade(request, errorAnswer(loopgateErrorOf(error, log), { Connection: 'close' }), send);
  const upgrades = new Upgrades(admission, async () => {
    const { Streams } = await import('./streams/streams.ts');
    return new Streams(broker, gate, name, (request) => refuseUpgrade(request, noHandshake(request)));
  });
  return {
    handler: (request, response) => server.handle(request, response),
    onConnection: (socket, wasWaiting = false) => callers.accepted(socket, wasWaiting),
    onUpgrade: (request, socket, head) => {
      socket.on('error', endConnection);
      return upgrades.take(request, socket, head).catch((error: unknown) => refuseUpgrade(request, error));
    },
    onUnreadable: (error, socket) => unreadable(error, socket, { broker, callers }),
    close: () => upgrades.close(),
  };
}

/** A listener that keeps no reference to the request, because it stays as long as the connection. */
function endConnection(this: Duplex): void {
  this.destroy();
}

/** A request that waits for its body. */
interface WaitingRequest {
  readonly requester: ApiRequest['requester'];
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number;
}

/**
 * A request passes: guard (headers) → caller (operating system) → route → gate (the person's consent) → operation → broker.
 * What fails anywhere becomes the one JSON error.
 */
class ApiServer {
  readonly #callers: ConnectedCallers;
  readonly #admission: Admission;
  readonly #gate: Gate;
  readonly #log: ApiLog;
  readonly #isLogged: boolean;
  readonly #now: () => number;
  readonly #send: Send;
  readonly #operations: readonly Operation[];
  readonly #paths: ReadonlySet<string>;
  readonly #fastPath: (request: IncomingMessage) => Operation | undefined;
  /** The requests that express reads and routes. */
  readonly #waiting = new WeakMap<IncomingMessage, WaitingRequest>();
  readonly #routes = new WeakMap<IncomingMessage, string>();
  #router: Promise<RequestListener> | undefined;

  constructor(options: ApiOptions, callers: ConnectedCallers, admission: Admission, send: Send) {
    this.#callers = callers;
    this.#admission = admission;
    this.#gate = options.gate;
    this.#log = options.log;
    this.#isLogged = options.log.isLevelEnabled?.('debug') ?? true;
    this.#now = options.now;
    this.#send = send;
    this.#operations = apiOperations(options);
    this.#paths = new Set(this.#operations.map(({ path }) => path));
    this.#fastPath = fastPath(this.#operations);
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isLogged) this.#logWhenFinished(request, response);
    this.#admit(request, response).catch((error: unknown) => {
      // The server does not read the body of a refused request, so the connection ends with the answer.
      this.#send(response, errorAnswer(loopgateErrorOf(error, this.#log), { Connection: 'close' }));
    });
  }

  async #admit(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrivedAt = this.#now();
    const origin = await this.#admission.checkHeaders(request);
    if (origin !== undefined && allowOrigin(request, response, origin, this.#send)) return;
    if (bringsLogin(request) && !(await this.#callers.mayBringLogin(request.socket))) {
      const page = pathOf(request).startsWith(loginPrefix) ? noLoginPage() : foreignBrowserPage();
      return this.#send(response, page);
    }
    const requester = await this.#admission.requesterOf(request, origin);
    const operation = this.#fastPath(request);
    if (operation) {
      const answer = await this.#answerOf(operation, new HttpRequest(request, requester, arrivedAt, ''));
      return this.#send(response, answer);
    }
    // Refuses a large body before the client sends it. The reader counts a body without a length.
    if (Number(request.headers['content-length'] ?? 0) > maxBody) throw new LoopgateError('payload_too_large');
    if (request.headers.expect !== undefined) response.writeContinue();
    this.#waiting.set(request, { requester, arrivedAt });
    this.#router ??= this.#loadRouter();
    (await this.#router)(request, response);
  }

  /** Loads express for the first request that needs it. Most runs have none. */
  async #loadRouter(): Promise<RequestListener> {
    const { createRouter } = await import('./router.ts');
    return createRouter(this.#paths, {
      maxBody,
      routed: (...routed) => this.#routed(...routed),
      failed: (response, error) => this.#send(response, this.#refusal(error)),
    });
  }

  async #routed(request: IncomingMessage, response: ServerResponse, path: string, body: string): Promise<void> {
    this.#routes.set(request, path);
    const waiting = this.#waiting.get(request);
    if (!waiting) throw new LoopgateError('forbidden_origin');
    const found = this.#operations.filter((operation) => operation.path === path);
    const operation = found.find(({ method }) => method === request.method);
    if (!operation) return this.#send(response, methodNotAllowed(found));
    const { requester, arrivedAt } = waiting;
    this.#send(response, await this.#answerOf(operation, new HttpRequest(request, requester, arrivedAt, body)));
  }

  /** Asks the gate, then runs the operation. */
  async #answerOf({ needs, handle }: Operation, request: ApiRequest): Promise<Answer> {
    const { requester } = request;
    try {
      if (needs === 'sign_in') return await this.#gate.requireThroughout(requester, needs, () => handle(request));
      if (needs !== 'nothing' && needs !== 'asks_itself') await this.#gate.require(requester, needs);
      return await handle(request);
    } catch (error) {
      return this.#refusal(error);
    }
  }

  #refusal(error: unknown): Answer {
    return errorAnswer(loopgateErrorOf(error, this.#log));
  }

  #logWhenFinished(request: IncomingMessage, response: ServerResponse): void {
    const started = this.#now();
    response.once('finish', () => {
      // T9: an unknown path may contain anything, even a misplaced token.
      const asked = pathOf(request);
      const path = this.#routes.get(request) ?? (this.#paths.has(asked) ? asked : 'other');
      this.#log.debug(
        { method: request.method, path, status: response.statusCode, ms: this.#now() - started },
        'request',
      );
    });
  }
}

function methodNotAllowed(operations: readonly Operation[]): Answer {
  const allowed = operations.map(({ method }) => method).join(', ');
  return errorAnswer(new LoopgateError('method_not_allowed'), { Allow: allowed });
}
