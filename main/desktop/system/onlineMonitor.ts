/** How often the system is asked, in milliseconds. */
const lookEvery = 2_000;

/**
 * Whether this machine has a network at all, as the system says. It is asked only while the provider cannot be reached; for a
 * network that is there says nothing about who can be reached over it.
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

  /** True when there is no network, as far as that is being followed. */
  get isOffline(): boolean {
    return this.#isOffline;
  }

  /**
   * Follows it from now on, or no longer.
   * @param isNeeded - whether the provider cannot be reached
   * @returns whether that makes a difference to {@link isOffline}
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
