import { app, BrowserWindow, clipboard } from 'electron';
import { type Actions, type AppView, channels } from '../../preload/contract.ts';
import type { Gate } from '../access/gate.ts';
import type { Broker } from '../broker/broker.ts';
import type { PlatformFetch } from '../broker/providerFetch.ts';
import type { Host } from '../host.ts';
import type { Settings } from '../settings.ts';
import { version } from '../version.ts';
import { answerWindow } from './bridge.ts';
import { ConsentWindow } from './consentWindow.ts';
import { FirstAnswer } from './firstAnswer.ts';
import { Notifications } from './notifications.ts';
import { Pictures } from './pictures.ts';
import { ProgramIcons } from './programIcons.ts';
import { programsViewOf, questionViews } from './programsView.ts';
import { AppTray } from './tray.ts';
import { TrayHost } from './trayHost.ts';
import { viewOf } from './view.ts';
import { explainedIn, MainWindow } from './window.ts';

/** Programs may ask many times in a second; a person reads the list of them more slowly. Milliseconds. */
const programsInterval = 500;

/** The tray and the windows over a running host: both show the same view, sent whole after every change. */
export function startDesktop(host: Host, settings: Settings, fetch: PlatformFetch): { open: () => void } {
  const { broker, gate } = host;
  const trayHost = new TrayHost();
  app.once('quit', () => trayHost.close());
  const window = new MainWindow(trayHost, explainedIn(settings.home));
  const pictures = new Pictures(fetch, settings.issuer, () => show());
  const firstAnswer = new FirstAnswer(() => show());
  const icons = new ProgramIcons(() => show());
  const consent = new ConsentWindow(() => gate.leaveUnanswered());
  const frame = {
    version,
    address: host.address,
    portNotice: host.portNotice,
    provider: broker.providerHost,
    audience: settings.audience,
    demo: settings.demo === true,
    exposesRefreshToken: settings.exposeRefreshToken,
  };
  const iconOf = (file: string) => icons.of(file);
  const view = (): AppView => {
    const asked = { questions: questionViews(gate, iconOf), unanswered: gate.unanswered };
    return firstAnswer.awaited(viewOf(frame, broker.state(), asked, (address) => pictures.of(address)));
  };
  const actions = actionsOf(broker, gate);
  const open = () => {
    window.show();
    // What is asked lies on top.
    consent.focus();
  };
  answerWindow(actions, view, () => programsViewOf(gate, iconOf));
  const openQuestion = () => (gate.questions.length > 0 ? consent.focus() : open());
  const tray = new AppTray(view(), { ...actions, open, openQuestion, quit: () => app.quit() }, trayHost);
  const isLooking = () => BrowserWindow.getFocusedWindow() !== null;
  const notifications = new Notifications(view(), { open, openQuestion }, isLooking);
  const show = () => {
    const present = view();
    tray.show(present);
    notifications.show(present);
    window.send(channels.viewChanged, present);
    consent.show(present.questions.length);
    consent.send(channels.viewChanged, present);
  };
  broker.onChange(show);
  const showPrograms = atMostEvery(programsInterval, () => window.send(channels.programsChanged, undefined));
  gate.onChange((change) => {
    if (change === 'decided') show();
    showPrograms();
  });
  return { open };
}

/** What tray and window can do. What fails is shown as the view's problem by the broker, and is nobody's to wait for. */
function actionsOf(broker: Broker, gate: Gate): Actions {
  const shown = () => undefined;
  return {
    signIn: () => void broker.signIn(),
    addAccount: () => void broker.addAccount(),
    // T10: the person's own sign-out ends the provider's session too, so that the next login asks who it is.
    signOut: () => void broker.logout({ openBrowser: true }).catch(shown),
    signOutAccount: (account) => void broker.signOutAccount(account).catch(shown),
    switchAccount: (account) => void broker.switchAccount(account).catch(shown),
    acceptSwitch: () => broker.acceptSwitch(),
    cancelSignIn: (id) => broker.cancel(id),
    openAgain: (id) => void broker.openAgain(id),
    copyAddress: (id) => {
      const address = broker.loginAddress(id);
      if (address !== undefined) clipboard.writeText(address);
    },
    dismissProblem: () => broker.dismissProblem(),
    renew: () => void broker.renew().catch(shown),
    chooseStorage: (answer) => void broker.chooseStorage(answer).catch(shown),
    answerQuestion: (id, answer) => gate.answer(id, answer),
    allowProgram: (id) => gate.allow(id),
    denyProgram: (id) => gate.deny(id),
    removeProgram: (id) => gate.remove(id),
    clearHistory: () => gate.clearHistory(),
    allowOrigin: (origin) => gate.allowOrigin(origin),
    removeOrigin: (origin) => gate.removeOrigin(origin),
  };
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
