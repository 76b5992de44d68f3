import type { Panel } from './chart.ts';
import { costOfEach, exponent, limits } from './growth.ts';
import type { Curve, Series } from './measure.ts';

const unitNames = { ms: 'Time, ms', MB: 'Memory, MB' } as const;

/** One panel for each unit. */
export function panelsOf({ series }: Curve): Panel[] {
  return (['ms', 'MB'] as const).map((unit) => ({
    title: unitNames[unit],
    lines: series.filter((one) => one.unit === unit).map(({ name, points }) => ({ name, points })),
  }));
}

/** What grows faster than was promised, in words. */
export function brokenPromises({ counted, series }: Curve): string[] {
  return series
    .filter((one) => !isKept(one))
    .map(
      (one) =>
        `${counted}, ${one.name}: the exponent is ${written(exponent(one.points, one.from))}, not ${one.promised}.`,
    );
}

/** All curves, as `bench/curves.md`. */
export function curvesMarkdown(curves: readonly Curve[], node: string): string {
  const sections = curves.map((curve) => {
    const { name, counted, how, series } = curve;
    const counts = [...new Set(series.flatMap(({ points }) => points.map(({ count }) => count)))];
    const heads = series.map((one) => `${one.name}, ${one.unit}`);
    const rows = counts.map((count) => {
      const costs = series.map(({ points }) => points.find((point) => point.count === count)?.cost);
      return `| ${count.toLocaleString('en')} | ${costs.map((cost) => (cost === undefined ? '' : figure(cost))).join(' | ')} |`;
    });
    return [
      `## ${counted[0]?.toUpperCase()}${counted.slice(1)}`,
      '',
      how,
      '',
      `![How cost grows with ${counted}](${name}.svg)`,
      '',
      `| ${[counted, ...heads].join(' | ')} |`,
      `|${'---|'.repeat(heads.length + 1)}`,
      ...rows,
      '',
      ...series.map(growthLine),
    ].join('\n');
  });
  return [
    '# How cost grows',
    '',
    `Written by \`npm run bench:curves\`, on Node ${node}. Times are those of the quickest of several rounds. Growth is the exponent of the power law that fits best: 0 is flat, 1 is linear. Measured growth scatters, so flat is up to ${limits.flat}, linear up to ${limits['at most linear']}. In the charts both axes are logarithmic, and the dotted line is linear growth.`,
    '',
    sections.join('\n\n'),
    '',
  ].join('\n');
}

function growthLine(series: Series): string {
  const { name, unit, points, promised, from } = series;
  const since = from > 1 ? ` from ${from.toLocaleString('en')} on` : '';
  const each = costOfEach(points);
  const more = unit === 'MB' ? `${figure(each * 1024)} KB` : `${figure(each * 1000)} µs`;
  const verdict = isKept(series) ? `promised: ${promised}` : `**short**: promised was ${promised}`;
  return `- ${name}: exponent ${written(exponent(points, from))}${since}, ${more} for each more; ${verdict}.`;
}

function isKept({ points, promised, from }: Series): boolean {
  return exponent(points, from) <= limits[promised];
}

/** Three digits that mean something. */
function figure(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return rounded.toLocaleString('en', { maximumFractionDigits: 4 }).replace('-', '−');
}

const written = (value: number) => value.toFixed(2).replace('-', '−');
