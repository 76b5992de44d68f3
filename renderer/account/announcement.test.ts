import { expect, it } from 'vitest';
import type { AppView } from '../../preload/views/appView.ts';
import type { QuestionView } from '../../preload/views/programs.ts';
import { signedOut } from '../../testing/appView.ts';
import { texts } from '../parts/texts.ts';
import { announcement } from './announcement.ts';

const said = texts.announcements;
const adaAccount = { account: 'a', name: 'Ada' };
const graceAccount = { account: 'g', name: 'Grace' };
const starting: AppView = { ...signedOut, status: 'starting' };
const ada: AppView = { ...signedOut, status: 'signed_in', person: adaAccount };
const grace: AppView = { ...signedOut, status: 'signed_in', person: graceAccount };
const waiting = { id: '1', requestedBy: 'program', deadline: 0, page: 'opened' } as const;
const problem = { code: 'access_denied', message: '', remedy: 'sign_in' } as const;

it('says who is signed in, also as an account that was added', () => {
  expect(announcement(starting, ada)).toBe(said.signedIn('Ada'));
  expect(announcement(ada, { ...grace, otherAccounts: [adaAccount] })).toBe(said.signedIn('Grace'));
});

it('says who is in use after a switch, and that a program did it [T18]', () => {
  const before: AppView = { ...ada, otherAccounts: [graceAccount] };
  const now: AppView = { ...grace, otherAccounts: [adaAccount] };
  expect(announcement(before, now)).toBe(said.switched('Grace'));
  expect(announcement(before, { ...now, switchedFrom: adaAccount })).toBe(said.switchedByProgram('Grace'));
});

it('at the start it is not news that a program had switched', () => {
  expect(announcement(starting, { ...grace, switchedFrom: adaAccount })).toBe(said.signedIn('Grace'));
});

it('leaves it to the banner to say that the session has ended, so that it is said once [T5]', () => {
  const over = { code: 'not_signed_in', message: '', remedy: 'sign_in' } as const;
  expect(announcement(ada, { ...signedOut, problem: over })).toBeUndefined();
});

it('says once that the provider is away, and that it is back', () => {
  const stale: AppView = { ...ada, freshness: 'stale' };
  const verified: AppView = { ...ada, freshness: 'verified' };
  expect(announcement(verified, stale)).toBe(said.unreachable);
  expect(announcement(stale, { ...stale })).toBeUndefined();
  expect(announcement(stale, verified)).toBe(said.reachable);
  expect(announcement(ada, verified)).toBeUndefined();
});

it('says that somebody is signed out', () => {
  expect(announcement(ada, signedOut)).toBe(said.signedOut);
});

it('says once that a login waits, and that it ended', () => {
  expect(announcement(signedOut, { ...signedOut, waiting })).toBe(said.waitingForProgram);
  expect(announcement({ ...signedOut, waiting }, { ...signedOut, waiting })).toBeUndefined();
  expect(announcement({ ...signedOut, waiting }, signedOut)).toBe(said.waitingEnded);
});

it('says that no browser could be opened, each time', () => {
  const failed: AppView = { ...signedOut, waiting: { ...waiting, page: 'failed' } };
  expect(announcement({ ...signedOut, waiting }, failed)).toBe(said.notOpened);
  expect(announcement(failed, { ...failed })).toBeUndefined();
  expect(announcement({ ...signedOut, waiting: { ...waiting, page: 'opening' } }, failed)).toBe(said.notOpened);
});

it('leaves a problem to its banner', () => {
  expect(announcement({ ...signedOut, waiting }, { ...signedOut, problem })).toBeUndefined();
});

it('keeps quiet when nothing changed that a person waits for', () => {
  expect(announcement(ada, { ...ada, expiresAt: 5 })).toBeUndefined();
});

it('says once that a program waits for an answer, also when it takes the place of another', () => {
  const question = (id: string): QuestionView => ({
    id,
    program: { id: 'p', name: 'Code', path: '/usr/bin/code', kind: 'program' },
    permission: 'tokens',
    lasting: 'always',
    deadline: 0,
  });
  const asked: AppView = { ...ada, questions: [question('1')] };
  expect(announcement(ada, asked)).toBe(said.question);
  expect(announcement(asked, { ...asked, questions: [question('1')] })).toBeUndefined();
  expect(announcement(asked, { ...ada, questions: [question('2')] })).toBe(said.question);
  expect(announcement(asked, ada)).toBeUndefined();
});
