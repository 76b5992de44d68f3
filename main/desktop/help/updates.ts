import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'electron';
import type { AppUpdater } from 'electron-updater';
import type { Logger } from 'pino';
import type { UpdateView } from '../../../preload/views/app.ts';
import { type Clock, systemClock } from '../../broker/clock.ts';
import type { RunningHost } from '../start/runningHost.ts';

/** When it is looked for: soon after the start but not in its way, then once a day, and sooner after a failure. Milliseconds. */
const firstCheck = 60_000;
const checkEvery = 24 * 60 * 60_000;
const checkAfterFailure = 60 * 60_000;

/** Finds, fetches and installs: electron-updater, which checks the hash and, on macOS and Windows, the signature. */
export type UpdateSource = Pick<AppUpdater, 'checkForUpdates' | 'downloadUpdate' | 'autoInstallOnAppQuit'>;

export interface UpdatesWorld {
  readonly source: UpdateSource;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  /** False where the system's package manager does it: the person is told, and nothing is fetched. */
  readonly replacesItself: boolean;
  /** Whether a login is open in the browser. */
  isSignInWaiting(): boolean;
}

/**
 * Keeps the app up to date without asking: a newer version is fetched in the background and takes the place of this one when
 * the person quits. Never an older one, and never while a sign-in waits, which would come back to another program.
 */
export class Updates {
  readonly #world: UpdatesWorld;
  readonly #listeners = new Set<() => void>();
  #view: UpdateView = { state: 'unchecked' };
  #checking: Promise<void> | undefined;
  #cancel: () => void;

  constructor(world: UpdatesWorld) {
    this.#world = world;
    this.#cancel = world.clock.after(firstCheck, () => void this.check());
  }

  get view(): UpdateView {
    return this.#view;
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Looks for a newer version now, and fetches it. What fails is in the view. */
  check(): Promise<void> {
    // What is fetched already is installed first: another one would be fetched for nothing.
    if (this.#view.state === 'ready') return Promise.resolve();
    this.#checking ??= this.#look().finally(() => {
      this.#checking = undefined;
      this.#cancel();
      const pause = this.#view.state === 'failed' ? checkAfterFailure : checkEvery;
      this.#cancel = this.#world.clock.after(pause, () => void this.check());
    });
    return this.#checking;
  }

  /** To be called when the app begins to quit, before anything is closed. */
  beforeQuit(): void {
    this.#world.source.autoInstallOnAppQuit = !this.#world.isSignInWaiting();
  }

  async #look(): Promise<void> {
    const { source, clock, log, replacesItself } = this.#world;
    this.#show({ state: 'checking' });
    try {
      const found = await source.checkForUpdates();
      const checkedAt = clock.now();
      if (!found?.isUpdateAvailable) return this.#show({ state: 'current', checkedAt });
      const { version } = found.updateInfo;
      if (!replacesItself) return this.#show({ state: 'available', version });
      this.#show({ state: 'fetching', version });
      await source.downloadUpdate();
      this.#show({ state: 'ready', version });
    } catch (error) {
      log.warn({ failure: error instanceof Error ? error.message : String(error) }, 'update failed');
      this.#show({ state: 'failed', checkedAt: clock.now() });
    }
  }

  #show(view: UpdateView): void {
    this.#view = view;
    for (const listener of this.#listeners) listener();
  }
}

/**
 * The updates of this app; undefined where the build names no feed (electron-builder then writes no `app-update.yml`) and in
 * development.
 */
export async function ownUpdates(app: App, running: RunningHost, log: Logger): Promise<Updates | undefined> {
  const resources = process.resourcesPath;
  if (!app.isPackaged || !existsSync(join(resources, 'app-update.yml'))) return undefined;
  // Loaded when it is used: most starts have a window to show first.
  const { autoUpdater } = await import('electron-updater');
  autoUpdater.autoDownload = false;
  autoUpdater.allowDowngrade = false;
  // What fails is thrown as well, and logged in words of ours.
  const say = (message: unknown) => log.debug({ update: String(message) }, 'update');
  autoUpdater.logger = { info: say, warn: say, error: say };
  const updates = new Updates({
    source: autoUpdater,
    clock: systemClock,
    log,
    // Written by electron-builder into a deb or rpm.
    replacesItself: !existsSync(join(resources, 'package-type')),
    isSignInWaiting: () => running.host.broker.state().waiting !== undefined,
  });
  app.on('before-quit', () => updates.beforeQuit());
  return updates;
}
