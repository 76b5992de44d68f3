import type { GuardMode } from '../main/access/decisions.ts';
import { Gate, type GateWorld } from '../main/access/gate.ts';
import type { Requester } from '../main/access/principals.ts';
import { buildProgram, type Program, type ProgramKind } from '../main/access/program.ts';
import type { Permission, StoredList } from '../main/access/programList.ts';
import type { ListStore } from '../main/access/savedList.ts';
import { systemClock } from '../main/broker/clock.ts';
import type { LoopgateError } from '../main/errors/errors.ts';
import { FakeClock } from './brokerWorld.ts';

export const minute = 60_000;
export const hour = 60 * minute;

/** A list of programs in memory. */
export class TestListStore implements ListStore {
  saved: unknown;
  aside: unknown;
  /** The error of the next {@link save}s. */
  saveFailure: Error | undefined;

  constructor(saved?: unknown) {
    this.saved = saved;
  }

  load(): unknown {
    return this.saved;
  }

  save(list: StoredList): void {
    if (this.saveFailure) throw this.saveFailure;
    // JSON, as in a file.
    this.saved = JSON.parse(JSON.stringify(list));
  }

  setAside(): void {
    this.aside = this.saved;
    this.saved = undefined;
  }
}

/** A gate for tests that are not about it, which allows every program of the user; or a gate of another mode. */
export function testGate(mode: GuardMode = 'same-user', world: Partial<GateWorld> = {}, origins: string[] = []): Gate {
  const nothing = () => undefined;
  return new Gate(
    { mode, origins },
    {
      clock: systemClock,
      store: new TestListStore(),
      log: { info: nothing, warn: nothing },
      problem: nothing,
      ...world,
    },
  );
}

/** A running program. */
export function program(
  path: string,
  options: { kind?: ProgramKind; process?: string; claim?: string; hash?: string; isDebugged?: boolean } = {},
): Program {
  const { kind = 'program', process = '100@1', claim, hash, isDebugged = false } = options;
  return buildProgram({
    path,
    kind,
    name: path.slice(1),
    process,
    claim,
    isDebugged,
    compared: hash === undefined ? undefined : { hash, isWhole: true },
  });
}

/** A request of a program, on its own connection. */
export function from(one: Program, origin?: string): Requester {
  return { caller: { program: async () => one }, origin };
}

/** A gate with its surroundings. */
export interface GateStage {
  readonly gate: Gate;
  readonly clock: FakeClock;
  readonly store: TestListStore;
  readonly problems: LoopgateError[];
  /** Sends a request, and waits until the gate asks, allows or refuses. */
  asks(requester: Requester, permission?: Permission): Promise<Asking>;
  /** Restarts the gate with the same list. */
  again(mode?: GuardMode): GateStage;
}

/** A request in progress. */
export interface Asking {
  readonly state: 'waits' | 'allowed' | 'consent_denied' | 'rate_limited';
  /** Resolves with `allowed` or the code of the refusal. */
  readonly outcome: Promise<string>;
}

export function gateStage(
  mode: GuardMode = 'ask',
  store = new TestListStore(),
  clock = new FakeClock(),
  origins: string[] = [],
): GateStage {
  const problems: LoopgateError[] = [];
  const gate = testGate(mode, { clock, store, problem: (problem) => problems.push(problem) }, origins);
  return {
    gate,
    clock,
    store,
    problems,
    async asks(requester, permission = 'tokens') {
      let state: Asking['state'] = 'waits';
      const outcome = gate.require(requester, permission).then(
        () => 'allowed' as const,
        (error: LoopgateError) => error.code as Asking['state'],
      );
      void outcome.then((end) => {
        state = end;
      });
      // Everything that happens without the person happens in this turn of the event loop.
      await new Promise(setImmediate);
      return { state, outcome };
    },
    again: (next = mode) => gateStage(next, store, clock, origins),
  };
}
