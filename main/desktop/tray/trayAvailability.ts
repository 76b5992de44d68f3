import { UnusableBus } from '../../system/dbusMessages.ts';
import { hasSessionBus, SessionBus } from '../../system/sessionBus.ts';

const watcher = 'org.kde.StatusNotifierWatcher';
/** How long the panel may take to answer, in milliseconds. */
const timeout = 5_000;

/** The signals that may change the answer: the watcher or its host comes or goes. */
const signals = [
  `type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${watcher}'`,
  `type='signal',interface='${watcher}',member='StatusNotifierHostRegistered'`,
  `type='signal',interface='${watcher}',member='StatusNotifierHostUnregistered'`,
];

export interface TrayAvailabilityOptions {
  readonly platform?: NodeJS.Platform;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Whether the desktop shows tray icons. On Linux a panel announces that over D-Bus (freedesktop.org's StatusNotifierItem).
 * GNOME needs an extension for it, and the panel may start late or restart. Other systems always show them.
 */
export class TrayAvailability {
  readonly #listeners = new Set<(isThere: boolean) => void>();
  #isThere: boolean | undefined;
  #asking: Promise<void> | undefined;
  #askAgain = false;
  #bus: SessionBus | undefined;
  #isClosed = false;

  constructor(options: TrayAvailabilityOptions = {}) {
    const { platform = process.platform, environment = process.env } = options;
    if (platform !== 'linux') this.#isThere = true;
    else if (!hasSessionBus(environment)) this.#isThere = false;
    else void this.#watch(environment);
  }

  /** Whether icons are shown; true until it is known. */
  get isThere(): boolean {
    return this.#isThere ?? true;
  }

  /** Calls `listener` as soon as it is known, and after every change. */
  follow(listener: (isThere: boolean) => void): void {
    this.#listeners.add(listener);
    if (this.#isThere !== undefined) listener(this.#isThere);
  }

  /** Stops listening to the bus. */
  close(): void {
    this.#isClosed = true;
    this.#bus?.close();
    this.#listeners.clear();
  }

  async #watch(environment: NodeJS.ProcessEnv): Promise<void> {
    try {
      this.#bus = await SessionBus.open(environment, timeout);
    } catch (error) {
      // The bus cannot be asked. If the window then wrongly closes, a second start opens it; a window that wrongly stays open
      // is a nuisance.
      return this.#say(error instanceof UnusableBus);
    }
    if (this.#isClosed) return this.#bus.close();
    this.#bus.onSignal(() => this.#ask());
    // Without this rule there are fewer signals, but everything still works.
    for (const rule of signals) this.#bus.match(rule).catch(() => undefined);
    this.#ask();
  }

  /** Asks for the present state. If a signal arrives before the answer, this asks once more afterwards. */
  #ask(): void {
    this.#askAgain = this.#asking !== undefined;
    this.#asking ??= this.#question()
      .catch(() => false)
      .then((isThere) => {
        this.#asking = undefined;
        if (this.#askAgain && !this.#isClosed) this.#ask();
        this.#say(isThere);
      });
  }

  #say(isThere: boolean): void {
    if (this.#isClosed || isThere === this.#isThere) return;
    this.#isThere = isThere;
    for (const listener of this.#listeners) listener(isThere);
  }

  async #question(): Promise<boolean> {
    const property = 'IsStatusNotifierHostRegistered';
    return (await this.#bus?.booleanProperty(watcher, '/StatusNotifierWatcher', watcher, property)) ?? false;
  }
}
