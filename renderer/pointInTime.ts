/**
 * A point in time for a person: only the time when it is today, with the day otherwise, and with the year when it is
 * another. The words are of the given language,
 * but whether the clock has 12 or 24 hours is the system's own choice.
 *
 * @param at in milliseconds since the epoch.
 * @param now in milliseconds since the epoch.
 * @param language a BCP 47 tag: the language of the window's texts.
 */
export function pointInTime(at: number, now: number, language: string): string {
  const { hour12 } = new Intl.DateTimeFormat(undefined, { hour: 'numeric' }).resolvedOptions();
  const time: Intl.DateTimeFormatOptions = {
    hour: 'numeric',
    minute: '2-digit',
    ...(hour12 === undefined ? {} : { hour12 }),
  };
  const today = new Date(at).toDateString() === new Date(now).toDateString();
  const thisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const day: Intl.DateTimeFormatOptions = {
    ...(thisYear ? { weekday: 'short' } : { year: 'numeric' }),
    day: 'numeric',
    month: 'short',
  };
  return new Intl.DateTimeFormat(language, today ? time : { ...day, ...time }).format(at);
}
