import type { AppView } from '../preload/contract.ts';
import { texts } from './texts.ts';

/** What somebody should know but need not act on now; each stays as long as it is true. */
export function Notes({ view }: { view: AppView }) {
  const { notes } = texts;
  return (
    <>
      {view.exposesRefreshToken && <Note title={notes.refreshToken} text={notes.refreshTokenText} warning />}
      {view.storageNotice !== undefined && <Note title={notes.storage} text={view.storageNotice} />}
      {view.portNotice !== undefined && <Note title={notes.port} text={view.portNotice} />}
    </>
  );
}

function Note({ title, text, warning = false }: { title: string; text: string; warning?: boolean }) {
  return (
    <section class={warning ? 'note warning' : 'note'} role="note" aria-label={title}>
      <p class="note-title">{title}</p>
      <p>{text}</p>
    </section>
  );
}
