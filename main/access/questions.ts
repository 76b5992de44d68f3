import { randomUUID } from 'node:crypto';
import { verbatim } from '../../preload/texts/messages.ts';
import type { Clock } from '../broker/clock.ts';
import { LoopgateError } from '../errors/errors.ts';
import { maxWaitForPerson } from '../protocol/protocol.ts';
import { deferred } from '../system/deferred.ts';
import type { Caller, Program } from './program.ts';
import type { Permission } from './programList.ts';

/** How many questions may wait at a time, and how many Loopgate may ask within {@link floodTime} (milliseconds). */
const maxWaiting = 5;
const maxInFloodTime = 20;
/** The share of one program, whatever scripts it claims to run. The rest stays free for other programs. */
const maxWaitingPerProgram = 3;
const maxInFloodTimePerProgram = 10;
const floodTime = 10 * 60_000;

/** The person's answer. `allow` lasts, or holds for twelve hours if the program's kind permits no more. */
export type ConsentAnswer = 'allow' | 'once' | 'deny';
/** How a question ends. */
export type ConsentOutcome = ConsentAnswer | 'unanswered';

/** A question that waits for the person. */
export interface Question {
  /** The id that the answer names. */
  readonly id: string;
  /** Requests with the same key share the question. */
  readonly key: string;
  readonly program: Program;
  readonly permission: Permission;
  readonly claimedName: string | undefined;
  /** When the question counts as unanswered, in milliseconds since the epoch. */
  readonly deadline: number;
  /** The callers that wait for the answer, each with its run of the program. */
  readonly waiting: Map<Caller, Program>;
  readonly outcome: Promise<ConsentOutcome>;
  settle(outcome: ConsentOutcome): void;
}

/** What is asked. */
export type Asked = Pick<Question, 'key' | 'program' | 'permission' | 'claimedName'>;

/** The questions that wait for the person. Each ends with an answer, or unanswered at its deadline. */
export class Questions {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Question>();
  #asked: { at: number; id: string }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The oldest first. */
  get waiting(): Question[] {
    return [...this.#waiting.values()];
  }

  byId(id: string): Question | undefined {
    return this.#waiting.get(id);
  }

  withKey(key: string): Question | undefined {
    return this.waiting.find((question) => question.key === key);
  }

  /**
   * Asks the person.
   * @throws LoopgateError `rate_limited` when too many questions are open: people who are asked too often click
   * anything
   */
  ask(asked: Asked): Question {
    const now = this.#clock.now();
    const { id: program } = asked.program;
    this.#asked = this.#asked.filter(({ at }) => at > now - floodTime && at <= now);
    const waitingOfOne = this.waiting.filter((question) => question.program.id === program);
    const askedOfOne = this.#asked.filter(({ id }) => id === program);
    if (
      this.#waiting.size >= maxWaiting ||
      this.#asked.length >= maxInFloodTime ||
      waitingOfOne.length >= maxWaitingPerProgram ||
      askedOfOne.length >= maxInFloodTimePerProgram
    ) {
      throw new LoopgateError('rate_limited', {
        happened: verbatim(
          'Too many programs want to be allowed at the same time, so the person is not asked about this one.',
        ),
        next: verbatim(
          'Ask them to allow it in the list of programs of Loopgate, or try again when the others are answered or in ten minutes.',
        ),
      });
    }
    this.#asked.push({ at: now, id: program });
    const id = randomUUID();
    const outcome = deferred<ConsentOutcome>();
    const question: Question = {
      ...asked,
      id,
      deadline: now + maxWaitForPerson,
      waiting: new Map(),
      outcome: outcome.promise,
      settle: (how) => {
        this.#waiting.delete(id);
        outcome.resolve(how);
      },
    };
    this.#waiting.set(id, question);
    return question;
  }
}
