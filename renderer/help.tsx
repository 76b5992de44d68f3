import type { Bridge } from '../preload/contract.ts';
import { texts } from './texts.ts';

interface HelpProps {
  bridge: Pick<Bridge, 'copyReport' | 'openLogFolder' | 'openLicences'>;
  /** Where programs reach the API. */
  address: string;
  onAnnounce: (text: string) => void;
}

/** For somebody who looks for help, or writes a report. */
export function Help({ bridge, address, onAnnounce }: HelpProps) {
  const { help } = texts;
  return (
    <section class="card" aria-labelledby="help">
      <h3 id="help">{help.heading}</h3>
      <p class="muted small">{help.report}</p>
      <div class="note-buttons">
        <button
          type="button"
          onClick={() => {
            bridge.copyReport();
            onAnnounce(help.copied);
          }}
        >
          {help.copyReport}
        </button>
        <button type="button" onClick={() => bridge.openLogFolder()}>
          {help.openLogFolder}
        </button>
        <button type="button" onClick={() => bridge.openLicences()}>
          {help.openLicences}
        </button>
      </div>
      <p class="small">
        {help.documentation} <code>{address}/docs</code>
      </p>
    </section>
  );
}
