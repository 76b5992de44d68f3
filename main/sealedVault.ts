import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import ElectronStore from 'electron-store';
import { z } from 'zod';
import { parseStoredState, type StoredState, type Vault, type VaultPlace, VaultUnreadable } from './broker/vault.ts';

/** What encrypts the stored sessions: the system's keyring on the desktop, a key of the administrator's headless. */
export interface Sealer {
  /** Names the file, so that what one keyring wrote is never taken for another's. */
  readonly name: string;
  seal(text: string): Promise<string>;
  /** @throws when the text was not sealed by this sealer, or was changed */
  open(sealed: string): Promise<string>;
}

const sealedFile = z.object({ sealedBy: z.string(), session: z.string() });

/** The sessions in an encrypted file of the data folder: mode 0600, written atomically, on disk when `save` resolves. */
export class SealedVault implements Vault {
  readonly place: VaultPlace;
  readonly #home: string;
  readonly #sealer: Sealer;

  /** @param notice - what a person should know about this place; absent for the system's keyring */
  constructor(home: string, sealer: Sealer, notice?: string) {
    this.#home = home;
    this.#sealer = sealer;
    this.place = {
      kind: notice === undefined ? 'keyring' : 'key',
      changeable: false,
      ...(notice !== undefined && { notice }),
    };
  }

  onPlaceChanged(): void {}

  async choose(): Promise<void> {}

  async load(): Promise<StoredState | undefined> {
    const store = this.#open();
    if (Object.keys(store.store).length === 0) return undefined;
    const file = sealedFile.safeParse(store.store);
    if (!file.success) throw this.#setAside(store.path, 'the stored session is damaged');
    let text: string;
    try {
      text = await this.#sealer.open(file.data.session);
    } catch {
      throw this.#setAside(store.path, `the stored session cannot be decrypted with ${this.#sealer.name}`);
    }
    try {
      return parseStoredState(text);
    } catch (error) {
      throw this.#setAside(store.path, error instanceof Error ? error.message : 'the stored session is damaged');
    }
  }

  async save(state: StoredState): Promise<void> {
    const session = await this.#sealer.seal(JSON.stringify(state));
    this.#openForWriting().store = { sealedBy: this.#sealer.name, session };
  }

  /** A file that was damaged meanwhile is set aside too, and does not keep a new session off the disk. */
  #openForWriting(): ElectronStore<Record<string, unknown>> {
    try {
      return this.#open();
    } catch (error) {
      if (error instanceof VaultUnreadable) return this.#open();
      throw error;
    }
  }

  #open(): ElectronStore<Record<string, unknown>> {
    const name = `session.${this.#sealer.name}`;
    try {
      return new ElectronStore<Record<string, unknown>>({ cwd: this.#home, name, configFileMode: 0o600 });
    } catch (error) {
      // A file that is not JSON is set aside; one that cannot even be read is the caller's to report.
      if (error instanceof SyntaxError)
        throw this.#setAside(`${this.#home}/${name}.json`, 'the stored session is damaged');
      throw error;
    }
  }

  /** Nothing is deleted: what cannot be read today may be readable with yesterday's key. */
  #setAside(path: string, why: string): VaultUnreadable {
    const aside = path.replace(/\.json$/, `.unreadable-${Date.now()}.json`);
    if (existsSync(path)) renameSync(path, aside);
    return new VaultUnreadable(`${why}; it was kept as ${aside}`);
  }
}

/** AES-256-GCM under the 32 bytes of `LOOPGATE_VAULT_KEY`. */
export function keySealer(key: Buffer): Sealer {
  const associated = Buffer.from('loopgate session 1');
  return {
    name: 'vault-key',
    async seal(text) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associated);
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
    },
    async open(text) {
      const bytes = Buffer.from(text, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(associated).setAuthTag(bytes.subarray(12, 28));
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
    },
  };
}
