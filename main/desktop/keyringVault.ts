import { safeStorage } from 'electron';
import { MemoryVault, type StoredState, type Vault, type VaultPlace } from '../broker/vault.ts';
import { SealedVault, type Sealer } from '../sealedVault.ts';

/**
 * The sessions under the system's keyring (Electron's safeStorage). Where none protects them they are kept for this run
 * only, and that is said: `basic_text` is not protection, and nothing is stored weakly in silence.
 */
export class KeyringVault implements Vault {
  readonly #home: string;
  #chosen: Vault | undefined;

  constructor(home: string) {
    this.#home = home;
  }

  get place(): VaultPlace {
    return this.#chosen?.place ?? { kind: 'keyring', changeable: false };
  }

  onPlaceChanged(): void {}

  async choose(): Promise<void> {}

  load(): Promise<StoredState | undefined> {
    return this.#vault().load();
  }

  save(state: StoredState): Promise<void> {
    return this.#vault().save(state);
  }

  /** Chosen at the first use, not at the start: asking a keyring can take as long as a person takes to unlock it. */
  #vault(): Vault {
    this.#chosen ??= this.#choose();
    return this.#chosen;
  }

  #choose(): Vault {
    const backend = keyringName();
    if (backend === undefined || !safeStorage.isEncryptionAvailable()) {
      return new MemoryVault('No keyring of the system protects it, so your sign-in is kept until Loopgate is closed.');
    }
    return new SealedVault(this.#home, keyringSealer(backend));
  }
}

/** The keyring that safeStorage uses on this system; undefined when it would not protect. */
function keyringName(): string | undefined {
  if (process.platform === 'darwin') return 'keychain';
  if (process.platform === 'win32') return 'dpapi';
  const backend = safeStorage.getSelectedStorageBackend();
  return backend === 'basic_text' || backend === 'unknown' ? undefined : backend;
}

/** The newer Electron answers without blocking the main process; the older one has only the blocking calls. */
function keyringSealer(name: string): Sealer {
  const isAsync = typeof safeStorage.encryptStringAsync === 'function';
  return {
    name,
    async seal(text) {
      const sealed = isAsync ? await safeStorage.encryptStringAsync(text) : safeStorage.encryptString(text);
      return sealed.toString('base64');
    },
    async open(text) {
      const sealed = Buffer.from(text, 'base64');
      return isAsync ? (await safeStorage.decryptStringAsync(sealed)).result : safeStorage.decryptString(sealed);
    },
  };
}
