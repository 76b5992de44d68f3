import {
  type StorageLocation,
  type StoredState,
  type Vault,
  VaultUnreadable,
  type WithoutKeyring,
} from '../broker/session/vault.ts';

/**
 * A vault that successive brokers share within one run. It is read once. The next broker gets the state that the last one
 * saved, even if nothing is stored on disk or the disk refused it.
 */
export class KeptVault implements Vault {
  readonly #vault: Vault;
  #isLoaded = false;
  #state: StoredState | undefined;
  #isUnsaved = false;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** The state that should be stored; undefined until it was read. It holds tokens, so it must never be shown or logged. */
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
        // The unreadable data was set aside and is gone; any other failure may not occur again.
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
