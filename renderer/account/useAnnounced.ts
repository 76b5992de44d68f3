import { useEffect, useRef, useState } from 'preact/hooks';
import type { AppView } from '../../preload/views/appView.ts';
import { texts } from '../parts/texts.ts';
import { announcement } from './announcement.ts';

/**
 * How long to hold back the news that a login has ended, in milliseconds: its result usually follows within that time, and is
 * announced instead.
 */
const outcomeWithin = 3_000;

/** The text of the page's live region. It announces each change once, and only the last of several that belong together. */
export function useAnnounced(): {
  announced: string;
  say: (text: string) => void;
  /** Announces what has changed from one view to the next. */
  sayChange: (before: AppView | undefined, now: AppView) => void;
} {
  const [announced, setAnnounced] = useState('');
  const held = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(held.current), []);

  function say(text: string) {
    clearTimeout(held.current);
    setAnnounced(text);
  }

  function sayChange(before: AppView | undefined, now: AppView) {
    const said = announcement(before, now);
    // Its banner is an alert, which announces itself.
    if (now.problem) clearTimeout(held.current);
    if (said === texts.announcements.waitingEnded) held.current = setTimeout(() => setAnnounced(said), outcomeWithin);
    else if (said !== undefined) say(said);
  }

  return { announced, say, sayChange };
}
