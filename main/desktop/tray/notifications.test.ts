import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppView } from '../../../preload/views/appView.ts';
import { signedOut } from '../../../testing/appView.ts';
import { Notifications, noticesOf } from './notifications.ts';
import type { NotificationContent } from './shownNotification.ts';

/** The notifications that the system got. */
const given: (NotificationContent & { isClosed: boolean })[] = [];
const system = {
  show(content: NotificationContent) {
    const one = { ...content, isClosed: false };
    given.push(one);
    return {
      close() {
        one.isClosed = true;
      },
    };
  },
};

const ada = { account: 'a', name: 'Ada Lovelace', email: 'ada@example.com' };
const grace = { account: 'g', name: 'Grace Hopper', email: 'grace@example.com' };
const starting: AppView = { ...signedOut, status: 'starting' };
const signedIn: AppView = { ...signedOut, status: 'signed_in', person: ada };
const both: AppView = { ...signedIn, otherAccounts: [grace] };
const problem = { code: 'not_signed_in', message: 'The session has ended: revoked.', remedy: 'sign_in' } as const;
const ended: AppView = { ...signedOut, problem };
const graceEnded: AppView = { ...signedIn, problem };
const switched: AppView = { ...signedIn, person: grace, otherAccounts: [ada], switchedFrom: ada };

const question: AppView['questions'][number] = {
  id: 'q',
  program: { id: 'p', name: 'acme-editor', path: '/opt/acme/acme-editor', kind: 'program' },
  permission: 'tokens',
  lasting: 'always',
  deadline: 60_000,
};
const asked: AppView = { ...signedIn, questions: [question] };
const missed: AppView = { ...signedIn, unanswered: 1 };
const waitingFor = (requestedBy: 'loopgate' | 'program'): AppView => ({
  ...signedOut,
  waiting: { id: 'w', requestedBy, deadline: 60_000, page: 'opened' },
});

/** The one text that a change brings. */
function notificationText(before: AppView, view: AppView): string | undefined {
  const notices = noticesOf(before, view, 0);
  expect(notices.length).toBeLessThan(2);
  return notices[0]?.text;
}

const signInEnded = 'Your sign-in has ended. Sign in again when you need it.';
const otherEnded = 'The sign-in of another account has ended.';

describe('a browser that did not open', () => {
  const notOpened: AppView = {
    ...signedOut,
    waiting: { id: 'w', requestedBy: 'program', deadline: 60_000, page: 'failed' },
  };

  test('is said once, whoever asked for the login', () => {
    const said = 'No browser could be opened to sign you in. Click here to go on.';
    expect(notificationText(waitingFor('program'), notOpened)).toBe(said);
    expect(notificationText(waitingFor('loopgate'), notOpened)).toBe(said);
    expect(notificationText(notOpened, { ...notOpened })).toBeUndefined();
  });

  test('is taken back when the login is over, or its page is opened again', () => {
    for (const after of [signedOut, waitingFor('program')]) {
      const notifications = new Notifications(
        signedOut,
        system,
        { open: () => undefined, openQuestion: () => undefined, signOutAccount: () => undefined },
        () => false,
      );
      notifications.show(notOpened);
      const shown = given.at(-1);
      expect(shown?.isClosed).toBe(false);
      notifications.show(after);
      expect(shown?.isClosed).toBe(true);
    }
  });
});

describe('a session that ended by itself', () => {
  test('is said once [T5]', () => {
    expect(notificationText(signedIn, ended)).toBe(signInEnded);
    expect(notificationText(ended, { ...ended })).toBeUndefined();
  });

  test('is said of an account that is not in use, too [T5]', () => {
    expect(notificationText(both, graceEnded)).toBe(otherEnded);
    expect(notificationText(graceEnded, { ...graceEnded })).toBeUndefined();
  });

  test('one that ends while the end of another is still shown is said', () => {
    expect(notificationText(graceEnded, ended)).toBe(signInEnded);
  });

  test('is not the sign-out by the person or a program [T10]', () => {
    expect(notificationText(signedIn, signedOut)).toBeUndefined();
    expect(notificationText(both, signedIn)).toBeUndefined();
    expect(notificationText({ ...both, problem }, graceEnded)).toBeUndefined();
  });

  test('is not a sign-in that failed', () => {
    const denied = { ...problem, code: 'access_denied' };
    expect(notificationText(signedOut, { ...signedOut, problem: denied })).toBeUndefined();
    expect(notificationText(signedOut, ended)).toBeUndefined();
  });
});

describe('a switch by a program', () => {
  test('is said once, with the new name [T18]', () => {
    expect(notificationText(both, switched)).toBe('A program switched to Grace Hopper.');
    expect(notificationText(switched, { ...switched, freshness: 'stale' })).toBeUndefined();
  });

  test('the next one is said again', () => {
    const third = { account: 't', name: 'Katherine Johnson' };
    expect(notificationText(switched, { ...switched, person: third })).toBe('A program switched to Katherine Johnson.');
  });

  test('is not the person’s own', () => {
    const { switchedFrom: _, ...own } = switched;
    expect(notificationText(both, own)).toBeUndefined();
    expect(notificationText(switched, own)).toBeUndefined();
    expect(notificationText(switched, both)).toBeUndefined();
  });

  test('says no e-mail address, also where it stands in for the name [T9]', () => {
    const nameless: AppView = { ...switched, person: { ...grace, name: grace.email } };
    expect(notificationText(both, nameless)).toBe('A program switched to another account.');
  });
});

test('what is there at the start happened in an earlier run', () => {
  expect(notificationText(starting, ended)).toBeUndefined();
  expect(notificationText(starting, switched)).toBeUndefined();
});

describe('a sign-in', () => {
  const arrived: AppView = { ...signedIn, signedInByProgram: true };

  test('of a program, while nobody was signed in, is said once, with the name and what undoes it [T18]', () => {
    expect(noticesOf(signedOut, arrived, 0)).toEqual([
      {
        about: 'person',
        text: 'A program signed you in as Ada Lovelace. Not you?',
        leadsTo: 'window',
        undoes: ada.account,
      },
    ]);
    // The account may be known before the program that signed it in.
    expect(notificationText(signedIn, arrived)).toBe('A program signed you in as Ada Lovelace. Not you?');
    expect(notificationText(arrived, { ...arrived, freshness: 'stale' })).toBeUndefined();
    expect(notificationText(starting, arrived)).toBeUndefined();
  });

  test('of the person’s own is not said', () => {
    expect(notificationText(signedOut, signedIn)).toBeUndefined();
  });

  test('says no e-mail address [T9]', () => {
    const nameless: AppView = { ...arrived, person: { ...ada, name: ada.email } };
    expect(notificationText(signedOut, nameless)).toBe('A program signed you in. Not you?');
  });
});

test('a program that asks, and one that nobody answered', () => {
  expect(noticesOf(signedIn, asked, 0)).toEqual([
    { about: 'questions', text: 'acme-editor asks to use your sign-in.', leadsTo: 'question' },
  ]);
  const three = ['q', 'r', 's'].map((id) => ({ ...question, id }));
  expect(noticesOf(asked, { ...asked, questions: three }, 0)).toEqual([
    { about: 'questions', text: '3 programs ask to use your sign-in.', leadsTo: 'question' },
  ]);
  expect(noticesOf({ ...asked, questions: three }, asked, 0)).toEqual([]);
  expect(notificationText(asked, asked)).toBeUndefined();
  expect(noticesOf(asked, missed, 60_000)).toEqual([
    {
      about: 'q',
      text: 'acme-editor was not answered, and has not been let in.',
      leadsTo: 'window',
      isAlwaysShown: true,
    },
  ]);
});

test('a question that the person has answered, or whose window they closed, is not said to be missed', () => {
  expect(noticesOf(asked, signedIn, 10_000)).toEqual([]);
  expect(noticesOf(asked, missed, 10_000)).toEqual([]);
});

test('a name stands in a text as it is: what is markup to the system is told to it where it is shown', () => {
  const program = { ...question.program, name: '<a href="x">R&D</a>' };
  const view: AppView = { ...signedIn, questions: [{ ...question, program }] };
  expect(notificationText(signedIn, view)).toBe('<a href="x">R&D</a> asks to use your sign-in.');
  const person = { ...grace, name: '<b>Tom</b> & _Jerry_' };
  expect(notificationText(both, { ...switched, person })).toBe('A program switched to <b>Tom</b> & _Jerry_.');
});

test('a name is as long as it may be in the tray', () => {
  const person = { ...grace, name: 'G'.repeat(1_000) };
  expect(notificationText(both, { ...switched, person })).toBe(`A program switched to ${'G'.repeat(39)}….`);
});

describe('what is shown', () => {
  const actions = { open: vi.fn(), openQuestion: vi.fn(), signOutAccount: vi.fn() };
  beforeEach(() => {
    given.length = 0;
    vi.clearAllMocks();
  });
  afterEach(() => vi.useRealTimers());

  const play = (views: readonly AppView[], isLooking = () => false) => {
    const notifications = new Notifications(starting, system, actions, isLooking);
    for (const view of views) notifications.show(view);
    return given.map(({ text }) => text);
  };

  test('each event is shown once, and a click opens the window', () => {
    const texts = play([both, switched, switched, both, signedIn, ended, ended]);
    expect(texts).toEqual(['A program switched to Grace Hopper.', signInEnded]);
    expect(actions.open).not.toHaveBeenCalled();
    given.at(-1)?.click();
    expect(actions.open).toHaveBeenCalledOnce();
  });

  test('one with buttons is said as it comes, in the place of what was said about the same', () => {
    const notifications = new Notifications(both, system, actions, () => false);
    notifications.show(switched);
    const undo = { id: 'undo', label: 'Undo', run: vi.fn() };
    notifications.say({ about: 'person', text: 'Signed in.', leadsTo: 'window', actions: [undo] });
    expect(given.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    expect(given.at(-1)).toMatchObject({ text: 'Signed in.', actions: [undo] });
  });

  test('a later one about the person takes the place of the one before', () => {
    expect(play([both, switched, ended])).toHaveLength(2);
    expect(given.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  });

  test('nothing, while the person looks at a window of Loopgate', () => {
    expect(play([both, switched, both, signedIn, asked, signedIn, ended], () => true)).toEqual([]);
  });

  test('that of a program’s sign-in can undo it, and is taken back when it was undone or kept [T18]', () => {
    const notifications = new Notifications(signedOut, system, actions, () => false);
    notifications.show({ ...signedIn, signedInByProgram: true });
    const [undo] = given[0]?.actions ?? [];
    expect(undo?.label).toBe('Undo');
    undo?.run();
    expect(actions.signOutAccount).toHaveBeenCalledExactlyOnceWith(ada.account);
    notifications.show(signedOut);
    expect(given.map(({ isClosed }) => isClosed)).toEqual([true]);
  });

  test('a question’s is taken back with the answer, and its click leads to the question', () => {
    const notifications = new Notifications(signedIn, system, actions, () => false);
    notifications.show(asked);
    given[0]?.click();
    expect(actions.openQuestion).toHaveBeenCalledOnce();
    notifications.show(signedIn);
    notifications.show(asked);
    notifications.show(signedIn);
    expect(given.map(({ isClosed }) => isClosed)).toEqual([false, true]);
  });

  test('a missed question takes the place of the question: one for one thing, whatever is in front', () => {
    vi.useFakeTimers({ now: 59_999 });
    const notifications = new Notifications(signedIn, system, actions, () => given.length > 0);
    notifications.show(asked);
    notifications.show(missed);
    expect(given.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    given.at(-1)?.click();
    expect(actions.open).toHaveBeenCalledOnce();
  });
});
