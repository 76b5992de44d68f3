import type { Clock } from '../broker/clock.ts';
import type { Principal } from './principals.ts';
import type { Caller } from './program.ts';
import type { Access, Permission, ProgramList } from './programList.ts';
import { RecentMap } from './recentMap.ts';

/** The same use within this time counts once, in milliseconds: programs poll, and may ask many times at once. */
const sameUse = 1_000;
/** How many different uses the log gets. */
const maxLogged = 1000;

/** The last use of a connection. */
interface Use {
  readonly principal: Principal;
  readonly permission: Permission;
  readonly outcome: Access['outcome'];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Writes each use into the list of programs, and the first of each kind into the log. */
export class UsageLog {
  readonly #clock: Clock;
  readonly #list: ProgramList;
  readonly #log: { info(fields: object, message: string): void };
  /** The last use of each connection. Checked first, because it needs no string key. */
  #uses = new WeakMap<Caller, Use>();
  /** When each use was last written, in milliseconds since the epoch. */
  readonly #writtenDown = new RecentMap<string, number>();
  readonly #logged = new Set<string>();

  constructor(clock: Clock, list: ProgramList, log: { info(fields: object, message: string): void }) {
    this.#clock = clock;
    this.#list = list;
    this.#log = log;
  }

  /** @returns false when the same use was written a moment ago */
  record(principal: Principal, caller: Caller, permission: Permission, outcome: Access['outcome']): boolean {
    const { program, isOrigin, owner } = principal;
    const at = this.#clock.now();
    const last = this.#uses.get(caller);
    const isSame = last?.principal === principal && last.permission === permission && last.outcome === outcome;
    if (isSame && isJustNow(last.at, at)) return false;
    this.#uses.set(caller, { principal, permission, outcome, at });
    // By program, because each connection of an unidentified program has its own owner.
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

  /** Forgets what was written, after the list lost it: the next use is written again. */
  forget(): void {
    this.#uses = new WeakMap();
    this.#writtenDown.clear();
  }
}

/** A use in the future does not count: the clock was set back. */
function isJustNow(then: number, now: number): boolean {
  return now >= then && now < then + sameUse;
}
