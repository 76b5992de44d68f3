import { texts } from '../parts/texts.ts';

/** Programs wait: the question itself is in a window of its own, which may be behind others. */
export function QuestionsNote({ count, onShow }: { count: number; onShow: () => void }) {
  if (count === 0) return null;
  return (
    <section class="note warning" aria-labelledby="questions">
      <h2 id="questions" class="note-title">
        {texts.questions.title(count)}
      </h2>
      <p>{texts.questions.text}</p>
      <div class="note-buttons">
        <button type="button" onClick={onShow}>
          {texts.questions.show}
        </button>
      </div>
    </section>
  );
}

/** Programs asked, and nobody was there: where to answer them now. */
export function UnansweredNote({ count, onShow }: { count: number; onShow: () => void }) {
  if (count === 0) return null;
  const { unanswered } = texts;
  return (
    <section class="note warning" aria-labelledby="unanswered">
      <h2 id="unanswered" class="note-title">
        {unanswered.title(count)}
      </h2>
      <p>{unanswered.text}</p>
      <div class="note-buttons">
        <button type="button" onClick={onShow}>
          {unanswered.show}
        </button>
      </div>
    </section>
  );
}
