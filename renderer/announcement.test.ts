import { expect, it } from 'vitest';
import type { AppView } from '../preload/contract.ts';
import { announcement } from './announcement.ts';
import { texts } from './texts.ts';

const said = texts.announcements;
const signedOut: AppView = {
  version: '0.1.0',
  status: 'signed_out',
  address: 'http://localhost:1000',
  provider: 'tenant.example.com',
  demo: false,
  otherAccounts: [],
  exposesRefreshToken: false,
};
const starting: AppView = { ...signedOut, status: 'starting' };
const ada: AppView = { ...signedOut, status: 'signed_in', person: { account: 'a', name: 'Ada' } };
const grace: AppView = { ...signedOut, status: 'signed_in', person: { account: 'g', name: 'Grace' } };
const waiting = { id: '1', requestedBy: 'program', deadline: 0 } as const;
const problem = { code: 'access_denied', message: '' };

it('says who is signed in, also after a switch', () => {
  expect(announcement(starting, ada)).toBe(said.signedIn('Ada'));
  expect(announcement(ada, grace)).toBe(said.signedIn('Grace'));
});

it('says that somebody is signed out', () => {
  expect(announcement(ada, signedOut)).toBe(said.signedOut);
});

it('says once that a login waits, and that it ended', () => {
  expect(announcement(signedOut, { ...signedOut, waiting })).toBe(said.waitingForProgram);
  expect(announcement({ ...signedOut, waiting }, { ...signedOut, waiting })).toBeUndefined();
  expect(announcement({ ...signedOut, waiting }, signedOut)).toBe(said.waitingEnded);
});

it('leaves a problem to its banner', () => {
  expect(announcement({ ...signedOut, waiting }, { ...signedOut, problem })).toBeUndefined();
});

it('keeps quiet when nothing changed that a person waits for', () => {
  expect(announcement(ada, { ...ada, expiresAt: 5 })).toBeUndefined();
});
