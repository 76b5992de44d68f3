import { join } from 'node:path';
import { Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron';
import type { AppView } from '../../preload/contract.ts';

/** What the tray's menu can do. */
export interface TrayActions {
  readonly signIn: () => void;
  readonly signOut: () => void;
  readonly switchAccount: (account: string) => void;
  readonly cancelSignIn: (id: string) => void;
  readonly open: () => void;
  readonly quit: () => void;
}

/** The tray's menu for a view: who is signed in, what can be done about it, Open, Quit. */
export function trayMenu(view: AppView, actions: TrayActions): MenuItemConstructorOptions[] {
  const { person, waiting, otherAccounts, problem } = view;
  const canSignIn = view.status === 'signed_out' && !waiting && view.provider !== undefined;
  return [
    { label: headline(view), enabled: false },
    ...(problem ? [{ label: 'Needs attention…', click: actions.open }] : []),
    { type: 'separator' },
    ...(waiting ? [{ label: 'Cancel Sign-in', click: () => actions.cancelSignIn(waiting.id) }] : []),
    ...(canSignIn ? [{ label: 'Sign in', click: actions.signIn }] : []),
    ...otherAccounts.map(({ account, name }) => ({
      label: `Use ${name}`,
      click: () => actions.switchAccount(account),
    })),
    ...(person ? [{ label: 'Sign out', click: actions.signOut }] : []),
    { type: 'separator' },
    { label: 'Open Loopgate', click: actions.open },
    { label: 'Quit', click: actions.quit },
  ];
}

/** The first line of the menu, and the tray's tooltip. */
export function headline({ status, person, waiting }: AppView): string {
  if (waiting) return 'Waiting for the browser';
  if (person) return `Signed in as ${person.name}`;
  return status === 'starting' ? 'Starting' : 'Signed out';
}

/** Which icon of build/icons says it. */
export function trayIcon({ status, waiting, problem }: AppView, platform = process.platform): string {
  if (platform === 'darwin') return 'trayTemplate.png';
  if (waiting) return 'tray-busy.png';
  if (problem) return 'tray-attention.png';
  return status === 'signed_in' ? 'tray-signed-in.png' : 'tray-signed-out.png';
}

/** The icon in the system's tray. Its menu follows every change. */
export class AppTray {
  readonly #tray: Tray;
  readonly #actions: TrayActions;
  #shown = '';

  constructor(view: AppView, actions: TrayActions) {
    this.#actions = actions;
    this.#tray = new Tray(iconFile(trayIcon(view)));
    // Windows and macOS show the menu by themselves; a click on the icon opens the window where the system tells it apart.
    this.#tray.on('click', actions.open);
    this.show(view);
  }

  /** Shows a view. Linux has its menu set anew for every change; nothing is set when nothing changed. */
  show(view: AppView): void {
    const menu = trayMenu(view, this.#actions);
    const shown = JSON.stringify([trayIcon(view), menu]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#tray.setImage(iconFile(trayIcon(view)));
    this.#tray.setToolTip(`Loopgate – ${headline(view)}`);
    this.#tray.setContextMenu(Menu.buildFromTemplate(menu));
  }
}

function iconFile(name: string): Electron.NativeImage {
  return nativeImage.createFromPath(join(__dirname, 'icons', name));
}
