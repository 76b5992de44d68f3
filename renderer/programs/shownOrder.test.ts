import { expect, it } from 'vitest';
import { inShownOrder } from './shownOrder.ts';

const ordered = (before: string, next: string) => inShownOrder([...before], [...next], (one) => one).join('');

it('programs: nothing changes its place while it is shown; what is new comes last, what is gone leaves no gap', () => {
  expect(ordered('', 'cab')).toBe('cab');
  expect(ordered('abc', 'cab')).toBe('abc');
  expect(ordered('abc', 'edcab')).toBe('abced');
  expect(ordered('abc', 'ca')).toBe('ac');
});
