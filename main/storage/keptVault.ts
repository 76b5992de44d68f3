import {
  type StorageLocation,
  type StoredState,
  type Vault,
  VaultUnreadable,
  type WithoutKeyring,
} from '../broker/session/vault.ts';

/**
 * A vault that one broker after the other uses in one run: it is read once, and the next broker gets what the last one wanted
 * to be saved, even where nothing is kept on disk or a disk refused it.
 */
export class KeptVault implements Vault {
  readonly #vault: Vault;
  #isLoaded = false;
  #state: StoredState | undefined;
  #isUnsaved = false;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** What is known to be stored; undefined before it was read. Holds tokens: never shown, never logged. */
  get state(): StoredState | undefined {
    return this.#state && structuredClone(this.#state);
  }

  get location(): StorageLocation {
    return this.#vault.location;
  }

  onLocationChanged(listener: () => void): void {
    this.#vault.onLocationChanged(listener);
  }

  choose(answer: WithoutKeyring): Promise<void> {
    return this.#vault.choose(answer);
  }

  async load(): Promise<StoredState | undefined> {
    if (!this.#isLoaded) {
      try {
        this.#state = await this.#vault.load();
        this.#isLoaded = true;
      } catch (error) {
        // What was set aside is not there any more; another failure may be over the next time.
        this.#isLoaded = error instanceof VaultUnreadable;
        throw error;
      }
    } else if (this.#isUnsaved && this.#state) await this.save(this.#state).catch(() => undefined);
    return this.state;
  }

  async save(state: StoredState): Promise<void> {
    if (this.#isLoaded) this.#state = structuredClone(state);
    this.#isUnsaved = true;
    await this.#vault.save(state);
    this.#isUnsaved = false;
  }
}
