import type { Host } from '../../host/host.ts';
import type { Settings } from '../../settings/settings.ts';

/** Starts a host with these settings. @throws with the reason in words */
export type StartHost = (settings: Settings) => Promise<Host>;

/** The host that runs now. It can be replaced by one with other settings while tray and window stay. */
export class RunningHost {
  readonly #start: StartHost;
  readonly #listeners = new Set<(host: Host) => void>();
  #host: Host;
  #settings: Settings;
  #isReplacing = false;

  private constructor(start: StartHost, host: Host, settings: Settings) {
    this.#start = start;
    this.#host = host;
    this.#settings = settings;
  }

  /** @throws ListenError, SettingError */
  static async start(settings: Settings, start: StartHost): Promise<RunningHost> {
    return new RunningHost(start, await start(settings), settings);
  }

  get host(): Host {
    return this.#host;
  }

  /** What it was started with. */
  get settings(): Settings {
    return this.#settings;
  }

  /** True while the host is none that could do anything: nothing should be asked of it. */
  get isReplacing(): boolean {
    return this.#isReplacing;
  }

  /** Calls back with the present host now, and with every other one when it is there. */
  onHost(listener: (host: Host) => void): void {
    this.#listeners.add(listener);
    listener(this.#host);
  }

  /** Takes settings that make no difference to a host that runs. */
  adopt(settings: Settings): void {
    this.#settings = settings;
  }

  /**
   * Starts a host with these settings in the place of the present one.
   * @throws the reason why it could not be started; it then runs as before
   */
  async replace(settings: Settings): Promise<void> {
    await this.#closed(async () => {
      const before = this.#settings;
      try {
        await this.#begin(settings);
      } catch (error) {
        await this.#begin(before);
        throw error;
      }
    });
  }

  /**
   * Closes the host and does what must be done while nobody writes.
   * @param work - gives whether the host is to be started again, as it was; when it throws, it is
   */
  async suspend(work: () => Promise<boolean>): Promise<void> {
    await this.#closed(async () => {
      let isNeeded = true;
      try {
        isNeeded = await work();
      } finally {
        if (isNeeded) await this.#begin(this.#settings);
      }
    });
  }

  /** Ends it for good. */
  close(): Promise<void> {
    return this.#host.close();
  }

  async #closed(work: () => Promise<void>): Promise<void> {
    this.#isReplacing = true;
    try {
      await this.#host.close({ handOver: true });
      await work();
    } finally {
      this.#isReplacing = false;
      for (const listener of this.#listeners) listener(this.#host);
    }
  }

  async #begin(settings: Settings): Promise<void> {
    this.#host = await this.#start(settings);
    this.#settings = settings;
    // What is stored is known already: nobody is to see it start.
    await this.#host.broker.person();
  }
}
