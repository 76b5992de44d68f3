import { EventEmitter } from 'node:events';
import { app, BrowserWindow, nativeTheme } from 'electron';
import { channels, type StartAtLoginChoice } from '../../preload/contract.ts';
import type { Tab } from '../../preload/views/appView.ts';
import type { PlatformFetch } from '../broker/provider/providerFetch.ts';
import { LoopgateError } from '../errors/errors.ts';
import type { Settings } from '../settings/settings.ts';
import type { KeptVault } from '../storage/keptVault.ts';
import { helpActions } from './help/help.ts';
import type { Updates } from './help/updates.ts';
import { hostActions } from './hostActions.ts';
import { mainWindowRequests } from './mainWindowRequests.ts';
import type { StartAtLogin } from './settings/startAtLogin.ts';
import { StartAtLoginOffer } from './settings/startAtLoginOffer.ts';
import type { RunningHost } from './start/runningHost.ts';
import { Notifications } from './tray/notifications.ts';
import { systemNotifications } from './tray/systemNotifications.ts';
import { toldActions } from './tray/toldActions.ts';
import { AppTray } from './tray/tray.ts';
import { TrayAvailability } from './tray/trayAvailability.ts';
import { atMostEvery } from './view/atMostEvery.ts';
import { type Changes, CurrentView } from './view/currentView.ts';
import { ConsentWindow } from './windows/consentWindow.ts';
import { answerWindow } from './windows/ipc.ts';
import { explainedIn, MainWindow } from './windows/mainWindow.ts';
import type { PageName } from './windows/page.ts';
import { windowBoundsIn } from './windows/windowBounds.ts';
import { zoomByKeys } from './windows/zoom.ts';

/** Programs may ask many times a second; a person reads their list more slowly. Milliseconds. */
const programsInterval = 500;

/** The parts of the outside world that the desktop uses. */
export interface DesktopWorld {
  readonly fetch: PlatformFetch;
  readonly vault: KeptVault;
  readonly startAtLogin: StartAtLogin;
  /** Absent if this build does not update itself. */
  readonly updates: Updates | undefined;
}

/** The tray and the windows. */
export interface Desktop {
  /** Shows the main window. */
  open(): void;
}

/**
 * Starts the tray and the windows for the running host. Both show the same view, which is sent as a whole after every change.
 */
export function startDesktop(running: RunningHost, world: DesktopWorld): Desktop {
  const { startAtLogin, updates } = world;
  const { home, theme } = running.settings;
  showTheme(theme);
  app.on('web-contents-created', (_event, contents) => zoomByKeys(contents));
  const changes: Changes = new EventEmitter();
  const changed = () => changes.emit('change');
  const trayAvailability = new TrayAvailability();
  const system = systemNotifications(changed);
  app.once('quit', () => {
    trayAvailability.close();
    system.close();
  });
  const startAtLoginOffer = new StartAtLoginOffer(home, startAtLogin);
  const current = new CurrentView(running, changes, { ...world, startAtLoginOffer, notifications: system });
  const kept = { explained: explainedIn(home), windowBounds: windowBoundsIn(home) };
  const window = new MainWindow(trayAvailability, kept, (tab) => current.want(tab));
  const consent = new ConsentWindow(() => running.host.gate.leaveUnanswered());
  const open = () => {
    window.show();
    // The question must stay on top.
    consent.focus();
  };
  const openAt = (tab: Tab) => {
    current.want(tab);
    open();
    changed();
  };
  const openQuestion = () => (running.host.gate.questions.length > 0 ? consent.focus() : open());
  const actions = {
    ...hostActions(running),
    ...helpActions(running, trayAvailability),
    setStartAtLogin: (choice: StartAtLoginChoice) => {
      startAtLoginOffer.settle();
      switchStartAtLogin(running, startAtLogin, choice);
      changed();
    },
    checkForUpdates: () => void updates?.check(),
    showQuestion: () => consent.focus(),
    tabShown: (tab: Tab) => {
      current.want(undefined);
      window.tabShown(tab);
    },
    quit: () => app.quit(),
  };
  const requests = mainWindowRequests(running, { ...world, windowBounds: kept.windowBounds, current, showTheme });
  const painted = (page: PageName) => (page === 'main' ? window : consent).painted();
  answerWindow(actions, () => current.view(), requests, painted);
  const isLooking = () => BrowserWindow.getFocusedWindow() !== null;
  const notifications = new Notifications(current.view(), system, { ...actions, open, openQuestion }, isLooking);
  const told = toldActions({ running, current, notifications, system, untold: { ...actions, open } });
  const tray = new AppTray(current.view(), { ...actions, ...told, open, openAt, openQuestion }, trayAvailability);
  const show = () => {
    const view = current.afterChange();
    tray.show(view);
    notifications.show(view);
    window.send(channels.viewChanged, view);
    consent.show(view.questions.length);
    consent.send(channels.viewChanged, view);
  };
  changes.on('change', show);
  updates?.onChange(show);
  followHosts(running, current, { show, showPrograms: () => window.send(channels.programsChanged, undefined) });
  return { open };
}

/** Shows the present host, and every later one. */
function followHosts(
  running: RunningHost,
  current: CurrentView,
  { show, showPrograms }: { show: () => void; showPrograms: () => void },
): void {
  const showProgramsSoon = atMostEvery(programsInterval, showPrograms);
  running.onHost((host) => {
    const { broker, gate } = host;
    current.hostReplaced(host);
    // A closed host may still report changes; only the present host is shown.
    broker.onChange(() => {
      if (running.host.broker === broker && !running.isReplacing) show();
    });
    gate.onChange((change) => {
      if (running.host.gate !== gate || running.isReplacing) return;
      if (change === 'decided') show();
      showProgramsSoon();
    });
    show();
    showProgramsSoon();
  });
}

function showTheme(theme: Settings['theme']): void {
  nativeTheme.themeSource = theme;
}

/** If it fails, the view shows the problem. */
function switchStartAtLogin({ host }: RunningHost, startAtLogin: StartAtLogin, choice: StartAtLoginChoice): void {
  try {
    startAtLogin.set(choice === 'on');
  } catch (error) {
    if (!(error instanceof LoopgateError)) throw error;
    host.broker.showProblem(error);
  }
}
