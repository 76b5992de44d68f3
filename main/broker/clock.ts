/** The clock, passed in so that tests control the time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `callback` once after `milliseconds`. It does not keep the process alive. @returns the function that cancels it */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, callback) {
    let timer: NodeJS.Timeout;
    const wait = (left: number) => {
      // A longer timer would fire at once in Node.
      const part = Math.min(left, maxTimer);
      timer = setTimeout(() => (left > part ? wait(left - part) : callback()), part);
      timer.unref();
    };
    wait(milliseconds);
    return () => clearTimeout(timer);
  },
};

/** 2^31 − 1 milliseconds, a little under 25 days. */
const maxTimer = 2_147_483_647;

/** How often the clock is checked, and from which difference on a jump is reported. Milliseconds. */
const lookEvery = 30_000;
const tolerated = 5_000;

/**
 * Reports when the clock has jumped: the machine slept, or the clock was set (T7).
 * @param jumped - receives the size of the jump in milliseconds; negative when the clock was set back
 * @returns the function that stops watching
 */
export function watchForJumps(clock: Clock, jumped: (milliseconds: number) => void): () => void {
  let cancel = (): void => undefined;
  const look = (expected: number) => {
    const difference = clock.now() - expected;
    if (Math.abs(difference) > tolerated) jumped(difference);
    plan();
  };
  const plan = () => {
    const expected = clock.now() + lookEvery;
    cancel = clock.after(lookEvery, () => look(expected));
  };
  plan();
  return () => cancel();
}
