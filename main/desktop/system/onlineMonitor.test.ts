import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Network } from './onlineMonitor.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the system is asked only while the provider cannot be reached, and every change is told once', () => {
  let isOnline = true;
  let asked = 0;
  const told: boolean[] = [];
  const network = new Network(
    () => {
      asked += 1;
      return isOnline;
    },
    (now) => told.push(now),
  );
  network.follow(false);
  vi.advanceTimersByTime(10_000);
  expect(asked).toBe(0);

  expect(network.follow(true)).toBe(false);
  network.follow(true);
  expect(network.isOffline).toBe(false);
  expect(asked).toBe(1);
  isOnline = false;
  vi.advanceTimersByTime(4_000);
  expect([network.isOffline, told]).toEqual([true, [false]]);
  isOnline = true;
  vi.advanceTimersByTime(4_000);
  expect([network.isOffline, told]).toEqual([false, [false, true]]);

  network.follow(false);
  const before = asked;
  vi.advanceTimersByTime(10_000);
  expect(asked).toBe(before);
});

test('a network that is gone already is known at once, and is no matter when the provider answers', () => {
  const network = new Network(
    () => false,
    () => undefined,
  );
  expect(network.follow(true)).toBe(true);
  expect(network.isOffline).toBe(true);
  expect(network.follow(false)).toBe(true);
  expect(network.isOffline).toBe(false);
});
