import { useEffect, useRef, useState } from 'preact/hooks';
import type { Bridge, StorageChoice } from '../preload/contract.ts';
import type { AppView, Place } from '../preload/views/app.ts';
import { Notes } from './account/notes.tsx';
import { OtherAccounts } from './account/otherAccounts.tsx';
import { Problem } from './account/problem.tsx';
import { bannerProblem } from './account/reachability.ts';
import { SignedIn } from './account/signedIn.tsx';
import { SignedOut } from './account/signedOut.tsx';
import { Starting } from './account/starting.tsx';
import { StorageNote, StorageQuestion } from './account/storage.tsx';
import { SignedInByProgram, Switched } from './account/switched.tsx';
import { useAnnounced } from './account/useAnnounced.ts';
import { Waiting } from './account/waiting.tsx';
import { Welcome } from './account/welcome.tsx';
import { Footer } from './parts/footer.tsx';
import type { Press, Pressed } from './parts/pressButton.tsx';
import { texts } from './parts/texts.ts';
import { useFocusKept } from './parts/useFocusKept.ts';
import { usePainted } from './parts/usePainted.ts';
import { Views } from './parts/views.tsx';
import { watchView } from './parts/watchView.ts';
import { Programs } from './programs/programs.tsx';
import { Questions, Unanswered } from './programs/questions.tsx';
import { Settings } from './settings/settings.tsx';

/** How long a pressed button says that it works when nothing comes of it: it must never say so for ever. */
const pressedFor = 5_000;

/** The whole window. It keeps nothing of its own but its place: it shows the last view the main process sent. */
export function App({ bridge }: { bridge: Bridge }) {
  const [view, setView] = useState<AppView>();
  const [silent, setSilent] = useState(false);
  const { announced, say, sayChange } = useAnnounced();
  const [pressed, setPressed] = useState<Pressed>();
  const [place, setPlace] = useState<Place>('account');
  const content = useFocusKept<HTMLElement>(view, place);
  usePainted(bridge, view !== undefined || silent);

  const go = (next: Place) => {
    setPlace(next);
    bridge.placeShown(next);
  };

  const before = useRef<AppView>(undefined);
  useEffect(() => {
    function show(next: AppView) {
      sayChange(before.current, next);
      before.current = next;
      setPressed(undefined);
      setView(next);
      if (next.wantedPlace === undefined) return;
      setPlace(next.wantedPlace);
      bridge.placeShown(next.wantedPlace);
    }
    return watchView(bridge, show, () => setSilent(true));
  }, [bridge]);

  useEffect(() => {
    if (pressed === undefined) return;
    const timer = setTimeout(() => setPressed(undefined), pressedFor);
    return () => clearTimeout(timer);
  }, [pressed]);

  useEffect(() => {
    if (place === 'account') return;
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && go('account');
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [place]);

  const press: Press = {
    pressed,
    onPress(action) {
      setPressed(action);
      bridge[action]();
    },
  };
  const problem = view && bannerProblem(view);
  const isStarting = view === undefined || view.status === 'starting';
  const choose = (answer: StorageChoice) => bridge.chooseStorage(answer);

  return (
    <>
      {!isStarting && <Views place={place} onPlace={go} />}
      <main ref={content}>
        <h1 class="visually-hidden">{texts.appName}</h1>
        <p role="status" class="visually-hidden">
          {announced}
        </p>
        {view && problem && (
          <Problem view={view} problem={problem} press={press} onDismiss={() => bridge.dismissProblem()} />
        )}
        {view?.waiting && (
          <Waiting
            key={view.waiting.id}
            waiting={view.waiting}
            provider={view.provider}
            alone={view.status !== 'signed_in' && place === 'account'}
            actions={bridge}
            onAnnounce={say}
            onSettings={() => go('settings')}
          />
        )}
        {view?.switchedFrom && view.person && (
          <Switched person={view.person} from={view.switchedFrom} actions={bridge} />
        )}
        {view?.signedInByProgram && view.person && <SignedInByProgram person={view.person} actions={bridge} />}
        {view?.storage.needs === 'choice' && <StorageQuestion onChoose={choose} />}
        {view?.storage.needs === 'create' && (
          <StorageNote storage={view.storage} onChoose={choose} onPrompt={() => bridge.createKeyring()} />
        )}
        {view && <Questions count={view.questions.length} onShow={() => bridge.showQuestion()} />}
        {isStarting ? (
          <Starting silent={silent} locked={view?.storage.needs === 'unlock'} onUnlock={() => bridge.unlockKeyring()} />
        ) : place === 'programs' ? (
          <Programs bridge={bridge} />
        ) : place === 'settings' ? (
          <Settings bridge={bridge} view={view} onAnnounce={say} />
        ) : (
          <>
            <Unanswered count={view.unanswered} onShow={() => go('programs')} />
            <Screen bridge={bridge} view={view} press={press} onAnnounce={say} />
            <OtherAccounts accounts={view.otherAccounts} actions={bridge} />
          </>
        )}
        {view && place === 'account' && <Notes view={view} bridge={bridge} onChoose={choose} onAnnounce={say} />}
      </main>
      {view && <Footer address={view.address} version={view.version} />}
    </>
  );
}

interface ScreenProps {
  bridge: Bridge;
  view: AppView;
  press: Press;
  onAnnounce: (text: string) => void;
}

/** Who is signed in; or how to sign in, unless a login already waits, whose card then says it all. */
function Screen({ bridge, view, press, onAnnounce }: ScreenProps) {
  if (view.status === 'signed_in') return <SignedIn view={view} press={press} />;
  if (view.waiting) return null;
  if (view.provider === undefined) return <Welcome bridge={bridge} view={view} onAnnounce={onAnnounce} />;
  return <SignedOut view={view} provider={view.provider} press={press} />;
}
