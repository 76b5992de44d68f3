import type { Result } from './metric.ts';
import { median, type Rounds, spread } from './rounds.ts';

/** What a figure must not fall short of, or must not exceed. */
export type Limit = { readonly atLeast: number } | { readonly atMost: number };

type Named = Pick<Result, 'id' | 'metric'> & { readonly note?: string };

/** A figure that is compared with another of the same run, as a ratio. */
export function ratioResult(named: Named, { values, references, ratios }: Rounds, limit: Limit): Result {
  const ratio = median(ratios);
  return {
    ...named,
    value: median(values),
    reference: median(references),
    ratio,
    target: written(limit, (number) => `${number.toFixed(2)}×`),
    pass: holds(ratio, limit),
    spread: spread(ratios),
  };
}

/** A figure with a target of its own, in the unit of that. */
export function figureResult(named: Named, values: readonly number[], limit: Limit, unit: string): Result {
  const value = median(values);
  return {
    ...named,
    value,
    reference: null,
    ratio: null,
    target: written(limit, (number) => `${number} ${unit}`.trim()),
    pass: holds(value, limit),
    spread: spread(values),
  };
}

function holds(value: number, limit: Limit): boolean {
  return 'atLeast' in limit ? value >= limit.atLeast : value <= limit.atMost;
}

function written(limit: Limit, withUnit: (number: number) => string): string {
  return 'atLeast' in limit ? `≥ ${withUnit(limit.atLeast)}` : `≤ ${withUnit(limit.atMost)}`;
}
