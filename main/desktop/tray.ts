import { join } from 'node:path';
import { Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron';
import type { Actions, AppView, PersonView } from '../../preload/contract.ts';
import { hasEnded, needsAttention } from './attention.ts';

/** What the tray's menu can do. */
export interface TrayActions
  extends Pick<Actions, 'signIn' | 'addAccount' | 'signOut' | 'signOutAccount' | 'switchAccount' | 'cancelSignIn'> {
  open(): void;
  quit(): void;
}

/** The tray's menu for a view: who is signed in, what can be done about it, Open, Quit. */
export function trayMenu(view: AppView, actions: TrayActions): MenuItemConstructorOptions[] {
  const { waiting, otherAccounts } = view;
  const canSignIn = !waiting && view.provider !== undefined;
  return [
    { label: headline(view), enabled: false },
    ...(needsAttention(view) ? [{ label: 'Needs attention…', click: () => actions.open() }] : []),
    { type: 'separator' },
    ...(waiting ? [{ label: 'Cancel Sign-in', click: () => actions.cancelSignIn(waiting.id) }] : []),
    ...(canSignIn && view.status === 'signed_out' ? [{ label: 'Sign in', click: () => actions.signIn() }] : []),
    ...otherAccounts.map((other) => ({
      label: `Use ${distinctName(other, view)}`,
      click: () => actions.switchAccount(other.account),
    })),
    ...(canSignIn && view.status === 'signed_in'
      ? [{ label: 'Add another account…', click: () => actions.addAccount() }]
      : []),
    ...signOuts(view, actions),
    { type: 'separator' },
    { label: 'Open Loopgate', click: () => actions.open() },
    { label: 'Quit', click: () => actions.quit() },
  ];
}

/** With several accounts each entry says whom it signs out. */
function signOuts(view: AppView, actions: TrayActions): MenuItemConstructorOptions[] {
  const { person, otherAccounts } = view;
  const own = person && {
    label: otherAccounts.length === 0 ? 'Sign out' : `Sign out ${distinctName(person, view)}`,
    click: () => actions.signOut(),
  };
  const others = otherAccounts.map((other) => ({
    label: `Sign out ${distinctName(other, view)}`,
    click: () => actions.signOutAccount(other.account),
  }));
  return own ? [own, ...others] : others;
}

/** The name; with the e-mail address where two accounts have the same name. */
function distinctName({ account, name, email }: PersonView, { person, otherAccounts }: AppView): string {
  const accounts = person ? [person, ...otherAccounts] : otherAccounts;
  const isShared = accounts.some((other) => other.account !== account && other.name === name);
  return isShared && email !== undefined && email !== name ? `${name} (${email})` : name;
}

/** The first line of the menu, and the tray's tooltip. */
export function headline(view: AppView): string {
  const { status, person, waiting, freshness, storage } = view;
  if (waiting) return 'Waiting for the browser';
  if (person) {
    const isAway = freshness === 'unverified' || freshness === 'stale';
    return `Signed in as ${person.name}${isAway ? ' (provider not reachable)' : ''}`;
  }
  if (status === 'starting') return storage.needs === 'unlock' ? 'Waiting for the keyring' : 'Starting';
  return hasEnded(view) ? 'Signed out: the session has ended' : 'Signed out';
}

/** Which icon of build/icons says it. */
export function trayIcon(view: AppView, platform = process.platform): string {
  if (platform === 'darwin') return 'trayTemplate.png';
  if (view.waiting) return 'tray-busy.png';
  if (needsAttention(view)) return 'tray-attention.png';
  return view.status === 'signed_in' ? 'tray-signed-in.png' : 'tray-signed-out.png';
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
    // What an entry does is not in its label: whom it is about must be compared too.
    const about = [view.waiting?.id, view.person?.account, ...view.otherAccounts.map(({ account }) => account)];
    const shown = JSON.stringify([trayIcon(view), menu, about]);
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
