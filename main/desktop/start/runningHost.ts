import type { Host } from '../../host/host.ts';
import type { Settings } from '../../settings/settings.ts';

/** Starts a host with these settings. @throws the reason as a text */
export type StartHost = (settings: Settings) => Promise<Host>;

/** The host that runs now. It can be replaced by one with other settings while the tray and the window stay. */
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

  /** The settings that the host was started with. */
  get settings(): Settings {
    return this.#settings;
  }

  /** True while the host is being replaced and must not be used. */
  get isReplacing(): boolean {
    return this.#isReplacing;
  }

  /** Calls `listener` with the present host now, and with each later host when it runs. */
  onHost(listener: (host: Host) => void): void {
    this.#listeners.add(listener);
    listener(this.#host);
  }

  /** Takes over settings that make no difference to a running host. */
  adopt(settings: Settings): void {
    this.#settings = settings;
  }

  /**
   * Replaces the present host by one with these settings.
   * @throws the reason why the new host could not be started; the old one then runs as before
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
   * Closes the host and does work that needs the data folder for itself.
   * @param work - returns whether to start the host again as it was; if it throws, the host also starts again
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

  /** Closes the host for good. */
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
    // Wait until the stored sessions are read, so that the person does not see a start.
    await this.#host.broker.person();
  }
}
