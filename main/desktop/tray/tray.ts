import { join } from 'node:path';
import { Menu, type MenuItemConstructorOptions, nativeImage, Tray } from 'electron';
import type { Actions } from '../../../preload/contract.ts';
import { spoken } from '../../../preload/texts/index.ts';
import type { AppView, PersonView, Tab } from '../../../preload/views/appView.ts';
import { attentionLines, needsAttention, shortName } from './attention.ts';
import type { TrayAvailability } from './trayAvailability.ts';

/** The actions of the tray's menu. */
export interface TrayActions
  extends Pick<Actions, 'signIn' | 'addAccount' | 'signOut' | 'signOutAccount' | 'switchAccount' | 'cancelSignIn'> {
  open(): void;
  /** Brings the window with the question about a program to the front. */
  openQuestion(): void;
  openAt(tab: Tab): void;
  quit(): void;
}

/** The state that the tray's icon shows. */
type TrayState = 'signed-out' | 'signed-in' | 'busy' | 'attention';

/** The tray's menu for a view: who is signed in, what needs attention, what the person can do about it, Open, Quit. */
export function trayMenu(view: AppView, actions: TrayActions): MenuItemConstructorOptions[] {
  const { tray: words } = spoken().texts;
  const { waiting, otherAccounts } = view;
  const canSignIn = !waiting && view.provider !== undefined;
  const entries: MenuItemConstructorOptions[] = [
    { label: headline(view), enabled: false },
    ...attentionLines(view).map(({ text, leadsTo }) => {
      if (leadsTo === 'nowhere') return { label: text, enabled: false };
      const click = () => {
        if (leadsTo === 'question') actions.openQuestion();
        else if (leadsTo === 'window') actions.open();
        else actions.openAt(leadsTo);
      };
      return { label: text, click };
    }),
    { type: 'separator' },
    ...(waiting ? [{ label: words.cancel, click: () => actions.cancelSignIn(waiting.id) }] : []),
    ...(canSignIn && view.status === 'signed_out' ? [{ label: words.signIn, click: () => actions.signIn() }] : []),
    ...otherAccounts.map((other) => ({
      label: words.use(distinctName(other, view)),
      click: () => actions.switchAccount(other.account),
    })),
    ...(canSignIn && view.status === 'signed_in'
      ? [{ label: words.addAccount, click: () => actions.addAccount() }]
      : []),
    ...signOuts(view, actions),
    { type: 'separator' },
    { label: words.open, click: () => actions.open() },
    { label: words.settings, click: () => actions.openAt('settings') },
    { label: words.quit, click: () => actions.quit() },
  ];
  return entries.map((entry) => (entry.label === undefined ? entry : { ...entry, label: literally(entry.label) }));
}

/** In a menu a single `&` would mark the next letter as its key, and be invisible. */
function literally(label: string): string {
  return label.replaceAll('&', '&&');
}

/** With several accounts, each entry names the account that it signs out. */
function signOuts(view: AppView, actions: TrayActions): MenuItemConstructorOptions[] {
  const { tray: words } = spoken().texts;
  const { person, otherAccounts } = view;
  const own = person && {
    label: otherAccounts.length === 0 ? words.signOut : words.signOutWhom(distinctName(person, view)),
    click: () => actions.signOut(),
  };
  const others = otherAccounts.map((other) => ({
    label: words.signOutWhom(distinctName(other, view)),
    click: () => actions.signOutAccount(other.account),
  }));
  return own ? [own, ...others] : others;
}

/** The name; with the e-mail address if two accounts have the same name. */
function distinctName({ account, name, email }: PersonView, { person, otherAccounts }: AppView): string {
  const accounts = person ? [person, ...otherAccounts] : otherAccounts;
  const isShared = accounts.some((other) => other.account !== account && other.name === name);
  return isShared && email !== undefined && email !== name ? `${shortName(name)} (${email})` : shortName(name);
}

/** The first line of the menu. */
export function headline({ status, person, waiting, storage }: AppView): string {
  const { tray: words } = spoken().texts;
  if (waiting) return words.waiting;
  if (person) return words.signedInAs(shortName(person.name));
  if (status === 'starting') return storage.needs === 'unlock' ? words.waitingForKeyring : words.starting;
  return words.signedOut;
}

/**
 * The tooltip of the icon: the menu's headline and the first line that needs attention. It omits lines that lead nowhere,
 * because on some desktops they are always there.
 */
export function trayTooltip(view: AppView): string {
  const first = attentionLines(view).find(({ leadsTo }) => leadsTo !== 'nowhere');
  return ['Loopgate', headline(view), ...(first ? [first.text] : [])].join(' – ');
}

/**
 * The file of build/icons for the state. One picture works for dark and light panels, because the mark has its own tile.
 * macOS colours a template itself; a file for Windows contains all sizes.
 */
export function trayIcon(view: AppView, platform = process.platform): string {
  const ending = { darwin: 'Template.png', win32: '.ico' }[platform as string] ?? '.png';
  return `tray-${trayState(view)}${ending}`;
}

/** An open login comes before everything but a question, which waits only for a minute. */
function trayState(view: AppView): TrayState {
  if (view.questions.length > 0) return 'attention';
  if (view.waiting) return 'busy';
  if (needsAttention(view)) return 'attention';
  return view.status === 'signed_in' ? 'signed-in' : 'signed-out';
}

/** The icon in the system's tray. Its menu follows every change. */
export class AppTray {
  readonly #actions: TrayActions;
  /** Keeps a reference: an icon that is garbage collected disappears. */
  #tray: Tray | undefined;
  #view: AppView;
  #shown = '';

  /** @param availability - the icon appears as soon as this knows whether the desktop shows icons */
  constructor(view: AppView, actions: TrayActions, availability: Pick<TrayAvailability, 'follow'>) {
    this.#view = view;
    this.#actions = actions;
    let wasThere = false;
    availability.follow((isThere) => {
      // A panel that starts later ignores an existing icon: create it again.
      if (!this.#tray || (isThere && !wasThere)) this.#make();
      // From then on the icon comes back by itself when the panel restarts.
      wasThere ||= isThere;
    });
  }

  /** Shows a view. On Linux this replaces the whole menu, but only if something has changed. */
  show(view: AppView): void {
    this.#view = view;
    if (!this.#tray) return;
    const menu = trayMenu(view, this.#actions);
    // A label does not show whom its entry acts on, so compare that too.
    const about = [view.waiting?.id, view.person?.account, ...view.otherAccounts.map(({ account }) => account)];
    const shown = JSON.stringify([trayIcon(view), trayTooltip(view), menu, about]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#tray.setImage(iconFile(trayIcon(view)));
    this.#tray.setToolTip(trayTooltip(view));
    this.#tray.setContextMenu(Menu.buildFromTemplate(menu));
  }

  #make(): void {
    this.#tray?.destroy();
    this.#tray = new Tray(iconFile(trayIcon(this.#view)));
    // Windows and macOS show the menu by themselves; a click on the icon opens the window if the system reports clicks.
    this.#tray.on('click', this.#actions.open);
    this.#shown = '';
    this.show(this.#view);
  }
}

function iconFile(name: string): Electron.NativeImage {
  return nativeImage.createFromPath(join(__dirname, 'icons', name));
}
