import { useEffect, useRef, useState } from 'preact/hooks';
import type { Bridge, RemovalResult, RemovalWay } from '../../preload/contract.ts';
import { texts } from '../parts/texts.ts';

type Step = 'offered' | 'asked' | 'removing' | Extract<RemovalResult, { ok: false }>;

/**
 * "Remove everything": asks once more, and shows what could not be revoked. On success the app quits, and the window closes.
 */
export function Removal({ bridge }: { bridge: Pick<Bridge, 'removeEverything'> }) {
  const { removal } = texts;
  const [step, setStep] = useState<Step>('offered');
  const first = useRef<HTMLButtonElement>(null);
  const wasOpened = useRef(false);

  useEffect(() => {
    // The pressed button disappears: the harmless button of the next step takes the focus.
    if (wasOpened.current && step !== 'removing') first.current?.focus();
  }, [step]);

  function go(next: Step) {
    wasOpened.current = true;
    setStep(next);
  }

  async function remove(way: RemovalWay) {
    go('removing');
    const result = await bridge.removeEverything(way).catch(() => undefined);
    if (result?.ok) return;
    go(result ?? { ok: false, kept: 0, message: texts.starting.silent });
  }

  return (
    <section class="card" aria-labelledby="removal">
      <h3 id="removal">{removal.heading}</h3>
      <p class="muted small">{removal.text}</p>
      {step === 'offered' && (
        <div class="note-buttons">
          <button ref={first} type="button" onClick={() => go('asked')}>
            {removal.remove}
          </button>
        </div>
      )}
      {step === 'asked' && (
        <section class="note warning" aria-labelledby="removal-sure" aria-describedby="removal-text">
          <p id="removal-sure" class="note-title">
            {removal.sure}
          </p>
          <p id="removal-text">{removal.sureText}</p>
          <div class="note-buttons">
            <button ref={first} type="button" onClick={() => go('offered')}>
              {removal.cancel}
            </button>
            <button type="button" onClick={() => void remove('revoke')}>
              {removal.confirm}
            </button>
          </div>
        </section>
      )}
      {step === 'removing' && <p role="status">{removal.removing}</p>}
      {typeof step === 'object' && (
        <div class="note problem" role="alert">
          <p class="note-title">{removal.failed}</p>
          <p>
            {step.kept > 0 && `${removal.kept(step.kept)} `}
            {step.message}
          </p>
          {step.kept > 0 && <p>{removal.anywayText}</p>}
          <div class="note-buttons">
            <button ref={first} type="button" onClick={() => go('offered')}>
              {removal.cancel}
            </button>
            <button type="button" onClick={() => void remove('revoke')}>
              {removal.again}
            </button>
            {step.kept > 0 && (
              <button type="button" onClick={() => void remove('anyway')}>
                {removal.anyway}
              </button>
            )}
          </div>
        </div>
      )}
    </section>
  );
}
