import type { Actions } from '../../preload/contract.ts';
import { texts } from '../parts/texts.ts';

/** Asked once, after the first sign-in. */
export function StartAtLoginQuestion({ actions }: { actions: Pick<Actions, 'setStartAtLogin'> }) {
  const { startAtLoginQuestion: words } = texts;
  return (
    <section class="note" aria-labelledby="start-at-login-question">
      <h2 id="start-at-login-question" class="note-title">
        {words.question}
      </h2>
      <p>{words.text}</p>
      <div class="note-buttons">
        <button type="button" onClick={() => actions.setStartAtLogin('on')}>
          {words.yes}
        </button>
        <button type="button" class="quiet" onClick={() => actions.setStartAtLogin('off')}>
          {words.no}
        </button>
      </div>
    </section>
  );
}
