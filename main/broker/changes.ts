import { loopgateErrorOf } from '../errors/errors.ts';
import type { BrokerLog } from './world.ts';

/** Who is told that there is something else to show. */
export class Changes {
  readonly #listeners = new Set<() => void>();
  readonly #log: BrokerLog;

  constructor(log: BrokerLog) {
    this.#log = log;
  }

  /** Calls back after every change; gives the function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  notify(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        // A listener that cannot show it (a window that is just being destroyed) must not undo it.
        loopgateErrorOf(error, this.#log);
      }
    }
  }
}
