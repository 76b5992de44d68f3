import { expect, it } from 'vitest';
import { answersFor } from './answers.ts';

const shown = (lasting: 'always' | 'hours' | 'once') => answersFor(lasting).map(({ answer, label }) => [answer, label]);

it('section P: a program that is known can be allowed for good, and Deny comes first', () => {
  expect(shown('always')).toEqual([
    ['deny', 'Deny'],
    ['once', 'Allow once'],
    ['allow', 'Allow'],
  ]);
});

it('section P: an interpreter, curl or a forwarder is allowed for twelve hours, and the button says so', () => {
  expect(shown('hours').at(-1)).toEqual(['allow', 'Allow for 12 hours']);
});

it('section P: what cannot be identified is allowed once and not for longer', () => {
  expect(shown('once')).toEqual([
    ['deny', 'Deny'],
    ['once', 'Allow once'],
  ]);
});
