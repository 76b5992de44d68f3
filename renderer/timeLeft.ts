/** Milliseconds in a second. */
const second = 1_000;

/**
 * The time until a deadline, rounded up, so that `0:00` is only shown when it has really passed.
 *
 * @param deadline in milliseconds since the epoch.
 * @param now in milliseconds since the epoch.
 * @returns minutes and seconds, e.g. `4:05`; `0:00` after the deadline.
 */
export function timeLeft(deadline: number, now: number): string {
  const seconds = secondsLeft(deadline, now);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/**
 * How long the text of {@link timeLeft} stays true, so that the window wakes once a second and exactly when the number turns.
 *
 * @returns milliseconds, or undefined when it will not change any more.
 */
export function untilNextTurn(deadline: number, now: number): number | undefined {
  const seconds = secondsLeft(deadline, now);
  return seconds === 0 ? undefined : deadline - now - (seconds - 1) * second;
}

function secondsLeft(deadline: number, now: number): number {
  return Math.max(0, Math.ceil((deadline - now) / second));
}
