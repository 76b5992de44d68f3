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
  exposesRefreshToken: false,
};
const ada = { account: 'a', name: 'Ada Lovelace' };
const signedIn: AppView = { ...signedOut, status: 'signed_in', person: ada };
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
      signOut: note('signOut'),
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
    ['signed in', signedIn, ['Signed in as Ada Lovelace', 'Sign out', 'Open Loopgate', 'Quit']],
    ['waiting', waiting, ['Waiting for the browser', 'Cancel Sign-in', 'Open Loopgate', 'Quit']],
    ['starting', { ...signedOut, status: 'starting' as const }, ['Starting', 'Open Loopgate', 'Quit']],
    [
      'needing attention',
      { ...signedOut, problem: { code: 'provider_unreachable', message: 'x' } },
      ['Signed out', 'Needs attention…', 'Sign in', 'Open Loopgate', 'Quit'],
    ],
    [
      'signed in, with another account',
      { ...signedIn, otherAccounts: [{ account: 'g', name: 'Grace Hopper' }] },
      ['Signed in as Ada Lovelace', 'Use Grace Hopper', 'Sign out', 'Open Loopgate', 'Quit'],
    ],
  ])('%s', (_state, view, expected) => {
    expect(labels(view)).toEqual(expected);
  });

  test('without a provider there is nothing to sign in to', () => {
    const { provider: _provider, ...unconfigured } = signedOut;
    expect(labels(unconfigured)).not.toContain('Sign in');
  });
});

test('each entry does what it says', () => {
  const { actions, ran } = recorder();
  const views = [signedOut, waiting, { ...signedIn, otherAccounts: [{ account: 'g', name: 'Grace Hopper' }] }];
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
    'signOut',
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
  expect(trayIcon({ ...signedOut, problem: { code: 'internal', message: 'x' } }, 'linux')).toBe('tray-attention.png');
  expect(trayIcon(signedIn, 'darwin')).toBe('trayTemplate.png');
});
