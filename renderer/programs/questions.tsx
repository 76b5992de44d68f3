import { texts } from '../parts/texts.ts';

/** Programs wait for an answer: the question has its own window, which other windows may hide. */
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

/** Programs asked while the person was away: shows where to answer them now. */
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
