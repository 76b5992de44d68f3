import type { LoopgateError } from '../errors/errors.ts';
import type { Changes } from './changes.ts';
import type { BrokerLog } from './world.ts';

/**
 * What helps with a problem: a sign-in, a new one of somebody who still is signed in, another try at the renewal, or nothing
 * that a button could do.
 */
export type Remedy = 'sign_in' | 'sign_in_again' | 'renew' | 'none';

/** The problem that the person is shown, at most one at a time, until it is over or dismissed. */
export class ShownProblem {
  readonly #changes: Changes;
  readonly #log: BrokerLog;
  readonly #unsaved: () => LoopgateError | undefined;
  #problem: LoopgateError | undefined;
  #remedy: Remedy = 'none';

  /** @param unsaved - what is not on disk, in words */
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
    // A provider's words may name a person.
    if (problem && isNew) this.#log.warn({ code: problem.code }, problem.message.replace(/[^\s(]+@[^\s)]+/g, '...'));
    this.#changes.notify();
  }

  /** What was shown is over. What is not on disk stays so, and is shown again: another problem may have taken its place. */
  clear(): void {
    this.show(this.#unsaved());
  }

  /** This one is over, if it is still shown. */
  resolved(problem: LoopgateError): void {
    if (this.#problem === problem) this.clear();
  }

  /** Somebody has signed in. A disk that is full stays so; everything else is over with a new session. */
  signedIn(): void {
    if (this.#problem !== undefined && this.#remedy !== 'none') this.clear();
  }

  /** The network is back: what failed for want of it is out of date. */
  networkIsBack(): void {
    if (this.#problem?.code === 'provider_unreachable') this.clear();
  }

  /** The person does not want to see it any more. */
  dismiss(): void {
    this.show(undefined);
  }
}
