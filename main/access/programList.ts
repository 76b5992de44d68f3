import { z } from 'zod';
import { printable } from './printable.ts';
import type { Program } from './program.ts';

/** What a program can ask the person for. */
export const permissions = ['sign_in', 'tokens', 'profile', 'sign_out', 'accounts'] as const;
export type Permission = (typeof permissions)[number];

/** How many accesses the history keeps. */
const maxAccesses = 200;
/** How many programs the list keeps. Programs without a decision go first. */
const maxPrograms = 200;
/** Equal accesses within this time share one line of the history, because programs poll. Milliseconds. */
const sameAccess = 60_000;

/** A program that has asked for something. Times are milliseconds since the epoch. */
export interface ListedProgram {
  readonly program: Program;
  /** `unanswered`: the person has not decided. */
  readonly decision: 'allowed' | 'denied' | 'unanswered';
  /** When the decision ends; absent when it stays. */
  readonly until?: number | undefined;
  /** Set while "once" is in force: when it ends at the latest. It belongs to this run and is never stored. */
  readonly onceUntil?: number;
  readonly firstUsed: number;
  readonly lastUsed: number;
  readonly permissions: readonly Permission[];
}

/** One entry of the history. It contains nothing that Loopgate handed out. */
export interface Access {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly name: string;
  readonly path: string;
  readonly permission: Permission;
  readonly outcome: 'allowed' | 'denied';
}

const text = z.string().max(8192);
const time = z.number().nonnegative();
const permission = z.enum(permissions);

const storedProgram = z.object({
  program: z.object({
    id: text,
    name: text,
    path: text,
    kind: z.enum(['program', 'interpreter', 'shell', 'httpClient', 'forwarder', 'browser', 'unknown']),
    lasting: z.enum(['always', 'hours', 'once', 'never']),
    icon: text.exactOptional(),
  }),
  decision: z.enum(['allowed', 'denied', 'unanswered']),
  until: time.optional(),
  firstUsed: time,
  lastUsed: time,
  wishes: z.array(permission),
});

const storedAccess = z.object({
  at: time,
  name: text,
  path: text,
  wish: permission,
  outcome: z.enum(['allowed', 'denied']),
});

/** The list as it rests on the disk. The file calls a permission a wish. */
const storedList = z.object({
  version: z.literal(1),
  programs: z.array(storedProgram).max(maxPrograms),
  history: z.array(storedAccess).max(maxAccesses),
  origins: z.array(text).max(maxPrograms),
});
export type StoredList = z.output<typeof storedList>;

/** The programs that used the sign-in or asked for it, the decisions about them, and the history. */
export class ProgramList {
  readonly #programs = new Map<string, ListedProgram>();
  /** The newest last. */
  #history: Access[] = [];
  readonly #origins = new Set<string>();

  /**
   * @param stored - what {@link stored} returned earlier; undefined for an empty list
   * @throws when it has another shape
   */
  constructor(stored: unknown) {
    if (stored === undefined) return;
    const { programs, history, origins } = storedList.parse(stored);
    for (const { wishes, ...listed } of programs)
      this.#programs.set(listed.program.id, { ...listed, permissions: wishes });
    this.#history = history.map(({ wish, ...access }) => ({ ...access, permission: wish }));
    for (const origin of origins) this.#origins.add(origin);
  }

  /** The list in the form that the file has. */
  stored(): StoredList {
    // The file leaves out what belongs to this run, and what the program claims about itself.
    const programs = this.programs.map(({ program, permissions, ...rest }) => {
      const { claim: _, process: __, isDebugged: ___, ...lasting } = program;
      return { program: lasting, ...rest, wishes: [...permissions] };
    });
    const history = this.#history.map(({ at, name, path, permission: wish, outcome }) => {
      return { at, name, path, wish, outcome };
    });
    return { version: 1, programs: programs.reverse(), history, origins: [...this.#origins] };
  }

  /** The most recently used first. */
  get programs(): ListedProgram[] {
    return [...this.#programs.values()].sort((one, other) => other.lastUsed - one.lastUsed);
  }

  /** The newest first. */
  get history(): Access[] {
    return this.#history.toReversed();
  }

  /** The origins that the person allowed. */
  get origins(): string[] {
    return [...this.#origins];
  }

  byId(id: string): ListedProgram | undefined {
    return this.#programs.get(id);
  }

  /**
   * Adds a program that asked for something.
   * @param at - milliseconds since the epoch
   */
  note(program: Program, permission: Permission, at: number): void {
    const known = this.#programs.get(program.id);
    this.#programs.set(program.id, {
      decision: 'unanswered',
      firstUsed: at,
      ...known,
      program,
      lastUsed: at,
      permissions: known?.permissions.includes(permission)
        ? known.permissions
        : [...(known?.permissions ?? []), permission],
    });
    if (this.#programs.size > maxPrograms) this.#forgetOldest(program.id);
  }

  /** @param until - when the decision ends, in milliseconds since the epoch; undefined when it stays */
  decide(id: string, decision: 'allowed' | 'denied', until: number | undefined): void {
    const known = this.#programs.get(id);
    if (known) this.#programs.set(id, { ...known, decision, until });
  }

  remove(id: string): void {
    this.#programs.delete(id);
  }

  /**
   * Adds an access to the history.
   * @param at - milliseconds since the epoch
   */
  record(
    { name, path }: Pick<Program, 'name' | 'path'>,
    permission: Permission,
    outcome: Access['outcome'],
    at: number,
  ): void {
    const access = { at, name: printable(name, 100), path, permission, outcome };
    const isSame = (one: Access) =>
      one.name === access.name && one.path === path && one.permission === permission && one.outcome === outcome;
    const again = this.#history.findLastIndex((one) => at - one.at < sameAccess && isSame(one));
    if (again !== -1) this.#history.splice(again, 1);
    this.#history.push(access);
    if (this.#history.length > maxAccesses) this.#forgetAccess();
  }

  clearHistory(): void {
    this.#history = [];
  }

  allowOrigin(origin: string): void {
    this.#origins.add(origin);
  }

  removeOrigin(origin: string): void {
    this.#origins.delete(origin);
  }

  /**
   * Any number of programs can be denied, and an allowed one may have others ask to hide what it did. So each outcome has
   * half of the history.
   */
  #forgetAccess(): void {
    const denied = this.#history.filter(({ outcome }) => outcome === 'denied').length;
    const outcome = denied > maxAccesses / 2 ? 'denied' : 'allowed';
    this.#history.splice(
      this.#history.findIndex((one) => one.outcome === outcome),
      1,
    );
  }

  /**
   * Programs without a decision go first: any number of programs can come, but the person makes each decision by hand.
   */
  #forgetOldest(newest: string): void {
    const oldestFirst = this.programs.reverse().filter(({ program }) => program.id !== newest);
    const [oldest] = [...oldestFirst.filter(({ decision }) => decision === 'unanswered'), ...oldestFirst];
    if (oldest) this.#programs.delete(oldest.program.id);
  }
}
