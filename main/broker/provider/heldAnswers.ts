import type { Clock } from '../clock.ts';

/** How long the broker keeps trying to verify an answer, in milliseconds. */
const held = 60_000;
/** The longest time that an answer is held: as long as a caller may ask for its code again. Milliseconds. */
const maxHeldFor = 10 * 60_000;
/** How many answers are held at once. */
const maxHeld = 50;

/**
 * The provider's answer to a request that may be sent only once, such as one with a code. It can be read as often as its
 * verification needs (T20).
 */
export class OneAnswer {
  #answer: Response | undefined;

  /** Returns the answer; each caller gets a copy of its own. @param ask - asks the provider; called until it has answered */
  async of(ask: () => Promise<Response>): Promise<Response> {
    this.#answer ??= await ask();
    return this.#answer.clone();
  }
}

/**
 * Holds answers that could not be verified because the keys did not fit or could not be read. A caller that sends the same
 * request again gets the same answer, verified again, until that has failed for a minute. The provider is not asked again,
 * because it has spent the code. They are kept in memory only.
 */
export class HeldAnswers {
  readonly #clock: Clock;
  readonly #answers = new Map<string, { answer: OneAnswer; since: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param request - everything that was sent, so that a caller never gets the answer to another caller's request */
  of(request: string): OneAnswer {
    return this.#answers.get(request)?.answer ?? new OneAnswer();
  }

  /** Drops the answer: it is not needed any more. */
  forget(request: string): void {
    this.#answers.delete(request);
  }

  /** The answer could not be verified. @returns false when that has lasted too long: the answer is then dropped */
  hold(request: string, answer: OneAnswer): boolean {
    const now = this.#clock.now();
    const since = this.#answers.get(request)?.since ?? now;
    this.#answers.set(request, { answer, since });
    for (const [other, one] of this.#answers) {
      // Do not drop another answer before it was tried again: its code would be sent again.
      const isOver = now - one.since >= (other === request ? held : maxHeldFor);
      if (isOver || this.#answers.size > maxHeld) this.#answers.delete(other);
    }
    return this.#answers.has(request);
  }
}
