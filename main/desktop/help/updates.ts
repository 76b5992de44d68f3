import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'electron';
import type { AppUpdater } from 'electron-updater';
import type { Logger } from 'pino';
import type { UpdateView } from '../../../preload/views/appView.ts';
import { type Clock, systemClock } from '../../broker/clock.ts';
import type { RunningHost } from '../start/runningHost.ts';

/**
 * When to look for an update: soon after the start but not in its way, then once a day, and sooner after a failure.
 * Milliseconds.
 */
const firstCheck = 60_000;
const checkEvery = 24 * 60 * 60_000;
const checkAfterFailure = 60 * 60_000;

/**
 * electron-updater, which finds, downloads and installs updates. It checks the hash and, on macOS and Windows, the signature.
 */
export type UpdateSource = Pick<AppUpdater, 'checkForUpdates' | 'downloadUpdate' | 'autoInstallOnAppQuit'>;

export interface UpdatesWorld {
  readonly source: UpdateSource;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
  /** False if the system's package manager installs updates: then Loopgate only informs the person. */
  readonly replacesItself: boolean;
  /** Whether a login is open in the browser. */
  isSignInWaiting(): boolean;
}

/**
 * Keeps the app up to date without asking: it downloads a newer version in the background and installs it when the person
 * quits. It never installs an older version. It also never installs while a sign-in waits, because that would return to
 * another program.
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

  /** Looks for a newer version now, and downloads it. A failure shows in the view. */
  check(): Promise<void> {
    // Install the downloaded version first: downloading another one now would be wasted.
    if (this.#view.state === 'ready') return Promise.resolve();
    this.#checking ??= this.#look().finally(() => {
      this.#checking = undefined;
      this.#cancel();
      const pause = this.#view.state === 'failed' ? checkAfterFailure : checkEvery;
      this.#cancel = this.#world.clock.after(pause, () => void this.check());
    });
    return this.#checking;
  }

  /** Call it when the app begins to quit, before anything is closed. */
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
 * The updates of this app; undefined in development, and if the build names no feed (electron-builder then writes no
 * `app-update.yml`).
 */
export async function ownUpdates(app: App, running: RunningHost, log: Logger): Promise<Updates | undefined> {
  const resources = process.resourcesPath;
  if (!app.isPackaged || !existsSync(join(resources, 'app-update.yml'))) return undefined;
  // Load it only when it is needed: most starts have a window to show first.
  const { autoUpdater } = await import('electron-updater');
  autoUpdater.autoDownload = false;
  autoUpdater.allowDowngrade = false;
  // A failure is also thrown, and then logged with our own message.
  const say = (message: unknown) => log.debug({ update: String(message) }, 'update');
  autoUpdater.logger = { info: say, warn: say, error: say };
  const updates = new Updates({
    source: autoUpdater,
    clock: systemClock,
    log,
    // electron-builder writes this file into a deb or rpm.
    replacesItself: !existsSync(join(resources, 'package-type')),
    isSignInWaiting: () => running.host.broker.state().waiting !== undefined,
  });
  app.on('before-quit', () => updates.beforeQuit());
  return updates;
}
