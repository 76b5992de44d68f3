import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ElectronApplication, _electron as electron, type Locator, type Page } from 'playwright';
import type { AppCommand } from '../../build/electronRuntime.ts';
import { inTime } from '../../build/inTime.ts';
import { testApp } from '../../build/testApp.ts';
import type { DesktopSession } from '../../build/testDisplay.ts';
import type { AppView } from '../../preload/views/appView.ts';

/** A running desktop app. */
export interface DesktopApp {
  readonly electron: ElectronApplication;
  /** The window that the start opens. */
  readonly window: Page;
  /** Where the API is, e.g. `http://localhost:41234`. */
  readonly address: string;
  /** Quits as the tray's Quit does, and waits until the process is gone. */
  quit(): Promise<void>;
}

export interface DesktopAppOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly colorScheme?: 'light' | 'dark';
  /** Another program than the built app: the packed one. */
  readonly command?: AppCommand;
  /** Further switches, such as `--password-store=basic`: a machine without a keyring. */
  readonly switches?: readonly string[];
}

/** How long the app may take to start, to follow a click and to end, in milliseconds. Only reached when something is broken. */
const timeout = 30_000;
/** How long Playwright may take to attach, in milliseconds. */
const launchTimeout = 20_000;

/** Starts the app and waits for its window and its API. */
export async function startDesktopApp(options: DesktopAppOptions): Promise<DesktopApp> {
  const { environment, colorScheme, command, switches = [] } = options;
  const { executable, args } = command ?? (await testApp());
  const launch = () =>
    electron.launch({
      executablePath: executable,
      args: [...args, ...switches],
      env: definedOnly(environment),
      ...(colorScheme && { colorScheme }),
      timeout: launchTimeout,
    });
  // Now and then Playwright does not get to see an app that serves its API already (seen three times in some hundred starts).
  const app = await launch().catch(launch);
  app.context().setDefaultTimeout(timeout);
  const lastLines = keepLastLines(app.process());
  const sayLastLines = (error: Error): never => {
    throw new Error(`${error.message}. The last that the app wrote:\n${lastLines()}`);
  };
  const window = await app.firstWindow({ timeout }).catch(sayLastLines);
  const address = await inTime('the first view', timeout, shownAddress(window)).catch(sayLastLines);
  return {
    electron: app,
    window,
    address,
    async quit() {
      const closed = app.waitForEvent('close', { timeout }).catch(sayLastLines);
      // It may be gone before it answers.
      app.evaluate(({ app: running }) => running.quit()).catch(() => undefined);
      await closed;
    },
  };
}

/** Starts the app where it should not stay, and gives what it said. */
export async function runToItsEnd(
  environment: NodeJS.ProcessEnv,
  switches: readonly string[] = [],
): Promise<{ exitCode: unknown; output: string; errors: string }> {
  const { executable, args } = await testApp();
  const child = spawn(executable, [...args, ...switches], { env: environment });
  const said = { output: '', errors: '' };
  child.stdout.on('data', (chunk) => {
    said.output += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    said.errors += String(chunk);
  });
  const [exitCode] = await once(child, 'close');
  return { exitCode, ...said };
}

/** What a heading of the window says. */
export function heading({ window }: DesktopApp, name: string): Locator {
  return window.getByRole('heading', { name, exact: true });
}

/** Presses a button of the window. */
export async function press({ window }: DesktopApp, name: string): Promise<void> {
  await window.getByRole('button', { name, exact: true }).click();
}

/** The person looks elsewhere from now on: the desktop of the tests has no window manager, which would say who has the focus. */
export async function looksElsewhere({ electron: app }: DesktopApp): Promise<void> {
  await app.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getFocusedWindow = () => null;
  });
}

/**
 * Listens to the notifications on the screen, as somebody who looks elsewhere.
 * @returns gives the texts of all since the desktop was started
 */
export async function watchNotifications(
  app: DesktopApp,
  { notifications }: Pick<DesktopSession, 'notifications'>,
): Promise<() => Promise<string[]>> {
  await looksElsewhere(app);
  return () => notifications.texts();
}

/** A data folder that is removed afterwards. */
export async function temporaryHome(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'loopgate-home-'));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** @returns gives the last lines that a process has written to standard error and standard output. */
function keepLastLines({ stdout, stderr }: ChildProcess): () => string {
  let kept = '';
  for (const stream of [stdout, stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      kept = `${kept}${chunk}`.slice(-4_000);
    });
  }
  return () => kept;
}

/** The window knows it from the first view on; the line on standard output may have gone by before anybody listened. */
async function shownAddress(window: Page): Promise<string> {
  const view: AppView = await window.evaluate('window.loopgate.view()');
  return view.address;
}

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
