import { expect, test } from 'vitest';
import { compared, inTurns, median, pairedRounds, spread } from './rounds.ts';

test('rounds are measured in turns: A B A B', async () => {
  const order: string[] = [];
  const both = await inTurns(
    3,
    async (round) => void order.push(`A${round}`),
    async (round) => void order.push(`B${round}`),
  );
  expect(order).toEqual(['A1', 'B1', 'A2', 'B2', 'A3', 'B3']);
  expect(both.values).toHaveLength(3);
});

test('a machine that becomes slower for both in the same round changes no ratio', async () => {
  const speeds = [1, 4, 2];
  const { ratios } = await pairedRounds(
    3,
    async (round) => 10 * (speeds[round - 1] ?? 0),
    async (round) => 20 * (speeds[round - 1] ?? 0),
  );
  expect(ratios).toEqual([0.5, 0.5, 0.5]);
});

test('the ratio is that of each round, not of the medians', () => {
  const { values, references, ratios } = compared([1, 10, 100], [100, 10, 1]);
  expect(median(values) / median(references)).toBe(1);
  expect(ratios).toEqual([0.01, 1, 100]);
});

test('the median is the middle one, or the mean of the two in the middle, in whatever order they come', () => {
  expect(median([10, 9, 100])).toBe(10);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test('the spread is the lowest and the highest', () => {
  expect(spread([3, 1, 2])).toEqual([1, 3]);
});
