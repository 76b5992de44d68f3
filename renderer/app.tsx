import { useEffect, useRef, useState } from 'preact/hooks';
import type { AppView, Bridge } from '../preload/contract.ts';
import { announcement } from './announcement.ts';
import { Footer } from './footer.tsx';
import { Notes } from './notes.tsx';
import { OtherAccounts } from './otherAccounts.tsx';
import { Problem } from './problem.tsx';
import { Setup } from './setup.tsx';
import { SignedIn } from './signedIn.tsx';
import { SignedOut } from './signedOut.tsx';
import { Starting } from './starting.tsx';
import { texts } from './texts.ts';
import { useFocusKept } from './useFocusKept.ts';
import { Waiting } from './waiting.tsx';

/** How long a pressed button says that it works when nothing comes of it: it must never say so for ever. */
const pressedFor = 5_000;

/** What was pressed and has not shown an effect yet. */
export type Pressed = 'signIn' | 'signOut';

/** The whole window. It keeps nothing of its own: it shows the last view the main process sent. */
export function App({ bridge }: { bridge: Bridge }) {
  const [view, setView] = useState<AppView>();
  const [silent, setSilent] = useState(false);
  const [announced, setAnnounced] = useState('');
  const [pressed, setPressed] = useState<Pressed>();
  const content = useFocusKept<HTMLElement>(view);

  const before = useRef<AppView>(undefined);
  useEffect(() => {
    function show(next: AppView) {
      const said = announcement(before.current, next);
      if (said !== undefined) setAnnounced(said);
      before.current = next;
      setPressed(undefined);
      setView(next);
    }
    const stop = bridge.onViewChanged(show);
    bridge.view().then(
      // A change that came while we asked is newer than the answer.
      (first) => before.current ?? show(first),
      () => setSilent(true),
    );
    return stop;
  }, [bridge]);

  useEffect(() => {
    if (pressed === undefined) return;
    const timer = setTimeout(() => setPressed(undefined), pressedFor);
    return () => clearTimeout(timer);
  }, [pressed]);

  function signIn() {
    setPressed('signIn');
    bridge.signIn();
  }
  function signOut() {
    setPressed('signOut');
    bridge.signOut();
  }

  return (
    <>
      <main ref={content}>
        <h1 class="visually-hidden">{texts.appName}</h1>
        <p role="status" class="visually-hidden">
          {announced}
        </p>
        {view?.problem && (
          <Problem
            view={view}
            problem={view.problem}
            pressed={pressed}
            onSignIn={signIn}
            onDismiss={() => bridge.dismissProblem()}
          />
        )}
        {view?.waiting && (
          <Waiting
            key={view.waiting.id}
            waiting={view.waiting}
            alone={view.status !== 'signed_in'}
            actions={bridge}
            onAnnounce={setAnnounced}
          />
        )}
        {view === undefined || view.status === 'starting' ? (
          <Starting silent={silent} />
        ) : (
          <>
            <Screen view={view} pressed={pressed} onSignIn={signIn} onSignOut={signOut} />
            <OtherAccounts accounts={view.otherAccounts} onUse={(account) => bridge.switchAccount(account)} />
          </>
        )}
        {view && <Notes view={view} />}
      </main>
      {view && <Footer address={view.address} version={view.version} />}
    </>
  );
}

interface ScreenProps {
  view: AppView;
  pressed: Pressed | undefined;
  onSignIn: () => void;
  onSignOut: () => void;
}

/** Who is signed in; or how to sign in, unless a login already waits, whose card then says it all. */
function Screen({ view, pressed, onSignIn, onSignOut }: ScreenProps) {
  if (view.status === 'signed_in') return <SignedIn view={view} pressed={pressed} onSignOut={onSignOut} />;
  if (view.waiting) return null;
  if (view.provider === undefined) return <Setup />;
  return <SignedOut view={view} provider={view.provider} pressed={pressed} onSignIn={onSignIn} />;
}
