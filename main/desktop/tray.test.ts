import { describe, expect, test } from 'vitest';
import type { AppView } from '../../preload/contract.ts';
import { headline, type TrayActions, trayIcon, trayMenu } from './tray.ts';

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
const ada = { account: 'a', name: 'Ada Lovelace' };
const signedIn: AppView = { ...signedOut, status: 'signed_in', person: ada };
const grace = { account: 'g', name: 'Grace Hopper' };
const both: AppView = { ...signedIn, otherAccounts: [grace] };
const failed = { code: 'provider_unreachable', message: 'x', remedy: 'sign_in' } as const;
const ended: AppView = { ...signedOut, problem: { code: 'not_signed_in', message: 'x', remedy: 'sign_in' } };
const waiting: AppView = { ...signedOut, waiting: { id: 'w', requestedBy: 'loopgate', deadline: 1 } };

/** Records which actions an entry runs. */
function recorder(): { actions: TrayActions; ran: string[] } {
  const ran: string[] = [];
  const note = (name: string) => (argument?: string) =>
    void ran.push(argument === undefined ? name : `${name} ${argument}`);
  return {
    ran,
    actions: {
      signIn: note('signIn'),
      addAccount: note('addAccount'),
      signOut: note('signOut'),
      signOutAccount: note('signOutAccount'),
      switchAccount: note('switchAccount'),
      cancelSignIn: note('cancelSignIn'),
      open: note('open'),
      quit: note('quit'),
    },
  };
}

describe('the menu follows the state', () => {
  const labels = (view: AppView) =>
    trayMenu(view, recorder().actions).flatMap(({ label }) => (label === undefined ? [] : [label]));

  test.each([
    ['signed out', signedOut, ['Signed out', 'Sign in', 'Open Loopgate', 'Quit']],
    ['signed in', signedIn, ['Signed in as Ada Lovelace', 'Add another account…', 'Sign out', 'Open Loopgate', 'Quit']],
    ['waiting', waiting, ['Waiting for the browser', 'Cancel Sign-in', 'Open Loopgate', 'Quit']],
    [
      'waiting while signed in: one login at a time',
      { ...waiting, ...signedIn },
      ['Waiting for the browser', 'Cancel Sign-in', 'Sign out', 'Open Loopgate', 'Quit'],
    ],
    ['starting', { ...signedOut, status: 'starting' as const }, ['Starting', 'Open Loopgate', 'Quit']],
    [
      'needing attention',
      { ...signedOut, problem: failed },
      ['Signed out', 'Needs attention…', 'Sign in', 'Open Loopgate', 'Quit'],
    ],
    [
      'signed out because the session has ended',
      ended,
      ['Signed out: the session has ended', 'Needs attention…', 'Sign in', 'Open Loopgate', 'Quit'],
    ],
    [
      'T18: signed in, with another account',
      both,
      [
        'Signed in as Ada Lovelace',
        'Use Grace Hopper',
        'Add another account…',
        'Sign out Ada Lovelace',
        'Sign out Grace Hopper',
        'Open Loopgate',
        'Quit',
      ],
    ],
    [
      'nobody active, with another account',
      { ...signedOut, otherAccounts: [grace] },
      ['Signed out', 'Sign in', 'Use Grace Hopper', 'Sign out Grace Hopper', 'Open Loopgate', 'Quit'],
    ],
  ])('%s', (_state, view, expected) => {
    expect(labels(view)).toEqual(expected);
  });

  test('without a provider there is nothing to sign in to', () => {
    for (const view of [signedOut, signedIn]) {
      const { provider: _provider, ...unconfigured } = view;
      expect(labels(unconfigured)).not.toContain('Sign in');
      expect(labels(unconfigured)).not.toContain('Add another account…');
    }
  });

  test('T3: two accounts of the same name are told apart by their address', () => {
    const twin = { account: 't', name: ada.name, email: 'ada@work.example' };
    expect(labels({ ...both, otherAccounts: [twin, grace] })).toEqual(
      expect.arrayContaining(['Use Ada Lovelace (ada@work.example)', 'Use Grace Hopper', 'Sign out Grace Hopper']),
    );
  });

  const needing: [string, AppView][] = [
    ['a problem', { ...signedIn, problem: failed }],
    ['a switch by a program', { ...both, switchedFrom: grace }],
    [
      'an open question about the storage',
      { ...signedIn, storage: { kind: 'memory', needs: 'choice', changeable: true } },
    ],
    ['a locked keyring', { ...signedOut, storage: { kind: 'keyring', needs: 'unlock', changeable: false } }],
  ];
  test.each(needing)('%s needs attention, in the menu and the icon', (_what, view) => {
    expect(labels(view)).toContain('Needs attention…');
    expect(trayIcon(view, 'linux')).toBe('tray-attention.png');
  });

  test('an answered question and a provider that is away do not nag', () => {
    const answered: AppView = {
      ...signedIn,
      freshness: 'stale',
      storage: { kind: 'file', notice: 'In a file.', changeable: true },
    };
    expect(labels(answered)).not.toContain('Needs attention…');
    expect(trayIcon(answered, 'linux')).toBe('tray-signed-in.png');
  });
});

test('each entry does what it says', () => {
  const { actions, ran } = recorder();
  const views = [signedOut, waiting, both, { ...signedOut, problem: failed }];
  for (const view of views) {
    for (const entry of trayMenu(view, actions)) {
      // Electron hands in item, window and event; none of them is read.
      if (entry.click) Reflect.apply(entry.click, undefined, []);
    }
  }
  expect(ran).toEqual([
    'signIn',
    'open',
    'quit',
    'cancelSignIn w',
    'open',
    'quit',
    'switchAccount g',
    'addAccount',
    'signOut',
    'signOutAccount g',
    'open',
    'quit',
    'open',
    'signIn',
    'open',
    'quit',
  ]);
});

test('the icon and the tooltip say the same', () => {
  expect([signedOut, signedIn, waiting].map(headline)).toEqual([
    'Signed out',
    'Signed in as Ada Lovelace',
    'Waiting for the browser',
  ]);
  expect([signedOut, signedIn, waiting].map((view) => trayIcon(view, 'linux'))).toEqual([
    'tray-signed-out.png',
    'tray-signed-in.png',
    'tray-busy.png',
  ]);
  expect(trayIcon(signedIn, 'darwin')).toBe('trayTemplate.png');
});

test.each([
  ['verified', 'Signed in as Ada Lovelace'],
  ['unverified', 'Signed in as Ada Lovelace (provider not reachable)'],
  ['stale', 'Signed in as Ada Lovelace (provider not reachable)'],
] as const)('the headline of a %s session', (freshness, expected) => {
  expect(headline({ ...signedIn, freshness })).toBe(expected);
});

test('a start that waits for the keyring says so', () => {
  const locked: AppView = {
    ...signedOut,
    status: 'starting',
    storage: { kind: 'keyring', needs: 'unlock', changeable: false },
  };
  expect(headline(locked)).toBe('Waiting for the keyring');
});
