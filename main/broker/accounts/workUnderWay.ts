/** Tracks the renewals and exchanges that are under way, whose tokens must not be lost when the app quits (T4). */
export class WorkUnderWay {
  readonly #work = new Set<Promise<unknown>>();

  track<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work);
    const done = () => this.#work.delete(work);
    work.then(done, done);
    return work;
  }

  /**
   * Resolves when no work is under way and everything is written.
   * @param saving - returns the last requested write
   */
  async settled(saving: () => Promise<void>): Promise<void> {
    for (let written = false; !written; ) {
      await Promise.allSettled(this.#work);
      const last = saving();
      await last;
      written = this.#work.size === 0 && last === saving();
    }
  }
}
