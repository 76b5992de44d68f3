import { useEffect, useState } from 'preact/hooks';
import { Mark } from '../parts/icons.tsx';
import { texts } from '../parts/texts.ts';

/** A quick start shows nothing of it, so that nothing flickers; in milliseconds. */
const shownAfter = 400;
/** Reading a session takes a moment; what takes longer says so, and what may hold it up. In milliseconds. */
const slowAfter = 6_000;

interface StartingProps {
  /** The main process did not answer. */
  silent: boolean;
  /** The system's keyring is locked: the start goes on when its owner unlocks it, however long that takes. */
  locked: boolean;
  onUnlock: () => void;
}

/** Before the stored session is read. What waits for the person is there at once. */
export function Starting({ silent, locked, onUnlock }: StartingProps) {
  const shown = useAfter(shownAfter) || silent || locked;
  const slow = useAfter(slowAfter);

  const { starting, storage } = texts;
  const text = silent ? starting.silent : locked ? storage.lockedText : slow ? starting.slow : starting.text;
  return (
    <section class={shown ? 'welcome' : 'welcome unseen'} aria-labelledby="starting">
      <Mark />
      <h2 id="starting">{locked && !silent ? storage.lockedTitle : starting.heading}</h2>
      <p class="muted starting-text" aria-live="polite">
        {text}
      </p>
      {locked && !silent && (
        <button type="button" class="primary large" onClick={onUnlock}>
          {storage.unlock}
        </button>
      )}
    </section>
  );
}

/** True when so many milliseconds have passed. */
function useAfter(milliseconds: number): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setOver(true), milliseconds);
    return () => clearTimeout(timer);
  }, [milliseconds]);
  return isOver;
}
