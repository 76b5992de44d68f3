import { useEffect, useState } from 'preact/hooks';
import { Mark } from './icons.tsx';
import { texts } from './texts.ts';

/** Reading a session takes a moment; a locked keyring takes as long as its owner does, and then says why. */
const slowAfter = 6_000;

/** Before the stored session is read. The style sheet shows it only after a moment, so that a quick start does not flicker. */
export function Starting({ silent }: { silent: boolean }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), slowAfter);
    return () => clearTimeout(timer);
  }, []);

  const { heading, text, slow: slowText, silent: silentText } = texts.starting;
  return (
    <section class="welcome starting" aria-labelledby="starting">
      <Mark />
      <h2 id="starting">{heading}</h2>
      <p class="muted starting-text" aria-live="polite">
        {silent ? silentText : slow ? slowText : text}
      </p>
    </section>
  );
}
