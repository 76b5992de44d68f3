import { type Message, message } from '../../../preload/texts/messages.ts';
import { LoopgateError, messageOf } from '../../errors/errors.ts';
import type { Clock } from '../clock.ts';
import {
  MemoryVault,
  type StorageLocation,
  type StoredState,
  type Vault,
  type WithoutKeyring,
} from '../session/vault.ts';
import { withTimeout } from '../timeout.ts';

/** How long a caller waits for a disk or a keyring that does not answer, in milliseconds. */
const saveTimeout = 10_000;
/** When a write that failed is tried again, in milliseconds. */
const saveAgain = 10_000;

/** What the store needs from the accounts. */
export interface SessionStoreCallbacks {
  /** What is to be written now, and what follows when it is on disk. */
  snapshot(): { readonly state: StoredState; readonly written: () => void };
  /** Something is not on disk. */
  problem(problem: LoopgateError): void;
  /** Everything is on disk again. */
  resolved(problem: LoopgateError): void;
}

/** Reads and writes the vault, one write after the other, and tries again what could not be written. */
export class SessionStore {
  readonly #clock: Clock;
  #vault: Vault;
  readonly #callbacks: SessionStoreCallbacks;
  #saving: Promise<void> = Promise.resolve();
  /** Reported while something is not on disk. */
  #unsaved: LoopgateError | undefined;
  /** True while a write takes longer than anybody should wait. */
  #isStuck = false;
  #cancelSaving: (() => void) | undefined;
  #isClosed = false;

  constructor(clock: Clock, vault: Vault, callbacks: SessionStoreCallbacks) {
    this.#clock = clock;
    this.#vault = vault;
    this.#callbacks = callbacks;
  }

  /** Where the sessions are stored. */
  get location(): StorageLocation {
    return this.#vault.location;
  }

  /** What is not on disk, in words; undefined when all is. */
  get unsaved(): LoopgateError | undefined {
    return this.#unsaved;
  }

  /** Resolves when the last write that was asked for has ended. */
  get saving(): Promise<void> {
    return this.#saving;
  }

  /** @throws VaultUnreadable, or why the vault could not be read */
  load(): Promise<StoredState | undefined> {
    return this.#vault.load();
  }

  /** Stores the sessions elsewhere, where there is no keyring. @throws when the answer could not be remembered */
  choose(answer: WithoutKeyring): Promise<void> {
    return this.#vault.choose(answer);
  }

  /** Leaves the vault alone from now on: what it holds must not be written over. */
  useMemory(why: Message): void {
    this.#vault = new MemoryVault(why);
  }

  /** One write after the other, each with all that is known when it starts. Resolves when it is on disk, or that failed and was reported. */
  persist(): Promise<void> {
    // A revocation may come back later still; what is written is somebody else's by then.
    if (this.#isClosed) return this.#saving;
    this.#cancelSaving?.();
    this.#saving = this.#saving.then(() => this.#save());
    return this.#saving;
  }

  /**
   * T4: resolves when it is on disk, when that failed and was reported, or when a disk or keyring has taken too long: that is
   * waited for once, and not for every write that queues behind it.
   */
  persistInTime(): Promise<void> {
    const saving = this.persist();
    if (this.#isStuck) return Promise.resolve();
    return withTimeout(this.#clock, saveTimeout, saving, () => {
      this.#isStuck = true;
      this.#reportUnsaved(message('storageNotAnswering'));
    });
  }

  /** Nothing is written any more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelSaving?.();
  }

  async #save(): Promise<void> {
    let written: () => void;
    try {
      const snapshot = this.#callbacks.snapshot();
      written = snapshot.written;
      await this.#vault.save(snapshot.state);
    } catch (error) {
      this.#isStuck = false;
      this.#reportUnsaved(messageOf(error));
      this.#cancelSaving = this.#clock.after(saveAgain, () => void this.persist());
      return;
    }
    this.#isStuck = false;
    const reported = this.#unsaved;
    this.#unsaved = undefined;
    if (reported) this.#callbacks.resolved(reported);
    written();
  }

  /** Reported once, until it is saved: a disk that stays full is tried again silently. */
  #reportUnsaved(why: Message): void {
    if (this.#unsaved) return;
    this.#unsaved = new LoopgateError('internal', {
      happened: message('changeNotSaved', { reason: why }),
      next: message('makeRoom'),
    });
    this.#callbacks.problem(this.#unsaved);
  }
}
