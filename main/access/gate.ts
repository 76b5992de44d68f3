import { verbatim } from '../../preload/texts/messages.ts';
import type { Clock } from '../broker/clock.ts';
import type { OwnerKey } from '../broker/login/authorization.ts';
import { LoopgateError } from '../errors/errors.ts';
import { allowedHours, Decisions, type GuardMode, saidBy } from './decisions.ts';
import { denial } from './denial.ts';
import { onceLasts } from './onceAllowed.ts';
import { type OriginDecision, Origins } from './origins.ts';
import { type Principal, Principals, type Requester } from './principals.ts';
import { printable } from './printable.ts';
import type { Caller, Program } from './program.ts';
import type { Access, ListedProgram, Permission, ProgramList } from './programList.ts';
import { type ConsentAnswer, type ConsentOutcome, type Question, Questions } from './questions.ts';
import { RecentMap } from './recentMap.ts';
import { SavedList, type SavedListWorld } from './savedList.ts';
import { UsageLog } from './usageLog.ts';

/** How many connections may wait for one answer (L6). The server keeps them all open, and descriptors run out. */
const maxConnections = 200;

/** The outside world, which the entry files pass in. */
export interface GateWorld extends SavedListWorld {
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/** What changed: decisions or questions (`decided`), or the usage history (`used`). */
export type GateChange = 'decided' | 'used';

/**
 * C9, C10: decides which programs may use the person's sign-in. The gate fails closed: it refuses a program that it
 * cannot identify, does not remember, or got no answer about.
 */
export class Gate {
  readonly mode: GuardMode;
  readonly #clock: Clock;
  readonly #log: GateWorld['log'];
  readonly #saved: SavedList;
  readonly #list: ProgramList;
  readonly #origins: Origins;
  readonly #principals: Principals;
  readonly #questions: Questions;
  readonly #decisions: Decisions;
  readonly #usage: UsageLog;
  /** The programs whose question got no answer. */
  readonly #unanswered = new Set<string>();
  readonly #claims = new RecentMap<OwnerKey, string>();
  readonly #listeners = new Set<(change: GateChange) => void>();

  /** @param settings - `areOriginsManaged`: the administrator sets the origins, and the person cannot allow others */
  constructor(
    settings: { mode: GuardMode; origins: readonly string[]; areOriginsManaged?: boolean },
    world: GateWorld,
  ) {
    this.mode = settings.mode;
    this.#clock = world.clock;
    this.#log = world.log;
    this.#saved = new SavedList(world);
    this.#list = this.#saved.list;
    this.#origins = new Origins(settings.origins, settings.areOriginsManaged ?? false, this.#list);
    this.#principals = new Principals(() => this.origins, this.mode === 'same-user');
    this.#questions = new Questions(world.clock);
    this.#decisions = new Decisions(this.mode, world.clock, this.#list);
    this.#usage = new UsageLog(world.clock, this.#list, world.log);
  }

  /** The origins that may call (L2): from the settings, and those that the person allowed. */
  get origins(): readonly string[] {
    return this.#origins.all;
  }

  /** The questions that wait for the person, the oldest first. */
  get questions(): readonly Question[] {
    return this.#questions.waiting;
  }

  /** How many programs were denied for lack of an answer and still have no decision. */
  get unanswered(): number {
    return this.#unanswered.size;
  }

  /** The list of programs, the most recently used first. */
  get programs(): readonly ListedProgram[] {
    return this.#decisions.programs;
  }

  /** The accesses, the newest first. */
  get history(): readonly Access[] {
    return this.#list.history;
  }

  /** Every origin that the window shows. */
  get originDecisions(): readonly OriginDecision[] {
    return this.#origins.decisions;
  }

  /** Calls the listener after every change. Returns the function that removes it. */
  onChange(listener: (change: GateChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The owner of this requester's pending authorizations. A program has the same owner on all its connections. */
  async ownerOf(requester: Requester): Promise<OwnerKey> {
    return (await this.#principals.of(requester)).owner;
  }

  /** Whether a requester is already allowed. Never asks the person, because plug-ins poll this. */
  async isAllowed(requester: Requester): Promise<boolean> {
    return this.#decisions.verdict(await this.#principals.of(requester), requester.caller) === 'allowed';
  }

  /** Whether the caller is a browser. The person cannot allow a browser. */
  async isBrowser({ caller }: Requester): Promise<boolean> {
    return (await caller.program()).kind === 'browser';
  }

  /** Remembers the name that a program gives itself. The window shows it as a claim. */
  async claim(requester: Requester, name: string): Promise<void> {
    this.#claims.set(await this.ownerOf(requester), printable(name, 100));
  }

  /**
   * Resolves when a requester may use the person's sign-in. Without a decision, the gate asks the person, and the
   * request waits within R15's limits.
   * @throws LoopgateError `consent_denied`, `rate_limited`
   */
  async require(requester: Requester, permission: Permission): Promise<void> {
    const principal = await this.#principals.of(requester);
    const { caller } = requester;
    try {
      if (this.#mustAsk(principal, caller)) await this.#ask(principal, caller, permission);
      this.#record(principal, caller, permission, 'allowed');
    } catch (error) {
      this.#record(principal, caller, permission, 'denied');
      throw error;
    }
  }

  /**
   * Like {@link require}, for work that waits for the person again. The gate checks again before it hands out the
   * result, because the code of a login is worth tokens at the provider.
   * @throws LoopgateError
   */
  async requireThroughout<T>(requester: Requester, permission: Permission, work: () => Promise<T> | T): Promise<T> {
    await this.require(requester, permission);
    const result = await work();
    if (!(await this.isAllowed(requester))) throw new LoopgateError('consent_denied');
    return result;
  }

  /**
   * Like {@link require}, for the program that owns a pending authorization which a browser brings.
   * @throws LoopgateError
   */
  async requireOwner(owner: OwnerKey, permission: Permission): Promise<void> {
    const requester = this.#principals.requesterOf(owner);
    if (!requester) throw new LoopgateError('consent_denied');
    // The gate does not know which run started this. So "once" allows no other run, and the question shows no script.
    const { claim: _, process: __, ...program } = await requester.caller.program();
    await this.require({ ...requester, caller: { program: async () => program } }, permission);
  }

  /** Answers a question for the person. Does nothing when the question has already ended. */
  answer(id: string, answer: ConsentAnswer): void {
    const question = this.#questions.byId(id);
    if (!question) return;
    this.#settle(question, answer);
    this.#changed('decided');
  }

  /** The person closed the window without an answer: the gate denies all waiting requests and lists their programs. */
  leaveUnanswered(): void {
    const { waiting } = this.#questions;
    for (const question of waiting) this.#settle(question, 'unanswered');
    // Only now: a notice after each one would open the window again for the rest.
    if (waiting.length > 0) this.#changed('decided');
  }

  /** Allows a listed program for as long as its kind permits. */
  allow(id: string): void {
    const lasting = this.#list.byId(id)?.program.lasting;
    if (lasting === 'always' || lasting === 'hours') this.#decide(id, 'allowed');
  }

  deny(id: string): void {
    this.#decide(id, 'denied');
  }

  /** Forgets a program. Its next request asks the person. */
  remove(id: string): void {
    this.#decisions.endQuiet(id);
    this.withdraw(id);
  }

  /** Withdraws what a program was allowed. An unanswered question still blocks it for a while. */
  withdraw(id: string): void {
    this.#decisions.withdraw(id);
    this.#usage.forget();
    this.#unanswered.delete(id);
    this.#decided();
  }

  clearHistory(): void {
    this.#list.clearHistory();
    this.#usage.forget();
    this.#saved.save();
    this.#changed('used');
  }

  /** Offers a refused origin to the person, unless it belongs to a web page (L2). */
  refusedOrigin(origin: string): void {
    if (this.#origins.refused(origin)) this.#changed('used');
  }

  /** Allows an origin that was refused before. The person sees only those in the list. */
  allowOrigin(origin: string): void {
    if (this.#origins.allow(origin)) this.#decided();
  }

  removeOrigin(origin: string): void {
    this.#origins.remove(origin);
    this.#decided();
  }

  /** Ends the waiting questions and writes what is not on the disk yet. */
  close(): void {
    this.leaveUnanswered();
    this.#saved.close();
  }

  /** @throws LoopgateError `consent_denied` */
  #mustAsk(principal: Principal, caller: Caller): boolean {
    const verdict = this.#decisions.verdict(principal, caller);
    if (verdict === 'denied') throw this.#denial(principal.program);
    return verdict === 'ask';
  }

  async #ask(principal: Principal, caller: Caller, permission: Permission): Promise<void> {
    const { program, owner } = principal;
    const key = `${program.id}\0${saidBy(program)}`;
    // The program is listed from its first question on, so that the person can decide later when no answer came.
    this.#list.note(program, permission, this.#clock.now());
    const known = this.#questions.withKey(key);
    const question = known ?? this.#questions.ask({ key, program, permission, claimedName: this.#claims.get(owner) });
    if (question.waiting.size >= maxConnections && !question.waiting.has(caller))
      throw new LoopgateError('rate_limited');
    question.waiting.set(caller, program);
    if (!known) {
      const stop = this.#clock.after(question.deadline - this.#clock.now(), () => {
        this.#settle(question, 'unanswered');
        this.#changed('decided');
      });
      void question.outcome.then(stop);
      this.#unanswered.delete(program.id);
      this.#log.info({ program: program.path, wish: permission }, 'the person is asked about a program');
      this.#changed('decided');
    }
    const outcome = await question.outcome;
    if (outcome === 'deny' || outcome === 'unanswered') throw this.#denial(program, outcome);
    // "Once" covered the run in the question. This may be another run that waited for the same answer.
    if (this.#decisions.verdict(principal, caller) === 'allowed') return;
    throw new LoopgateError('consent_denied', {
      happened: verbatim('The person has allowed another run of this program, once.'),
      next: verbatim('Ask again: they are asked about this one.'),
    });
  }

  /** Ends a question for everything that waits for it. The caller reports the change to the listeners. */
  #settle(question: Question, outcome: ConsentOutcome): void {
    const { program } = question;
    // Other programs may have pushed it off the list since, and the person can only decide about a listed program.
    this.#list.note(program, question.permission, this.#clock.now());
    if (outcome === 'unanswered') {
      this.#decisions.quieten(program);
      this.#unanswered.add(program.id);
      for (const id of this.#unanswered) if (!this.#list.byId(id)) this.#unanswered.delete(id);
    } else if (outcome === 'deny' && program.lasting === 'once') this.#decisions.quieten(program);
    else if (outcome === 'deny') this.#decide(program.id, 'denied');
    else if (outcome === 'allow' && program.lasting !== 'once') this.#decide(program.id, 'allowed');
    else {
      this.#decisions.allowOnce(question);
      this.#clock.after(onceLasts, () => this.#changed('decided'));
    }
    question.settle(outcome);
    this.#log.info({ program: program.path, outcome }, 'a question about a program has ended');
  }

  #decide(id: string, decision: 'allowed' | 'denied'): void {
    const program = this.#list.byId(id)?.program;
    if (!program) return;
    const until = this.#decisions.decide(program, decision);
    this.#unanswered.delete(id);
    if (until !== undefined) this.#clock.after(allowedHours, () => this.#changed('decided'));
    // The decision also answers this program's questions about other scripts.
    for (const question of this.#questions.waiting) {
      if (question.program.id === id) question.settle(decision === 'allowed' ? 'allow' : 'deny');
    }
    this.#decided();
  }

  #denial(program: Program, outcome?: ConsentOutcome): LoopgateError {
    return denial(program, this.mode === 'listed', outcome);
  }

  #record(principal: Principal, caller: Caller, permission: Permission, outcome: Access['outcome']): void {
    if (!this.#usage.record(principal, caller, permission, outcome)) return;
    this.#saved.saveSoon();
    this.#changed('used');
  }

  #decided(): void {
    this.#saved.saveDecision();
    this.#changed('decided');
  }

  #changed(change: GateChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
