import type { Bridge, StorageChoice } from '../preload/contract.ts';
import type { AppView, Tab } from '../preload/views/appView.ts';
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
import type { Press } from './parts/pressButton.tsx';
import { Tabs } from './parts/tabs.tsx';
import { texts } from './parts/texts.ts';
import { useFocusKept } from './parts/useFocusKept.ts';
import { usePainted } from './parts/usePainted.ts';
import { useShown } from './parts/useShown.ts';
import { Programs } from './programs/programs.tsx';
import { QuestionsNote, UnansweredNote } from './programs/questions.tsx';
import { Settings } from './settings/settings.tsx';

/** The whole window: it shows the last view that the main process sent. */
export function App({ bridge }: { bridge: Bridge }) {
  const { announced, say, sayChange } = useAnnounced();
  const { view, isSilent, tab, go, press } = useShown(bridge, sayChange);
  const content = useFocusKept<HTMLElement>(view, tab);
  usePainted(bridge, view !== undefined || isSilent);
  const isStarting = view === undefined || view.status === 'starting';

  return (
    <>
      {!isStarting && <Tabs tab={tab} onTab={go} />}
      <main ref={content}>
        <h1 class="visually-hidden">{texts.appName}</h1>
        <p role="status" class="visually-hidden">
          {announced}
        </p>
        {view && <Banners bridge={bridge} view={view} tab={tab} press={press} onAnnounce={say} onGo={go} />}
        {isStarting ? (
          <Starting
            silent={isSilent}
            locked={view?.storage.needs === 'unlock'}
            onUnlock={() => bridge.unlockKeyring()}
          />
        ) : tab === 'programs' ? (
          <Programs bridge={bridge} />
        ) : tab === 'settings' ? (
          <Settings bridge={bridge} view={view} onAnnounce={say} />
        ) : (
          <>
            <UnansweredNote count={view.unanswered} onShow={() => go('programs')} />
            <Screen bridge={bridge} view={view} press={press} onAnnounce={say} />
            <OtherAccounts accounts={view.otherAccounts} actions={bridge} />
          </>
        )}
        {view && tab === 'account' && (
          <Notes view={view} bridge={bridge} onChoose={(answer) => bridge.chooseStorage(answer)} onAnnounce={say} />
        )}
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

/** What stands above every tab: a problem, a waiting login, questions. */
function Banners({ bridge, view, tab, press, onAnnounce, onGo }: ScreenProps & { tab: Tab; onGo: (tab: Tab) => void }) {
  const problem = bannerProblem(view);
  const choose = (answer: StorageChoice) => bridge.chooseStorage(answer);
  return (
    <>
      {problem && <Problem view={view} problem={problem} press={press} onDismiss={() => bridge.dismissProblem()} />}
      {view.waiting && (
        <Waiting
          key={view.waiting.id}
          waiting={view.waiting}
          provider={view.provider}
          alone={view.status !== 'signed_in' && tab === 'account'}
          actions={bridge}
          onAnnounce={onAnnounce}
          onSettings={() => onGo('settings')}
        />
      )}
      {view.switchedFrom && view.person && <Switched person={view.person} from={view.switchedFrom} actions={bridge} />}
      {view.signedInByProgram && view.person && <SignedInByProgram person={view.person} actions={bridge} />}
      {view.storage.needs === 'choice' && <StorageQuestion onChoose={choose} />}
      {view.storage.needs === 'create' && (
        <StorageNote storage={view.storage} onChoose={choose} onPrompt={() => bridge.createKeyring()} />
      )}
      <QuestionsNote count={view.questions.length} onShow={() => bridge.showQuestion()} />
    </>
  );
}

/** Shows who is signed in, or how to sign in. If a login already waits, its card says everything. */
function Screen({ bridge, view, press, onAnnounce }: ScreenProps) {
  if (view.status === 'signed_in') return <SignedIn view={view} press={press} />;
  if (view.waiting) return null;
  if (view.provider === undefined) return <Welcome bridge={bridge} view={view} onAnnounce={onAnnounce} />;
  return <SignedOut view={view} provider={view.provider} press={press} />;
}
