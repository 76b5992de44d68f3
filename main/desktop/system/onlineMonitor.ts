/** How often the system is asked, in milliseconds. */
const lookEvery = 2_000;

/**
 * Tracks whether the system reports any network on this machine. It asks only while the provider cannot be reached, because a
 * network that is up does not show which hosts can be reached over it.
 */
export class Network {
  readonly #isOnline: () => boolean;
  readonly #changed: (isOnline: boolean) => void;
  #timer: NodeJS.Timeout | undefined;
  #isOffline = false;

  /**
   * @param isOnline - Electron's `net.isOnline`
   * @param changed - called when the network has gone or come back
   */
  constructor(isOnline: () => boolean, changed: (isOnline: boolean) => void) {
    this.#isOnline = isOnline;
    this.#changed = changed;
  }

  /** True when there is no network; false while this does not watch it. */
  get isOffline(): boolean {
    return this.#isOffline;
  }

  /**
   * Starts or stops watching the network.
   * @param isNeeded - whether the provider cannot be reached
   * @returns whether that changes {@link isOffline}
   */
  follow(isNeeded: boolean): boolean {
    if (isNeeded === (this.#timer !== undefined)) return false;
    const before = this.#isOffline;
    clearInterval(this.#timer);
    this.#timer = isNeeded ? setInterval(() => this.#look(), lookEvery) : undefined;
    this.#timer?.unref();
    this.#isOffline = isNeeded && !this.#isOnline();
    return this.#isOffline !== before;
  }

  #look(): void {
    const isOffline = !this.#isOnline();
    if (isOffline === this.#isOffline) return;
    this.#isOffline = isOffline;
    this.#changed(!isOffline);
  }
}
