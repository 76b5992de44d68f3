import { useEffect, useRef, useState } from 'preact/hooks';
import type { AppView } from '../../preload/views/app.ts';
import { texts } from '../parts/texts.ts';
import { announcement } from './announcement.ts';

/** How long after the browser's answer somebody is mostly signed in, in milliseconds: only what came of a login is said. */
const outcomeWithin = 3_000;

/** What the page's live region says: each change once, and of several that are one to the person only the last. */
export function useAnnounced(): {
  announced: string;
  say: (text: string) => void;
  /** Says what has changed from one view to the next. */
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
    // Its banner is an alert.
    if (now.problem) clearTimeout(held.current);
    if (said === texts.announcements.waitingEnded) held.current = setTimeout(() => setAnnounced(said), outcomeWithin);
    else if (said !== undefined) say(said);
  }

  return { announced, say, sayChange };
}
