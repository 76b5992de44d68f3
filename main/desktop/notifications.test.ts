import { EventEmitter } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import type { AppView } from '../../preload/contract.ts';
import { Notifications, notificationText } from './notifications.ts';

/** What the system was given to show. Its own notification cannot be clicked by a test. */
const { given } = vi.hoisted(() => ({ given: [] as { body: string; emit(event: string): boolean }[] }));
vi.mock('electron', () => ({
  Notification: class extends EventEmitter {
    static isSupported = () => true;
    readonly body: string;
    constructor({ body }: { body: string }) {
      super();
      this.body = body;
    }
    show(): void {
      given.push(this);
    }
    close(): void {}
  },
}));

const ada = { account: 'a', name: 'Ada Lovelace', email: 'ada@example.com' };
const grace = { account: 'g', name: 'Grace Hopper', email: 'grace@example.com' };
const signedOut: AppView = {
  version: '0.1.0',
  status: 'signed_out',
  address: 'http://localhost:1000',
  provider: 'tenant.us.auth0.com',
  demo: false,
  otherAccounts: [],
  storage: { kind: 'keyring', changeable: false },
  questions: [],
  unanswered: 0,
  exposesRefreshToken: false,
};
const starting: AppView = { ...signedOut, status: 'starting' };
const signedIn: AppView = { ...signedOut, status: 'signed_in', person: ada };
const both: AppView = { ...signedIn, otherAccounts: [grace] };
const problem = { code: 'not_signed_in', message: 'The session has ended: revoked.', remedy: 'sign_in' } as const;
const ended: AppView = { ...signedOut, problem };
const graceEnded: AppView = { ...signedIn, problem };
const switched: AppView = { ...signedIn, person: grace, otherAccounts: [ada], switchedFrom: ada };

const signInEnded = 'Your sign-in has ended. Sign in again when you need it.';
const otherEnded = 'The sign-in of another account has ended.';

describe('a session that ended by itself', () => {
  test('T5: is said once', () => {
    expect(notificationText(signedIn, ended)).toBe(signInEnded);
    expect(notificationText(ended, { ...ended })).toBeUndefined();
  });

  test('T5: is said of an account that is not in use, too', () => {
    expect(notificationText(both, graceEnded)).toBe(otherEnded);
    expect(notificationText(graceEnded, { ...graceEnded })).toBeUndefined();
  });

  test('one that ends while the end of another is still shown is said', () => {
    expect(notificationText(graceEnded, ended)).toBe(signInEnded);
  });

  test('T10: is not the sign-out by the person or a program', () => {
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
  test('T18: is said once, with the new name', () => {
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

  test('T9: says no e-mail address, also where it stands in for the name', () => {
    const nameless: AppView = { ...switched, person: { ...grace, name: grace.email } };
    expect(notificationText(both, nameless)).toBe('A program switched to another account.');
  });
});

test('what is there at the start happened in an earlier run', () => {
  expect(notificationText(starting, ended)).toBeUndefined();
  expect(notificationText(starting, switched)).toBeUndefined();
});

test('each event is shown once, and a click opens the window', () => {
  const open = vi.fn();
  const notifications = new Notifications(starting, open);
  for (const view of [both, switched, switched, both, signedIn, ended, ended]) notifications.show(view);
  expect(given.map(({ body }) => body)).toEqual(['A program switched to Grace Hopper.', signInEnded]);
  expect(open).not.toHaveBeenCalled();
  given.at(-1)?.emit('click');
  expect(open).toHaveBeenCalledOnce();
});
