import { expect, test } from 'vitest';
import { chart } from './chart.ts';

const panel = {
  title: 'Time, ms',
  lines: [
    { name: 'one & all', points: [1, 10, 100].map((count) => ({ count, cost: count })) },
    { name: 'nothing', points: [{ count: 100, cost: 0 }] },
  ],
};
const numbers = (text: string | undefined) => (text?.match(/-?[\d.]+/g) ?? []).map(Number);

test('a power law is a straight line between the corners, at the same distances', () => {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, x3 = 0, y3 = 0] = numbers(/ d="([^"]+)"/.exec(chart('callers', [panel]))?.[1]);
  expect(x2 - x1).toBeCloseTo(x3 - x2, 0);
  expect(y1 - y2).toBeCloseTo(y2 - y3, 0);
  expect([x3 > x1, y3 < y1]).toEqual([true, true]);
});

test('all numbers are finite, and what a logarithm cannot show is left out', () => {
  const drawn = chart('callers', [panel]);
  expect(drawn).not.toMatch(/NaN|Infinity/);
  expect(drawn.match(/<circle/g)).toHaveLength(3);
});

test('text is escaped, and says by itself what is shown', () => {
  const drawn = chart('a < b', [panel]);
  expect(drawn).toContain('one &amp; all');
  expect(drawn).toContain('aria-label="Time, ms, by the number of a &lt; b"');
});

test('light and dark each have their colours', () => {
  expect(chart('callers', [panel])).toContain('@media (prefers-color-scheme: dark)');
});
