/** What the benchmark measures, as its parts hand it to each other. */

/** One line of the table, and one entry of `results.json`. */
export interface Result {
  /** `P1` … `P14`; `also` for what is measured beside them, and has no entry in `results.json`. */
  readonly id: string;
  /** What was measured, with its unit, e.g. `GET /userinfo, requests a second`. */
  readonly metric: string;
  /** The median of this program's rounds. */
  readonly value: number;
  /** The median of the reference's rounds in the same run; null where the target is a figure of its own. */
  readonly reference: number | null;
  /** The median of the rounds' ratios; null without a reference. */
  readonly ratio: number | null;
  /** As it is read in the table, e.g. `≥ 0.70`. */
  readonly target: string;
  readonly pass: boolean;
  /** Lowest and highest of what is compared with the target: ratios, or values without a reference. */
  readonly spread: readonly [number, number];
  /** What a reader has to know of this figure: why it falls short, how often it was measured. */
  readonly note?: string;
}

/** One of P1 to P14. Several results where the row names several figures; the first that is short makes the row short. */
export interface Metric {
  readonly id: string;
  /** What it measures and against what, in one sentence. */
  readonly what: string;
  /**
   * Starts what it needs, measures in paired rounds (A B A B …), and leaves nothing running.
   * @param announce - takes each line of progress
   * @throws Error saying what is missing, where it cannot be measured here
   */
  measure(announce: (line: string) => void): Promise<readonly Result[]>;
}
