/** What a check of `loopgate doctor` came to. */
export interface Finding {
  /** Its name: scripts may depend on it. */
  readonly check: string;
  /** `note`: cannot be known from here. `warning`: works, and could be better. `problem`: something will not work. */
  readonly outcome: 'ok' | 'note' | 'warning' | 'problem';
  readonly found: string;
  /** What to do. */
  readonly next?: string;
}

/** A finding without the name of its check. */
export type Found = Omit<Finding, 'check'>;

export const ok = (found: string): Found => ({ outcome: 'ok', found });
export const note = (found: string, next: string): Found => ({ outcome: 'note', found, next });
export const warning = (found: string, next: string): Found => ({ outcome: 'warning', found, next });
export const problem = (found: string, next: string): Found => ({ outcome: 'problem', found, next });
