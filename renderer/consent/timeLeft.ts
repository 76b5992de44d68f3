/** Milliseconds in a second. */
const second = 1_000;

/**
 * The time until a deadline, rounded up, so that it shows `0:00` only when the deadline has really passed.
 * @param deadline - in milliseconds since the epoch
 * @param now - in milliseconds since the epoch
 * @param locale - a BCP 47 tag, for the digits and their separator; undefined means the system's
 * @returns minutes and seconds, e.g. `4:05`; `0:00` after the deadline
 */
export function timeLeft(deadline: number, now: number, locale?: string): string {
  const seconds = secondsLeft(deadline, now);
  const minutes = new Intl.NumberFormat(locale, { useGrouping: false }).format(Math.floor(seconds / 60));
  // The minutes of a clock end at 59.
  const clock = new Intl.DateTimeFormat(locale, { minute: '2-digit', second: '2-digit', timeZone: 'UTC' });
  const [, separator, rest] = clock.formatToParts(seconds * second);
  return `${minutes}${separator?.value ?? ':'}${rest?.value ?? ''}`;
}

/**
 * How long the text of {@link timeLeft} stays the same, so that the window wakes once a second, exactly when it changes.
 * @returns milliseconds, or undefined when it will not change any more
 */
export function untilNextTurn(deadline: number, now: number): number | undefined {
  const seconds = secondsLeft(deadline, now);
  return seconds === 0 ? undefined : deadline - now - (seconds - 1) * second;
}

function secondsLeft(deadline: number, now: number): number {
  return Math.max(0, Math.ceil((deadline - now) / second));
}
