import type { Clock } from '../broker/clock.ts';
import { Deadlines, isAhead } from './deadlines.ts';
import type { Caller, Program } from './program.ts';
import type { Question } from './questions.ts';

/** How long "once" lasts at most, in milliseconds. It ends earlier when the program ends. */
export const onceLasts = 60 * 60_000;

/** The runs of programs that the person allowed once. Loopgate never stores them. */
export class OnceAllowed {
  readonly #clock: Clock;
  readonly #runs: Deadlines;
  /** Connections of programs whose runs look alike, with the end in milliseconds since the epoch. */
  readonly #callers = new WeakMap<Caller, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#runs = new Deadlines(clock, onceLasts);
  }

  has({ id, process }: Program, caller: Caller): boolean {
    if (process !== undefined) return this.#runs.holds(id, process);
    return isAhead(this.#callers.get(caller) ?? 0, this.#clock.now(), onceLasts);
  }

  /**
   * Allows a question's program once. A program that acts for itself gets all its waiting runs. A program that acts for
   * whatever drives it gets only the run in the question, because any program can run the same `curl` or claim the same
   * script at the same time.
   */
  add({ program, waiting }: Question): void {
    const [asker] = waiting.keys();
    for (const [caller, { id, process }] of waiting) {
      const isAsker = process === undefined ? caller === asker : process === program.process;
      if (program.lasting !== 'always' && !isAsker) continue;
      if (process === undefined) this.#callers.set(caller, this.#clock.now() + onceLasts);
      else this.#runs.start(id, process);
    }
  }

  /** When the last allowed run of a program expires, in milliseconds since the epoch. */
  until(id: string): number | undefined {
    return this.#runs.lastOf(id);
  }

  forget(id: string): void {
    this.#runs.forget(id);
  }
}
