import { useEffect, useState } from 'preact/hooks';
import { Mark } from './icons.tsx';
import { texts } from './texts.ts';

/** Reading a session takes a moment; what takes longer says so, and what may hold it up. */
const slowAfter = 6_000;

interface StartingProps {
  /** The main process did not answer. */
  silent: boolean;
  /** The system's keyring is locked: the start goes on when its owner unlocks it, however long that takes. */
  locked: boolean;
  onUnlock: () => void;
}

/** Before the stored session is read. The style sheet shows it only after a moment, so that a quick start does not flicker. */
export function Starting({ silent, locked, onUnlock }: StartingProps) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), slowAfter);
    return () => clearTimeout(timer);
  }, []);

  const { starting, storage } = texts;
  const text = silent ? starting.silent : locked ? storage.lockedText : slow ? starting.slow : starting.text;
  return (
    <section class="welcome starting" aria-labelledby="starting">
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
