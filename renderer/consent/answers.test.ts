import { expect, it } from 'vitest';
import { answersFor } from './answers.ts';

const shown = (lasting: 'always' | 'hours' | 'once') => answersFor(lasting).map(({ answer, label }) => [answer, label]);

it('a program that is known can be allowed for good, and Deny comes first [C10]', () => {
  expect(shown('always')).toEqual([
    ['deny', 'Deny'],
    ['once', 'Allow once'],
    ['allow', 'Allow'],
  ]);
});

it('an interpreter, curl or a forwarder is allowed for twelve hours, and the button says so [C4]', () => {
  expect(shown('hours').at(-1)).toEqual(['allow', 'Allow for 12 hours']);
});

it('what cannot be identified is allowed once and not for longer [C9]', () => {
  expect(shown('once')).toEqual([
    ['deny', 'Deny'],
    ['once', 'Allow once'],
  ]);
});
