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

/** How many connections may wait for one answer: the server keeps them all open, and its descriptors run out (L6). */
const maxConnections = 200;

/** What touches the world, handed in from the entry files. */
export interface GateWorld extends SavedListWorld {
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/** A change of decisions or questions (`decided`), or of who used what (`used`). */
export type GateChange = 'decided' | 'used';

/**
 * C9, C10: which programs may have what is the person's. Fails closed: what cannot be identified, is not remembered, or
 * was not answered is not let in.
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
  /** The programs whose question nobody answered. */
  readonly #unanswered = new Set<string>();
  readonly #claims = new RecentMap<OwnerKey, string>();
  readonly #listeners = new Set<(change: GateChange) => void>();

  /** @param settings - `areOriginsManaged`: the origins are the administrator's, and the person cannot allow others */
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

  /** The origins that may call (L2): those of the settings, and those that the person allowed. */
  get origins(): readonly string[] {
    return this.#origins.all;
  }

  /** What waits for the person, the oldest first. */
  get questions(): readonly Question[] {
    return this.#questions.waiting;
  }

  /** How many programs were denied because nobody answered, and have not been decided about since. */
  get unanswered(): number {
    return this.#unanswered.size;
  }

  /** The list of programs, the most recently used first. */
  get programs(): readonly ListedProgram[] {
    return this.#decisions.programs;
  }

  /** The newest first. */
  get history(): readonly Access[] {
    return this.#list.history;
  }

  /** All origins that there is something to show about. */
  get originDecisions(): readonly OriginDecision[] {
    return this.#origins.decisions;
  }

  /** Calls back after every change; gives the function that ends it. */
  onChange(listener: (change: GateChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whose pending authorizations are those of this requester: the program's, on whichever connection it comes. */
  async ownerOf(requester: Requester): Promise<OwnerKey> {
    return (await this.#principals.of(requester)).owner;
  }

  /** Whether a requester is allowed already. The person is not asked: this is for what plug-ins poll. */
  async isAllowed(requester: Requester): Promise<boolean> {
    return this.#decisions.verdict(await this.#principals.of(requester), requester.caller) === 'allowed';
  }

  /** Whether a browser asks, for whom no program can be allowed. */
  async isBrowser({ caller }: Requester): Promise<boolean> {
    return (await caller.program()).kind === 'browser';
  }

  /** Remembers what a program calls itself, to be shown as its claim. */
  async claim(requester: Requester, name: string): Promise<void> {
    this.#claims.set(await this.ownerOf(requester), printable(name, 100));
  }

  /**
   * Lets a requester have what is the person's: resolves when it may. The person is asked where nothing is decided yet, and
   * the request waits, within R15's limits.
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
   * The same for work that waits for the person once more: what it gives is handed out only to who is still let in then. A code
   * of a login is worth tokens at the provider.
   * @throws LoopgateError
   */
  async requireThroughout<T>(requester: Requester, permission: Permission, work: () => Promise<T> | T): Promise<T> {
    await this.require(requester, permission);
    const result = await work();
    if (!(await this.isAllowed(requester))) throw new LoopgateError('consent_denied');
    return result;
  }

  /** The same for the program that owns a pending authorization, when a browser brings it. @throws LoopgateError */
  async requireOwner(owner: OwnerKey, permission: Permission): Promise<void> {
    const requester = this.#principals.requesterOf(owner);
    if (!requester) throw new LoopgateError('consent_denied');
    // Which run of it began this is not known: an answer is for none of them alone, and no script is shown in its name.
    const { claim: _, process: __, ...program } = await requester.caller.program();
    await this.require({ ...requester, caller: { program: async () => program } }, permission);
  }

  /** The person answers a question. One that has ended meanwhile is not there any more: nothing happens. */
  answer(id: string, answer: ConsentAnswer): void {
    const question = this.#questions.byId(id);
    if (!question) return;
    this.#settle(question, answer);
    this.#changed('decided');
  }

  /** The person has closed the window without an answer: whoever waits is denied, and is in the list to be decided about. */
  leaveUnanswered(): void {
    const { waiting } = this.#questions;
    for (const question of waiting) this.#settle(question, 'unanswered');
    // Told when all have ended: told of each, the window would be opened again for those that are left.
    if (waiting.length > 0) this.#changed('decided');
  }

  /** The person allows a listed program, for as long as such a one can be. */
  allow(id: string): void {
    const lasting = this.#list.byId(id)?.program.lasting;
    if (lasting === 'always' || lasting === 'hours') this.#decide(id, 'allowed');
  }

  deny(id: string): void {
    this.#decide(id, 'denied');
  }

  /** Forgets a program: it is asked about when it comes again. */
  remove(id: string): void {
    this.#decisions.endQuiet(id);
    this.withdraw(id);
  }

  /** Takes back what a program was allowed. That nobody answered its question still means no for a time. */
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

  /** An origin was refused: the person may allow it, unless it is a web page's (L2). */
  refusedOrigin(origin: string): void {
    if (this.#origins.refused(origin)) this.#changed('used');
  }

  /** Only one that was refused before: what the person sees in the list. */
  allowOrigin(origin: string): void {
    if (this.#origins.allow(origin)) this.#decided();
  }

  removeOrigin(origin: string): void {
    this.#origins.remove(origin);
    this.#decided();
  }

  /** Ends what waits, and writes what is not on the disk yet. */
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
    // The program is in the list from its first question on, so that it can be decided about when nobody answers.
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
    // Allowed once was the run that the question was about; this may be another one that waited beside it.
    if (this.#decisions.verdict(principal, caller) === 'allowed') return;
    throw new LoopgateError('consent_denied', {
      happened: verbatim('The person has allowed another run of this program, once.'),
      next: verbatim('Ask again: they are asked about this one.'),
    });
  }

  /** An answer, or none, for everybody who waits for it. Whoever calls this says that there is a change. */
  #settle(question: Question, outcome: ConsentOutcome): void {
    const { program } = question;
    // Many others may have pushed it out of the list meanwhile, and what is not in there cannot be decided about.
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
    // Questions about the same program that differ in what it says of itself are answered by it too.
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
