import { app, clipboard } from 'electron';
import { type Actions, type AppView, channels } from '../../preload/contract.ts';
import type { Broker } from '../broker/broker.ts';
import type { PlatformFetch } from '../broker/providerFetch.ts';
import type { Host } from '../host.ts';
import type { Settings } from '../settings.ts';
import { version } from '../version.ts';
import { answerWindow } from './bridge.ts';
import { FirstAnswer } from './firstAnswer.ts';
import { Notifications } from './notifications.ts';
import { Pictures } from './pictures.ts';
import { AppTray } from './tray.ts';
import { viewOf } from './view.ts';
import { MainWindow } from './window.ts';

/** The tray and the window over a running host: both show the same view, sent whole after every change. */
export function startDesktop(host: Host, settings: Settings, fetch: PlatformFetch): { open: () => void } {
  const { broker } = host;
  const window = new MainWindow();
  const pictures = new Pictures(fetch, settings.issuer, () => show());
  const firstAnswer = new FirstAnswer(() => show());
  const frame = {
    version,
    address: host.address,
    portNotice: host.portNotice,
    provider: broker.providerHost,
    audience: settings.audience,
    demo: settings.demo === true,
    exposesRefreshToken: settings.exposeRefreshToken,
  };
  const view = (): AppView => firstAnswer.awaited(viewOf(frame, broker.state(), (address) => pictures.of(address)));
  const actions = actionsOf(broker);
  const open = () => window.show();
  answerWindow(actions, view);
  const tray = new AppTray(view(), { ...actions, open, quit: () => app.quit() });
  const notifications = new Notifications(view(), open);
  const show = () => {
    const present = view();
    tray.show(present);
    notifications.show(present);
    window.send(channels.viewChanged, present);
  };
  broker.onChange(show);
  return { open };
}

/** What tray and window can do. What fails is shown as the view's problem by the broker, and is nobody's to wait for. */
function actionsOf(broker: Broker): Actions {
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
  };
}
