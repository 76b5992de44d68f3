import type { AppView } from '../../preload/views/appView.ts';
import { Mark } from '../parts/icons.tsx';
import { type Press, PressButton } from '../parts/pressButton.tsx';
import { texts } from '../parts/texts.ts';
import { remedy } from './remedy.ts';

interface SignedOutProps {
  view: AppView;
  provider: string;
  press: Press;
}

/** The signed-out screen: what Loopgate is, and the one button to press. After a failure the button's text says so. */
export function SignedOut({ view, provider, press }: SignedOutProps) {
  const { signedOut } = texts;
  const offered = remedy(view);
  const label = signedOut[offered === 'tryAgain' || offered === 'signInAgain' ? offered : 'signIn'];
  return (
    <section class="welcome" aria-labelledby="signed-out">
      <Mark />
      <h2 id="signed-out" tabIndex={-1}>
        {signedOut.heading}
      </h2>
      <p>{signedOut.text}</p>
      <PressButton
        press={press}
        action="signIn"
        label={label}
        busy={signedOut.opening}
        class="primary large"
        describedBy="provider"
      />
      <p id="provider" class={view.demo ? 'demo' : 'small muted'}>
        {view.demo ? signedOut.demo : signedOut.provider(provider)}
      </p>
    </section>
  );
}
