import { describe, expect, it } from 'vitest';
import { timeLeft, untilNextTurn } from './timeLeft.ts';

describe('timeLeft', () => {
  it.each([
    [300_000, '5:00'],
    [299_001, '5:00'],
    [299_000, '4:59'],
    [65_000, '1:05'],
    [1, '0:01'],
    [0, '0:00'],
    [-5_000, '0:00'],
    [3_600_000, '60:00'],
  ])('shows %d ms as %s', (left, shown) => {
    expect(timeLeft(1_000_000 + left, 1_000_000)).toBe(shown);
  });
});

describe('timeLeft by region', () => {
  it.each([
    ['en-US', '61:05'],
    ['de-DE', '61:05'],
    ['fi-FI', '61.05'],
    ['ar-EG', '٦١:٠٥'],
  ])('%s: %s', (locale, shown) => {
    expect(timeLeft(3_665_000, 0, locale)).toBe(shown);
  });
});

describe('untilNextTurn', () => {
  it.each([
    [300_000, 1_000],
    [299_001, 1],
    [299_400, 400],
    [1, 1],
  ])('with %d ms left wakes after %d ms', (left, wait) => {
    expect(untilNextTurn(left, 0)).toBe(wait);
    expect(timeLeft(left, wait)).not.toBe(timeLeft(left, 0));
  });

  it('stops at the deadline', () => {
    expect(untilNextTurn(0, 0)).toBeUndefined();
    expect(untilNextTurn(0, 1)).toBeUndefined();
  });
});
