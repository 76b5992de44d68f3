import { message } from '../../preload/texts/messages.ts';
import { LoopgateError } from '../errors/errors.ts';
import { deferred } from '../system/deferred.ts';
import { withTimeout } from '../system/timeout.ts';
import type { Clock } from './clock.ts';

/** How long a request waits for the person to unlock a keyring, in milliseconds. */
const unlockTimeout = 20_000;

/** Tracks whether the stored sessions have been read: callers that need them may come earlier. */
export class Readiness {
  readonly #clock: Clock;
  readonly #read = deferred();
  #isReady = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  setReady(): void {
    this.#isReady = true;
    this.#read.resolve();
  }

  /** Resolves when they were read, however long the person takes to unlock a keyring. */
  whenRead(): Promise<void> {
    return this.#read.promise;
  }

  /** As {@link whenRead}, but with a timeout, for a request. @throws LoopgateError `not_signed_in` */
  whenReady(): Promise<void> {
    if (this.#isReady) return Promise.resolve();
    return withTimeout(this.#clock, unlockTimeout, this.#read.promise, () => {
      throw new LoopgateError('not_signed_in', {
        happened: message('storedNotReadable'),
        next: message('unlockKeyringAndTry'),
      });
    });
  }
}
