import { useEffect, useRef, useState } from 'preact/hooks';
import type { QuestionAnswer } from '../../preload/contract.ts';
import type { ProgramView, QuestionView } from '../../preload/views/programs.ts';
import { Path } from '../parts/path.tsx';
import { permissions } from '../parts/permissions.ts';
import { ProgramIcon } from '../parts/programIcon.tsx';
import { texts } from '../parts/texts.ts';
import { answersFor } from './answers.ts';
import { inertFor, pageAttention, watchAttention } from './attention.ts';
import { Countdown } from './countdown.tsx';

/** How long a pressed button shows that it works if there is no result, in milliseconds: it must not stay so for ever. */
const pressedFor = 5_000;

interface QuestionProps {
  question: QuestionView;
  position: number;
  total: number;
  onAnswer: (answer: QuestionAnswer) => void;
}

/**
 * Asks whether this program may use the sign-in. Each question gets a new component (by its key), so that no press, second or
 * busy button of one question counts for the next. Deny has the focus; Allow must be chosen explicitly.
 */
export function Question({ question, position, total, onAnswer }: QuestionProps) {
  const { consent } = texts;
  const { program, lasting } = question;
  const [pressed, setPressed] = useState<QuestionAnswer>();
  const isAttentive = useAttention();
  const isSettled = useSettled();
  const deny = useRef<HTMLButtonElement>(null);

  useEffect(() => deny.current?.focus(), []);

  useEffect(() => {
    if (pressed === undefined) return;
    const timer = setTimeout(() => setPressed(undefined), pressedFor);
    return () => clearTimeout(timer);
  }, [pressed]);

  const isInert = (answer: QuestionAnswer) => pressed !== undefined || !(answer === 'deny' ? isSettled : isAttentive);

  function press(answer: QuestionAnswer) {
    if (isInert(answer)) return;
    setPressed(answer);
    onAnswer(answer);
  }

  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      const isOnButton = event.target instanceof HTMLButtonElement;
      if (event.repeat) {
        // A key that is held down answers once, and not the next question too.
        if (event.key === 'Enter' || event.key === ' ') event.preventDefault();
      } else if (event.key === 'Escape' || (event.key === 'Enter' && !isOnButton)) press('deny');
    }
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  });

  return (
    <div class="question" role="alertdialog" aria-labelledby="asks" aria-describedby="program-path kind">
      <div class="asks">
        <ProgramIcon name={program.name} icon={program.icon} unknown={program.kind === 'unknown'} />
        <div id="asks">
          <h1>
            <bdi>{program.name}</bdi>
          </h1>
          <p class="wants">
            {consent.wantsTo} <strong>{texts.permissions[question.permission]}</strong>
          </p>
        </div>
      </div>
      {question.claimedName !== undefined && (
        <p class="small muted">
          {consent.claimedName} “<bdi>{question.claimedName}</bdi>” ({consent.unchecked}).
        </p>
      )}
      {program.path === '' ? (
        <p id="program-path" class="small muted">
          {consent.noPath}
        </p>
      ) : (
        <div class="path-box">
          <Path path={program.path} id="program-path" />
        </div>
      )}
      <KindWords program={program} />
      <Covers />
      <div class="answer">
        <div class="answer-buttons">
          {answersFor(lasting).map(({ answer, label, busy }) => (
            <button
              key={answer}
              ref={answer === 'deny' ? deny : null}
              type="button"
              class={answer === 'deny' ? 'primary' : undefined}
              aria-disabled={isInert(answer)}
              onClick={() => press(answer)}
            >
              {pressed === answer ? busy : label}
            </button>
          ))}
        </div>
        <p class="answer-lasting">{consent.lasting[lasting]}</p>
        <div class="answer-end">
          <Countdown deadline={question.deadline} />
          {total > 1 && <p class="small muted">{consent.position(position, total)}</p>}
        </div>
      </div>
    </div>
  );
}

/** One answer covers everything that a program can ask for: the present request is only the first. */
function Covers() {
  return (
    <div class="covers">
      <p id="covers">{texts.consent.covers}:</p>
      <ul aria-labelledby="covers">
        {permissions.map((permission) => (
          <li key={permission}>{texts.permissions[permission]}</li>
        ))}
      </ul>
    </div>
  );
}

/** Explains what the program's name does not show: who gets the answer. */
function KindWords({ program: { kind, claim, isDebugged } }: { program: ProgramView }) {
  const { consent } = texts;
  const isWarning = kind !== 'program' || isDebugged;
  return (
    <div id="kind" class={isWarning ? 'note warning' : 'kind'}>
      {isDebugged && <p>{consent.debugged}</p>}
      <p>{consent.kinds[kind]}</p>
      {claim !== undefined && (
        <p>
          {consent.runs} <bdi class="claim">{claim}</bdi> ({consent.unchecked}).
        </p>
      )}
    </div>
  );
}

function useAttention(): boolean {
  const [isAttentive, setAttentive] = useState(false);
  useEffect(() => watchAttention(pageAttention, setAttentive), []);
  return isAttentive;
}

/** Buttons work only after a moment, even Deny: typing or a double press was meant for something else. */
function useSettled(): boolean {
  const [isSettled, setSettled] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), inertFor);
    return () => clearTimeout(timer);
  }, []);
  return isSettled;
}
