import { useEffect, useRef, useState } from 'preact/hooks';
import type { Bridge } from '../../preload/contract.ts';
import type { AppView } from '../../preload/views/appView.ts';
import { texts } from '../parts/texts.ts';
import { usePainted } from '../parts/usePainted.ts';
import { watchView } from '../parts/watchView.ts';
import { Question } from './question.tsx';
import { nextTurn, noTurn, type Turn } from './turn.ts';

/** The window that asks: one question at a time, the oldest first. The main process closes it when no question is left. */
export function ConsentWindow({
  bridge,
}: {
  bridge: Pick<Bridge, 'view' | 'onViewChanged' | 'answerQuestion' | 'painted'>;
}) {
  const [turn, setTurn] = useState<Turn>();
  const [silent, setSilent] = useState(false);
  const [announced, setAnnounced] = useState('');
  usePainted(bridge, turn !== undefined || silent);

  const before = useRef<Turn>(undefined);
  useEffect(() => {
    function show({ questions }: AppView) {
      const last = before.current ?? noTurn;
      const next = nextTurn(last, questions);
      // A new question takes the focus, so a screen reader reads it.
      const come = next.total - last.total;
      if (next.question?.id === last.question?.id && come > 0) setAnnounced(texts.consent.more(come));
      if (!next.question) setAnnounced(texts.consent.done);
      before.current = next;
      setTurn(next);
    }
    return watchView(bridge, show, () => setSilent(true));
  }, [bridge]);

  const { question, position, total } = turn ?? noTurn;
  return (
    <main class="consent">
      <p role="status" class="visually-hidden">
        {announced}
      </p>
      {question && (
        <Question
          key={question.id}
          question={question}
          position={position}
          total={total}
          onAnswer={(answer) => bridge.answerQuestion(question.id, answer)}
        />
      )}
      {(turn || silent) && !question && (
        <h1 class="consent-done">{silent ? texts.consent.silent : texts.consent.done}</h1>
      )}
    </main>
  );
}
