import type { Clock } from '../broker/clock.ts';
import { Deadlines, isAhead } from './deadlines.ts';
import type { Caller, Program } from './program.ts';
import type { Question } from './questions.ts';

/** What is allowed once stays so until the program ends, and no longer than this. Milliseconds. */
export const onceLasts = 60 * 60_000;

/** The runs of programs that the person has allowed once. Never stored. */
export class OnceAllowed {
  readonly #clock: Clock;
  readonly #runs: Deadlines;
  /** Connections of programs whose runs cannot be told apart, with the end in milliseconds since the epoch. */
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
   * The person has answered a question with "once". All runs of a program that speaks for itself are one. Of what speaks for
   * whoever drives it only the run that the question is about: anybody can run the same `curl`, or claim the same script,
   * beside the one that the person means.
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

  /** When the last run of a program ends to be allowed, in milliseconds since the epoch. */
  until(id: string): number | undefined {
    return this.#runs.lastOf(id);
  }

  forget(id: string): void {
    this.#runs.forget(id);
  }
}
