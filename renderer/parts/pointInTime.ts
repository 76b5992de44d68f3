/**
 * A point in time for a person, as their region writes it: only the time when it is today, with the day otherwise, and with the
 * year when it is another.
 *
 * @param at in milliseconds since the epoch.
 * @param now in milliseconds since the epoch.
 * @param locale a BCP 47 tag; undefined: as the system has it.
 */
export function pointInTime(at: number, now: number, locale: string | undefined): string {
  const time: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' };
  const today = new Date(at).toDateString() === new Date(now).toDateString();
  const thisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const day: Intl.DateTimeFormatOptions = {
    ...(thisYear ? { weekday: 'short' } : { year: 'numeric' }),
    day: 'numeric',
    month: 'short',
  };
  return new Intl.DateTimeFormat(locale, today ? time : { ...day, ...time }).format(at);
}
