import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { message } from '../../preload/texts/messages.ts';
import { decrypt, encrypt, keyLength } from './keySealer.ts';
import type { Protection, ProtectionState } from './protection.ts';
import { SealedFile, SealerUnavailable } from './sealedFile.ts';
import { secretServiceState } from './secretService.ts';

/** One secret in the system's keyring. */
export interface KeyringItem {
  /** Returns null when there is none. Rejects when the keyring is locked or does not answer. */
  getSecret(): Promise<ArrayLike<number> | null>;
  setSecret(secret: Uint8Array): Promise<void>;
}

export interface KeyringOptions {
  /** Checks the keyring without a prompt. */
  readonly look: () => Promise<ProtectionState>;
  /** Opens the item; rejects if the system has no keyring. */
  readonly item: () => Promise<KeyringItem>;
  readonly name: string;
}

/**
 * The system's keyring without a desktop: it stores a key of 32 bytes, and a file encrypted with that key contains the
 * sessions. The first {@link Protection.seal} creates the key, but never while there is one that cannot be read.
 */
export function keyringProtection({ name, look, item }: KeyringOptions): Protection {
  let key: Buffer | undefined;
  const readKey = async (): Promise<Buffer | undefined> => {
    if (key) return key;
    let secret: ArrayLike<number> | null;
    try {
      secret = await (await item()).getSecret();
    } catch {
      // The library's message names the item and the bus, which does not help a person.
      throw new SealerUnavailable(message('keyringNotAnswering'));
    }
    if (secret === null) return undefined;
    if (secret.length !== keyLength) {
      throw new SealerUnavailable(message('keyringForeignEntry'));
    }
    key = Buffer.from(Array.from(secret));
    return key;
  };
  const makeKey = async (): Promise<Buffer> => {
    const made = randomBytes(keyLength);
    try {
      await (await item()).setSecret(made);
    } catch {
      throw new SealerUnavailable(message('keyringTakesNothing'));
    }
    // Read it back: another process may have stored its key at the same moment, or the keyring may have stored nothing.
    const kept = await readKey();
    if (!kept) throw new SealerUnavailable(message('keyringNotKept'));
    return kept;
  };
  return {
    name,
    kind: 'keyring',
    state: look,
    async seal(text) {
      return encrypt((await readKey()) ?? (await makeKey()), text);
    },
    async open(sealed) {
      const found = await readKey();
      if (!found) throw new Error('its key is not in the keyring any more');
      return decrypt(found, sealed);
    },
  };
}

/** The keyring of this system through a native library; `absent` if the library has no build for it. */
export function systemKeyring(home: string, platform: NodeJS.Platform = process.platform): Protection {
  const name = platform === 'linux' ? 'secret-service' : 'credential-store';
  const item = async () => {
    const { AsyncEntry } = await import('@napi-rs/keyring');
    return new AsyncEntry('Loopgate', 'session key', { linux: { store: 'secret-service' } });
  };
  const isThere = () =>
    item().then(
      () => true,
      () => false,
    );
  const look = async (): Promise<ProtectionState> => {
    if (platform !== 'linux') return (await isThere()) ? 'ready' : 'absent';
    const service = await secretServiceState();
    if (service === 'absent') return 'absent';
    if (service === 'locked') return 'locked';
    // A new keyring would prompt for a password without a person there. A closed keyring comes back with its stored data.
    if (service === 'empty') return existsSync(new SealedFile(home, protection).path) ? 'locked' : 'absent';
    return (await isThere()) ? 'ready' : 'absent';
  };
  const protection = keyringProtection({ name, look, item });
  return protection;
}
