import { expect, test } from 'vitest';
import { Crashes } from './crashes.ts';

test('a page that ends by itself is made anew, but not for the third time in a minute', () => {
  let now = 0;
  const crashes = new Crashes(() => now);
  expect([crashes.count(), crashes.count(), crashes.count(), crashes.count()]).toEqual([false, false, true, true]);
  now = 60_000;
  expect(crashes.count()).toBe(false);
});
