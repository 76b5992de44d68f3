import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { hasSessionBus } from '../secretService.ts';
import { dbusMonitor, dbusSend } from '../systemPrograms.ts';

const watcher = 'org.kde.StatusNotifierWatcher';
/** How long it may take to answer, in milliseconds. */
const patience = 5_000;

/** What may change the answer: the watcher comes or goes, or what it reports to does. */
const signals = [
  `type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${watcher}'`,
  `type='signal',interface='${watcher}',member='StatusNotifierHostRegistered'`,
  `type='signal',interface='${watcher}',member='StatusNotifierHostUnregistered'`,
];

export interface TrayHostOptions {
  readonly platform?: NodeJS.Platform;
  readonly environment?: NodeJS.ProcessEnv;
  /** `dbus-send` and `dbus-monitor`; for tests. */
  readonly programs?: { readonly send: string; readonly monitor: string };
}

/**
 * Whether something shows tray icons: on Linux a panel that says so over D-Bus (freedesktop.org's StatusNotifierItem), which
 * GNOME has only with an extension, and which may come later than the app or be started anew. Other systems always do.
 */
export class TrayHost {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #programs: { readonly send: string; readonly monitor: string };
  readonly #listeners = new Set<(isThere: boolean) => void>();
  #isThere: boolean | undefined;
  #asking: Promise<void> | undefined;
  #askAgain = false;
  #monitor: ChildProcess | undefined;
  #isClosed = false;

  constructor(options: TrayHostOptions = {}) {
    const { platform = process.platform, environment = process.env } = options;
    this.#environment = environment;
    this.#programs = options.programs ?? { send: dbusSend, monitor: dbusMonitor };
    if (platform !== 'linux') this.#isThere = true;
    else if (!hasSessionBus(environment)) this.#isThere = false;
    // It cannot be asked. A window that wrongly closes is opened by starting Loopgate again; one that wrongly stays is a nuisance.
    else if (!existsSync(this.#programs.send)) this.#isThere = true;
    else this.#watch();
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
    this.#monitor?.kill();
    this.#listeners.clear();
  }

  #watch(): void {
    this.#ask();
    if (!existsSync(this.#programs.monitor)) return;
    const monitor = spawn(this.#programs.monitor, ['--session', '--profile', ...signals], {
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#monitor = monitor;
    // Without it there is one answer, at the start.
    monitor.on('error', () => undefined);
    // The first output says that it listens: what changed before that is asked for with it.
    monitor.stdout.on('data', () => this.#ask());
  }

  /** Asks for the present state. What happens meanwhile is asked for afterwards. */
  #ask(): void {
    this.#askAgain = this.#asking !== undefined;
    this.#asking ??= this.#question().then((isThere) => {
      this.#asking = undefined;
      if (this.#isClosed) return;
      if (this.#askAgain) this.#ask();
      if (isThere === this.#isThere) return;
      this.#isThere = isThere;
      for (const listener of this.#listeners) listener(isThere);
    });
  }

  async #question(): Promise<boolean> {
    const addressing = ['--session', '--print-reply=literal', `--reply-timeout=${patience}`, `--dest=${watcher}`];
    const property = [
      'org.freedesktop.DBus.Properties.Get',
      `string:${watcher}`,
      'string:IsStatusNotifierHostRegistered',
    ];
    try {
      const { stdout } = await promisify(execFile)(
        this.#programs.send,
        [...addressing, '/StatusNotifierWatcher', ...property],
        { env: this.#environment, timeout: 2 * patience },
      );
      return /\btrue\s*$/.test(stdout);
    } catch {
      return false;
    }
  }
}
