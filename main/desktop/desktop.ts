import { app } from 'electron';
import { type AppView, channels } from '../../preload/contract.ts';
import type { PlatformFetch } from '../broker/providerFetch.ts';
import type { Host } from '../host.ts';
import type { Settings } from '../settings.ts';
import { version } from '../version.ts';
import { answerWindow } from './bridge.ts';
import { Pictures } from './pictures.ts';
import { AppTray } from './tray.ts';
import { viewOf } from './view.ts';
import { MainWindow } from './window.ts';

/** The tray and the window over a running host: both show the same view, sent whole after every change. */
export function startDesktop(host: Host, settings: Settings, fetch: PlatformFetch): { open: () => void } {
  const { broker } = host;
  const window = new MainWindow();
  const pictures = new Pictures(fetch, settings.issuer, () => show());
  const frame = {
    version,
    address: host.address,
    portNotice: host.portNotice,
    provider: broker.providerHost,
    audience: settings.audience,
    demo: settings.demo === true,
    exposesRefreshToken: settings.exposeRefreshToken,
  };
  const view = (): AppView => viewOf(frame, broker.state(), (address) => pictures.of(address));
  // T10: the person's own sign-out ends the provider's session too, so that the next login asks who it is.
  const signOut = () => void broker.logout({ openBrowser: true });
  const open = () => window.show();
  answerWindow(broker, view, signOut);
  const tray = new AppTray(view(), {
    signIn: () => void broker.signIn(),
    signOut,
    switchAccount: (account) => void broker.switchAccount(account).catch(() => undefined),
    cancelSignIn: (id) => broker.cancel(id),
    open,
    quit: () => app.quit(),
  });
  const show = () => {
    const present = view();
    tray.show(present);
    window.send(channels.viewChanged, present);
  };
  broker.onChange(show);
  return { open };
}
