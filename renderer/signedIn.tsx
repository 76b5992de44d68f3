import type { ComponentChildren } from 'preact';
import type { AppView } from '../preload/contract.ts';
import type { Pressed } from './app.tsx';
import { Avatar } from './avatar.tsx';
import { Check, Verified } from './icons.tsx';
import { pointInTime } from './pointInTime.ts';
import { texts } from './texts.ts';

interface SignedInProps {
  view: AppView;
  pressed: Pressed | undefined;
  onSignOut: () => void;
}

/** Who is signed in, where, for which API and for how long. */
export function SignedIn({ view, pressed, onSignOut }: SignedInProps) {
  const { signedIn } = texts;
  const { person } = view;
  const leaving = pressed === 'signOut';
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
            {person.emailVerified && (
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
              : signedIn.endsAt(pointInTime(view.expiresAt, Date.now(), texts.language))}
            <span class="why">{signedIn.endsBecause}</span>
          </Detail>
        )}
      </dl>
      <button type="button" aria-disabled={leaving} onClick={leaving ? undefined : onSignOut}>
        {leaving ? signedIn.signingOut : signedIn.signOut}
      </button>
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
