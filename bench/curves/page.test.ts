import { expect, test } from 'vitest';
import type { Curve } from './measure.ts';
import { brokenPromises, curvesMarkdown, panelsOf } from './page.ts';

const points = (cost: (count: number) => number) => [1, 10, 100].map((count) => ({ count, cost: cost(count) }));
const curve: Curve = {
  name: 'callers',
  counted: 'requests in flight',
  how: 'All at once.',
  series: [
    { name: 'the last answer', unit: 'ms', points: points((count) => count / 2), promised: 'at most linear', from: 1 },
    { name: 'memory', unit: 'MB', points: points((count) => 3000 + count), promised: 'at most linear', from: 1 },
  ],
};

test('the text has a row for each count, the chart, and the growth in words', () => {
  const text = curvesMarkdown([curve], '20.20.2');
  expect(text).toContain(
    '| requests in flight | the last answer, ms | memory, MB |\n|---|---|---|\n| 1 | 0.5 | 3,000 |',
  );
  expect(text).toContain('![How cost grows with requests in flight](callers.svg)');
  expect(text).toContain('- the last answer: exponent 1.00, 500 µs for each more; promised: at most linear.');
});

test('a curve that grows faster than promised is named', () => {
  const [time] = curve.series;
  const quadratic = { ...curve, series: time ? [{ ...time, points: points((count) => count ** 2) }] : [] };
  expect(brokenPromises(curve)).toEqual([]);
  expect(brokenPromises(quadratic)).toEqual([
    'requests in flight, the last answer: the exponent is 2.00, not at most linear.',
  ]);
  expect(curvesMarkdown([quadratic], '20.20.2')).toContain('**short**');
});

test('the chart has a panel for time and one for memory', () => {
  expect(panelsOf(curve).map(({ title, lines }) => [title, lines.length])).toEqual([
    ['Time, ms', 1],
    ['Memory, MB', 1],
  ]);
});
