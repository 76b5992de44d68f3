import type { Bridge, StorageChoice } from '../../preload/contract.ts';
import type { AppView } from '../../preload/views/appView.ts';
import { texts } from '../parts/texts.ts';
import { PortNote } from './portNote.tsx';
import { StartAtLoginQuestion } from './startAtLoginQuestion.tsx';
import { StorageNote } from './storage.tsx';

interface NotesProps {
  view: AppView;
  bridge: Pick<Bridge, 'tryPortAgain' | 'setStartAtLogin' | 'unlockKeyring'>;
  onChoose: (answer: StorageChoice) => void;
  onAnnounce: (text: string) => void;
}

/** Notes that the person should know but need not act on now; each stays as long as it is true. */
export function Notes({ view, bridge, onChoose, onAnnounce }: NotesProps) {
  const { notes } = texts;
  return (
    <>
      {view.offersStartAtLogin && <StartAtLoginQuestion actions={bridge} />}
      {view.exposesRefreshToken && <Note title={notes.refreshToken} text={notes.refreshTokenText} warning />}
      {hasStorageNote(view) && (
        <StorageNote storage={view.storage} onChoose={onChoose} onPrompt={() => bridge.unlockKeyring()} />
      )}
      {view.portNotice !== undefined && view.port && (
        <PortNote port={view.port} notice={view.portNotice} bridge={bridge} onAnnounce={onAnnounce} />
      )}
    </>
  );
}

/** The question has its place above the screen, and during the start the screen itself reports a locked keyring. */
function hasStorageNote({ status, storage }: AppView): boolean {
  if (storage.needs === 'choice' || storage.needs === 'create') return false;
  if (storage.needs === 'unlock') return status !== 'starting';
  return storage.notice !== undefined || storage.changeable;
}

function Note({ title, text, warning = false }: { title: string; text: string; warning?: boolean }) {
  return (
    <section class={warning ? 'note warning' : 'note'} role="note" aria-label={title}>
      <p class="note-title">{title}</p>
      <p>{text}</p>
    </section>
  );
}
