/** The result of one check of `loopgate doctor`. */
export interface Finding {
  /** The name of the check. Scripts may depend on it. */
  readonly check: string;
  /** `note`: the doctor cannot find out. `warning`: works, but could be better. `problem`: something will not work. */
  readonly outcome: 'ok' | 'note' | 'warning' | 'problem';
  readonly found: string;
  /** The advice. */
  readonly next?: string;
}

/** A finding without the name of its check. */
export type Found = Omit<Finding, 'check'>;

export const ok = (found: string): Found => ({ outcome: 'ok', found });
export const note = (found: string, next: string): Found => ({ outcome: 'note', found, next });
export const warning = (found: string, next: string): Found => ({ outcome: 'warning', found, next });
export const problem = (found: string, next: string): Found => ({ outcome: 'problem', found, next });
