import { useEffect, useState } from 'preact/hooks';
import type { Actions, WaitingView } from '../preload/contract.ts';
import { Countdown } from './countdown.tsx';
import { Mark } from './icons.tsx';
import { texts } from './texts.ts';

/** How long the button says "Copied": long enough to be read, short enough to copy again. */
const copiedFor = 2_500;

interface WaitingProps {
  waiting: WaitingView;
  /** Nobody is signed in: the login is all there is to show, and stands where the signed-out screen stood. */
  alone: boolean;
  actions: Pick<Actions, 'openAgain' | 'copyAddress' | 'cancelSignIn'>;
  onAnnounce: (text: string) => void;
}

/** A login is open in the browser: what to do there, and what to do when it did not open. */
export function Waiting({ waiting, alone, actions, onAnnounce }: WaitingProps) {
  const { waiting: words } = texts;
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), copiedFor);
    return () => clearTimeout(timer);
  }, [copied]);

  function copy() {
    actions.copyAddress(waiting.id);
    setCopied(true);
    onAnnounce(texts.announcements.copied);
  }

  return (
    <section class={alone ? 'welcome waiting' : 'card waiting'} aria-labelledby="waiting">
      {alone && <Mark />}
      <h2 id="waiting" tabIndex={-1}>
        {words.heading}
      </h2>
      <p>{waiting.requestedBy === 'program' ? words.byProgram : words.byLoopgate}</p>
      <p class="small muted">{words.notOpened}</p>
      <div class="buttons">
        <button type="button" onClick={() => actions.openAgain(waiting.id)}>
          {words.openAgain}
        </button>
        <button type="button" onClick={copy}>
          {copied ? words.copied : words.copyAddress}
        </button>
      </div>
      <div class="waiting-end">
        <Countdown deadline={waiting.deadline} />
        <button type="button" onClick={() => actions.cancelSignIn(waiting.id)}>
          {words.cancel}
        </button>
      </div>
    </section>
  );
}
