import type { Clock } from '../broker/clock.ts';
import type { Principal } from './principals.ts';
import type { Caller } from './program.ts';
import type { Access, Permission, ProgramList } from './programList.ts';
import { RecentMap } from './recentMap.ts';

/** The same use within this time is written down once, in milliseconds: programs poll, and many of one may ask at once. */
const sameUse = 1_000;
/** How many different uses go to the log. */
const maxLogged = 1000;

/** The last use of a connection. */
interface Use {
  readonly principal: Principal;
  readonly permission: Permission;
  readonly outcome: Access['outcome'];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Who used what, written into the list of programs; and once for each into the log. */
export class UsageLog {
  readonly #clock: Clock;
  readonly #list: ProgramList;
  readonly #log: { info(fields: object, message: string): void };
  /** By connection. Looked at first, as it needs no key to be put together. */
  #uses = new WeakMap<Caller, Use>();
  /** By who used what: when it was last written down, in milliseconds since the epoch. */
  readonly #writtenDown = new RecentMap<string, number>();
  readonly #logged = new Set<string>();

  constructor(clock: Clock, list: ProgramList, log: { info(fields: object, message: string): void }) {
    this.#clock = clock;
    this.#list = list;
    this.#log = log;
  }

  /** @returns false when it was written down a moment ago */
  record(principal: Principal, caller: Caller, permission: Permission, outcome: Access['outcome']): boolean {
    const { program, isOrigin, owner } = principal;
    const at = this.#clock.now();
    const last = this.#uses.get(caller);
    const isSame = last?.principal === principal && last.permission === permission && last.outcome === outcome;
    if (isSame && isJustNow(last.at, at)) return false;
    this.#uses.set(caller, { principal, permission, outcome, at });
    // By program: every connection of a program that cannot be identified is an owner of its own.
    const use = `${isOrigin ? owner : program.id} ${permission} ${outcome}`;
    const writtenDown = this.#writtenDown.get(use);
    if (writtenDown !== undefined && isJustNow(writtenDown, at)) return false;
    this.#writtenDown.set(use, at);
    if (!isOrigin) this.#list.note(program, permission, at);
    this.#list.record(program, permission, outcome, at);
    if (!this.#logged.has(use) && this.#logged.size < maxLogged) {
      this.#logged.add(use);
      this.#log.info({ program: program.path, wish: permission, outcome }, 'a program uses the sign-in');
    }
    return true;
  }

  /** What was written down has been removed from the list: the next use is written down again. */
  forget(): void {
    this.#uses = new WeakMap();
    this.#writtenDown.clear();
  }
}

/** Not when the clock was set back. */
function isJustNow(then: number, now: number): boolean {
  return now >= then && now < then + sameUse;
}
