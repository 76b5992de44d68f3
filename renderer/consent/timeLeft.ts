/** Milliseconds in a second. */
const second = 1_000;

/**
 * The time until a deadline, rounded up, so that `0:00` is only shown when it has really passed.
 *
 * @param deadline in milliseconds since the epoch.
 * @param now in milliseconds since the epoch.
 * @param locale a BCP 47 tag: digits, and what stands between them; undefined: as the system has it.
 * @returns minutes and seconds, e.g. `4:05`; `0:00` after the deadline.
 */
export function timeLeft(deadline: number, now: number, locale?: string): string {
  const seconds = secondsLeft(deadline, now);
  const minutes = new Intl.NumberFormat(locale, { useGrouping: false }).format(Math.floor(seconds / 60));
  // A clock's own minutes end at 59.
  const clock = new Intl.DateTimeFormat(locale, { minute: '2-digit', second: '2-digit', timeZone: 'UTC' });
  const [, separator, rest] = clock.formatToParts(seconds * second);
  return `${minutes}${separator?.value ?? ':'}${rest?.value ?? ''}`;
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
