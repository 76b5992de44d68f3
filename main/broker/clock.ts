/** Time, handed in so that tests decide what time it is. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after `milliseconds`; gives the function that prevents it. Never keeps the process alive by itself. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, callback) {
    let timer: NodeJS.Timeout;
    const wait = (left: number) => {
      // A timer of Node's that is longer than this fires at once.
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

/** How often the clock is looked at, and how far it may be off before that means something. Milliseconds. */
const lookEvery = 30_000;
const tolerated = 5_000;

/**
 * Tells when the clock did not go on as it should: the machine slept, or somebody set it (T7).
 * @param jumped - gets by how many milliseconds; negative when it was set back
 * @returns the function that ends the watching
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
