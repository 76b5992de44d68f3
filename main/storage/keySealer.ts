import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { message } from '../../preload/texts/messages.ts';
import { readOwnFile } from '../system/ownership.ts';
import { dataPath } from './dataFolder.ts';
import { syncFolder } from './jsonFile.ts';
import { type Sealer, SealerUnavailable } from './sealedFile.ts';

/** The length of such a key, in bytes. */
export const keyLength = 32;

/** Encrypts with AES-256-GCM. @param key - 32 bytes, from `LOOPGATE_VAULT_KEY` or from a systemd credential */
export function keySealer(key: Buffer): Sealer {
  return {
    name: 'vault-key',
    seal: async (text) => encrypt(key, text),
    open: async (sealed) => decrypt(key, sealed),
  };
}

/**
 * The weaker protection: the key lies beside the encrypted data, in `<home>/session.file-key`, and only the mode 0600 of both
 * files protects them. The first {@link Sealer.seal} creates the key.
 */
export function fileSealer(home: string): Sealer {
  const path = dataPath(home, 'sessionKey');
  return {
    name: 'file',
    async seal(text) {
      return encrypt(readKey(path) ?? makeKey(home), text);
    },
    async open(sealed) {
      const key = readKey(path);
      if (!key) throw new Error('its key is missing');
      return decrypt(key, sealed);
    },
  };
}

function readKey(path: string): Buffer | undefined {
  try {
    const key = readOwnFile(path);
    return key?.length === keyLength ? key : undefined;
  } catch {
    // Do not replace a key file that exists but cannot be read.
    throw new SealerUnavailable(message('cannotRead', { path }));
  }
}

/** Writes the whole key or none: if a key is lost, so are the sessions under it. */
function makeKey(home: string): Buffer {
  const key = randomBytes(keyLength);
  const path = dataPath(home, 'sessionKey');
  // A truncated key cannot open anything any more, but it is kept all the same.
  if (existsSync(path)) renameSync(path, `${path}.unreadable-${Date.now()}`);
  const written = `${path}.new`;
  rmSync(written, { force: true });
  try {
    writeFileSync(written, key, { mode: 0o600, flag: 'wx', flush: true });
    renameSync(written, path);
  } finally {
    rmSync(written, { force: true });
  }
  syncFolder(home);
  return key;
}

const associated = Buffer.from('loopgate session 1');

/** Nonce, tag and ciphertext, as base64. */
export function encrypt(key: Buffer, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associated);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
}

/** @throws when {@link encrypt} did not make it with this key, or when it was changed */
export function decrypt(key: Buffer, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(associated).setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
}
