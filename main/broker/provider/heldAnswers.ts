import type { Clock } from '../clock.ts';

/** How long an answer that could not be verified is verified again, in milliseconds. */
const held = 60_000;
/** How long one is there at most: as long as the code that it answers may be asked for again. Milliseconds. */
const maxHeldFor = 10 * 60_000;
/** How many are held at once. */
const maxHeld = 50;

/** The provider's answer to something that is sent once, such as a code: read as often as it takes to verify it (T20). */
export class OneAnswer {
  #answer: Response | undefined;

  /** The answer, to be read once by each who gets it. @param ask - asks the provider; called until it has answered */
  async of(ask: () => Promise<Response>): Promise<Response> {
    this.#answer ??= await ask();
    return this.#answer.clone();
  }
}

/**
 * Answers that could not be verified, because the keys did not fit or could not be read. Who asks for the same again gets
 * the same answer verified again, until that has failed for a minute: the provider, which has spent the code, is not asked. In
 * memory only.
 */
export class HeldAnswers {
  readonly #clock: Clock;
  readonly #answers = new Map<string, { answer: OneAnswer; since: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param request - all that was sent: nobody gets the answer to somebody else's request */
  of(request: string): OneAnswer {
    return this.#answers.get(request)?.answer ?? new OneAnswer();
  }

  /** Nobody has to ask for it again. */
  forget(request: string): void {
    this.#answers.delete(request);
  }

  /** It could not be verified. @returns false when that has lasted for too long: the answer is then given up */
  hold(request: string, answer: OneAnswer): boolean {
    const now = this.#clock.now();
    const since = this.#answers.get(request)?.since ?? now;
    this.#answers.set(request, { answer, since });
    for (const [other, one] of this.#answers) {
      // Another one is not given up before it was tried again: its code would be sent again.
      const isOver = now - one.since >= (other === request ? held : maxHeldFor);
      if (isOver || this.#answers.size > maxHeld) this.#answers.delete(other);
    }
    return this.#answers.has(request);
  }
}
