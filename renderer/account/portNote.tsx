import { useState } from 'preact/hooks';
import type { Bridge, PortResult } from '../../preload/contract.ts';
import type { PortView } from '../../preload/views/appView.ts';
import { texts } from '../parts/texts.ts';

interface PortNoteProps {
  port: PortView;
  /** Why that port is not available, as the system reports it. */
  notice: string;
  bridge: Pick<Bridge, 'tryPortAgain'>;
  onAnnounce: (text: string) => void;
}

/** Programs first look for Loopgate on another port: shows which program holds it, and offers the way back. */
export function PortNote({ port, notice, bridge, onAnnounce }: PortNoteProps) {
  const { port: words } = texts;
  const [isBusy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();
  const title = port.takenBy === undefined ? texts.notes.port : words.takenBy(port.wanted, port.takenBy);

  async function tryAgain() {
    setBusy(true);
    setFailed(undefined);
    const result: PortResult = await bridge
      .tryPortAgain()
      .catch(() => ({ ok: false, message: texts.starting.silent }) as const);
    setBusy(false);
    // On success the note disappears.
    if (result.ok) onAnnounce(words.back(port.wanted));
    else setFailed(result.message ?? words.still(port.wanted));
  }

  return (
    <section class="note" role="note" aria-label={title}>
      <p class="note-title">{title}</p>
      <p>{notice}</p>
      {failed !== undefined && <p role="alert">{failed}</p>}
      <div class="note-buttons">
        <button type="button" aria-disabled={isBusy} onClick={isBusy ? undefined : () => void tryAgain()}>
          {isBusy ? texts.settings.saving : words.tryAgain(port.wanted)}
        </button>
      </div>
    </section>
  );
}
