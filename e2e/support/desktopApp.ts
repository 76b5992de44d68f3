import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ElectronApplication, _electron as electron, type Page } from 'playwright';
import type { AppCommand } from '../../build/electronRuntime.ts';
import { testApp } from '../../build/testApp.ts';
import type { AppView } from '../../preload/contract.ts';

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
}

/** Starts the app and waits for its window and its API. */
export async function startDesktopApp({ environment, colorScheme, command }: DesktopAppOptions): Promise<DesktopApp> {
  const { executable, args } = command ?? (await testApp());
  const app = await electron.launch({
    executablePath: executable,
    args: [...args],
    env: definedOnly(environment),
    ...(colorScheme && { colorScheme }),
  });
  const window = await app.firstWindow();
  const address = await shownAddress(window);
  return {
    electron: app,
    window,
    address,
    async quit() {
      const closed = app.waitForEvent('close');
      await app.evaluate(({ app: running }) => running.quit()).catch(() => undefined);
      await closed;
    },
  };
}

/** A data folder that is removed afterwards. */
export async function temporaryHome(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'loopgate-home-'));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
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
