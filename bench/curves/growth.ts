/** How a cost grows with a number of things. */

export interface Point {
  /** How many things. */
  readonly count: number;
  readonly cost: number;
}

/**
 * The exponent of the power law that fits best: 0 is flat, 1 linear, 2 quadratic. Least squares of the logarithms.
 * @param from - counts below this are left out: what is done once, whatever the number, hides the growth there
 */
export function exponent(points: readonly Point[], from = 1): number {
  const used = points.filter(({ count, cost }) => count >= from && count > 0 && cost > 0);
  const [xs, ys] = [used.map(({ count }) => Math.log(count)), used.map(({ cost }) => Math.log(cost))];
  const [middleX, middleY] = [mean(xs), mean(ys)];
  const covariance = sum(xs.map((x, index) => (x - middleX) * ((ys[index] ?? 0) - middleY)));
  return covariance / sum(xs.map((x) => (x - middleX) ** 2));
}

/** What one more costs: the slope between the first point and the last. */
export function costOfEach(points: readonly Point[]): number {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || first.count === last.count) return Number.NaN;
  return (last.cost - first.cost) / (last.count - first.count);
}

/** What was promised of a curve. */
export type Promised = 'flat' | 'at most linear';

/** Measured growth scatters; a curve is within its promise up to these exponents. */
export const limits: Readonly<Record<Promised, number>> = { flat: 0.1, 'at most linear': 1.1 };

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const mean = (numbers: readonly number[]) => sum(numbers) / numbers.length;
