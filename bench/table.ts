import type { Result } from './metric.ts';

/** A line of the table: a result, or a metric that could not be measured. */
export type Line = Result | Unmeasured;

export interface Unmeasured {
  readonly id: string;
  /** What would have been measured. */
  readonly metric: string;
  /** What is missing. */
  readonly why: string;
}

/** One entry of results.json. */
export type Entry = Pick<Result, 'id' | 'metric' | 'reference' | 'ratio' | 'target' | 'pass'> & {
  /** Null when it could not be measured: the metric says why. */
  readonly value: number | null;
};

const titles = ['id', 'metric', 'this', 'reference', 'ratio', 'spread', 'target', ''];
const isFigure = (column: number) => column >= 2 && column <= 5;

/** The table as the terminal shows it, with the notes below. */
export function textTable(lines: readonly Line[]): string {
  const rows = [titles, ...lines.map(cellsOf)];
  const widths = titles.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const written = rows.map((row) =>
    row.map((cell, column) =>
      isFigure(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    ),
  );
  return [...written.map((row) => row.join('  ').trimEnd()), '', ...notesOf(lines)].join('\n').trimEnd();
}

/** The same for README.md. */
export function markdownTable(lines: readonly Line[]): string {
  const rows = [titles, titles.map((_, column) => (isFigure(column) ? '---:' : '---')), ...lines.map(cellsOf)];
  const written = rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  return [...written, '', ...notesOf(lines).map((note) => `- ${note}`)].join('\n').trimEnd();
}

/**
 * One entry for each metric, in their order: of several lines the first that is short, else the first one. What was measured
 * beside them, without an id of theirs, has none.
 */
export function entriesOf(lines: readonly Line[]): Entry[] {
  const ids = [...new Set(lines.map(({ id }) => id))].filter((id) => /^P\d+$/.test(id));
  return ids.flatMap((id) => {
    const own = lines.filter((line) => line.id === id);
    const deciding = own.find((line) => !isResult(line) || !line.pass) ?? own[0];
    return deciding ? [entryOf(deciding)] : [];
  });
}

function entryOf(line: Line): Entry {
  if (!isResult(line)) {
    const metric = `${line.metric} Not measured: ${line.why}`;
    return { id: line.id, metric, value: null, reference: null, ratio: null, target: '', pass: false };
  }
  const { id, metric, value, reference, ratio, target, pass } = line;
  return { id, metric, value: exact(value), reference: exact(reference), ratio: exact(ratio), target, pass };
}

/** Four digits: more would say more than was measured. */
function exact<Figure extends number | null>(figure: Figure): Figure | number {
  return figure === null ? figure : Number(figure.toPrecision(4));
}

function isResult(line: Line): line is Result {
  return 'value' in line;
}

function cellsOf(line: Line): string[] {
  if (!isResult(line)) return [line.id, line.metric, '–', '–', '–', '', '', 'not measured'];
  const { id, metric, value, reference, ratio, target, pass, spread } = line;
  const [lowest = '', highest = ''] = spread.map(written);
  return [
    id,
    metric,
    written(value),
    reference === null ? '–' : written(reference),
    ratio === null ? '–' : ratio.toFixed(2),
    lowest === highest ? '' : `${lowest}–${highest}`,
    target,
    pass ? 'pass' : 'short',
  ];
}

function notesOf(lines: readonly Line[]): string[] {
  return lines.flatMap((line) => {
    const note = isResult(line) ? line.note : `not measured: ${line.why}`;
    return note === undefined ? [] : [`${line.id}, ${line.metric}: ${note}`];
  });
}

/** Three digits, and thousands whole. */
function written(value: number): string {
  const digits = Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 };
  return value.toLocaleString('en-US', digits);
}
