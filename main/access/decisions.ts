import type { Clock } from '../broker/clock.ts';
import { Deadlines, isAhead } from './deadlines.ts';
import { OnceAllowed } from './onceAllowed.ts';
import type { Principal } from './principals.ts';
import type { Caller, Program } from './program.ts';
import type { ListedProgram, ProgramList } from './programList.ts';
import type { Question } from './questions.ts';

/** What speaks for whoever drives it is allowed, and denied, for this long. Milliseconds. */
export const allowedHours = 12 * 60 * 60_000;
/** How long a question that nobody answered, or that cannot be remembered, means no. Milliseconds. */
const quietTime = 10 * 60_000;

/** The setting `guard`. `ask`: the person is asked. `same-user`: every program of the user. `listed`: what is on the list. */
export type GuardMode = 'ask' | 'same-user' | 'listed';

/** What is decided about a request so far. */
export type Verdict = 'allowed' | 'denied' | 'ask';

/** What is decided about programs: by the person, for good or for a time, and by the setting `guard` where they did not. */
export class Decisions {
  readonly #mode: GuardMode;
  readonly #clock: Clock;
  readonly #list: ProgramList;
  readonly #onceAllowed: OnceAllowed;
  /** The questions that are not asked again for a time. */
  readonly #quiet: Deadlines;

  constructor(mode: GuardMode, clock: Clock, list: ProgramList) {
    this.#mode = mode;
    this.#clock = clock;
    this.#list = list;
    this.#onceAllowed = new OnceAllowed(clock);
    this.#quiet = new Deadlines(clock, quietTime);
  }

  /** The list of programs, the most recently used first. A decision whose time is over no longer counts. */
  get programs(): readonly ListedProgram[] {
    return this.#list.programs.map((one) => {
      const onceUntil = this.#onceAllowed.until(one.program.id);
      const known: ListedProgram = this.#isOver(one, one.program)
        ? { ...one, decision: 'unanswered', until: undefined }
        : one;
      return onceUntil === undefined ? known : { ...known, onceUntil };
    });
  }

  verdict({ program, isOrigin }: Principal, caller: Caller): Verdict {
    if (isOrigin) return 'allowed';
    if (program.lasting === 'never') return 'denied';
    const known = this.#list.byId(program.id);
    const decision = known && !this.#isOver(known, program) ? known.decision : 'unanswered';
    if (decision === 'denied') return 'denied';
    if (this.#mode === 'same-user' || decision === 'allowed') return 'allowed';
    if (this.#mode === 'listed') return 'denied';
    if (this.#onceAllowed.has(program, caller)) return 'allowed';
    return this.#quiet.holds(program.id, saidBy(program)) ? 'denied' : 'ask';
  }

  /**
   * The person decides about a listed program.
   * @returns when that ends, in milliseconds since the epoch; undefined for a decision that stays
   */
  decide({ id, lasting }: Program, decision: 'allowed' | 'denied'): number | undefined {
    const until = lasting === 'always' ? undefined : this.#clock.now() + allowedHours;
    this.#list.decide(id, decision, until);
    if (decision === 'denied') this.#onceAllowed.forget(id);
    return until;
  }

  /** The person has answered a question with "once". */
  allowOnce(question: Question): void {
    this.#onceAllowed.add(question);
  }

  /** A question that ended without a lasting decision is not asked again for a time. */
  quieten(program: Program): void {
    this.#quiet.start(program.id, saidBy(program));
  }

  /** Asks about a program again, without a wait. */
  endQuiet(id: string): void {
    this.#quiet.forget(id);
  }

  /** Takes back what a program was allowed. */
  withdraw(id: string): void {
    this.#list.remove(id);
    this.#onceAllowed.forget(id);
  }

  /** Whether a decision has ended; also one for good about a program that may not be allowed for so long any more. */
  #isOver({ decision, until }: ListedProgram, { lasting }: Program): boolean {
    if (decision === 'allowed' && lasting === 'once') return true;
    if (until !== undefined) return !isAhead(until, this.#clock.now(), allowedHours);
    return decision === 'allowed' && lasting !== 'always';
  }
}

/** What a program says of itself, beside what it is: for an interpreter the script. Each has a question of its own. */
export function saidBy({ claim, isDebugged }: Program): string {
  return `${claim ?? ''}\0${isDebugged ?? false}`;
}
