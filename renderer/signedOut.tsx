import type { AppView } from '../preload/contract.ts';
import type { Pressed } from './app.tsx';
import { Mark } from './icons.tsx';
import { remedy } from './remedy.ts';
import { texts } from './texts.ts';

interface SignedOutProps {
  view: AppView;
  provider: string;
  pressed: Pressed | undefined;
  onSignIn: () => void;
}

/** Nobody is signed in: what Loopgate is, and the one thing to do. After a failure the same button says "Try again". */
export function SignedOut({ view, provider, pressed, onSignIn }: SignedOutProps) {
  const { signedOut } = texts;
  const opening = pressed === 'signIn';
  const label = remedy(view) === 'tryAgain' ? signedOut.tryAgain : signedOut.signIn;
  return (
    <section class="welcome" aria-labelledby="signed-out">
      <Mark />
      <h2 id="signed-out" tabIndex={-1}>
        {signedOut.heading}
      </h2>
      <p>{signedOut.text}</p>
      <button
        type="button"
        class="primary large"
        aria-disabled={opening}
        aria-describedby="provider"
        onClick={opening ? undefined : onSignIn}
      >
        {opening ? signedOut.opening : label}
      </button>
      <p id="provider" class={view.demo ? 'demo' : 'small muted'}>
        {view.demo ? signedOut.demo : signedOut.provider(provider)}
      </p>
    </section>
  );
}
