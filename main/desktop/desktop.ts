import { app, BrowserWindow, clipboard, nativeTheme, net } from 'electron';
import {
  type Actions,
  channels,
  type PortResult,
  type QuestionAnswer,
  type RegistrationPart,
  type RemovalWay,
  type StartAtLoginWish,
  type StorageChoice,
} from '../../preload/contract.ts';
import type { AppView, Place } from '../../preload/views/app.ts';
import type { SettingsChange, SettingsView } from '../../preload/views/settings.ts';
import { systemClock } from '../broker/clock.ts';
import { Provider } from '../broker/provider/provider.ts';
import type { PlatformFetch } from '../broker/provider/providerFetch.ts';
import type { StoredRevocation } from '../broker/session/vault.ts';
import { LoopgateError } from '../errors/errors.ts';
import { type Host, tryPort } from '../host/host.ts';
import type { Settings } from '../settings/settings.ts';
import { readSettingsFile, writeSettings } from '../settings/settingsFile.ts';
import type { KeptVault } from '../storage/keptVault.ts';
import { version } from '../system/version.ts';
import { helpActions } from './help/help.ts';
import type { Updates } from './help/updates.ts';
import { ProviderChecker } from './settings/providerCheck.ts';
import { type RemovalWorld, removeData, removeEverything } from './settings/removal.ts';
import { SettingsEditor } from './settings/settingsEditor.ts';
import type { StartAtLogin } from './settings/startAtLogin.ts';
import { StartAtLoginOffer } from './settings/startAtLoginOffer.ts';
import type { RunningHost } from './start/runningHost.ts';
import { promptToCreate, promptToUnlock } from './system/keyringPrompt.ts';
import { Network } from './system/onlineMonitor.ts';
import { Notifications } from './tray/notifications.ts';
import { systemNotifications } from './tray/systemNotifications.ts';
import { AppTray } from './tray/tray.ts';
import { TrayHost } from './tray/trayAvailability.ts';
import { FirstAnswer } from './view/firstAnswer.ts';
import { Pictures } from './view/profilePictures.ts';
import { ProgramIcons } from './view/programIcons.ts';
import { programsViewOf, questionViews } from './view/programsView.ts';
import { type ViewFrame, viewOf } from './view/view.ts';
import { ConsentWindow } from './windows/consentWindow.ts';
import { answerWindow, type Questions } from './windows/ipc.ts';
import { explainedIn, MainWindow } from './windows/mainWindow.ts';
import type { PageName } from './windows/page.ts';
import { type WindowPlace, windowPlaceIn } from './windows/windowBounds.ts';
import { zoomByKeys } from './windows/zoom.ts';

/** Programs may ask many times in a second; a person reads the list of them more slowly. Milliseconds. */
const programsInterval = 500;

/** What the desktop takes from the world. */
export interface DesktopWorld {
  readonly fetch: PlatformFetch;
  readonly vault: KeptVault;
  readonly startAtLogin: StartAtLogin;
  /** Absent where this build is not kept up to date by itself. */
  readonly updates: Updates | undefined;
}

/** The tray and the windows. */
export interface Desktop {
  /** Shows the main window. */
  open(): void;
}

/** The tray and the windows over the running host: both show the same view, sent whole after every change. */
export function startDesktop(running: RunningHost, world: DesktopWorld): Desktop {
  const { fetch, startAtLogin, updates } = world;
  const showTheme = (theme: Settings['theme']) => {
    nativeTheme.themeSource = theme;
  };
  showTheme(running.settings.theme);
  app.on('web-contents-created', (_event, contents) => zoomByKeys(contents));
  const trayHost = new TrayHost();
  const system = systemNotifications(() => show());
  app.once('quit', () => {
    trayHost.close();
    system.close();
  });
  const { home } = running.settings;
  let wantedPlace: Place | undefined;
  const kept = { explained: explainedIn(home), windowPlace: windowPlaceIn(home) };
  const window = new MainWindow(trayHost, kept, (place) => {
    wantedPlace = place;
  });
  let pictures = new Pictures(fetch, running.settings.issuer, () => show());
  const firstAnswer = new FirstAnswer(() => show());
  const icons = new ProgramIcons(() => show());
  const consent = new ConsentWindow(() => running.host.gate.leaveUnanswered());
  const startAtLoginOffer = new StartAtLoginOffer(home, startAtLogin);
  const network = new Network(
    () => net.isOnline(),
    (isOnline) => {
      if (isOnline && !running.isReplacing) running.host.broker.networkIsBack();
      show();
    },
  );
  /** Of the port that programs try first, while it is not Loopgate's. */
  let portOwner: string | undefined;
  const iconOf = (file: string) => icons.of(file);
  const view = (): AppView => {
    const { broker, gate } = running.host;
    const asked = { questions: questionViews(gate, iconOf), unanswered: gate.unanswered };
    const present = viewOf(frameOf(running, portOwner), broker.state(), asked, (address) => pictures.of(address));
    return firstAnswer.awaited({
      ...present,
      ...(wantedPlace && { wantedPlace }),
      ...(network.isOffline && { isOffline: true }),
      ...(startAtLoginOffer.isDue(present) && { offersStartAtLogin: true }),
      ...(updates && { update: updates.view }),
      ...(system.isMissing && { lacksNotifications: true }),
    });
  };
  const checker = new ProviderChecker(fetch, systemClock);
  const editor = new SettingsEditor(running, {
    environment: process.env,
    read: readSettingsFile,
    write: writeSettings,
    checkProvider: (issuer) => checker.check(issuer),
    checkClient: (...asked) => checker.checkClient(...asked),
    tryPort,
    showTheme,
  });
  const actions = {
    ...actionsOf(running),
    setStartAtLogin: (wish: StartAtLoginWish) => {
      startAtLoginOffer.settle();
      switchStartAtLogin(running, startAtLogin, wish);
      show();
    },
    ...helpActions(running, trayHost),
    checkForUpdates: () => void updates?.check(),
    showQuestion: () => consent.focus(),
    placeShown: (place: Place) => {
      wantedPlace = undefined;
      window.placeShown(place);
    },
    quit: () => app.quit(),
  };
  const open = () => {
    window.show();
    // What is asked lies on top.
    consent.focus();
  };
  const findPortOwner = async (host: Host) => {
    const owner = await host.wantedPortOwner();
    if (running.host !== host || portOwner === owner) return;
    portOwner = owner;
    show();
  };
  const tryPortAgain = async (): Promise<PortResult> => {
    const { host } = running;
    if (host.wantedPort === undefined) return { ok: true };
    const result = await editor.returnToPort(host.wantedPort);
    if (!result.ok) await findPortOwner(host);
    return result;
  };
  const painted = (page: PageName) => (page === 'main' ? window : consent).painted();
  const questions = {
    programs: () => programsViewOf(running.host.gate, iconOf),
    settings: () => ({ ...editor.view(), ...startAtLoginOf(startAtLogin) }),
    changeSettings: (change: SettingsChange) => editor.change(change),
    checkProvider: (issuer: string) => checker.whileTyping(issuer),
    removeEverything: (way: RemovalWay) => removeEverything(way, removalWorld(running, world, kept.windowPlace)),
    tryPortAgain,
    providerAddress: (id: string) => running.host.broker.providerAddress(id),
  } satisfies Questions;
  answerWindow(actions, view, questions, painted);
  const openAt = (place: Place) => {
    wantedPlace = place;
    open();
    show();
  };
  const openQuestion = () => (running.host.gate.questions.length > 0 ? consent.focus() : open());
  const tray = new AppTray(view(), { ...actions, open, openAt, openQuestion }, trayHost);
  const isLooking = () => BrowserWindow.getFocusedWindow() !== null;
  const notifications = new Notifications(view(), system, { ...actions, open, openQuestion }, isLooking);
  const show = () => {
    let present = view();
    if (network.follow(isProviderAway(present))) present = view();
    tray.show(present);
    notifications.show(present);
    window.send(channels.viewChanged, present);
    consent.show(present.questions.length);
    consent.send(channels.viewChanged, present);
  };
  updates?.onChange(show);
  const showPrograms = atMostEvery(programsInterval, () => window.send(channels.programsChanged, undefined));
  running.onHost((host) => {
    const { broker, gate } = host;
    portOwner = undefined;
    void findPortOwner(host);
    pictures = new Pictures(fetch, running.settings.issuer, () => show());
    // A host that was closed may still have something to say: what is shown is the present one's.
    broker.onChange(() => {
      if (running.host.broker === broker && !running.isReplacing) show();
    });
    gate.onChange((change) => {
      if (running.host.gate !== gate || running.isReplacing) return;
      if (change === 'decided') show();
      showPrograms();
    });
    show();
    showPrograms();
  });
  return { open };
}

/** What the window shows beside the broker's own state. */
function frameOf({ host, settings }: RunningHost, portOwner: string | undefined): ViewFrame {
  const { wantedPort } = host;
  return {
    port: wantedPort === undefined ? undefined : { wanted: wantedPort, ...(portOwner && { takenBy: portOwner }) },
    version,
    address: host.address,
    portNotice: host.portNotice,
    provider: host.broker.providerHost,
    audience: settings.audience,
    demo: settings.demo === true,
    exposesRefreshToken: settings.exposeRefreshToken,
  };
}

function startAtLoginOf(startAtLogin: StartAtLogin): Pick<SettingsView, 'startAtLogin' | 'startAtLoginNotice'> {
  const { isOn, isAvailable, notice } = startAtLogin.state();
  return {
    ...(isAvailable && { startAtLogin: isOn }),
    ...(notice !== undefined && { startAtLoginNotice: notice }),
  };
}

function removalWorld(
  running: RunningHost,
  { fetch, vault, startAtLogin }: DesktopWorld,
  windowPlace: WindowPlace,
): RemovalWorld {
  const providers = new Map<string, Provider>();
  /** One for all tokens of a provider: its metadata is read once. */
  const providerOf = ({ issuer, clientId }: StoredRevocation): Provider => {
    const key = JSON.stringify([issuer, clientId]);
    const provider = providers.get(key) ?? new Provider({ issuer, clientId }, fetch, systemClock);
    providers.set(key, provider);
    return provider;
  };
  return {
    isReady: () => running.host.broker.state().ready,
    suspend: (work) => running.suspend(work),
    stored: () => vault.state,
    store: (state) => vault.save(state),
    revoke: (revocation) => providerOf(revocation).revoke(revocation.clientId, revocation.token),
    remove: () => {
      startAtLogin.remove();
      windowPlace.forget();
      removeData(running.settings.home);
    },
    quit: () => app.quit(),
  };
}

/** What tray and window can do. What fails is shown as the view's problem by the broker, and is nobody's to wait for. */
function actionsOf(
  running: RunningHost,
): Omit<
  Actions,
  keyof ReturnType<typeof helpActions> | 'showQuestion' | 'placeShown' | 'setStartAtLogin' | 'quit' | 'checkForUpdates'
> {
  const shown = () => undefined;
  /** Does nothing in the moment in which the host is started anew: it would be asked of the one that was closed. */
  const withHost =
    <Argument extends unknown[]>(act: (host: Host, ...argument: Argument) => void) =>
    (...argument: Argument) => {
      if (!running.isReplacing) act(running.host, ...argument);
    };
  return {
    signIn: withHost(({ broker }) => void broker.signIn()),
    addAccount: withHost(({ broker }) => void broker.addAccount()),
    // T10: the person's own sign-out ends the provider's session too, so that the next login asks who it is.
    signOut: withHost(({ broker }) => void broker.logout({ openBrowser: true }).catch(shown)),
    signOutAccount: withHost(({ broker }, account: string) => void broker.signOutAccount(account).catch(shown)),
    switchAccount: withHost(({ broker }, account: string) => void broker.switchAccount(account).catch(shown)),
    acceptSwitch: withHost(({ broker }) => broker.acceptSwitch()),
    cancelSignIn: withHost(({ broker }, id: string) => broker.cancel(id)),
    openAgain: withHost(({ broker }, id: string) => void broker.openAgain(id)),
    copyAddress: withHost(({ broker }, id: string) => {
      const address = broker.newLoginAddress(id);
      if (address !== undefined) clipboard.writeText(address);
    }),
    dismissProblem: withHost(({ broker }) => broker.dismissProblem()),
    renew: withHost(({ broker }) => void broker.renew().catch(shown)),
    chooseStorage: withHost(({ broker }, answer: StorageChoice) => void broker.chooseStorage(answer).catch(shown)),
    unlockKeyring: withHost(({ broker }) => {
      promptToUnlock().catch(() =>
        broker.showProblem(
          new LoopgateError('internal', {
            happened: 'The system could not be made to ask for the password of the keyring.',
            next: 'Unlock it in the program that your system has for it, such as "Passwords and Keys".',
          }),
        ),
      );
    }),
    createKeyring: withHost(({ broker }) => {
      promptToCreate().catch(() =>
        broker.showProblem(
          new LoopgateError('internal', {
            happened: 'The system could not be made to ask for a password for a new keyring.',
            next: 'Make one in the program that your system has for it, such as "Passwords and Keys".',
          }),
        ),
      );
    }),
    answerQuestion: withHost(({ gate }, id: string, answer: QuestionAnswer) => gate.answer(id, answer)),
    allowProgram: withHost(({ gate }, id: string) => gate.allow(id)),
    denyProgram: withHost(({ gate }, id: string) => gate.deny(id)),
    removeProgram: withHost(({ gate }, id: string) => gate.remove(id)),
    clearHistory: withHost(({ gate }) => gate.clearHistory()),
    allowOrigin: withHost(({ gate }, origin: string) => gate.allowOrigin(origin)),
    removeOrigin: withHost(({ gate }, origin: string) => gate.removeOrigin(origin)),
    // Auth0 takes a list with commas.
    copyRegistration: (what) => clipboard.writeText(registered(running, what).join(', ')),
  };
}

/** What is to be registered at the provider. */
function registered({ host, settings }: RunningHost, what: RegistrationPart): readonly string[] {
  if (what === 'returnTo') return settings.returnTo;
  if (what === 'callbacks') return host.callbacks;
  return [host.broker.state().waiting?.registration?.redirectUri ?? host.broker.redirectUri];
}

/** What fails is shown as the view's problem. */
function switchStartAtLogin({ host }: RunningHost, startAtLogin: StartAtLogin, wish: StartAtLoginWish): void {
  try {
    startAtLogin.set(wish === 'on');
  } catch (error) {
    if (!(error instanceof LoopgateError)) throw error;
    host.broker.showProblem(error);
  }
}

/** Whether something cannot be done now because nobody answers at the provider. */
function isProviderAway({ problem, unreachableSince }: AppView): boolean {
  return problem?.code === 'provider_unreachable' || unreachableSince !== undefined;
}

/** Calls at once, and again after the interval when it was asked for meanwhile. */
function atMostEvery(milliseconds: number, call: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isWanted = false;
  const run = () => {
    isWanted = false;
    call();
    timer = setTimeout(() => {
      timer = undefined;
      if (isWanted) run();
    }, milliseconds);
    timer.unref();
  };
  return () => {
    if (timer === undefined) run();
    else isWanted = true;
  };
}
