/** A desktop with the apps that are compared: Loopgate and one of ten lines. */

import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ensureBundle } from '../../build/bundle.ts';
import { type AppCommand, assembleApp, sandboxArguments } from '../../build/electronRuntime.ts';
import { inTime } from '../../build/inTime.ts';
import { requireSystemPackages } from '../../build/systemPackages.ts';
import { findTestRuntime } from '../../build/testApp.ts';
import { type DesktopSession, startDesktopSession } from '../../build/testDisplay.ts';
import { startIdentityProvider } from '../../demo/identity-provider/provider.ts';
import { providerEnvironment } from '../../e2e/support/client.ts';
import { freePort } from '../../testing/freePort.ts';
import { signInOnDevice } from '../signIn.ts';

const projectFolder = fileURLToPath(new URL('../../', import.meta.url));
const tenLinesFolder = fileURLToPath(new URL('tenLines', import.meta.url));
const icon = join(projectFolder, 'build', 'icons', 'app.png');

/** How long an app may take to start and to end, in milliseconds. Only reached when something is broken. */
const timeout = 60_000;
/** How often the API is asked whether it is there, in milliseconds. */
const pollInterval = 4;

/** An app that was started. Times are milliseconds since it was spawned. */
export interface StartedApp {
  readonly pid: number;
  readonly address: string;
  /** Until its HTTP server has answered. */
  readonly answered: number;
  /** Until the panel knew its tray icon. */
  readonly inTray: number;
  /** Where its tray icon is on the bus, e.g. `:1.12/StatusNotifierItem`. */
  readonly trayItem: string;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

/** The apps, started the same way: unpacked, by the same runtime, on the same desktop, without a window. */
export interface ComparedApps {
  readonly session: DesktopSession;
  /** Loopgate as it starts at login, with a stored session. */
  startLoopgate(): Promise<StartedApp>;
  startTenLines(): Promise<StartedApp>;
}

/**
 * Sets both up, and signs somebody in.
 * @throws Error saying what is missing, where no desktop app can be started here
 */
export async function withComparedApps<T>(
  announce: (line: string) => void,
  compare: (apps: ComparedApps) => Promise<T>,
): Promise<T> {
  if (process.platform !== 'linux') throw new Error('The desktop is measured on Linux.');
  await requireSystemPackages(announce);
  const runtime = await findTestRuntime();
  if (!runtime) throw new Error('There is no Electron here to start the app with.');
  await ensureBundle({ quiet: true });
  const loopgate = await assembleApp({ runtime, appFolder: projectFolder });
  const tenLines = await assembleApp({ runtime, appFolder: tenLinesFolder });
  const session = await startDesktopSession();
  const provider = await startIdentityProvider({ deviceIntervalSeconds: 1 });
  const tray = await watchTray(session);
  try {
    const start = async (command: AppCommand, switches: string[], environment: (port: number) => NodeJS.ProcessEnv) => {
      const port = await freePort();
      const env = { ...session.environment, ...environment(port) };
      const args = [...command.args, ...sandboxArguments(), ...switches];
      return await startApp({ executable: command.executable, args }, env, port, tray.registered);
    };
    const apps: ComparedApps = {
      session,
      startLoopgate: () =>
        start(loopgate, ['--hidden'], (port) => ({
          ...providerEnvironment(provider),
          LOOPGATE_HOME: join(session.home, 'loopgate'),
          LOOPGATE_PORT: String(port),
          LOOPGATE_GUARD: 'same-user',
        })),
      startTenLines: () => start(tenLines, [], (port) => ({ PORT: String(port), ICON: icon })),
    };
    // The session is then in the keyring of this desktop.
    const app = await apps.startLoopgate();
    try {
      await signInOnDevice(app.address, 'Ada Lovelace');
    } finally {
      await app.stop();
    }
    return await compare(apps);
  } finally {
    tray.stop();
    await provider.close();
    await session.stop();
  }
}

async function startApp(
  { executable, args }: AppCommand,
  env: NodeJS.ProcessEnv,
  port: number,
  registered: EventEmitter,
): Promise<StartedApp> {
  const address = `http://127.0.0.1:${port}`;
  const item = once(registered, 'item') as Promise<[string]>;
  const began = performance.now();
  const child = spawn(executable, args, { env, stdio: 'ignore', detached: true });
  const stop = () => stopApp(child);
  try {
    const gone = once(child, 'exit').then(() => {
      throw new Error(`${executable} ended before it was there`);
    });
    gone.catch(() => undefined);
    const answering = untilAnswered(`${address}/.well-known/health`).then(() => performance.now() - began);
    const showing = item.then(([found]) => ({ inTray: performance.now() - began, trayItem: found }));
    const both = Promise.all([answering, showing]);
    const [answered, shown] = await inTime(`${executable} and its tray icon`, timeout, Promise.race([both, gone]));
    return { pid: child.pid ?? -1, address, answered, ...shown, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** It leads a group of its own, which is ended as a whole when it does not end by itself. */
async function stopApp(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const isOver = await Promise.race([ended.then(() => true), delay(10_000, false, { ref: false })]);
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone, as it should be.
  }
  if (!isOver) await ended;
}

/** Asks until there is an answer. A refused connection costs next to nothing, on both sides. */
async function untilAnswered(address: string): Promise<void> {
  for (const since = Date.now(); Date.now() - since < timeout; ) {
    const answer = await fetch(address).catch(() => undefined);
    if (answer) return void (await answer.arrayBuffer());
    await delay(pollInterval);
  }
}

/** Tells of each tray icon the moment it is registered: `item`, with its place on the bus. */
async function watchTray({ environment }: DesktopSession): Promise<{ registered: EventEmitter; stop(): void }> {
  const registered = new EventEmitter();
  const watcher = 'org.kde.StatusNotifierWatcher';
  const child = spawn('gdbus', ['monitor', '--session', '--dest', watcher], {
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const item = /StatusNotifierItemRegistered \('([^']+)',\)/.exec(line)?.[1];
    if (item !== undefined) registered.emit('item', item);
  });
  // Its first line says that it listens.
  await inTime('gdbus monitor', timeout, once(lines, 'line'));
  return { registered, stop: () => void child.kill() };
}
