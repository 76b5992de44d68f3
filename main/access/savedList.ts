import { message } from '../../preload/texts/messages.ts';
import type { Clock } from '../broker/clock.ts';
import { LoopgateError } from '../errors/errors.ts';
import { ProgramList, type StoredList } from './programList.ts';

/** How long the disk may be behind with who used what; a decision is written at once. Milliseconds. */
const useIsSavedAfter = 60_000;

/** Where the list of programs is stored. */
export interface ListStore {
  /** What was saved; undefined when nothing was. @throws when it cannot be read */
  load(): unknown;
  /** @throws when it could not be written */
  save(list: StoredList): void;
  /** Keeps what is there for the person to look at, out of the way. */
  setAside(): void;
}

/** What the saved list needs. */
export interface SavedListWorld {
  readonly clock: Clock;
  readonly store: ListStore;
  readonly log: { warn(fields: object, message: string): void };
  /** Told what the person should know. */
  readonly problem: (problem: LoopgateError) => void;
}

/** The list of programs, and when it is written to the disk. */
export class SavedList {
  readonly list: ProgramList;
  readonly #world: SavedListWorld;
  /** The last writing failed, and the person was told. */
  #saveFails = false;
  #cancelSaving: (() => void) | undefined;

  constructor(world: SavedListWorld) {
    this.#world = world;
    this.list = this.#load();
  }

  /** Saves a decision, and says each time that it could not be kept. */
  saveDecision(): void {
    this.#saveFails = false;
    this.save();
  }

  save(): void {
    this.#cancelSaving?.();
    this.#cancelSaving = undefined;
    try {
      this.#world.store.save(this.list.stored());
      this.#saveFails = false;
    } catch (error) {
      // Said once, and not every minute for as long as the disk is full.
      if (this.#saveFails) return;
      this.#saveFails = true;
      const reason = error instanceof Error && 'code' in error ? String(error.code) : message('unknownReason');
      this.#world.problem(
        new LoopgateError('internal', {
          happened: message('programListNotSaved', { reason }),
          next: message('decideAgain'),
        }),
      );
    }
  }

  /** Saves in a while, with all that changes until then. */
  saveSoon(): void {
    this.#cancelSaving ??= this.#world.clock.after(useIsSavedAfter, () => this.save());
  }

  /** Saves what would be saved later. */
  close(): void {
    if (this.#cancelSaving) this.save();
  }

  /** Fails closed: when the list cannot be read, the person is asked about every program again. */
  #load(): ProgramList {
    const { store, log, problem } = this.#world;
    try {
      return new ProgramList(store.load());
    } catch {
      log.warn({}, 'the list of programs cannot be read: it is set aside, and a new one begun');
      problem(
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
}
