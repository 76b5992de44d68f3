import { useEffect, useState } from 'preact/hooks';
import { Mark } from '../parts/icons.tsx';
import { texts } from '../parts/texts.ts';

/** A quick start shows none of this, so that nothing flickers; in milliseconds. */
const shownAfter = 400;
/** When a start counts as slow: then the screen says so, and what may be the cause. In milliseconds. */
const slowAfter = 6_000;

interface StartingProps {
  /** The main process did not answer. */
  silent: boolean;
  /** The system's keyring is locked: the start continues when the person unlocks it, however long that takes. */
  locked: boolean;
  onUnlock: () => void;
}

/** The screen before the stored session is read. If it waits for the person, it shows that at once. */
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

/** True after so many milliseconds. */
function useAfter(milliseconds: number): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setOver(true), milliseconds);
    return () => clearTimeout(timer);
  }, [milliseconds]);
  return isOver;
}
