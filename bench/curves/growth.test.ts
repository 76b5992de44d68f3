import { describe, expect, test } from 'vitest';
import { costOfEach, exponent } from './growth.ts';

const counts = [1, 10, 100, 1000];
const curve = (cost: (count: number) => number) => counts.map((count) => ({ count, cost: cost(count) }));

describe('the exponent of growth', () => {
  test.each([
    ['flat', () => 7, 0],
    ['linear', (count: number) => 3 * count, 1],
    ['quadratic', (count: number) => count ** 2, 2],
    ['the root', (count: number) => 5 * Math.sqrt(count), 0.5],
  ])('of %s', (_name, cost, expected) => {
    expect(exponent(curve(cost))).toBeCloseTo(expected);
  });

  test('leaves out what is below the count to begin at', () => {
    const floored = curve((count) => Math.max(50, count));
    expect(exponent(floored)).toBeLessThan(0.6);
    expect(exponent(floored, 100)).toBeCloseTo(1);
  });

  test('leaves out what cost nothing', () => {
    expect(exponent([{ count: 1, cost: 0 }, ...curve((count) => count)])).toBeCloseTo(1);
  });
});

test('what one more costs is the slope from the first point to the last', () => {
  expect(costOfEach(curve((count) => 100 + 2 * count))).toBeCloseTo(2);
  expect(costOfEach([{ count: 1, cost: 5 }])).toBeNaN();
});
