import { spoken } from '../../../preload/texts/index.ts';
import type { AppView, PersonView } from '../../../preload/views/appView.ts';
import type { QuestionView } from '../../../preload/views/programs.ts';
import { hasEnded, shortName } from './attention.ts';
import type { NotificationAction, ShownNotification, SystemNotifications } from './shownNotification.ts';

/** The text of a system notification. It contains a name, never an e-mail address, because a locked screen shows it too. */
export interface Notice {
  /** The subject: a later notification about the same subject replaces this one. */
  readonly about: string;
  readonly text: string;
  /** The window that a click opens. */
  readonly leadsTo: 'question' | 'window';
  /** True when it is shown whichever window is in front: the person has missed something, or may not have done it. */
  readonly isAlwaysShown?: boolean;
  /** Buttons, if the system shows any. */
  readonly actions?: readonly NotificationAction[];
  /** The account that a program has signed in; the person may undo that. */
  readonly undoes?: string;
}

/** What a click on a notification does. */
export interface NoticeActions {
  open(): void;
  openQuestion(): void;
  signOutAccount(account: string): void;
}

/**
 * The notifications about a change. They report only what happened without the person, who may be looking elsewhere.
 * @param before - the view before the change; what the first view shows happened in an earlier run
 * @param now - in milliseconds since the epoch
 */
export function noticesOf(before: AppView, view: AppView, now: number): Notice[] {
  const { notifications: words } = spoken().texts;
  const ofPerson = before.status === 'starting' ? undefined : personText(before, view);
  const asked = view.questions.filter(({ id }) => !before.questions.some((one) => one.id === id));
  return [
    ...(ofPerson === undefined ? [] : [{ about: 'person', leadsTo: 'window' as const, ...ofPerson }]),
    ...(isNewlyFailed(before, view) ? [{ about: 'login', text: words.notOpened, leadsTo: 'window' as const }] : []),
    ...askedOf(asked, view),
    ...unansweredOf(before, view, now).map((question): Notice => {
      const text = words.missed(programName(question));
      return { about: question.id, text, leadsTo: 'window', isAlwaysShown: true };
    }),
  ];
}

/** The browser should have opened, and the person is waiting for it. */
function isNewlyFailed(before: AppView, { waiting }: AppView): boolean {
  return waiting?.page === 'failed' && before.waiting?.page !== 'failed';
}

function personText(before: AppView, view: AppView): Pick<Notice, 'text' | 'undoes'> | undefined {
  const { notifications: words } = spoken().texts;
  if (hasEnded(view)) {
    if (before.status === 'signed_in' && view.status === 'signed_out') return { text: words.ended };
    if (hasLostAnother(before, view)) return { text: words.endedOther };
  }
  const { person, switchedFrom } = view;
  if (!person) return undefined;
  const name = speakable(person);
  // The person's own sign-in needs no notification: they see the page in the browser.
  if (view.signedInByProgram && !before.signedInByProgram)
    return { text: words.signedIn(name), undoes: person.account };
  return switchedFrom && person.account !== before.person?.account ? { text: words.switched(name) } : undefined;
}

/** Whether an account has disappeared together with a new problem. If the person signs out, there is no problem. */
function hasLostAnother(before: AppView, view: AppView): boolean {
  const left = accountsOf(view);
  const isNew = !hasEnded(before) || before.problem?.message !== view.problem?.message;
  return isNew && accountsOf(before).some((account) => !left.includes(account));
}

/** One notification for all waiting questions, with their number; a new question replaces it. */
function askedOf(asked: readonly QuestionView[], { questions }: AppView): Notice[] {
  const { notifications: words } = spoken().texts;
  const [first] = asked;
  if (!first) return [];
  const text = questions.length === 1 ? words.asks(programName(first)) : words.ask(questions.length);
  return [{ about: 'questions', text, leadsTo: 'question' }];
}

/** The questions whose time is over. A question that disappears earlier was answered, or the person closed its window. */
function unansweredOf(before: AppView, view: AppView, now: number): QuestionView[] {
  if (view.unanswered <= before.unanswered) return [];
  // A timer may fire slightly early.
  const isOver = ({ deadline }: QuestionView) => deadline <= now + 1_000;
  return before.questions.filter((one) => isOver(one) && !view.questions.some(({ id }) => id === one.id));
}

function accountsOf(view: AppView): string[] {
  return peopleOf(view).map(({ account }) => account);
}

/** Everybody who is signed in. */
export function peopleOf({ person, otherAccounts }: AppView): PersonView[] {
  return [...(person ? [person] : []), ...otherAccounts];
}

/** If the provider gives no name, an account is called by its e-mail address, which must not be shown here. */
export function speakable({ name }: PersonView): string | undefined {
  return name.includes('@') ? undefined : shortName(name);
}

function programName({ program }: QuestionView): string {
  return shortName(program.name);
}

/** The system's notifications: one for each subject, and none for what the person is looking at. */
export class Notifications {
  readonly #actions: NoticeActions;
  readonly #isLooking: () => boolean;
  #view: AppView;
  readonly #system: Pick<SystemNotifications, 'show'>;
  /** By subject. */
  readonly #shown = new Map<string, ShownNotification>();

  /** @param isLooking - whether a window of Loopgate has the person's attention */
  constructor(
    view: AppView,
    system: Pick<SystemNotifications, 'show'>,
    actions: NoticeActions,
    isLooking: () => boolean,
  ) {
    this.#view = view;
    this.#system = system;
    this.#actions = actions;
    this.#isLooking = isLooking;
  }

  /** Shows what has happened since the last view, and closes what is settled. */
  show(view: AppView): void {
    const before = this.#view;
    this.#view = view;
    if (view.questions.length === 0) this.#takeBack('questions');
    if (view.waiting?.page !== 'failed') this.#takeBack('login');
    if (before.signedInByProgram && !view.signedInByProgram) this.#takeBack('person');
    for (const notice of noticesOf(before, view, Date.now())) this.say(notice);
  }

  /** Shows a notification, and replaces the one about the same subject. Shows none while the person is looking. */
  say({ about, text, leadsTo, isAlwaysShown, undoes, actions = this.#undo(undoes) }: Notice): void {
    if (!isAlwaysShown && this.#isLooking()) return;
    this.#takeBack(about);
    const click = () => {
      this.#shown.delete(about);
      if (leadsTo === 'question') this.#actions.openQuestion();
      else this.#actions.open();
    };
    this.#shown.set(about, this.#system.show({ text, click, ...(actions && { actions }) }));
  }

  #undo(account: string | undefined): readonly NotificationAction[] | undefined {
    if (account === undefined) return undefined;
    const run = () => this.#actions.signOutAccount(account);
    return [{ id: 'undo', label: spoken().texts.notifications.undo, run }];
  }

  #takeBack(about: string): void {
    this.#shown.get(about)?.close();
    this.#shown.delete(about);
  }
}
