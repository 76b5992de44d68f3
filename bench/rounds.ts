/** Paired rounds: what two things cost, measured in turns in one run. */

/** What paired rounds have measured, one entry a round. */
export interface Rounds {
  readonly values: readonly number[];
  readonly references: readonly number[];
  /** Value through reference, round by round: what drifts in a machine falls out. */
  readonly ratios: readonly number[];
}

/**
 * Measures A B A B …
 * @param count - how many rounds
 * @param measure - measures this program; gets the number of the round, from 1
 * @param measureReference - measures what it is compared with, in the same way
 */
export async function inTurns<Measured>(
  count: number,
  measure: (round: number) => Promise<Measured>,
  measureReference: (round: number) => Promise<Measured>,
): Promise<{ values: Measured[]; references: Measured[] }> {
  const values: Measured[] = [];
  const references: Measured[] = [];
  for (let round = 1; round <= count; round += 1) {
    values.push(await measure(round));
    references.push(await measureReference(round));
  }
  return { values, references };
}

/** The same for one figure alone. */
export async function pairedRounds(
  count: number,
  measure: (round: number) => Promise<number>,
  measureReference: (round: number) => Promise<number>,
): Promise<Rounds> {
  const { values, references } = await inTurns(count, measure, measureReference);
  return compared(values, references);
}

/** Figures of the same rounds, side by side. */
export function compared(values: readonly number[], references: readonly number[]): Rounds {
  return { values, references, ratios: values.map((value, index) => value / (references[index] ?? Number.NaN)) };
}

/** The middle one, or the mean of the two in the middle. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

/** Lowest and highest. */
export function spread(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}
