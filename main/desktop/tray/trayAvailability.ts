import { UnusableBus } from '../../system/dbusMessages.ts';
import { hasSessionBus, SessionBus } from '../../system/sessionBus.ts';

const watcher = 'org.kde.StatusNotifierWatcher';
/** How long it may take to answer, in milliseconds. */
const timeout = 5_000;

/** What may change the answer: the watcher comes or goes, or what it reports to does. */
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
 * Whether something shows tray icons: on Linux a panel that says so over D-Bus (freedesktop.org's StatusNotifierItem), which
 * GNOME has only with an extension, and which may start after the app or restart. Other systems always do.
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

  /** Whether icons are shown; true as long as it is not known. */
  get isThere(): boolean {
    return this.#isThere ?? true;
  }

  /** Calls back once it is known, at once if it is, and after every change. */
  follow(listener: (isThere: boolean) => void): void {
    this.#listeners.add(listener);
    if (this.#isThere !== undefined) listener(this.#isThere);
  }

  /** Ends what listens to the bus. */
  close(): void {
    this.#isClosed = true;
    this.#bus?.close();
    this.#listeners.clear();
  }

  async #watch(environment: NodeJS.ProcessEnv): Promise<void> {
    try {
      this.#bus = await SessionBus.open(environment, timeout);
    } catch (error) {
      // It cannot be asked. A window that wrongly closes is opened by starting Loopgate again; one that wrongly stays is a nuisance.
      return this.#say(error instanceof UnusableBus);
    }
    if (this.#isClosed) return this.#bus.close();
    this.#bus.onSignal(() => this.#ask());
    // Where the bus does not take one, there is less news.
    for (const rule of signals) this.#bus.match(rule).catch(() => undefined);
    this.#ask();
  }

  /** Asks for the present state. What happens meanwhile is asked for afterwards. */
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
