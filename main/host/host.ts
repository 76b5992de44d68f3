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
import { nameFiles, programFiles } from '../system/strangersFiles.ts';
import { version } from '../system/version.ts';

/** The broker and its API, running. */
export interface Host {
  readonly broker: Broker;
  readonly gate: Gate;
  /** The address for programs, e.g. `http://localhost:1000`. */
  readonly address: string;
  /** Why the API is not on the port that programs try first; absent if it is, or if the port was set. */
  readonly portNotice: Message | undefined;
  /** The port that programs try first, if it was not available. */
  readonly wantedPort: number | undefined;
  /** The program that holds {@link wantedPort}, if the system reports it. */
  wantedPortOwner(): Promise<string | undefined>;
  /** The callbacks to register at the provider: for the port in use, and for the others that a later start may use. */
  readonly callbacks: readonly string[];
  /**
   * Ends pending requests, closes every socket, and waits until everything is written. A second call does nothing more.
   * @param options.handOver - true when another host continues in this process
   */
  close(options?: { handOver?: boolean }): Promise<void>;
}

/** Access to the outside world, and which programs are allowed if the setting does not decide it. */
type HostWorld = Pick<BrokerWorld, 'fetch' | 'openBrowser' | 'showAddress' | 'showDeviceCode' | 'vault'> & {
  readonly guard: GuardMode;
  /** Descriptors of listening sockets that were opened for this process; then it tries no port. */
  readonly sockets?: readonly number[];
  /** One sentence about what else helps with a privileged port here. */
  readonly portRemedy?: Message;
  /** Resolves when the window is open; absent if there is none. */
  readonly showWindow?: () => Promise<void>;
  /** The folder for `endpoint.json` and `command.key`; by default the data folder. */
  readonly contactFolder?: string;
  /** The executable of the command `loopgate`, if it has its own: questions then name the program that started the command. */
  readonly ownCommand?: string | undefined;
  /** What only the test kit (demo/test-kit, never shipped) passes in: its own operations, and its deliberate faults. */
  readonly testKit?: {
    readonly operations: readonly Operation[];
    readonly gate: typeof Gate;
    readonly clock: Clock;
  };
};

/**
 * Starts what the desktop app and the headless host share: the broker and its API, on both loopback addresses.
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
  tellOfHungFiles(log);
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
  // Do not wait: while a keyring asks for its password, the API must still answer.
  void broker.start(address);
  open();
  const refused = listening.refused.map(({ port, reason }) => ({ port, reason: inEnglish(reason) }));
  log.info({ port: listening.port, refused }, 'listening');
  // Published only once the API answers, and removed before it stops (L10).
  const unpublish = publish(contactFolder, { address, port: listening.port, version, instance: instance.id }, log);
  let closing: Promise<void> | undefined;
  const close = async (options?: { handOver?: boolean }) => {
    ending.abort();
    unpublish();
    command.remove();
    // Close the gate first: a program that waits for the person then gets an answer. It also writes the list.
    gate.close();
    await broker.close(options);
    await Promise.all([api.close(), listening.close()]);
    // Writes the use since then; a later write could overwrite another host's.
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

/** Lets a program show the window. While the host is ending it returns none, because the window would close again at once. */
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
 * Listens for the API. A request may arrive on one address family before the other is bound: it waits for `open`, until the
 * broker knows its address.
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
    onUpgrade: (...upgrade) => opened.then(() => api.onUpgrade(...upgrade)),
    onUnreadable: api.onUnreadable,
    onError: (error) => log.error({ failure: error.message }, 'listener failed'),
    serverName: name,
    sockets,
    ...(settings.port !== undefined && { port: settings.port }),
    ...(settings.ports !== undefined && { ports: settings.ports }),
    ...(portRemedy !== undefined && { remedy: portRemedy }),
  });
  return { listening, open: open.resolve };
}

/** If the file cannot be written, programs must look for the port as they did before. */
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
 * Checks that the API could listen on a port, on both loopback addresses. A program that connects at this moment is
 * disconnected.
 * @throws ListenError with the reason
 */
export async function tryPort(port: number): Promise<void> {
  const listening = await listen({ port, handler: (request) => request.socket.destroy() });
  await listening.close();
}

/** The port in use, and the ports that are tried. */
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

/** One line when it begins, and one when it has ended. */
function tellOfHungFiles(log: Logger): void {
  for (const [files, what] of [
    [programFiles, 'programs in folders of the user are unknown'],
    [nameFiles, 'programs have no name or icon'],
  ] as const) {
    files.onStuck = (isStuck) =>
      isStuck ? log.warn(`a file system does not answer: ${what}`) : log.info('the file system answers again');
  }
}
