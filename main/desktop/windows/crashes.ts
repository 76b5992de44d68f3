/** With this many crashes within so many milliseconds, the page is not reopened. */
const tooMany = 3;
const within = 60_000;

/** Counts the recent crashes of a page: a page that crashes again and again must not be reopened for ever. */
export class Crashes {
  readonly #now: () => number;
  #times: number[] = [];

  /** @param now - in milliseconds, for tests */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Counts a crash. @returns whether the page crashes too often to be reopened */
  count(): boolean {
    const now = this.#now();
    this.#times = [...this.#times.filter((time) => now - time < within), now];
    return this.#times.length >= tooMany;
  }
}
