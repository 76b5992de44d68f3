/** How often a page may crash within this many milliseconds before it is no longer opened again. */
const tooMany = 3;
const within = 60_000;

/** How often a page has ended by itself lately: one that does so over and over would else be opened for ever. */
export class Crashes {
  readonly #now: () => number;
  #times: number[] = [];

  /** @param now - in milliseconds, for tests */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Counts a crash. @returns whether the page crashes too often to be opened again */
  count(): boolean {
    const now = this.#now();
    this.#times = [...this.#times.filter((time) => now - time < within), now];
    return this.#times.length >= tooMany;
  }
}
