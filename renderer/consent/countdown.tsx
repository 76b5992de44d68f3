import { useEffect, useState } from 'preact/hooks';
import { locale, texts } from '../parts/texts.ts';
import { timeLeft, untilNextTurn } from './timeLeft.ts';

/** The time until a deadline (milliseconds since the epoch). A screen reader reads it on request, not every second. */
export function Countdown({ deadline }: { deadline: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const wait = untilNextTurn(deadline, now);
    if (wait === undefined) return;
    const timer = setTimeout(() => setNow(Date.now()), wait);
    return () => clearTimeout(timer);
  }, [deadline, now]);

  return (
    <p class="small">
      <span class="muted">{texts.timeLeft}</span>{' '}
      <span role="timer" aria-label={texts.timeLeft} class="time">
        {timeLeft(deadline, now, locale)}
      </span>
    </p>
  );
}
