import { expect, it } from 'vitest';
import type { QuestionView } from '../../preload/views/programs.ts';
import { nextTurn, noTurn } from './turn.ts';

const question = (id: string): QuestionView => ({
  id,
  program: { id: 'p', name: 'Code', path: '/usr/bin/code', kind: 'program' },
  permission: 'tokens',
  lasting: 'always',
  deadline: 0,
});
const [a, b, c] = [question('a'), question('b'), question('c')];

it('asks the oldest question, and counts those that wait behind it', () => {
  expect(nextTurn(noTurn, [a, b, c])).toEqual({ question: a, position: 1, total: 3 });
});

it('counts on when a question was answered', () => {
  const first = nextTurn(noTurn, [a, b]);
  expect(nextTurn(first, [b])).toEqual({ question: b, position: 2, total: 2 });
  expect(nextTurn(nextTurn(first, [b]), [b, c])).toEqual({ question: b, position: 2, total: 3 });
});

it('stays at its question when another one comes or is withdrawn', () => {
  const first = nextTurn(noTurn, [a]);
  expect(nextTurn(first, [a, b])).toEqual({ question: a, position: 1, total: 2 });
  expect(nextTurn(nextTurn(first, [a, b]), [a])).toEqual({ question: a, position: 1, total: 1 });
});

it('shows none when none is left, and counts on from there', () => {
  const none = nextTurn(nextTurn(noTurn, [a]), []);
  expect(none.question).toBeUndefined();
  expect(nextTurn(none, [b]).position).toBe(2);
});
