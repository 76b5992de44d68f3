import { randomUUID } from 'node:crypto';
import type { OwnerKey } from '../broker/login/authorization.ts';
import { isListedOrigin } from './origins.ts';
import { printable } from './printable.ts';
import { type Caller, type Program, unknownProgram } from './program.ts';
import { RecentMap } from './recentMap.ts';

/** The sender of a request: the program at the other end, and its origin if that origin may call. */
export interface Requester {
  readonly caller: Caller;
  readonly origin?: string | undefined;
}

/** What the person allows or denies: a program, or an origin that may call. */
export interface Principal {
  /** Marks the pending authorizations that belong to this principal. */
  readonly owner: OwnerKey;
  readonly program: Program;
  /** True for an origin in a browser. The permission belongs to the origin, never to the browser. */
  readonly isOrigin: boolean;
}

/** Finds the principal of a requester. */
export class Principals {
  readonly #origins: () => readonly string[];
  readonly #areUnknownShared: boolean;
  /** The principal of each connection, unless it is an origin. */
  readonly #known = new WeakMap<Caller, Principal>();
  readonly #unknownOwners = new WeakMap<Caller, OwnerKey>();
  /** One requester for each owner, for the answers that a browser brings for it. */
  readonly #requesters = new RecentMap<OwnerKey, Requester>();

  /**
   * @param origins - the origins that may call now
   * @param areUnknownShared - all unidentified programs share one owner
   */
  constructor(origins: () => readonly string[], areUnknownShared: boolean) {
    this.#origins = origins;
    this.#areUnknownShared = areUnknownShared;
  }

  async of(requester: Requester): Promise<Principal> {
    const { caller, origin } = requester;
    // Origins are checked each time: the person may have removed this one.
    const known = origin === undefined ? this.#known.get(caller) : undefined;
    const principal = known ?? this.#find(await caller.program(), caller, origin);
    if (origin === undefined) this.#known.set(caller, principal);
    if (!known || !this.#requesters.has(principal.owner)) this.#requesters.set(principal.owner, requester);
    return principal;
  }

  /** A requester with this owner; undefined when the map has dropped it for newer ones. */
  requesterOf(owner: OwnerKey): Requester | undefined {
    return this.#requesters.get(owner);
  }

  #find(program: Program, caller: Caller, origin: string | undefined): Principal {
    // Only a browser's Origin header counts, because other programs can write any. The list is checked again here: a
    // WebSocket may outlive its origin's entry.
    if (origin !== undefined && program.kind === 'browser' && isListedOrigin(origin, this.#origins()))
      return originIn(program, origin);
    if (program.id !== unknownProgram.id) return { owner: `program:${program.id}`, program, isOrigin: false };
    // With `same-user`, a program can finish a sign-in on another connection.
    const owner = this.#areUnknownShared ? 'unknown' : (this.#unknownOwners.get(caller) ?? `unknown:${randomUUID()}`);
    this.#unknownOwners.set(caller, owner);
    return { owner, program, isOrigin: false };
  }
}

function originIn(browser: Program, origin: string): Principal {
  const owner = `origin:${origin}`;
  if (!browser.id.includes('#sha256:'))
    return { owner, program: { ...browser, name: printable(origin, 100) }, isOrigin: true };
  // Any program can call its file "chrome". If users other than root can write that file, the gate asks the person once
  // whether it may speak for the origin.
  const speaker: Program = {
    ...browser,
    id: `${browser.id} ${origin}`,
    name: printable(`${origin} (${browser.name})`, 100),
    kind: 'program',
    lasting: 'always',
  };
  return { owner: `${owner} ${browser.id}`, program: speaker, isOrigin: false };
}
