import type { LoopgateError } from '../errors/errors.ts';
import type { Changes } from './changes.ts';
import type { BrokerLog } from './world.ts';

/**
 * The action that helps with a problem: a sign-in, a new sign-in of a person who is still signed in, a retry of the renewal,
 * or nothing that a button could do.
 */
export type Remedy = 'sign_in' | 'sign_in_again' | 'renew' | 'none';

/** The problem that the window shows: at most one at a time, until it is over or dismissed. */
export class ShownProblem {
  readonly #changes: Changes;
  readonly #log: BrokerLog;
  readonly #unsaved: () => LoopgateError | undefined;
  #problem: LoopgateError | undefined;
  #remedy: Remedy = 'none';

  /** @param unsaved - returns the reason why something is not on disk */
  constructor(changes: Changes, log: BrokerLog, unsaved: () => LoopgateError | undefined) {
    this.#changes = changes;
    this.#log = log;
    this.#unsaved = unsaved;
  }

  get current(): LoopgateError | undefined {
    return this.#problem;
  }

  /** What helps with {@link current}. */
  get remedy(): Remedy {
    return this.#remedy;
  }

  show(problem: LoopgateError | undefined, remedy: Remedy = 'none'): void {
    const isNew = problem !== this.#problem;
    this.#problem = problem;
    this.#remedy = remedy;
    // The provider's text may name a person.
    if (problem && isNew) this.#log.warn({ code: problem.code }, problem.message.replace(/[^\s(]+@[^\s)]+/g, '...'));
    this.#changes.notify();
  }

  /**
   * Ends the shown problem. If something is still not on disk, that problem is shown again: the ended one may have replaced
   * it.
   */
  clear(): void {
    this.show(this.#unsaved());
  }

  /** This problem is over: hides it if it is still shown. */
  resolved(problem: LoopgateError): void {
    if (this.#problem === problem) this.clear();
  }

  /** A person has signed in. A full disk stays a problem; a new session ends all others. */
  signedIn(): void {
    if (this.#problem !== undefined && this.#remedy !== 'none') this.clear();
  }

  /** The network is back: hides a problem that came from the failed network. */
  networkIsBack(): void {
    if (this.#problem?.code === 'provider_unreachable') this.clear();
  }

  /** The person does not want to see it any more. */
  dismiss(): void {
    this.show(undefined);
  }
}
