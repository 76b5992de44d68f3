import type { ComponentChildren } from 'preact';
import type { AppView } from '../../preload/views/appView.ts';
import { Check, Verified } from '../parts/icons.tsx';
import { pointInTime } from '../parts/pointInTime.ts';
import { type Press, PressButton } from '../parts/pressButton.tsx';
import { locale, texts } from '../parts/texts.ts';
import { Avatar } from './avatar.tsx';
import { Freshness } from './freshness.tsx';

/** Shows who is signed in, where, for which API and for how long. */
export function SignedIn({ view, press }: { view: AppView; press: Press }) {
  const { signedIn, signedOut } = texts;
  const { person } = view;
  // Only one login at a time: while one waits, its card has the controls.
  const canAdd = view.provider !== undefined && !view.waiting;
  return (
    <section class="card signed-in" aria-labelledby="signed-in">
      <div class="person">
        <Avatar name={person?.name ?? ''} picture={person?.picture} />
        <h2 id="signed-in" tabIndex={-1} dir="auto">
          {person?.name ?? signedIn.nameless}
        </h2>
        {person?.email !== undefined && (
          <p class="email">
            <bdi>{person.email}</bdi>{' '}
            {person.emailVerified && view.freshness !== 'unverified' && (
              <span class="verified">
                <Verified />
                {signedIn.verified}
              </span>
            )}
          </p>
        )}
        <p class="signed-in-status">
          <Check />
          {signedIn.status}
        </p>
      </div>
      <Freshness view={view} press={press} />
      <dl class="details">
        {view.provider !== undefined && (
          <Detail name={signedIn.provider}>
            <bdi>{view.provider}</bdi>
            {view.demo && <span class="why">{signedIn.demo}</span>}
          </Detail>
        )}
        {view.audience !== undefined && (
          <Detail name={signedIn.api}>
            <bdi>{view.audience}</bdi>
          </Detail>
        )}
        {view.renewable === true && <Detail name={signedIn.session}>{signedIn.renews}</Detail>}
        {view.renewable === false && (
          <Detail name={signedIn.session}>
            {view.expiresAt === undefined
              ? signedIn.ends
              : signedIn.endsAt(pointInTime(view.expiresAt, Date.now(), locale))}
            <span class="why">{signedIn.endsBecause}</span>
          </Detail>
        )}
      </dl>
      <div class="own-buttons">
        <PressButton press={press} action="signOut" label={signedIn.signOut} busy={signedIn.signingOut} />
        {canAdd && (
          <PressButton
            press={press}
            action="addAccount"
            label={signedIn.addAccount}
            busy={signedOut.opening}
            class="quiet"
          />
        )}
      </div>
    </section>
  );
}

function Detail({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
