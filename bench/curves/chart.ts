import type { Point } from './growth.ts';

/** A line of a chart. */
export interface Line {
  readonly name: string;
  readonly points: readonly Point[];
}

/** Lines over the same counts. Both axes are logarithmic: a power law is a straight line, and its slope the exponent. */
export interface Panel {
  /** What is measured, with its unit. */
  readonly title: string;
  readonly lines: readonly Line[];
}

const [width, panelHeight] = [640, 270];
const margin = { left: 70, right: 190, top: 46, bottom: 44 } as const;
const inner = { width: width - margin.left - margin.right, height: panelHeight - margin.top - margin.bottom } as const;

/** Told apart by hue and lightness, in light and dark, also by those who see no red or no green. */
const style = `
  svg { font: 13px system-ui, sans-serif; }
  .ground { fill: #ffffff; } text { fill: #1f2328; } .title { font-weight: 600; } .quiet { fill: #59636e; }
  .grid { stroke: #d1d9e0; } .linear { stroke: #59636e; stroke-dasharray: 2 4; }
  .line { fill: none; stroke-width: 2.5; } .dot { stroke: none; }
  .a { stroke: #0550ae; fill: #0550ae; } .b { stroke: #bc4c00; fill: #bc4c00; } .c { stroke: #8250df; fill: #8250df; }
  path.line { fill: none; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; } text { fill: #e6edf3; } .quiet { fill: #9198a1; }
    .grid { stroke: #3d444d; } .linear { stroke: #9198a1; }
    .a { stroke: #79c0ff; fill: #79c0ff; } .b { stroke: #ffa657; fill: #ffa657; } .c { stroke: #d2a8ff; fill: #d2a8ff; }
  }`;

/**
 * Draws panels below each other, as an SVG that needs nothing else.
 * @param heading - what is counted along the bottom, e.g. `listeners`
 */
export function chart(heading: string, panels: readonly Panel[]): string {
  const height = panels.length * panelHeight;
  const drawn = panels.map(
    (panel, index) => `<g transform="translate(0 ${index * panelHeight})">${drawPanel(heading, panel)}</g>`,
  );
  const summary = panels.map(({ title }) => title).join('; ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(`${summary}, by the number of ${heading}`)}">`,
    `<style>${style}\n</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function drawPanel(heading: string, { title, lines }: Panel): string {
  const points = lines.flatMap((line) => line.points).filter(({ cost }) => cost > 0);
  const x = axis(
    points.map(({ count }) => count),
    margin.left,
    margin.left + inner.width,
  );
  const y = axis(
    points.map(({ cost }) => cost),
    margin.top + inner.height,
    margin.top,
  );
  const [right, bottom] = [margin.left + inner.width, margin.top + inner.height];
  const columns = x.ticks.map(
    (tick) =>
      `<line class="grid" x1="${at(x.place(tick))}" x2="${at(x.place(tick))}" y1="${margin.top}" y2="${bottom}"/>` +
      `<text class="quiet" x="${at(x.place(tick))}" y="${bottom + 18}" text-anchor="middle">${written(tick)}</text>`,
  );
  const rows = y.ticks.map(
    (tick) =>
      `<line class="grid" x1="${margin.left}" x2="${right}" y1="${at(y.place(tick))}" y2="${at(y.place(tick))}"/>` +
      `<text class="quiet" x="${margin.left - 8}" y="${at(y.place(tick) + 4)}" text-anchor="end">${written(tick)}</text>`,
  );
  const labels = spreadOut(lines.map(({ points: own }) => y.place(own.findLast(({ cost }) => cost > 0)?.cost ?? 1)));
  const drawn = lines.map((line, index) => {
    const letter = 'abc'[index % 3];
    const places = line.points
      .filter(({ cost }) => cost > 0)
      .map(({ count, cost }) => [at(x.place(count)), at(y.place(cost))] as const);
    return [
      `<path class="line ${letter}" d="M${places.map((place) => place.join(' ')).join('L')}"/>`,
      ...places.map(([left, top]) => `<circle class="dot ${letter}" cx="${left}" cy="${top}" r="3.5"/>`),
      `<text class="${letter}" style="stroke:none" x="${right + 10}" y="${at((labels[index] ?? 0) + 4)}">${escaped(line.name)}</text>`,
    ].join('');
  });
  return [
    `<text class="title" x="${margin.left}" y="24">${escaped(title)}</text>`,
    ...columns,
    ...rows,
    drawLinear(points, x, y),
    ...drawn,
    `<text class="quiet" x="${margin.left + inner.width / 2}" y="${bottom + 36}" text-anchor="middle">${escaped(heading)}</text>`,
  ].join('\n');
}

/** What linear growth would look like, up to the upper right corner. */
function drawLinear(points: readonly Point[], x: Axis, y: Axis): string {
  const last = points.toSorted((one, other) => other.count - one.count || other.cost - one.cost)[0];
  if (!last) return '';
  const lowest = Math.max(x.from, (last.count * y.from) / last.cost);
  const [x1, y1] = [x.place(lowest), y.place((last.cost * lowest) / last.count)];
  return `<line class="linear" x1="${at(x1)}" y1="${at(y1)}" x2="${at(x.place(last.count))}" y2="${at(y.place(last.cost))}"><title>linear growth</title></line>`;
}

interface Axis {
  readonly from: number;
  readonly ticks: readonly number[];
  place(value: number): number;
}

/** A logarithmic axis in whole decades. */
function axis(values: readonly number[], start: number, end: number): Axis {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9));
  return {
    from: 10 ** first,
    ticks: Array.from({ length: last - first + 1 }, (_, step) => 10 ** (first + step)),
    place: (value) => start + ((Math.log10(value) - first) / (last - first)) * (end - start),
  };
}

/** Names of lines that end close together are moved apart. */
function spreadOut(places: readonly number[]): number[] {
  const order = places.map((place, index) => ({ place, index })).toSorted((one, other) => one.place - other.place);
  const result = [...places];
  let lowest = Number.NEGATIVE_INFINITY;
  for (const { place, index } of order) {
    lowest = Math.max(place, lowest + 17);
    result[index] = lowest;
  }
  return result;
}

const at = (place: number) => Math.round(place * 10) / 10;
const written = (tick: number) => (tick >= 1 ? tick.toLocaleString('en') : String(Number(tick.toPrecision(1))));
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
