import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AppView } from '../../../preload/views/appView.ts';
import { signedOut } from '../../../testing/appView.ts';
import { FirstAnswer } from './firstAnswer.ts';

const unverified: AppView = {
  ...signedOut,
  status: 'signed_in',
  person: { account: 'a', name: 'Ada' },
  freshness: 'unverified',
};
const verified: AppView = { ...unverified, freshness: 'verified' };
const { freshness: _, ...silent } = unverified;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('nothing is said while the provider may still be answering, then it is, once', () => {
  const onOverdue = vi.fn();
  const firstAnswer = new FirstAnswer(onOverdue);
  expect(firstAnswer.awaited(unverified)).toStrictEqual(silent);
  vi.advanceTimersByTime(2_999);
  expect(firstAnswer.awaited(unverified)).toStrictEqual(silent);
  expect(onOverdue).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onOverdue).toHaveBeenCalledOnce();
  expect(firstAnswer.awaited(unverified)).toStrictEqual(unverified);
  vi.advanceTimersByTime(60_000);
  expect(firstAnswer.awaited(unverified)).toStrictEqual(unverified);
  expect(onOverdue).toHaveBeenCalledOnce();
});

test('an answer in time ends the waiting', () => {
  const onOverdue = vi.fn();
  const firstAnswer = new FirstAnswer(onOverdue);
  firstAnswer.awaited(unverified);
  expect(firstAnswer.awaited(verified)).toStrictEqual(verified);
  vi.advanceTimersByTime(60_000);
  expect(onOverdue).not.toHaveBeenCalled();
});

test('a session that was verified and cannot be reached now is said at once', () => {
  const firstAnswer = new FirstAnswer(() => undefined);
  const stale: AppView = { ...unverified, freshness: 'stale' };
  expect(firstAnswer.awaited(stale)).toStrictEqual(stale);
});

test('another account has a moment of its own [T18]', () => {
  const firstAnswer = new FirstAnswer(() => undefined);
  firstAnswer.awaited(unverified);
  vi.advanceTimersByTime(3_000);
  const grace: AppView = { ...unverified, person: { account: 'g', name: 'Grace' } };
  expect(firstAnswer.awaited(grace)).not.toHaveProperty('freshness');
  vi.advanceTimersByTime(3_000);
  expect(firstAnswer.awaited(grace)).toStrictEqual(grace);
});
