import type { AppView, ProblemView } from '../preload/contract.ts';
import type { Pressed } from './app.tsx';
import { remedy } from './remedy.ts';
import { texts } from './texts.ts';

interface ProblemProps {
  view: AppView;
  problem: ProblemView;
  pressed: Pressed | undefined;
  onSignIn: () => void;
  onDismiss: () => void;
}

/** What went wrong and what to do next. When signed out, the screen's one big button is the way on and needs no second. */
export function Problem({ view, problem, pressed, onSignIn, onDismiss }: ProblemProps) {
  const { problem: words, signedOut } = texts;
  const next = view.status === 'signed_in' ? remedy(view) : 'none';
  const opening = pressed === 'signIn';
  return (
    <section class="note problem" role="alert">
      <p class="note-title">{words.titles[problem.code] ?? words.otherTitle}</p>
      <p>{problem.message}</p>
      <div class="note-buttons">
        {next !== 'none' && (
          <button type="button" aria-disabled={opening} onClick={opening ? undefined : onSignIn}>
            {opening ? signedOut.opening : words[next]}
          </button>
        )}
        <button type="button" class="quiet" onClick={onDismiss}>
          {words.dismiss}
        </button>
      </div>
    </section>
  );
}
