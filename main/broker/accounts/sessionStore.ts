import { type Message, message } from '../../../preload/texts/messages.ts';
import { LoopgateError, messageOf } from '../../errors/errors.ts';
import { withTimeout } from '../../system/timeout.ts';
import type { Clock } from '../clock.ts';
import {
  MemoryVault,
  type StorageLocation,
  type StoredState,
  type Vault,
  type WithoutKeyring,
} from '../session/vault.ts';

/** How long a caller waits for a disk or a keyring that does not respond, in milliseconds. */
const saveTimeout = 10_000;
/** The delay before a failed write is tried again, in milliseconds. */
const saveAgain = 10_000;

/** What the store needs from the accounts. */
export interface SessionStoreCallbacks {
  /** Returns what to write now, and a callback for when it is on disk. */
  snapshot(): { readonly state: StoredState; readonly written: () => void };
  /** Some data is not on disk. */
  problem(problem: LoopgateError): void;
  /** Everything is on disk again. */
  resolved(problem: LoopgateError): void;
}

/** Reads and writes the vault. It does one write at a time, and retries a write that failed. */
export class SessionStore {
  readonly #clock: Clock;
  #vault: Vault;
  readonly #callbacks: SessionStoreCallbacks;
  #saving: Promise<void> = Promise.resolve();
  /** The problem that is reported while data is not on disk. */
  #unsaved: LoopgateError | undefined;
  /** True while a write takes longer than any caller should wait. */
  #isStuck = false;
  #cancelSaving: (() => void) | undefined;
  #isClosed = false;

  constructor(clock: Clock, vault: Vault, callbacks: SessionStoreCallbacks) {
    this.#clock = clock;
    this.#vault = vault;
    this.#callbacks = callbacks;
  }

  /** The place where the sessions are stored. */
  get location(): StorageLocation {
    return this.#vault.location;
  }

  /** The reason why something is not on disk; undefined when everything is. */
  get unsaved(): LoopgateError | undefined {
    return this.#unsaved;
  }

  /** Resolves when the last requested write has ended. */
  get saving(): Promise<void> {
    return this.#saving;
  }

  /** @throws VaultUnreadable, or the reason why the vault could not be read */
  load(): Promise<StoredState | undefined> {
    return this.#vault.load();
  }

  /** Changes where the sessions are stored when there is no keyring. @throws when the answer could not be saved */
  choose(answer: WithoutKeyring): Promise<void> {
    return this.#vault.choose(answer);
  }

  /** Leaves the vault alone from now on: its content must not be overwritten. */
  useMemory(why: Message): void {
    this.#vault = new MemoryVault(why);
  }

  /**
   * Queues a write; each writes everything that is known when it starts. Resolves when the write has succeeded, or has failed
   * and was reported.
   */
  persist(): Promise<void> {
    // A late revocation may still come back, but by then the vault belongs to another broker.
    if (this.#isClosed) return this.#saving;
    this.#cancelSaving?.();
    this.#saving = this.#saving.then(() => this.#save());
    return this.#saving;
  }

  /**
   * T4: resolves when the write has succeeded, has failed and was reported, or takes too long. Callers wait only once for a
   * slow disk or keyring, not for each write that queues behind it.
   */
  persistInTime(): Promise<void> {
    const saving = this.persist();
    if (this.#isStuck) return Promise.resolve();
    return withTimeout(this.#clock, saveTimeout, saving, () => {
      this.#isStuck = true;
      this.#reportUnsaved(message('storageNotAnswering'));
    });
  }

  /** Stops writing. */
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

  /** Reports the problem once, until a write succeeds: a full disk is retried silently. */
  #reportUnsaved(why: Message): void {
    if (this.#unsaved) return;
    this.#unsaved = new LoopgateError('internal', {
      happened: message('changeNotSaved', { reason: why }),
      next: message('makeRoom'),
    });
    this.#callbacks.problem(this.#unsaved);
  }
}
