import type { Clock } from '../broker/clock.ts';
import { Deadlines, isAhead } from './deadlines.ts';
import { OnceAllowed } from './onceAllowed.ts';
import type { Principal } from './principals.ts';
import type { Caller, Program } from './program.ts';
import type { ListedProgram, ProgramList } from './programList.ts';
import type { Question } from './questions.ts';

/** How long a decision holds about a program that acts for whatever drives it, such as an interpreter. Milliseconds. */
export const allowedHours = 12 * 60 * 60_000;
/** How long Loopgate denies without asking again, after a question got no answer or no lasting one. Milliseconds. */
const quietTime = 10 * 60_000;

/**
 * The setting `guard`. `ask` asks the person, `same-user` lets in the user's programs, `listed` lets in listed ones.
 */
export type GuardMode = 'ask' | 'same-user' | 'listed';

/** The decision about a request so far. */
export type Verdict = 'allowed' | 'denied' | 'ask';

/** Decides about programs: the person's decision counts first, then the setting `guard`. */
export class Decisions {
  readonly #mode: GuardMode;
  readonly #clock: Clock;
  readonly #list: ProgramList;
  readonly #onceAllowed: OnceAllowed;
  /** The questions that Loopgate does not repeat for a while. */
  readonly #quiet: Deadlines;

  constructor(mode: GuardMode, clock: Clock, list: ProgramList) {
    this.#mode = mode;
    this.#clock = clock;
    this.#list = list;
    this.#onceAllowed = new OnceAllowed(clock);
    this.#quiet = new Deadlines(clock, quietTime);
  }

  /** The list of programs, the most recently used first. A decision that has expired no longer counts. */
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
   * Stores the person's decision about a listed program.
   * @returns when the decision ends, in milliseconds since the epoch; undefined when it stays
   */
  decide({ id, lasting }: Program, decision: 'allowed' | 'denied'): number | undefined {
    const until = lasting === 'always' ? undefined : this.#clock.now() + allowedHours;
    this.#list.decide(id, decision, until);
    if (decision === 'denied') this.#onceAllowed.forget(id);
    return until;
  }

  /** Stores the answer "once" to a question. */
  allowOnce(question: Question): void {
    this.#onceAllowed.add(question);
  }

  /** Denies without asking again for a while, after a question ended without a lasting decision. */
  quieten(program: Program): void {
    this.#quiet.start(program.id, saidBy(program));
  }

  /** Lets Loopgate ask about a program again at once. */
  endQuiet(id: string): void {
    this.#quiet.forget(id);
  }

  /** Withdraws what the person allowed a program. */
  withdraw(id: string): void {
    this.#list.remove(id);
    this.#onceAllowed.forget(id);
  }

  /** Whether a decision has ended. A lasting one ends early when the program may no longer have a lasting one. */
  #isOver({ decision, until }: ListedProgram, { lasting }: Program): boolean {
    if (decision === 'allowed' && lasting === 'once') return true;
    if (until !== undefined) return !isAhead(until, this.#clock.now(), allowedHours);
    return decision === 'allowed' && lasting !== 'always';
  }
}

/** What a program says about itself, such as an interpreter's script. Each such claim gets its own question. */
export function saidBy({ claim, isDebugged }: Program): string {
  return `${claim ?? ''}\0${isDebugged ?? false}`;
}
