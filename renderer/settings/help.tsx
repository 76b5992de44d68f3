import type { Bridge } from '../../preload/contract.ts';
import type { AppView, UpdateView } from '../../preload/views/appView.ts';
import { pointInTime } from '../parts/pointInTime.ts';
import { locale, texts } from '../parts/texts.ts';

interface HelpProps {
  bridge: Pick<Bridge, 'copyReport' | 'openLogFolder' | 'openLicences' | 'checkForUpdates' | 'quit'>;
  view: Pick<AppView, 'address' | 'version' | 'update'>;
  onAnnounce: (text: string) => void;
}

/** For a person who looks for help, or writes a report. */
export function Help({ bridge, view: { address, version, update }, onAnnounce }: HelpProps) {
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
        <button type="button" onClick={() => bridge.quit()}>
          {help.quit}
        </button>
      </div>
      <p class="small">
        {help.documentation} <code>{address}/docs</code>
      </p>
      <p class="small" role="status">
        {texts.footer.version(version)}
        {update && `. ${stateOf(update)}`}
      </p>
      {update && (
        <div class="note-buttons">
          <button type="button" disabled={isBusy(update)} onClick={() => bridge.checkForUpdates()}>
            {help.checkForUpdates}
          </button>
        </div>
      )}
    </section>
  );
}

function stateOf(update: UpdateView): string {
  const { update: words } = texts.help;
  if ('version' in update) return words[update.state](update.version);
  if ('checkedAt' in update) return words[update.state](pointInTime(update.checkedAt, Date.now(), locale));
  return words[update.state];
}

const isBusy = ({ state }: UpdateView) => state === 'checking' || state === 'fetching' || state === 'ready';
