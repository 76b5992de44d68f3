import { useRef, useState } from 'preact/hooks';
import type { StorageChoice } from '../../preload/contract.ts';
import type { StorageView } from '../../preload/views/appView.ts';
import { texts } from '../parts/texts.ts';

type OnChoose = (answer: StorageChoice) => void;

/** There is no keyring: asks what to do, until the person has answered. */
export function StorageQuestion({ onChoose }: { onChoose: OnChoose }) {
  const { storage } = texts;
  return (
    <section class="note" aria-labelledby="storage-question">
      <h2 id="storage-question" class="note-title">
        {storage.question}
      </h2>
      <p>{storage.questionText}</p>
      <Choices onChoose={onChoose} />
    </section>
  );
}

/**
 * Where the session is stored, if that is not simply the system's keyring; the person may choose again.
 * @param onPrompt - makes the system ask for the keyring's password
 */
export function StorageNote({
  storage,
  onChoose,
  onPrompt,
}: {
  storage: StorageView;
  onChoose: OnChoose;
  onPrompt: () => void;
}) {
  const { storage: words } = texts;
  const [open, setOpen] = useState(false);
  const change = useRef<HTMLButtonElement>(null);
  const needed = neededWords(storage);
  const title = needed?.title ?? words.title;

  function choose(answer: StorageChoice) {
    // The choices disappear, and the focus with them.
    change.current?.focus();
    setOpen(false);
    onChoose(answer);
  }

  return (
    <section class="note" role="note" aria-label={title}>
      <p class="note-title">{title}</p>
      <p>{needed?.text ?? storage.notice}</p>
      {(needed || storage.changeable) && (
        <div class="note-buttons">
          {needed && (
            <button type="button" onClick={onPrompt}>
              {needed.button}
            </button>
          )}
          {storage.changeable && (
            <button ref={change} type="button" class="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
              {needed ? words.withoutKeyring : words.change}
            </button>
          )}
        </div>
      )}
      {open && <Choices present={storage.kind} onChoose={choose} />}
    </section>
  );
}

/** The texts about what a keyring needs from the person; undefined when it needs nothing. */
function neededWords({ needs }: StorageView): { title: string; text: string; button: string } | undefined {
  const { storage: words } = texts;
  if (needs === 'unlock') return { title: words.lockedTitle, text: words.lockedText, button: words.unlock };
  if (needs === 'create') return { title: words.createTitle, text: words.createText, button: words.create };
  return undefined;
}

const choices: readonly StorageChoice[] = ['memory', 'file'];

/** Two choices of equal weight, each with its meaning. */
function Choices({ present, onChoose }: { present?: StorageView['kind']; onChoose: OnChoose }) {
  const { storage } = texts;
  return (
    <ul class="choices">
      {choices.map((choice) => (
        <li key={choice}>
          <button type="button" aria-describedby={`storage-${choice}`} onClick={() => onChoose(choice)}>
            {storage.choices[choice]}
          </button>
          <p id={`storage-${choice}`} class="muted">
            {present === choice && <strong>{storage.present} </strong>}
            {storage.meanings[choice]}
          </p>
        </li>
      ))}
    </ul>
  );
}
