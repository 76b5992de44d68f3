import type { AppView, StorageChoice } from '../preload/contract.ts';
import { StorageNote } from './storage.tsx';
import { texts } from './texts.ts';

/** What somebody should know but need not act on now; each stays as long as it is true. */
export function Notes({ view, onChoose }: { view: AppView; onChoose: (answer: StorageChoice) => void }) {
  const { notes } = texts;
  return (
    <>
      {view.exposesRefreshToken && <Note title={notes.refreshToken} text={notes.refreshTokenText} warning />}
      {hasStorageNote(view) && <StorageNote storage={view.storage} onChoose={onChoose} />}
      {view.portNotice !== undefined && <Note title={notes.port} text={view.portNotice} />}
    </>
  );
}

/** A question is asked above the screen, and while it starts the screen itself says that the keyring is locked. */
function hasStorageNote({ status, storage }: AppView): boolean {
  if (storage.needs === 'choice') return false;
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
