import { type IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Gate, Requester } from '../access/gate.ts';
import type { Broker, BrokerLog } from '../broker/broker.ts';
import { type Caller, type CallerLookup, callerWith, connectionOf, presentTime } from '../callers/caller.ts';
import type { PointInTime } from '../callers/connection.ts';
import { isStillOpen } from '../callers/stillOpen.ts';
import { LoopgateError, loopgateErrorOf } from '../errors/errors.ts';
import { parametersOf } from './body.ts';
import { descriptionOperations } from './description/description.ts';
import { errorAnswer } from './errors.ts';
import { callbackPath, guard, loginPrefix, openPagePrefix, type Passed } from './guard.ts';
import { type Answer, type ApiRequest, madeOnce, type Operation } from './operation.ts';
import { auth0Operations } from './operations/auth0.ts';
import { connectOperations } from './operations/connect.ts';
import { deviceOperations } from './operations/device.ts';
import { loginAddressOperation, loginElsewhereOperation } from './operations/loginAddress.ts';
import { pkceOperations } from './operations/pkce.ts';
import { programsOperations } from './operations/programs.ts';
import { userOperations, userStreamPath } from './operations/user.ts';
import type { Streams } from './operations/userStream.ts';
import { usersOperations } from './operations/users.ts';
import {
  healthPath,
  healthStreamPath,
  type Instance,
  serverName,
  wellKnownOperations,
} from './operations/wellKnown.ts';
import { windowOperations } from './operations/window.ts';
import { foreignBrowserPage, noLoginPage, ResultPages } from './pages.ts';

/** L6. */
const largestBody = 32 * 1024;

export interface ApiLog extends BrokerLog {
  debug(fields: object, message: string): void;
  /** Absent: every level is. */
  isLevelEnabled?(level: 'debug'): boolean;
}

/** What the API needs from the entry file. */
export interface ApiOptions {
  readonly broker: Broker;
  readonly gate: Gate;
  readonly callers: CallerLookup;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: ApiLog;
  readonly instance: Instance;
  /** What the command `loopgate` proves itself by. */
  readonly commandKey: string;
  /** Resolves when the window is open; absent where there is none. @throws LoopgateError when it cannot be opened any more */
  readonly showWindow?: () => Promise<void>;
  /** Where the files of the page /docs are. */
  readonly docsFolder: string;
  /** Beside the API's own: in no description. */
  readonly furtherOperations?: readonly Operation[];
}

/** The API, to be put behind a listening server. */
export interface Api {
  readonly handler: RequestListener;
  /** Told of each connection when it is accepted. */
  readonly onConnection: (socket: Socket, wasWaiting?: boolean) => void;
  /** Takes a connection that asks to become a WebSocket. */
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Ends what a closed server leaves open: the WebSockets. */
  close(): Promise<void>;
}

/** A request that has been let in so far. */
interface Admitted {
  readonly requester: Requester;
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number;
}

/** What is known of a connection. */
interface Peer {
  /** When it was accepted; undefined: when it first asked. */
  readonly opened: PointInTime | undefined;
  /** Who it is, once that was asked. */
  caller?: Promise<Caller | undefined>;
  /** As whom it asks, without an origin, once it was let in. */
  requester?: Requester;
  /** One of its requests did not pass the guard. */
  isRefused?: boolean;
}

/**
 * A request passes: guard (headers) → caller (operating system) → route → gate (the person's consent) → operation → broker.
 * Express finds the route and reads the body; what programs ask over and over has neither to be found nor read, and goes by a
 * map of its own. What fails anywhere becomes the one JSON error.
 */
export function createApi(options: ApiOptions): Api {
  const name = serverName(options.instance);
  const send = sender(name);
  const peers = new WeakMap<Socket, Peer>();
  const requests = new WeakMap<IncomingMessage, Admitted>();
  const { gate } = options;
  const routes = new WeakMap<IncomingMessage, string>();
  const operations = apiOperations(options);
  const ownPaths = new Set(operations.map((operation) => operation.path));
  let router: Promise<RequestListener> | undefined;
  let streams: Promise<Streams> | undefined;
  let isClosed = false;
  /** What programs ask over and over has no body to be read, and its path is its route: by method, then path. */
  const bodyless = new Map(
    ['GET', 'HEAD'].map((method) => {
      const found = operations.filter((operation) => operation.method === method && !operation.path.includes(':'));
      return [method, new Map(found.map((operation) => [operation.path, operation]))];
    }),
  );

  /** Express, loaded when something is asked that it is needed for: most starts are followed by none. */
  async function loadRouter(): Promise<RequestListener> {
    const { createRouter } = await import('./router.ts');
    return createRouter(ownPaths, {
      largestBody,
      async routed(request, response, path, body) {
        routes.set(request, path);
        const admitted = requests.get(request);
        if (!admitted) throw new LoopgateError('forbidden_origin');
        const operation = operations.find((one) => one.path === path && one.method === request.method);
        if (!operation) return send(response, methodNotAllowed(operations.filter((one) => one.path === path)));
        send(response, await answerOf(operation, new AdmittedRequest(request, admitted, body)));
      },
      failed: (response, error) => send(response, refusal(error)),
    });
  }

  /** Loaded when somebody listens. */
  async function loadStreams(): Promise<Streams> {
    const { Streams } = await import('./operations/userStream.ts');
    return new Streams(options.broker, gate, name, (request) =>
      refuseUpgrade(
        request,
        new LoopgateError('invalid_request', {
          happened: 'The request is no WebSocket handshake (RFC 6455).',
          next: `Connect with a WebSocket client, or ask GET ${pathOf(request) === healthStreamPath ? healthPath : '/user'}.`,
        }),
      ),
    );
  }

  function refusal(error: unknown): Answer {
    return errorAnswer(loopgateErrorOf(error, options.log));
  }

  /** The gate, then the operation. At once where nobody is waited for: most requests are made over and over. */
  function answerOf(operation: Operation, request: ApiRequest): Answer | Promise<Answer> {
    try {
      const answer = allowedAnswer(operation, request);
      return answer instanceof Promise ? answer.catch(refusal) : answer;
    } catch (error) {
      return refusal(error);
    }
  }

  /** @throws whatever the gate and the operation do */
  function allowedAnswer({ needs, handle }: Operation, request: ApiRequest): Answer | Promise<Answer> {
    if (needs === 'nothing' || needs === 'asks_itself') return handle(request);
    const { requester } = request;
    if (needs === 'sign_in') return gate.requireThroughout(requester, needs, () => handle(request));
    if (gate.admits(requester, needs)) return handle(request);
    return gate.require(requester, needs).then(() => handle(request));
  }

  /** The one JSON error on a connection that Node has handed over. */
  function refuseUpgrade(request: IncomingMessage, error: LoopgateError): void {
    const response = new ServerResponse(request);
    response.assignSocket(request.socket);
    response.once('finish', () => request.socket.destroySoon());
    send(response, errorAnswer(error, { Connection: 'close' }));
  }

  function peerOf(socket: Socket): Peer {
    const known = peers.get(socket);
    if (known) return known;
    const peer: Peer = { opened: undefined };
    peers.set(socket, peer);
    return peer;
  }

  /** Asked once for a connection, and not before the guard has let a request of it pass: a web page cannot cause look-ups. */
  function callerOf(socket: Socket): Promise<Caller | undefined> {
    const peer = peerOf(socket);
    if (peer.caller) return peer.caller;
    peer.caller = foundCaller(socket, peer.opened).catch(() => undefined);
    return peer.caller;
  }

  /** Its program too only counts while the connection is there: it is looked up by the same ports, later. */
  async function foundCaller(socket: Socket, opened: PointInTime | undefined): Promise<Caller | undefined> {
    const connection = connectionOf(socket, opened);
    const caller = connection && (await options.callers.find(connection));
    if (!caller || !(await isStillOpen(socket))) return undefined;
    return callerWith(async () => {
      const program = await caller.program();
      return (await isStillOpen(socket)) ? program : undefined;
    });
  }

  function guarded(request: IncomingMessage): Passed | Promise<never> {
    const { localPort: port = -1 } = request.socket;
    const { broker } = options;
    try {
      const passed = guard(request, { port, origins: gate.origins, providerOrigins: broker.providerOrigins });
      // The connection ends with that answer: what was sent behind the refused request is never answered, nor obeyed.
      if (peers.get(request.socket)?.isRefused) throw new LoopgateError('forbidden_origin');
      return passed;
    } catch (error) {
      peerOf(request.socket).isRefused = true;
      return offerOrigin(request).then(() => Promise.reject(error));
    }
  }

  /** L2: a refused origin that is no web page's is shown to the person; another user's process shows them nothing. */
  async function offerOrigin({ headers, socket }: IncomingMessage): Promise<void> {
    const { origin } = headers;
    if (origin === undefined || origin === 'null' || /^https?:/.test(origin)) return;
    // Before it is answered: whoever has read the answer may be gone, and nobody knows then whose it was.
    if (await callerOf(socket)) gate.refusedOrigin(origin);
  }

  /** L5. @throws LoopgateError for another user's process, and for a connection without an owner */
  async function admittedCaller(socket: Socket): Promise<Caller> {
    const caller = await callerOf(socket);
    if (!caller) {
      throw new LoopgateError('forbidden_origin', {
        happened: 'The request does not come from a program of the user who runs Loopgate.',
      });
    }
    return caller;
  }

  /** R16. Asked for each request: a connection may have been good before, and be ending now. */
  async function mayBringLogin(socket: Socket): Promise<boolean> {
    const connection = connectionOf(socket);
    if (!connection || !(await options.callers.mayBringLogin(connection).catch(() => false))) return false;
    return (await isStillOpen(socket)) && !socket.readableEnded;
  }

  /** As whom a request is made that the guard has let pass. */
  function requesterOf(request: IncomingMessage, origin: string | undefined): Requester | Promise<Requester> {
    if (bringsLogin(request) || (options.callers.isSlow === true && isProbe(request)))
      return { caller: stranger, origin };
    const peer = peerOf(request.socket);
    if (origin === undefined && peer.requester) return peer.requester;
    return admittedCaller(request.socket).then((caller) => {
      peer.requester ??= { caller };
      return origin === undefined ? peer.requester : { caller, origin };
    });
  }

  /** Waits for nothing that is known already: a promise for each step is a tenth of what a request takes. */
  async function admit(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrivedAt = options.now();
    const passed = guarded(request);
    const { origin } = passed instanceof Promise ? await passed : passed;
    if (origin !== undefined && allowOrigin(request, response, origin, send)) return;
    if (bringsLogin(request) && !(await mayBringLogin(request.socket)))
      return send(response, pathOf(request).startsWith(loginPrefix) ? noLoginPage() : foreignBrowserPage());
    const found = requesterOf(request, origin);
    const who: Admitted = { requester: found instanceof Promise ? await found : found, arrivedAt };
    const operation = hasBody(request) ? undefined : bodyless.get(request.method ?? '')?.get(pathOf(request));
    if (operation) {
      const answer = answerOf(operation, new AdmittedRequest(request, who, ''));
      return send(response, answer instanceof Promise ? await answer : answer);
    }
    // Refused before it is sent; a body of unknown length is counted while it is read.
    if (Number(request.headers['content-length'] ?? 0) > largestBody) throw new LoopgateError('payload_too_large');
    if (request.headers.expect !== undefined) response.writeContinue();
    requests.set(request, who);
    router ??= loadRouter();
    (await router)(request, response);
  }

  async function admitUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { origin } = await guarded(request);
    const caller = await admittedCaller(request.socket);
    const path = pathOf(request);
    if (path !== userStreamPath && path !== healthStreamPath) throw new LoopgateError('not_found');
    streams ??= loadStreams();
    const opened = await streams;
    // Whoever was still being looked up comes too late.
    if (isClosed) return void socket.destroy();
    if (path === healthStreamPath) opened.tellHealth(request, socket, head);
    else opened.tellUser(request, socket, head, { caller, origin });
  }

  const isLogged = options.log.isLevelEnabled?.('debug') ?? true;

  function logWhenFinished(request: IncomingMessage, response: ServerResponse): void {
    const started = options.now();
    response.once('finish', () => {
      // T9: what is no path of ours may be anything, also a token that was put into the wrong place.
      const asked = pathOf(request);
      const path = routes.get(request) ?? (ownPaths.has(asked) ? asked : 'other');
      options.log.debug(
        { method: request.method, path, status: response.statusCode, ms: options.now() - started },
        'request',
      );
    });
  }

  const handler: RequestListener = (request, response) => {
    if (isLogged) logWhenFinished(request, response);
    admit(request, response).catch((error: unknown) => {
      // The body of a refused request is not read: the connection ends with the answer.
      send(response, errorAnswer(loopgateErrorOf(error, options.log), { Connection: 'close' }));
    });
  };

  return {
    handler,
    onConnection(socket, wasWaiting = false) {
      // A socket comes a second time when a wish to upgrade it was passed over.
      if (!peers.has(socket)) peers.set(socket, { opened: wasWaiting ? unknownTime : presentTime() });
    },
    onUpgrade: (request, socket, head) => {
      socket.on('error', endConnection);
      admitUpgrade(request, socket, head).catch((error: unknown) => {
        refuseUpgrade(request, loopgateErrorOf(error, options.log));
      });
    },
    async close() {
      isClosed = true;
      await (await streams)?.close();
    },
  };
}

/** A listener that holds nothing of the request: it stays as long as the connection. */
function endConnection(this: Duplex): void {
  this.destroy();
}

/** Every operation that there is: the routes, and what the API description describes. */
export function apiOperations({
  broker,
  gate,
  now,
  log,
  instance,
  commandKey,
  showWindow,
  docsFolder,
  furtherOperations = [],
}: Omit<ApiOptions, 'callers'>): Operation[] {
  const described = [
    ...pkceOperations(broker, gate, new ResultPages(), log, now),
    ...auth0Operations(broker, gate, now),
    ...userOperations(broker, gate, now),
    ...usersOperations(broker),
    ...connectOperations(broker, gate, instance),
    ...wellKnownOperations(instance),
  ];
  return [
    ...described,
    ...descriptionOperations(() => described, instance, docsFolder),
    ...programsOperations(gate, commandKey),
    ...windowOperations(commandKey, showWindow),
    ...deviceOperations(broker, gate, now),
    loginElsewhereOperation(broker, gate),
    loginAddressOperation(broker),
    ...furtherOperations,
  ];
}

/** Before everything that runs: a connection that may be older than we are proves nothing by when its program began. */
const unknownTime: PointInTime = { uptime: 0, epoch: 0 };

/** Whose browser brings a login, perhaps from beyond a forwarder (a container, WSL, SSH): owns nothing here. */
const stranger = callerWith(async () => undefined);

/**
 * A browser that follows a login's address, brings its callback, or reads the page that this leads to: it has rules of its own
 * (R16). A program that relays a code is asked who it is, as everywhere else.
 */
function bringsLogin(request: IncomingMessage): boolean {
  const path = pathOf(request);
  if (path !== callbackPath && !path.startsWith(openPagePrefix) && !path.startsWith(loginPrefix)) return false;
  return request.headers.accept?.includes('text/html') ?? false;
}

/** A probe reads which run this is, and nothing that is anybody's. */
function isProbe({ url, method }: IncomingMessage): boolean {
  return url === healthPath && (method === 'GET' || method === 'HEAD');
}

/** L4: that origin exactly, and only what the clients send. True when the request was a preflight, which is answered here. */
function allowOrigin(request: IncomingMessage, response: ServerResponse, origin: string, send: Send): boolean {
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Vary', 'Origin');
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST');
  response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, X-Application-ID, application');
  send(response, { status: 204, headers: {}, body: '' });
  return true;
}

/** RFC 9112 §6.3: a request has a body when one of the first two says so; with the third it asks whether it may send one. */
function hasBody({ headers }: IncomingMessage): boolean {
  return (headers['content-length'] ?? headers['transfer-encoding'] ?? headers.expect) !== undefined;
}

function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/** What an operation gets of a request. What few of them ask for is read when they do. */
class AdmittedRequest implements ApiRequest {
  readonly #request: IncomingMessage;
  readonly requester: Requester;
  readonly arrivedAt: number;
  readonly body: string;

  constructor(request: IncomingMessage, { requester, arrivedAt }: Admitted, body: string) {
    this.#request = request;
    this.requester = requester;
    this.arrivedAt = arrivedAt;
    this.body = body;
  }

  get method(): string {
    return this.#request.method ?? '';
  }

  get path(): string {
    return pathOf(this.#request);
  }

  get query(): URLSearchParams {
    return parametersOf(this.#request.url?.slice(this.path.length) ?? '');
  }

  get mediaType(): string | undefined {
    return this.#request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  }

  header(name: string): string | undefined {
    return this.#request.headers[name.toLowerCase()]?.toString();
  }
}

function methodNotAllowed(operations: readonly Operation[]): Answer {
  const allowed = operations.map(({ method }) => method).join(', ');
  return errorAnswer(new LoopgateError('method_not_allowed'), { Allow: allowed });
}

/** T8: nothing is stored by anyone on the way. */
const everyHeader = [
  ...['Cache-Control', 'no-store'],
  ...['X-Content-Type-Options', 'nosniff'],
  ...['Cross-Origin-Resource-Policy', 'same-origin'],
];

type Send = (response: ServerResponse, answer: Answer) => void;

/** @param name - what the header `Server` says */
function sender(name: string): Send {
  /** Names and values in turns, as Node takes them. Made once for an answer that is given again and again. */
  const headersOf = madeOnce(({ status, headers, body }: Answer): string[] => [
    ...['Server', name],
    ...everyHeader,
    ...Object.entries(headers).flat(),
    ...(status === 204 ? [] : ['Content-Length', String(Buffer.byteLength(body))]),
  ]);
  return (response, answer) => {
    if (response.headersSent || response.destroyed) return;
    response.writeHead(answer.status, headersOf(answer));
    response.end(response.req.method === 'HEAD' ? undefined : answer.body);
  };
}
