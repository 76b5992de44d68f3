import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { inEnglish, type Message, message, verbatim } from '../../preload/texts/messages.ts';
import type { GuardMode } from '../access/decisions.ts';
import { Gate, type GateWorld } from '../access/gate.ts';
import type { Operation } from '../api/operation.ts';
import { serverName } from '../api/operations/wellKnown.ts';
import { noWindow } from '../api/operations/window.ts';
import { type Api, createApi } from '../api/server.ts';
import { Broker } from '../broker/broker.ts';
import { type Clock, systemClock } from '../broker/clock.ts';
import type { BrokerWorld } from '../broker/world.ts';
import { systemCallerLookup } from '../callers/systemLookup.ts';
import { type Listening, listen } from '../listener/listen.ts';
import { portOwner } from '../listener/portOwner.ts';
import { reasonsOf } from '../listener/refusedPorts.ts';
import { callbackPath, defaultPorts } from '../protocol/protocol.ts';
import { isManaged, SettingError, type Settings } from '../settings/settings.ts';
import { publishEndpoint } from '../storage/endpointFile.ts';
import { writeFailure } from '../storage/jsonFile.ts';
import { makeCommandKey, programsFile } from '../storage/programsFile.ts';
import { deferred } from '../system/deferred.ts';
import { version } from '../system/version.ts';

/** The broker and its API, running. */
export interface Host {
  readonly broker: Broker;
  readonly gate: Gate;
  /** Where programs reach it, e.g. `http://localhost:1000`. */
  readonly address: string;
  /** Why it is not on the port that programs try first; absent when it is, or when the port was set. */
  readonly portNotice: Message | undefined;
  /** The port that programs try first, where it could not be had. */
  readonly wantedPort: number | undefined;
  /** The program that has {@link wantedPort}, where the system tells. */
  wantedPortOwner(): Promise<string | undefined>;
  /** The callbacks to register at the provider: that of the port in use, and of the others that may be tried another time. */
  readonly callbacks: readonly string[];
  /**
   * Ends what waits, closes every socket, and waits until all is written. Called again, it does nothing more.
   * @param options.handOver - true when another host goes on in this process
   */
  close(options?: { handOver?: boolean }): Promise<void>;
}

/** What touches the world; and which programs are let in where the setting does not say it. */
type HostWorld = Pick<BrokerWorld, 'fetch' | 'openBrowser' | 'showAddress' | 'showDeviceCode' | 'vault'> & {
  readonly guard: GuardMode;
  /** Descriptors of listening sockets that were opened for this process; then no port is tried. */
  readonly sockets?: readonly number[];
  /** What else can be done about a privileged port here, in one sentence. */
  readonly portRemedy?: Message;
  /** Resolves when the window is open; absent where there is none. */
  readonly showWindow?: () => Promise<void>;
  /** Where `endpoint.json` and `command.key` go; absent: into the data folder. */
  readonly contactFolder?: string;
  /** The executable of the command `loopgate`, where it has one of its own: it is asked about as the program that started it. */
  readonly ownCommand?: string | undefined;
  /** What only the test kit (demo/test-kit, never shipped) hands in: operations of its own, and what it misleads on purpose. */
  readonly testKit?: {
    readonly operations: readonly Operation[];
    readonly gate: typeof Gate;
    readonly clock: Clock;
  };
};

/**
 * Starts what the desktop app and the headless host have in common: the broker behind its API, on both loopback addresses.
 * @throws OwnLoopgateError, ListenError, SettingError
 */
export async function startHost(settings: Settings, world: HostWorld, log: Logger): Promise<Host> {
  const { contactFolder = settings.home, sockets = [], testKit } = world;
  if (settings.demo && settings.issuer === undefined) {
    throw new SettingError(
      verbatim('LOOPGATE_DEMO works with "npm start" and "npm run serve": they start the demo provider.'),
    );
  }
  const clock = testKit?.clock ?? systemClock;
  const broker = new Broker(settings, { ...world, clock, random: Math.random, log });
  const gate = gateOf(settings, world, { clock, log, problem: (problem) => broker.showProblem(problem) });
  const instance = { id: randomUUID(), version, compatibleVersion: settings.compatibleVersion };
  const command = makeCommandKey(contactFolder);
  const ending = new AbortController();
  const api = createApi({
    broker,
    gate,
    callers: systemCallerLookup(process.platform, world.ownCommand),
    now: () => clock.now(),
    log,
    instance,
    commandKey: command.key,
    ...windowOf(world, ending.signal),
    docsFolder: join(__dirname, 'docs'),
    ...(testKit && { furtherOperations: testKit.operations }),
  });
  const { listening, open } = await listenFor(api, settings, world, serverName(instance), log).catch(
    async (error: unknown) => {
      command.remove();
      await broker.close();
      throw error;
    },
  );
  const address = `http://localhost:${listening.port}`;
  // Not awaited: a keyring that asks for its password must not keep the API from answering.
  void broker.start(address);
  open();
  const refused = listening.refused.map(({ port, reason }) => ({ port, reason: inEnglish(reason) }));
  log.info({ port: listening.port, refused }, 'listening');
  // Not before the API answers, and gone before it stops (L10).
  const unpublish = publish(contactFolder, { address, port: listening.port, version, instance: instance.id }, log);
  let closing: Promise<void> | undefined;
  const close = async (options?: { handOver?: boolean }) => {
    ending.abort();
    unpublish();
    command.remove();
    // First, so that a program that waits for the person is told; it also writes the list.
    gate.close();
    await broker.close(options);
    await Promise.all([api.close(), listening.close()]);
    // Writes what was used in between; a later write could overwrite another host's.
    gate.close();
    log.info({}, 'stopped');
  };
  return {
    broker,
    gate,
    address,
    ...portsOf(listening, sockets.length > 0 ? { port: listening.port } : settings),
    close(options) {
      closing ??= close(options);
      return closing;
    },
  };
}

/** The gate for these settings. */
function gateOf(
  settings: Settings,
  { guard, testKit }: Pick<HostWorld, 'guard' | 'testKit'>,
  world: Omit<GateWorld, 'store'>,
): Gate {
  const mode = settings.guard ?? guard;
  const areOriginsManaged = isManaged(settings, 'origins');
  return new (testKit?.gate ?? Gate)(
    { mode, origins: settings.origins, areOriginsManaged },
    { ...world, store: programsFile(settings.home) },
  );
}

/** How a program has the window shown. While the host is ending there is none: the window would close again at once. */
function windowOf(
  { showWindow }: Pick<HostWorld, 'showWindow'>,
  ending: AbortSignal,
): { showWindow?: () => Promise<void> } {
  if (!showWindow) return {};
  return {
    showWindow: async () => {
      if (ending.aborted) throw noWindow();
      await showWindow();
    },
  };
}

/**
 * Listens for the API. A request may arrive on one address family while the other is still being bound: it waits for `open`,
 * until the broker knows its address.
 * @throws ListenError
 */
async function listenFor(
  api: Api,
  settings: Settings,
  { sockets = [], portRemedy }: Pick<HostWorld, 'sockets' | 'portRemedy'>,
  name: string,
  log: Logger,
): Promise<{ listening: Listening; open: () => void }> {
  let isOpen = false;
  const open = deferred();
  const opened = open.promise.then(() => {
    isOpen = true;
  });
  const listening = await listen({
    handler: (...asked) => (isOpen ? api.handler(...asked) : void opened.then(() => api.handler(...asked))),
    onConnection: api.onConnection,
    onUpgrade: (...upgrade) => void opened.then(() => api.onUpgrade(...upgrade)),
    onError: (error) => log.error({ failure: error.message }, 'listener failed'),
    serverName: name,
    sockets,
    ...(settings.port !== undefined && { port: settings.port }),
    ...(settings.ports !== undefined && { ports: settings.ports }),
    ...(portRemedy !== undefined && { remedy: portRemedy }),
  });
  return { listening, open: open.resolve };
}

/** Where nothing can be written, programs have to look for the port as they did before. */
function publish(home: string, listening: Parameters<typeof publishEndpoint>[1], log: Logger): () => void {
  try {
    return publishEndpoint(home, listening);
  } catch (error) {
    const reason = writeFailure(error, home);
    log.warn({ failure: reason ? inEnglish(reason) : String(error) }, 'endpoint.json cannot be written');
    return () => undefined;
  }
}

/**
 * Whether the API could listen on a port, on both loopback addresses. Whoever connects in this moment is hung up on.
 * @throws ListenError with the reason
 */
export async function tryPort(port: number): Promise<void> {
  const listening = await listen({ port, handler: (request) => request.socket.destroy() });
  await listening.close();
}

/** What there is to know about the port in use and those that are tried. */
function portsOf(
  listening: Listening,
  { port, ports = defaultPorts }: Pick<Settings, 'port' | 'ports'>,
): Pick<Host, 'portNotice' | 'wantedPort' | 'wantedPortOwner' | 'callbacks'> {
  const inUse = listening.port;
  const wantedPort = listening.refused[0]?.port;
  const tried = port === undefined ? [...new Set([inUse, ...ports])] : [inUse];
  return {
    portNotice: noticeOf(listening),
    wantedPort,
    wantedPortOwner: async () => (wantedPort === undefined ? undefined : (await portOwner(wantedPort))?.name),
    callbacks: tried.map((one) => `http://localhost:${one}${callbackPath}`),
  };
}

function noticeOf({ port, refused }: Listening): Message | undefined {
  if (refused.length === 0) return undefined;
  return message('portInstead', { reasons: reasonsOf(refused), port });
}
