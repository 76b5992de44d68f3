import { Gate, type GateWorld, type GuardMode, type ListStore } from '../../main/access/gate.ts';
import type { StoredList } from '../../main/access/programList.ts';
import { systemClock } from '../../main/broker/clock.ts';

/** A list of programs that rests in memory. */
export class TestListStore implements ListStore {
  saved: unknown;
  aside: unknown;
  /** Thrown by the next {@link save}s. */
  saveFailure: Error | undefined;

  constructor(saved?: unknown) {
    this.saved = saved;
  }

  load(): unknown {
    return this.saved;
  }

  save(list: StoredList): void {
    if (this.saveFailure) throw this.saveFailure;
    // As a file has it.
    this.saved = JSON.parse(JSON.stringify(list));
  }

  setAside(): void {
    this.aside = this.saved;
    this.saved = undefined;
  }
}

/** A gate that lets every program of the user in, where a test is not about it; or one of another mode. */
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
