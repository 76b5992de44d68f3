import { systemTimer, type Timer } from '../system/timeout.ts';

/** The clock, passed in so that tests control the time. */
export interface Clock extends Timer {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = { ...systemTimer, now: () => Date.now() };

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
