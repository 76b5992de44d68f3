import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { message } from '../../preload/texts/messages.ts';
import { decrypt, encrypt, keyLength } from './keySealer.ts';
import type { Protection, ProtectionState } from './protection.ts';
import { SealedFile, SealerUnavailable } from './sealedFile.ts';
import { secretServiceState } from './secretService.ts';

/** One secret in the system's keyring. */
export interface KeyringItem {
  /** Null when there is none. Rejects when the keyring is locked or does not answer. */
  getSecret(): Promise<ArrayLike<number> | null>;
  setSecret(secret: Uint8Array): Promise<void>;
}

export interface KeyringOptions {
  /** Looks at the keyring without a prompt. */
  readonly look: () => Promise<ProtectionState>;
  /** Opens the item; rejects where the system has no keyring. */
  readonly item: () => Promise<KeyringItem>;
  readonly name: string;
}

/**
 * The system's keyring without a desktop: it keeps a key of 32 bytes, and the sessions rest in a file under that key. The key
 * is made at the first {@link Protection.seal}, and never while one is there that cannot be read.
 */
export function keyringProtection({ name, look, item }: KeyringOptions): Protection {
  let key: Buffer | undefined;
  const readKey = async (): Promise<Buffer | undefined> => {
    if (key) return key;
    let secret: ArrayLike<number> | null;
    try {
      secret = await (await item()).getSecret();
    } catch {
      // The library's own words name the item and the bus; a person can do no more with them than with these.
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
    // What another process stored at the same moment counts, and what the keyring has not kept does not.
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

/** The keyring of this system through a native library; absent where the library has no build for it. */
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
    // A new keyring would ask for a password where nobody sits; one that is closed comes back with what is stored under it.
    if (service === 'empty') return existsSync(new SealedFile(home, protection).path) ? 'locked' : 'absent';
    return (await isThere()) ? 'ready' : 'absent';
  };
  const protection = keyringProtection({ name, look, item });
  return protection;
}
