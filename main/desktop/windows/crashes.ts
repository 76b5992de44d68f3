/** So many times within so many milliseconds a page may end by itself before it is not made anew any more. */
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

  /** It has ended once more. @returns whether it does so too often to be made anew */
  count(): boolean {
    const now = this.#now();
    this.#times = [...this.#times.filter((time) => now - time < within), now];
    return this.#times.length >= tooMany;
  }
}
