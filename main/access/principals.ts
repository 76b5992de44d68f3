import { randomUUID } from 'node:crypto';
import type { OwnerKey } from '../broker/login/authorization.ts';
import { isListedOrigin } from './origins.ts';
import { printable } from './printable.ts';
import { type Caller, type Program, unknownProgram } from './program.ts';
import { RecentMap } from './recentMap.ts';

/** Who makes a request: the program at the other end, and the origin when it is one that may call. */
export interface Requester {
  readonly caller: Caller;
  readonly origin?: string | undefined;
}

/** Who is allowed or denied: a program, or an origin that may call. */
export interface Principal {
  /** Whose the pending authorizations are. */
  readonly owner: OwnerKey;
  readonly program: Program;
  /** True for an origin in a browser: the origin is what was allowed, never the browser. */
  readonly isOrigin: boolean;
}

/** Finds the principal of a requester. */
export class Principals {
  readonly #origins: () => readonly string[];
  readonly #areUnknownShared: boolean;
  /** By connection: its principal, where that is no origin. */
  readonly #known = new WeakMap<Caller, Principal>();
  readonly #unknownOwners = new WeakMap<Caller, OwnerKey>();
  /** By owner: one of its requesters, for what a browser brings in its name. */
  readonly #requesters = new RecentMap<OwnerKey, Requester>();

  /**
   * @param origins - those that may call now
   * @param areUnknownShared - all programs that cannot be identified are one owner
   */
  constructor(origins: () => readonly string[], areUnknownShared: boolean) {
    this.#origins = origins;
    this.#areUnknownShared = areUnknownShared;
  }

  async of(requester: Requester): Promise<Principal> {
    const { caller, origin } = requester;
    // An origin is looked at each time: the person may have removed it from the list.
    const known = origin === undefined ? this.#known.get(caller) : undefined;
    const principal = known ?? this.#find(await caller.program(), caller, origin);
    if (origin === undefined) this.#known.set(caller, principal);
    if (!known || !this.#requesters.has(principal.owner)) this.#requesters.set(principal.owner, requester);
    return principal;
  }

  /** A requester that has this owner; undefined when too many others have come since. */
  requesterOf(owner: OwnerKey): Requester | undefined {
    return this.#requesters.get(owner);
  }

  #find(program: Program, caller: Caller, origin: string | undefined): Principal {
    // Only a browser's word for an origin counts, as other programs can write any Origin header. It is looked up again here,
    // because a WebSocket may outlive its origin's place on the list.
    if (origin !== undefined && program.kind === 'browser' && isListedOrigin(origin, this.#origins()))
      return originIn(program, origin);
    if (program.id !== unknownProgram.id) return { owner: `program:${program.id}`, program, isOrigin: false };
    // Where every program may have the tokens, a sign-in can be finished on another connection.
    const owner = this.#areUnknownShared ? 'unknown' : (this.#unknownOwners.get(caller) ?? `unknown:${randomUUID()}`);
    this.#unknownOwners.set(caller, owner);
    return { owner, program, isOrigin: false };
  }
}

function originIn(browser: Program, origin: string): Principal {
  const owner = `origin:${origin}`;
  if (!browser.id.includes('#sha256:'))
    return { owner, program: { ...browser, name: printable(origin, 100) }, isOrigin: true };
  // Any program can lie in a file called "chrome". Where others than root can write it, the person is asked once whether this
  // file may speak for the origin.
  const speaker: Program = {
    ...browser,
    id: `${browser.id} ${origin}`,
    name: printable(`${origin} (${browser.name})`, 100),
    kind: 'program',
    lasting: 'always',
  };
  return { owner: `${owner} ${browser.id}`, program: speaker, isOrigin: false };
}
