import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { iconFolder } from '../../../build/drawIcons.ts';
import type { AppView } from '../../../preload/views/appView.ts';
import { signedOut } from '../../../testing/appView.ts';
import { headline, type TrayActions, trayIcon, trayMenu, trayTooltip } from './tray.ts';

const ada = { account: 'a', name: 'Ada Lovelace' };
const signedIn: AppView = { ...signedOut, status: 'signed_in', person: ada };
const grace = { account: 'g', name: 'Grace Hopper' };
const both: AppView = { ...signedIn, otherAccounts: [grace] };
const failed = { code: 'provider_unreachable', message: 'x', remedy: 'sign_in' } as const;
const ended: AppView = { ...signedOut, problem: { code: 'not_signed_in', message: 'x', remedy: 'sign_in' } };
const waiting: AppView = { ...signedOut, waiting: { id: 'w', requestedBy: 'loopgate', deadline: 1, page: 'opened' } };
const question: AppView['questions'][number] = {
  id: 'q',
  program: { id: 'p', name: 'acme-editor', path: '/opt/acme/acme-editor', kind: 'program' },
  permission: 'tokens',
  lasting: 'always',
  deadline: 60_000,
};

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
      openQuestion: note('openQuestion'),
      openAt: note('openAt'),
      quit: note('quit'),
    },
  };
}

describe('the menu follows the state', () => {
  const labels = (view: AppView) =>
    trayMenu(view, recorder().actions).flatMap(({ label }) => (label === undefined ? [] : [label]));

  test.each([
    ['signed out', signedOut, ['Signed out', 'Sign in', 'Open Loopgate', 'Settings…', 'Quit']],
    [
      'signed in',
      signedIn,
      ['Signed in as Ada Lovelace', 'Add another account…', 'Sign out', 'Open Loopgate', 'Settings…', 'Quit'],
    ],
    ['waiting', waiting, ['Waiting for the browser', 'Cancel Sign-in', 'Open Loopgate', 'Settings…', 'Quit']],
    [
      'waiting while signed in: one login at a time',
      { ...waiting, ...signedIn },
      ['Waiting for the browser', 'Cancel Sign-in', 'Sign out', 'Open Loopgate', 'Settings…', 'Quit'],
    ],
    ['starting', { ...signedOut, status: 'starting' as const }, ['Starting', 'Open Loopgate', 'Settings…', 'Quit']],
    [
      'needing attention',
      { ...signedOut, problem: failed },
      ['Signed out', 'The provider cannot be reached', 'Sign in', 'Open Loopgate', 'Settings…', 'Quit'],
    ],
    [
      'signed out because the session has ended',
      ended,
      ['Signed out', 'The session has ended: sign in again', 'Sign in', 'Open Loopgate', 'Settings…', 'Quit'],
    ],
    [
      'signed in, with another account [T18]',
      both,
      [
        'Signed in as Ada Lovelace',
        'Use Grace Hopper',
        'Add another account…',
        'Sign out Ada Lovelace',
        'Sign out Grace Hopper',
        'Open Loopgate',
        'Settings…',
        'Quit',
      ],
    ],
    [
      'nobody active, with another account',
      { ...signedOut, otherAccounts: [grace] },
      ['Signed out', 'Sign in', 'Use Grace Hopper', 'Sign out Grace Hopper', 'Open Loopgate', 'Settings…', 'Quit'],
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

  test('two accounts of the same name are told apart by their address [T3]', () => {
    const twin = { account: 't', name: ada.name, email: 'ada@work.example' };
    expect(labels({ ...both, otherAccounts: [twin, grace] })).toEqual(
      expect.arrayContaining(['Use Ada Lovelace (ada@work.example)', 'Use Grace Hopper', 'Sign out Grace Hopper']),
    );
  });

  test('a name with & is shown as it is: one alone would mark a key', () => {
    const view = { ...signedIn, person: { ...ada, name: 'Ada & Sons' } };
    expect(labels(view)).toContain('Signed in as Ada && Sons');
  });

  test('a name as long as a line does not make the menu as wide', () => {
    const view = { ...signedIn, person: { ...ada, name: 'x'.repeat(300) } };
    expect(labels(view)).toContain(`Signed in as ${'x'.repeat(39)}…`);
  });
});

test('a click on what needs attention leads to where it is dealt with', () => {
  const { actions, ran } = recorder();
  const view: AppView = { ...signedOut, problem: failed, questions: [question], unanswered: 1 };
  const lines = ['acme-editor waits for your answer', 'The provider cannot be reached', 'A program was not answered'];
  for (const label of lines) {
    const entry = trayMenu(view, actions).find((one) => one.label === label);
    if (entry?.click) Reflect.apply(entry.click, undefined, []);
  }
  expect(ran).toEqual(['openQuestion', 'open', 'openAt programs']);
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
    'openAt settings',
    'quit',
    'cancelSignIn w',
    'open',
    'openAt settings',
    'quit',
    'switchAccount g',
    'addAccount',
    'signOut',
    'signOutAccount g',
    'open',
    'openAt settings',
    'quit',
    'open',
    'signIn',
    'open',
    'openAt settings',
    'quit',
  ]);
});

test.each<[string, AppView, string]>([
  ['signed out', signedOut, 'signed-out'],
  ['signed in', signedIn, 'signed-in'],
  ['waiting for the browser', waiting, 'busy'],
  ['waiting after something went wrong', { ...waiting, problem: failed }, 'busy'],
  ['something went wrong', { ...signedIn, problem: failed }, 'attention'],
  ['a question waits, also beside a login', { ...waiting, questions: [question] }, 'attention'],
  ['the provider is away, which passes', { ...signedIn, freshness: 'stale' }, 'signed-in'],
])('the icon: %s', (_what, view, state) => {
  expect(trayIcon(view, 'linux')).toBe(`tray-${state}.png`);
  expect(trayIcon(view, 'darwin')).toBe(`tray-${state}Template.png`);
  expect(trayIcon(view, 'win32')).toBe(`tray-${state}.ico`);
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    expect(existsSync(join(iconFolder, trayIcon(view, platform)))).toBe(true);
  }
});

test('the tooltip says who is signed in and what is most pressing', () => {
  expect([signedOut, signedIn, waiting, ended].map(trayTooltip)).toEqual([
    'Loopgate – Signed out',
    'Loopgate – Signed in as Ada Lovelace',
    'Loopgate – Waiting for the browser',
    'Loopgate – Signed out – The session has ended: sign in again',
  ]);
});

test('where the desktop shows no notifications, a line in the menu says so, and the tooltip does not go on about it', () => {
  const view: AppView = { ...signedIn, lacksNotifications: true };
  const menu = trayMenu(view, recorder().actions);
  expect(menu[1]).toEqual({ label: 'Notifications are not available', enabled: false });
  expect(trayTooltip(view)).toBe(trayTooltip(signedIn));
  expect(trayIcon(view)).toBe(trayIcon(signedIn));
});

test('a start that waits for the keyring says so', () => {
  const locked: AppView = {
    ...signedOut,
    status: 'starting',
    storage: { kind: 'keyring', needs: 'unlock', changeable: false },
  };
  expect(headline(locked)).toBe('Waiting for the keyring');
});
