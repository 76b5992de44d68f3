import { randomUUID } from 'node:crypto';
import { message, verbatim } from '../../preload/texts/messages.ts';
import type { Clock } from '../broker/clock.ts';
import type { Owner } from '../broker/login/authorization.ts';
import { LoopgateError } from '../errors/errors.ts';
import { type Identified, type Program, printable, unknownProgram } from './program.ts';
import { type Access, type ListedProgram, ProgramList, type StoredList, type Wish } from './programList.ts';
import { type ConsentAnswer, type ConsentOutcome, type Question, Questions } from './questions.ts';

/** What speaks for whoever drives it is allowed, and denied, for this long. Milliseconds. */
const allowedHours = 12 * 60 * 60_000;
/** What is allowed once is so until it ends, and no longer than this. Milliseconds. */
const onceLasts = 60 * 60_000;
/** How long a question that nobody answered, or that cannot be remembered, means no. Milliseconds. */
const quietTime = 10 * 60_000;
/** How long the disk may be behind with who used what; a decision is written at once. Milliseconds. */
const useIsSavedAfter = 60_000;
/** How many owners' programs and claims are remembered, and how many refused origins: more than call on one machine. */
const mostRemembered = 1000;
const mostRefusedOrigins = 20;
/** The same use within this time is written down once, in milliseconds: programs poll, and many of one may ask at once. */
const sameUse = 1_000;
/** How many connections may wait for one answer: the server lets none of them go, and its descriptors end (L6). */
const mostConnections = 200;

/** The setting `guard`. `ask`: the person is asked. `same-user`: every program of the user. `listed`: what is on the list. */
export type GuardMode = 'ask' | 'same-user' | 'listed';

/** Who makes a request: what is at the other end, and the origin when that is an allow-listed one. */
export interface Requester {
  readonly caller: Identified;
  readonly origin?: string | undefined;
}

/** Where the list of programs rests. */
export interface ListStore {
  /** What was saved; undefined when nothing was. @throws when it cannot be read */
  load(): unknown;
  /** @throws when it could not be written */
  save(list: StoredList): void;
  /** Keeps what is there for the person to look at, out of the way. */
  setAside(): void;
}

/** What touches the world, handed in from the entry files. */
export interface GateWorld {
  readonly clock: Clock;
  readonly store: ListStore;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
  /** Told what the person should know. */
  readonly problem: (problem: LoopgateError) => void;
}

/** What is decided for a request, as far as it is. */
type Verdict = 'allowed' | 'denied' | 'ask';

/** A requester that is known. */
interface Party {
  /** Whose pending authorizations its are. */
  readonly owner: Owner;
  readonly program: Program;
  /** True for an allow-listed origin in a browser. The origin is what was allowed, never the browser. */
  readonly isOrigin: boolean;
}

/** A change of decisions or questions (`decided`), or of who used what (`used`). */
export type GateChange = 'decided' | 'used';

/**
 * C9, C10: which programs may have what is the person's. Fails closed: what cannot be identified, is not remembered, or
 * was not answered is not let in.
 */
export class Gate {
  readonly mode: GuardMode;
  readonly #fixedOrigins: readonly string[];
  readonly #areOriginsManaged: boolean;
  /** Put together when one is allowed or removed: every request is compared with them. */
  #origins: readonly string[];
  readonly #world: GateWorld;
  readonly #list: ProgramList;
  readonly #questions: Questions;
  readonly #listeners = new Set<(change: GateChange) => void>();
  /** Runs of programs that were allowed once, with the end of that in milliseconds since the epoch. */
  readonly #onceAllowed = new Map<string, number>();
  /** Connections of programs that cannot be told apart otherwise, with the same. */
  readonly #onceAllowedCallers = new WeakMap<Identified, number>();
  /** Until when a question is not asked again, in milliseconds since the epoch. */
  readonly #quietUntil = new Map<string, number>();
  /** The programs whose question nobody answered. */
  readonly #unanswered = new Set<string>();
  readonly #unknownOwners = new WeakMap<Identified, Owner>();
  /** By owner: one of those that it is, for what a browser brings in its name. */
  readonly #requesters = new Map<Owner, Requester>();
  readonly #claims = new Map<Owner, string>();
  readonly #refusedOrigins = new Set<string>();
  readonly #logged = new Set<string>();
  /** By connection: who speaks there, where it is no origin. */
  readonly #parties = new WeakMap<Identified, Party>();
  /** By connection: its last use, in milliseconds since the epoch. Looked at first: it takes no text that is put together anew. */
  #uses = new WeakMap<Identified, { party: Party; wish: Wish; outcome: Access['outcome']; at: number }>();
  /** By who used what: when it was last written down, in milliseconds since the epoch. */
  readonly #writtenDown = new Map<string, number>();
  /** The last writing failed, and the person was told. */
  #saveFails = false;
  #cancelSaving: (() => void) | undefined;

  /** @param settings - `areOriginsManaged`: the origins are the administrator's, and no other is let in, whoever allows it */
  constructor(
    settings: { mode: GuardMode; origins: readonly string[]; areOriginsManaged?: boolean },
    world: GateWorld,
  ) {
    this.mode = settings.mode;
    this.#fixedOrigins = settings.origins;
    this.#areOriginsManaged = settings.areOriginsManaged ?? false;
    this.#world = world;
    this.#questions = new Questions(world.clock);
    this.#list = this.#load();
    this.#origins = this.#allOrigins();
  }

  /** The origins that may call (L2): those of the settings, and those that the person allowed. */
  get origins(): readonly string[] {
    return this.#origins;
  }

  /** What waits for the person, the oldest first. */
  get questions(): readonly Question[] {
    return this.#questions.waiting;
  }

  /** How many programs were denied because nobody answered, and have not been decided about since. */
  get unanswered(): number {
    return this.#unanswered.size;
  }

  /** The list of programs, the most recently used first. A decision whose time is over is none any more. */
  get programs(): readonly ListedProgram[] {
    return this.#list.programs.map((one) => {
      const onceUntil = this.#onceUntil(one.program.id);
      const known: ListedProgram = this.#isOver(one, one.program)
        ? { ...one, decision: 'unanswered', until: undefined }
        : one;
      return onceUntil === undefined ? known : { ...known, onceUntil };
    });
  }

  /** The newest first. */
  get history(): readonly Access[] {
    return this.#list.history;
  }

  /** All origins that there is something to show about. */
  get originDecisions(): readonly { origin: string; decision: 'fixed' | 'managed' | 'allowed' | 'refused' }[] {
    if (this.#areOriginsManaged) return this.#fixedOrigins.map((origin) => ({ origin, decision: 'managed' }));
    return [
      ...this.#fixedOrigins.map((origin) => ({ origin, decision: 'fixed' as const })),
      ...this.#list.origins.map((origin) => ({ origin, decision: 'allowed' as const })),
      ...[...this.#refusedOrigins].map((origin) => ({ origin, decision: 'refused' as const })),
    ];
  }

  /** Calls back after every change; gives the function that ends it. */
  onChange(listener: (change: GateChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whose pending authorizations are those of this requester: the program's, on whichever connection it comes. */
  async ownerOf(requester: Requester): Promise<Owner> {
    return (await this.#partyOf(requester)).owner;
  }

  /** Whether a requester is allowed already: said at once for one that is known. Nobody is asked: for what plug-ins poll. */
  isAllowed(requester: Requester): boolean | Promise<boolean> {
    const verdictOn = (party: Party) => this.#verdict(party, requester.caller) === 'allowed';
    const known = this.#knownPartyOf(requester);
    return known ? verdictOn(known) : this.#partyOf(requester).then(verdictOn);
  }

  /** Whether a browser asks, for whom no program can be allowed. */
  async isBrowser({ caller }: Requester): Promise<boolean> {
    return (await caller.program()).kind === 'browser';
  }

  /** Remembers what a program calls itself, to be shown as its claim. */
  async claim(requester: Requester, name: string): Promise<void> {
    remember(this.#claims, await this.ownerOf(requester), printable(name, 100));
  }

  /**
   * Lets one in at once that has asked before on this connection and is allowed, as most are that ask again and again.
   * @returns false for every other one: {@link Gate.require} is to be asked
   */
  admits(requester: Requester, wish: Wish): boolean {
    const { caller } = requester;
    const party = this.#knownPartyOf(requester);
    if (!party || this.#verdict(party, caller) !== 'allowed') return false;
    this.#record(party, caller, wish, 'allowed');
    return true;
  }

  /**
   * Lets a requester have what is the person's: resolves when it may. The person is asked where nothing is decided yet, and
   * the request waits, within R15's limits.
   * @throws LoopgateError `consent_denied`, `rate_limited`
   */
  async require(requester: Requester, wish: Wish): Promise<void> {
    const party = await this.#partyOf(requester);
    const { caller } = requester;
    try {
      if (this.#mustAsk(party, caller)) await this.#ask(party, caller, wish);
      this.#record(party, caller, wish, 'allowed');
    } catch (error) {
      this.#record(party, caller, wish, 'denied');
      throw error;
    }
  }

  /**
   * The same for work that waits for the person once more: what it gives is handed out only to who is still let in then. A code
   * of a login is worth tokens at the provider.
   * @throws LoopgateError
   */
  async requireThroughout<T>(requester: Requester, wish: Wish, work: () => Promise<T> | T): Promise<T> {
    await this.require(requester, wish);
    const result = await work();
    if (!(await this.isAllowed(requester))) throw new LoopgateError('consent_denied');
    return result;
  }

  /** The same for the program that owns a pending authorization, when a browser brings it. @throws LoopgateError */
  async requireOwner(owner: Owner, wish: Wish): Promise<void> {
    const requester = this.#requesters.get(owner);
    if (!requester) throw new LoopgateError('consent_denied');
    // Which run of it began this is not known: an answer is for none of them alone, and no script is shown in its name.
    const { claim: _, process: __, ...program } = await requester.caller.program();
    await this.require({ ...requester, caller: { program: async () => program } }, wish);
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
    for (const key of this.#quietUntil.keys()) if (isKeyOf(key, id)) this.#quietUntil.delete(key);
    this.withdraw(id);
  }

  /** Takes back what a program was allowed. That nobody answered its question still means no for a time. */
  withdraw(id: string): void {
    this.#list.remove(id);
    this.#forgetUses();
    this.#forgetOnce(id);
    this.#unanswered.delete(id);
    this.#decided();
  }

  clearHistory(): void {
    this.#list.clearHistory();
    this.#forgetUses();
    this.#save();
    this.#changed('used');
  }

  /**
   * An origin was refused that is no web page's: an app's or an extension's, which the person may allow (L2). Of editors'
   * webviews it is the scheme, as each of them has an origin of its own.
   */
  refusedOrigin(origin: string): void {
    // The person has nothing to decide.
    if (this.#areOriginsManaged) return;
    const offered = origin.startsWith('vscode-webview://') ? 'vscode-webview:' : origin;
    if (!/^[a-z][a-z0-9+.-]*:(\/\/[a-z0-9._-]+)?$/.test(offered) || /^(https?|null|file|data|blob):/.test(offered))
      return;
    if (this.#refusedOrigins.has(offered) || this.origins.includes(offered)) return;
    this.#refusedOrigins.add(offered);
    const [oldest] = this.#refusedOrigins;
    if (this.#refusedOrigins.size > mostRefusedOrigins && oldest !== undefined) this.#refusedOrigins.delete(oldest);
    this.#changed('used');
  }

  /** Only one that was refused before: what the person sees in the list. */
  allowOrigin(origin: string): void {
    if (!this.#refusedOrigins.delete(origin)) return;
    this.#list.allowOrigin(origin);
    this.#origins = this.#allOrigins();
    this.#decided();
  }

  removeOrigin(origin: string): void {
    this.#list.removeOrigin(origin);
    this.#origins = this.#allOrigins();
    this.#decided();
  }

  /** Ends what waits, and writes what is not on the disk yet. */
  close(): void {
    this.leaveUnanswered();
    if (this.#cancelSaving) this.#save();
  }

  #allOrigins(): readonly string[] {
    return this.#areOriginsManaged ? this.#fixedOrigins : [...this.#fixedOrigins, ...this.#list.origins];
  }

  async #partyOf(requester: Requester): Promise<Party> {
    const known = this.#knownPartyOf(requester);
    if (known) return known;
    const { caller, origin } = requester;
    const party = this.#party(await caller.program(), caller, origin);
    if (origin === undefined) this.#parties.set(caller, party);
    remember(this.#requesters, party.owner, requester);
    return party;
  }

  /** Who has asked before on this connection. An origin is looked at each time: the person may have removed it. */
  #knownPartyOf(requester: Requester): Party | undefined {
    if (requester.origin !== undefined) return undefined;
    const party = this.#parties.get(requester.caller);
    if (party && !this.#requesters.has(party.owner)) remember(this.#requesters, party.owner, requester);
    return party;
  }

  #party(program: Program, caller: Identified, origin: string | undefined): Party {
    // Only a browser's word for an origin counts: any other program can write what it likes. Allowed is the origin as long
    // as it is on the list: a WebSocket outlives that.
    if (origin !== undefined && program.kind === 'browser' && isListedOrigin(origin, this.origins)) {
      const owner = `origin:${origin}`;
      // Any program can lie in a file called "chrome". Where that is not root's alone, the person is asked once whether this
      // file may speak for the origin.
      if (program.id.includes('#sha256:')) {
        const name = printable(`${origin} (${program.name})`, 100);
        const speaker: Program = {
          ...program,
          id: `${program.id} ${origin}`,
          name,
          kind: 'program',
          lasting: 'always',
        };
        return { owner: `${owner} ${program.id}`, program: speaker, isOrigin: false };
      }
      return { owner, program: { ...program, name: printable(origin, 100) }, isOrigin: true };
    }
    if (program.id !== unknownProgram.id) return { owner: `program:${program.id}`, program, isOrigin: false };
    // Where everybody may have the tokens, nobody is kept from finishing a sign-in on another connection.
    const owner =
      this.mode === 'same-user' ? 'unknown' : (this.#unknownOwners.get(caller) ?? `unknown:${randomUUID()}`);
    this.#unknownOwners.set(caller, owner);
    return { owner, program, isOrigin: false };
  }

  #verdict({ program, isOrigin }: Party, caller: Identified): Verdict {
    if (isOrigin) return 'allowed';
    if (program.lasting === 'never') return 'denied';
    const known = this.#list.byId(program.id);
    const decision = known && !this.#isOver(known, program) ? known.decision : 'unanswered';
    if (decision === 'denied') return 'denied';
    if (this.mode === 'same-user' || decision === 'allowed') return 'allowed';
    if (this.mode === 'listed') return 'denied';
    if (this.#isAllowedOnce(program, caller)) return 'allowed';
    return this.#isQuiet(keyOf(program)) ? 'denied' : 'ask';
  }

  /** Whether a decision has ended; also one for good about a program that may not be allowed for so long any more. */
  #isOver({ decision, until }: ListedProgram, { lasting }: Program): boolean {
    if (decision === 'allowed' && lasting === 'once') return true;
    if (until !== undefined) return !this.#isStillBefore(until, allowedHours);
    return decision === 'allowed' && lasting !== 'always';
  }

  #isAllowedOnce({ id, process }: Program, caller: Identified): boolean {
    const until =
      process === undefined ? this.#onceAllowedCallers.get(caller) : this.#onceAllowed.get(runOf(id, process));
    return until !== undefined && this.#isStillBefore(until, onceLasts);
  }

  #isQuiet(key: string): boolean {
    return this.#isStillBefore(this.#quietUntil.get(key) ?? 0, quietTime);
  }

  /** Not when the end is farther away than it can be: the clock was set back, and would make years of twelve hours. */
  #isStillBefore(until: number, longest: number): boolean {
    const left = until - this.#world.clock.now();
    return left > 0 && left <= longest;
  }

  /** @throws LoopgateError `consent_denied` */
  #mustAsk(party: Party, caller: Identified): boolean {
    const verdict = this.#verdict(party, caller);
    if (verdict === 'denied') throw this.#denied(party.program);
    return verdict === 'ask';
  }

  async #ask(party: Party, caller: Identified, wish: Wish): Promise<void> {
    const { program, owner } = party;
    const key = keyOf(program);
    // The program is in the list from its first question on, so that it can be decided about when nobody answers.
    this.#list.note(program, wish, this.#world.clock.now());
    const known = this.#questions.withKey(key);
    const question = known ?? this.#questions.ask({ key, program, wish, claimedName: this.#claims.get(owner) });
    if (question.waiting.size >= mostConnections && !question.waiting.has(caller))
      throw new LoopgateError('rate_limited');
    question.waiting.set(caller, program);
    if (!known) {
      const stop = this.#world.clock.after(question.deadline - this.#world.clock.now(), () => {
        this.#settle(question, 'unanswered');
        this.#changed('decided');
      });
      void question.outcome.then(stop);
      this.#unanswered.delete(program.id);
      this.#world.log.info({ program: program.path, wish }, 'the person is asked about a program');
      this.#changed('decided');
    }
    const outcome = await question.outcome;
    if (outcome === 'deny' || outcome === 'unanswered') throw this.#denied(program, outcome);
    // Allowed once was the run that the question was about; this may be another one that waited beside it.
    if (this.#verdict(party, caller) === 'allowed') return;
    throw new LoopgateError('consent_denied', {
      happened: verbatim('The person has allowed another run of this program, once.'),
      next: verbatim('Ask again: they are asked about this one.'),
    });
  }

  /** An answer, or none, for everybody who waits for it. Whoever calls this says that there is a change. */
  #settle(question: Question, outcome: ConsentOutcome): void {
    const { program, key } = question;
    const now = this.#world.clock.now();
    // Many others may have pushed it out of the list meanwhile, and what is not in there cannot be decided about.
    this.#list.note(program, question.wish, now);
    if (outcome === 'unanswered') {
      remember(this.#quietUntil, key, now + quietTime);
      this.#unanswered.add(program.id);
      for (const id of this.#unanswered) if (!this.#list.byId(id)) this.#unanswered.delete(id);
    } else if (outcome === 'deny' && program.lasting === 'once') remember(this.#quietUntil, key, now + quietTime);
    else if (outcome === 'deny') this.#decide(program.id, 'denied');
    else if (outcome === 'allow' && program.lasting !== 'once') this.#decide(program.id, 'allowed');
    else this.#allowOnce(question);
    question.settle(outcome);
    this.#world.log.info({ program: program.path, outcome }, 'a question about a program has ended');
  }

  /**
   * All runs of a program that speaks for itself are one. Of what speaks for whoever drives it only the run that the
   * question is about: anybody can run the same `curl`, or claim the same script, beside the one that the person means.
   */
  #allowOnce({ program, waiting }: Question): void {
    const until = this.#world.clock.now() + onceLasts;
    const [asker] = waiting.keys();
    for (const [caller, { id, process }] of waiting) {
      const isAsker = process === undefined ? caller === asker : process === program.process;
      if (program.lasting !== 'always' && !isAsker) continue;
      if (process === undefined) this.#onceAllowedCallers.set(caller, until);
      else remember(this.#onceAllowed, runOf(id, process), until);
    }
    this.#world.clock.after(onceLasts, () => this.#changed('decided'));
  }

  /** Of its runs, that of the last one to end. */
  #onceUntil(id: string): number | undefined {
    const times = [...this.#onceAllowed].filter(
      ([run, until]) => isKeyOf(run, id) && this.#isStillBefore(until, onceLasts),
    );
    return times.length === 0 ? undefined : Math.max(...times.map(([, until]) => until));
  }

  #forgetOnce(id: string): void {
    for (const run of this.#onceAllowed.keys()) if (isKeyOf(run, id)) this.#onceAllowed.delete(run);
  }

  #decide(id: string, decision: 'allowed' | 'denied'): void {
    const program = this.#list.byId(id)?.program;
    if (!program) return;
    const until = program.lasting === 'always' ? undefined : this.#world.clock.now() + allowedHours;
    this.#list.decide(id, decision, until);
    if (decision === 'denied') this.#forgetOnce(id);
    this.#unanswered.delete(id);
    if (until !== undefined) this.#world.clock.after(allowedHours, () => this.#changed('decided'));
    // Questions about the same program that differ in what it says of itself are answered by it too.
    for (const question of this.#questions.waiting) {
      if (question.program.id === id) question.settle(decision === 'allowed' ? 'allow' : 'deny');
    }
    this.#decided();
  }

  #denied(program: Program, outcome?: ConsentOutcome): LoopgateError {
    if (program.kind === 'browser') {
      return new LoopgateError('consent_denied', {
        happened: verbatim('A browser carries the requests of any page and extension, so it is never allowed.'),
        next: verbatim('Call from a program, or add the origin of your page or extension to the setting "origins".'),
      });
    }
    if (this.mode === 'listed') {
      return new LoopgateError('consent_denied', {
        happened: verbatim('This program is not on the list of those that may use the sign-in.'),
        next: verbatim('Ask the person to allow it in the list of programs of Loopgate.'),
      });
    }
    if (outcome !== 'unanswered') return new LoopgateError('consent_denied');
    return new LoopgateError('consent_denied', {
      happened: verbatim('The person was asked whether this program may use their sign-in, and has not answered.'),
      next: verbatim('Ask them to allow it in the list of programs of Loopgate, or try again in ten minutes.'),
    });
  }

  #record(party: Party, caller: Identified, wish: Wish, outcome: Access['outcome']): void {
    const { program, isOrigin } = party;
    const at = this.#world.clock.now();
    const last = this.#uses.get(caller);
    const isSame = last?.party === party && last.wish === wish && last.outcome === outcome;
    if (isSame && isWithin(sameUse, last.at, at)) return;
    this.#uses.set(caller, { party, wish, outcome, at });
    // Not by owner: every connection of what cannot be identified is one.
    const once = `${isOrigin ? party.owner : program.id} ${wish} ${outcome}`;
    const writtenDown = this.#writtenDown.get(once);
    if (writtenDown !== undefined && isWithin(sameUse, writtenDown, at)) return;
    remember(this.#writtenDown, once, at);
    if (!isOrigin) this.#list.note(program, wish, at);
    this.#list.record(program, wish, outcome, at);
    if (!this.#logged.has(once) && this.#logged.size < mostRemembered) {
      this.#logged.add(once);
      this.#world.log.info({ program: program.path, wish, outcome }, 'a program uses the sign-in');
    }
    this.#cancelSaving ??= this.#world.clock.after(useIsSavedAfter, () => this.#save());
    this.#changed('used');
  }

  /** What was written down has been removed: the next use is written down again. */
  #forgetUses(): void {
    this.#uses = new WeakMap();
    this.#writtenDown.clear();
  }

  #load(): ProgramList {
    const { store, log } = this.#world;
    try {
      return new ProgramList(store.load());
    } catch {
      // Fails closed: everybody is asked about anew.
      log.warn({}, 'the list of programs cannot be read: it is set aside, and a new one begun');
      this.#world.problem(
        new LoopgateError('internal', {
          happened: message('programListUnreadable'),
          next: message('denyAgain'),
        }),
      );
      try {
        store.setAside();
      } catch {
        // It stays where it is until the next decision replaces it.
      }
      return new ProgramList(undefined);
    }
  }

  #decided(): void {
    // That a decision was not kept is said each time.
    this.#saveFails = false;
    this.#save();
    this.#changed('decided');
  }

  #save(): void {
    this.#cancelSaving?.();
    this.#cancelSaving = undefined;
    try {
      this.#world.store.save(this.#list.stored());
      this.#saveFails = false;
    } catch (error) {
      // Once, and not every minute, for as long as the disk is full.
      if (this.#saveFails) return;
      this.#saveFails = true;
      const why = error instanceof Error && 'code' in error ? String(error.code) : message('unknownReason');
      this.#world.problem(
        new LoopgateError('internal', {
          happened: message('programListNotSaved', { reason: why }),
          next: message('decideAgain'),
        }),
      );
    }
  }

  #changed(change: GateChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** What shares one question: the program, and for an interpreter the script that it says it runs. */
function keyOf({ id, claim, isDebugged }: Program): string {
  return `${id}\0${claim ?? ''}\0${isDebugged ?? false}`;
}

function runOf(id: string, process: string): string {
  return `${id}\0${process}`;
}

function isKeyOf(key: string, id: string): boolean {
  return key.startsWith(`${id}\0`);
}

/** L2: exactly, or by its scheme where a whole one is listed (`vscode-webview:`). */
export function isListedOrigin(origin: string, listed: readonly string[]): boolean {
  return listed.some((one) => (one.endsWith(':') ? origin.startsWith(`${one}//`) : origin === one));
}

/** Whether less than a time has passed since then; not when the clock was set back. All in milliseconds. */
function isWithin(time: number, then: number, now: number): boolean {
  return now >= then && now < then + time;
}

/** Sets an entry anew as the newest; the oldest goes when there are too many. */
function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > mostRemembered && oldest !== undefined) map.delete(oldest);
}
