import type { AppView, ProblemView } from '../../preload/views/appView.ts';
import { type Press, PressButton } from '../parts/pressButton.tsx';
import { texts } from '../parts/texts.ts';
import { remedy } from './remedy.ts';

interface ProblemProps {
  view: AppView;
  problem: ProblemView;
  press: Press;
  onDismiss: () => void;
}

/**
 * Shows what went wrong and what to do next. When signed out, the screen's big button signs in, so this has none. While an
 * account is signed in, a sign-in adds another one: the account in use stays.
 */
export function Problem({ view, problem, press, onDismiss }: ProblemProps) {
  const { problem: words, signedOut, freshness } = texts;
  const offered = remedy(view);
  const isSignedIn = view.status === 'signed_in';
  const told = special(view, problem);
  const titles = isSignedIn ? { ...words.titles, ...words.titlesSignedIn } : words.titles;
  return (
    <section class="note problem" role="alert">
      <p class="note-title">{told?.title ?? titles[problem.code] ?? words.otherTitle}</p>
      <p>{told?.text ?? problem.message}</p>
      {problem.next !== undefined && <p>{problem.next}</p>}
      <div class="note-buttons">
        {isSignedIn && (offered === 'signInAgain' || offered === 'tryAgain') && (
          <PressButton press={press} action="addAccount" label={words[offered]} busy={signedOut.opening} />
        )}
        {offered === 'renew' && (
          <PressButton press={press} action="renew" label={words.tryAgain} busy={freshness.trying} />
        )}
        <button type="button" class="quiet" onClick={onDismiss}>
          {words.dismiss}
        </button>
      </div>
    </section>
  );
}

/** A clearer text than the error's own, because the remedy is on this machine and not at the provider. */
function special(
  { isOffline }: AppView,
  { code, clockAhead }: ProblemView,
): { title: string; text: string } | undefined {
  const { problem: words } = texts;
  if (clockAhead !== undefined) {
    const minutes = Math.max(1, Math.round(Math.abs(clockAhead) / 60));
    return { title: words.clock(minutes), text: clockAhead > 0 ? words.clockAhead : words.clockBehind };
  }
  if (isOffline && code === 'provider_unreachable') return { title: words.offline, text: words.offlineText };
  return undefined;
}
