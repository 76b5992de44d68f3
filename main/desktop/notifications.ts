import { Notification } from 'electron';
import type { AppView, PersonView } from '../../preload/contract.ts';
import { hasEnded } from './attention.ts';

/**
 * What the system's notification says about a change, or undefined for one that needs none: only what happened without
 * the person, while they may be looking elsewhere. A name is said, never an e-mail address: a locked screen shows it too.
 * @param before - the view before the change; what is already there when Loopgate starts happened in an earlier run
 */
export function notificationText(before: AppView, now: AppView): string | undefined {
  if (before.status === 'starting') return undefined;
  if (hasEnded(now)) {
    if (before.status === 'signed_in' && now.status === 'signed_out') {
      return 'Your sign-in has ended. Sign in again when you need it.';
    }
    if (hasLostAnother(before, now)) return 'The sign-in of another account has ended.';
  }
  if (now.switchedFrom && now.person && now.person.account !== before.person?.account) {
    const name = speakable(now.person);
    return name === undefined ? 'A program switched to another account.' : `A program switched to ${name}.`;
  }
  return undefined;
}

/** Whether an account is missing that was there, and a problem has come with that: the person's own sign-out brings none. */
function hasLostAnother(before: AppView, now: AppView): boolean {
  const left = accountsOf(now);
  const isNew = !hasEnded(before) || before.problem?.message !== now.problem?.message;
  return isNew && accountsOf(before).some((account) => !left.includes(account));
}

function accountsOf({ person, otherAccounts }: AppView): string[] {
  return [...(person ? [person] : []), ...otherAccounts].map(({ account }) => account);
}

/** Where the provider gives no name, an account is called by its e-mail address, which stays inside. */
function speakable({ name }: PersonView): string | undefined {
  return name.includes('@') ? undefined : name;
}

/** The system's notifications: one line for each event, and a click opens the window. */
export class Notifications {
  readonly #open: () => void;
  #view: AppView;
  /** Kept, because one that is collected as garbage does not hear its click. */
  #shown: Notification | undefined;

  constructor(view: AppView, open: () => void) {
    this.#view = view;
    this.#open = open;
  }

  /** Says what has happened since the last view. */
  show(view: AppView): void {
    const text = notificationText(this.#view, view);
    this.#view = view;
    if (text === undefined || !Notification.isSupported()) return;
    this.#shown?.close();
    this.#shown = new Notification({ title: 'Loopgate', body: text });
    this.#shown.on('click', this.#open);
    this.#shown.show();
  }
}
