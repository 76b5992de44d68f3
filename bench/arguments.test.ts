import { expect, test } from 'vitest';
import { parseArguments } from './arguments.ts';
import { metrics } from './metrics.ts';

const known = ['P1', 'P2', 'P3'];

test('without arguments everything is measured, and written', () => {
  expect(parseArguments([], known)).toEqual({ ids: known, isWhole: true, writes: true });
});

test.each([[['--only', 'P3,P1']], [['--only=P3,P1']], [['--only', 'P3 P1']]])(
  '%j measures these alone, in the order of the list, and writes nothing',
  (argv) => {
    expect(parseArguments(argv, known)).toEqual({ ids: ['P1', 'P3'], isWhole: false, writes: false });
  },
);

test('--write writes a part too', () => {
  expect(parseArguments(['--only', 'P2', '--write'], known)).toEqual({ ids: ['P2'], isWhole: false, writes: true });
});

test('an unknown id is refused with those that there are', () => {
  expect(() => parseArguments(['--only', 'P1,P9,p2'], known)).toThrow(
    'There is no metric P9, p2. There are P1, P2, P3. Usage: npm run bench [-- --only P1,P6 [--write]]',
  );
});

test.each([[['--only']], [['--only=,']]])('%j is refused: it names nothing', (argv) => {
  expect(() => parseArguments(argv, known)).toThrow('--only names no metric. There are P1, P2, P3.');
});

test('what is no option is refused', () => {
  expect(() => parseArguments(['P1'], known)).toThrow('"P1" is no option.');
});

test('the metrics are P1 to P14, each once, in their order, and the tray beside them', () => {
  const ids = metrics.map(({ metric }) => metric.id).filter((id) => id !== 'tray');
  expect(ids).toEqual(Array.from({ length: 14 }, (_, index) => `P${index + 1}`));
});
