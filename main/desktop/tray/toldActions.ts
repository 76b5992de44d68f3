import { spoken } from '../../../preload/texts/index.ts';
import type { AppView } from '../../../preload/views/appView.ts';
import type { Broker } from '../../broker/broker.ts';
import { type Notice, peopleOf, speakable } from './notifications.ts';
import type { SystemNotifications } from './shownNotification.ts';
import type { TrayActions } from './tray.ts';

/** The broker's part of the told actions. */
type ToldBroker = Pick<Broker, 'signIn' | 'addAccount' | 'signOutAtProvider' | 'signOutAccount' | 'switchAccount'>;

/** What the told actions use. */
export interface ToldWorld {
  readonly running: { readonly isReplacing: boolean; readonly host: { readonly broker: ToldBroker } };
  readonly current: { view(): AppView };
  readonly notifications: { say(notice: Notice): void };
  readonly system: Pick<SystemNotifications, 'isMissing' | 'showLast'>;
  /** The untold actions: the way back from what was told, and what follows the last notification. */
  readonly untold: Pick<TrayActions, 'switchAccount' | 'signOutAccount' | 'open' | 'quit'>;
}

/** The actions of the tray's menu that are told. */
export type ToldActions = Pick<
  TrayActions,
  'signIn' | 'addAccount' | 'signOut' | 'signOutAccount' | 'switchAccount' | 'quit'
>;

/**
 * The tray's actions that change who is signed in, and Quit. A notification says what each has done, even to a person who looks
 * at the window: on Linux the menu is on the session bus, where every program can click it.
 */
export function toldActions({ running, current, notifications, system, untold }: ToldWorld): ToldActions {
  const view = () => current.view();
  /** Nothing is done while the host is being replaced: the action would reach the closed one. */
  const broker = () => (running.isReplacing ? undefined : running.host.broker);
  const words = () => spoken().texts.notifications.fromTray;
  const tell = (subject: string, text: string, undo?: () => void) => {
    // The window shows who is signed in, too.
    if (system.isMissing) return untold.open();
    const actions = undo && [{ id: 'undo', label: spoken().texts.notifications.undo, run: undo }];
    notifications.say({ about: subject, text, leadsTo: 'window', isAlwaysShown: true, ...(actions && { actions }) });
  };

  const signIn = async (start: 'signIn' | 'addAccount') => {
    const { person: before } = view();
    const isSignedIn = await broker()?.[start]();
    const { person } = view();
    if (!isSignedIn || !person || person.account === before?.account) return;
    tell('person', words().signedIn(speakable(person)), () => {
      if (before) untold.switchAccount(before.account);
      untold.signOutAccount(person.account);
    });
  };
  const switchAccount = async (account: string) => {
    const { person: before } = view();
    await settled(broker()?.switchAccount(account));
    const { person } = view();
    if (person?.account !== account || before?.account === account) return;
    tell('person', words().switched(speakable(person)), before && (() => untold.switchAccount(before.account)));
  };
  const signOut = async (account: string | undefined, run: () => Promise<unknown> | undefined) => {
    const person = peopleOf(view()).find((one) => one.account === account);
    await settled(run());
    if (!person || peopleOf(view()).some((one) => one.account === account)) return;
    // A subject of its own: what happens next does not hide it.
    tell(`sign-out of ${person.account}`, words().signedOut(speakable(person)));
  };
  let isQuitting = false;
  const quit = async () => {
    if (isQuitting) return;
    isQuitting = true;
    await system.showLast(words().quit);
    untold.quit();
  };
  return {
    signIn: () => void signIn('signIn'),
    addAccount: () => void signIn('addAccount'),
    switchAccount: (account) => void switchAccount(account),
    // T10: when the person signs out, the provider's session ends too, so that the next login asks who they are.
    signOut: () => void signOut(view().person?.account, () => broker()?.signOutAtProvider({ openBrowser: true })),
    signOutAccount: (account) => void signOut(account, () => broker()?.signOutAccount(account)),
    quit: () => void quit(),
  };
}

/** What is told is what has changed; a failure is shown in the window. */
async function settled(work: Promise<unknown> | undefined): Promise<void> {
  await work?.catch(() => undefined);
}
