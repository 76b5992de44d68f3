import { expect, test } from 'vitest';
import type { Result } from './metric.ts';
import { merged, withTable } from './record.ts';
import { entriesOf, type Line, markdownTable, textTable } from './table.ts';

const result = (changes: Partial<Result> = {}): Result => ({
  id: 'P1',
  metric: 'requests a second',
  value: 12345.678,
  reference: 20000,
  ratio: 0.61728,
  target: '≥ 0.70×',
  pass: false,
  spread: [0.6, 0.65],
  ...changes,
});
const figure = (changes: Partial<Result> = {}): Result =>
  result({
    id: 'P6',
    metric: 'slowest, ms',
    value: 12.345,
    reference: null,
    ratio: null,
    target: '≤ 20 ms',
    ...changes,
  });

test('results.json has seven keys for each, and four digits', () => {
  expect(entriesOf([result({ note: 'a note' })])).toEqual([
    {
      id: 'P1',
      metric: 'requests a second',
      value: 12350,
      reference: 20000,
      ratio: 0.6173,
      target: '≥ 0.70×',
      pass: false,
    },
  ]);
});

test('of several lines of a metric the first that is short decides, else the first', () => {
  const [good, bad] = [figure({ metric: '100 callers', pass: true }), figure({ metric: '1,000 callers', pass: false })];
  expect(entriesOf([good, bad, figure({ metric: 'another', pass: false })])).toMatchObject([
    { id: 'P6', metric: '1,000 callers', pass: false },
  ]);
  expect(entriesOf([good, figure({ pass: true })])).toMatchObject([{ metric: '100 callers', pass: true }]);
});

test('what is measured beside the metrics is in the table, and in no entry', () => {
  const lines = [result(), result({ id: 'also', metric: 'health meanwhile' })];
  expect(entriesOf(lines).map(({ id }) => id)).toEqual(['P1']);
  expect(textTable(lines)).toContain('health meanwhile');
});

test('what could not be measured is not passed, and says why', () => {
  const lines: Line[] = [{ id: 'P14', metric: 'A token as a command.', why: 'oidc-token is not installed.' }];
  expect(entriesOf(lines)).toEqual([
    {
      id: 'P14',
      metric: 'A token as a command. Not measured: oidc-token is not installed.',
      value: null,
      reference: null,
      ratio: null,
      target: '',
      pass: false,
    },
  ]);
  expect(textTable(lines)).toMatch(/not measured\n\nP14, .*: not measured: oidc-token is not installed\.$/);
});

test('the text has figures below each other, and the notes below', () => {
  expect(textTable([result({ note: 'a note' }), figure({ pass: true, spread: [12.345, 12.345] })])).toBe(
    [
      'id  metric               this  reference  ratio    spread  target',
      'P1  requests a second  12,346     20,000   0.62  0.6–0.65  ≥ 0.70×  short',
      'P6  slowest, ms          12.3          –      –            ≤ 20 ms  pass',
      '',
      'P1, requests a second: a note',
    ].join('\n'),
  );
});

test('the markdown has a row for each line; a | does not break it', () => {
  const rows = markdownTable([result({ metric: 'a | b' })]).split('\n');
  expect(rows[1]).toBe('| --- | --- | ---: | ---: | ---: | ---: | --- | --- |');
  expect(rows[2]).toBe('| P1 | a \\| b | 12,346 | 20,000 | 0.62 | 0.6–0.65 | ≥ 0.70× | short |');
});

test('a part of a run replaces its own entries', () => {
  const earlier = entriesOf([result(), figure()]);
  const newer = entriesOf([figure({ value: 1, pass: true })]);
  expect(merged(earlier, newer)).toMatchObject([{ id: 'P1' }, { id: 'P6', value: 1, pass: true }]);
});

test('a table takes the place of the last one, and nothing else', () => {
  const text = 'before\n<!-- table: written by npm run bench -->\n\nold\n\n<!-- table: end -->\nafter\n';
  const changed = withTable(text, 'new');
  expect(changed).toBe(text.replace('old', 'new'));
  expect(withTable(changed, 'new')).toBe(changed);
  expect(() => withTable('no marks', 'new')).toThrow('has lost its marks');
});
