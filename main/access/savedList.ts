import { message } from '../../preload/texts/messages.ts';
import type { Clock } from '../broker/clock.ts';
import { LoopgateError } from '../errors/errors.ts';
import { ProgramList, type StoredList } from './programList.ts';

/** How far the file may lag behind the usage history, in milliseconds. Decisions are written at once. */
const useIsSavedAfter = 60_000;

/** Where the list of programs is stored. */
export interface ListStore {
  /** The saved value; undefined when there is none. @throws when it cannot be read */
  load(): unknown;
  /** @throws when it cannot be written */
  save(list: StoredList): void;
  /** Moves an unreadable file out of the way and keeps it for the person. */
  setAside(): void;
}

/** What the saved list needs. */
export interface SavedListWorld {
  readonly clock: Clock;
  readonly store: ListStore;
  readonly log: { warn(fields: object, message: string): void };
  /** Receives what the person should know. */
  readonly problem: (problem: LoopgateError) => void;
}

/** The list of programs, and when to write it to the disk. */
export class SavedList {
  readonly list: ProgramList;
  readonly #world: SavedListWorld;
  /** True after a failed write that the person knows about. */
  #saveFails = false;
  #cancelSaving: (() => void) | undefined;

  constructor(world: SavedListWorld) {
    this.#world = world;
    this.list = this.#load();
  }

  /** Saves a decision. Reports every failure, even a repeated one. */
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
      // Reports the failure once, not every minute while the disk is full.
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

  /** Saves after a delay, together with all changes until then. */
  saveSoon(): void {
    this.#cancelSaving ??= this.#world.clock.after(useIsSavedAfter, () => this.save());
  }

  /** Saves at once what {@link saveSoon} has scheduled. */
  close(): void {
    if (this.#cancelSaving) this.save();
  }

  /** Fails closed: with an unreadable list, the gate asks the person about every program again. */
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
        // The file stays until the next decision replaces it.
      }
      return new ProgramList(undefined);
    }
  }
}
