import { loopgateErrorOf } from '../errors/errors.ts';
import type { BrokerLog } from './world.ts';

/** Notifies the listeners when there is something new to show. */
export class Changes {
  readonly #listeners = new Set<() => void>();
  readonly #log: BrokerLog;

  constructor(log: BrokerLog) {
    this.#log = log;
  }

  /** Calls `listener` after every change. @returns the function that stops it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  notify(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        // If a listener fails (for example because its window is being destroyed), the change still stands.
        loopgateErrorOf(error, this.#log);
      }
    }
  }
}
