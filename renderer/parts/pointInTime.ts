/**
 * A point in time in the person's regional format: only the time if it is today, otherwise with the day, and with the year if
 * that differs.
 * @param at - in milliseconds since the epoch
 * @param now - in milliseconds since the epoch
 * @param locale - a BCP 47 tag; undefined means the system's
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
