import { existsSync } from 'node:fs';
import { app, safeStorage } from 'electron';
import { message } from '../../../preload/texts/messages.ts';
import type { Protection, ProtectionState } from '../../storage/protection.ts';
import { SealedFile, SealerUnavailable } from '../../storage/sealedFile.ts';
import { secretServiceState } from '../../storage/secretService.ts';
import { isKeyringOnBus } from './keyringChoice.ts';

/** How long the Secret Service may take to answer, even when the bus has to start it at log-in; in milliseconds. */
const serviceTimeout = 25_000;

/**
 * The system's keyring, through Electron's safeStorage. That is known only when the app is ready, so calls wait until then.
 * `basic_text` does not count as protection.
 * @param home - the data folder
 */
export function safeStorageProtection(home: string): Protection {
  // Newer Electrons answer without blocking the main process; older ones have only the blocking calls.
  const isAsync = typeof safeStorage.encryptStringAsync === 'function';
  const decrypt = async (sealed: Buffer) =>
    isAsync ? (await safeStorage.decryptStringAsync(sealed)).result : safeStorage.decryptString(sealed);
  const protection: Protection = {
    get name() {
      return backendName() ?? 'none';
    },
    kind: 'keyring',
    async state(): Promise<ProtectionState> {
      await app.whenReady();
      const backend = backendName();
      if (backend === undefined) return 'absent';
      // Look first, before using safeStorage: it could prompt the person for a password, and Electron 33 would block until
      // they answer.
      if (process.platform === 'linux') {
        const isStored = existsSync(new SealedFile(home, protection).path);
        const state =
          backend === 'gnome_libsecret' ? await stateOfService(isStored) : await stateOfWallet(backend, isStored);
        if (state !== undefined) return state;
      }
      const available = isAsync ? await safeStorage.isAsyncEncryptionAvailable() : safeStorage.isEncryptionAvailable();
      return available ? 'ready' : 'absent';
    },
    async seal(text) {
      try {
        const sealed = isAsync ? await safeStorage.encryptStringAsync(text) : safeStorage.encryptString(text);
        return sealed.toString('base64');
      } catch {
        throw new SealerUnavailable(message('keyringNotAnswering'));
      }
    },
    async open(text) {
      try {
        return await decrypt(Buffer.from(text, 'base64'));
      } catch (error) {
        // If the keyring opens nothing at all (the person denied access), the failure says nothing about the stored data.
        const probe = Buffer.from(await protection.seal('probe'), 'base64');
        await decrypt(probe).catch(() => {
          throw new SealerUnavailable(message('keyringRefuses'));
        });
        throw error;
      }
    },
  };
  return protection;
}

/**
 * @param isStored - whether sessions are stored under it
 * @returns undefined when only safeStorage itself can tell
 */
async function stateOfService(isStored: boolean): Promise<ProtectionState | undefined> {
  const service = await secretServiceState(process.env, serviceTimeout);
  if (service === 'unknown') return undefined;
  // A service whose only database is closed shows no collection; the stored data comes back when the database is opened.
  if (service === 'empty') return isStored ? 'locked' : 'new';
  if (service === 'unlocked') return isStored ? undefined : 'ready';
  return service;
}

/**
 * KWallet prompts the person at its first use, so it waits until there is something to store. The parameter and the result
 * are the same.
 */
async function stateOfWallet(backend: string, isStored: boolean): Promise<ProtectionState | undefined> {
  if (isStored) return undefined;
  return isKeyringOnBus(backend).then(
    (isThere) => (isThere ? 'ready' : 'absent'),
    () => undefined,
  );
}

/** The backend that safeStorage uses on this system; undefined when it would not protect. */
function backendName(): string | undefined {
  if (process.platform === 'darwin') return 'keychain';
  if (process.platform === 'win32') return 'dpapi';
  const backend = safeStorage.getSelectedStorageBackend();
  return backend === 'basic_text' || backend === 'unknown' ? undefined : backend;
}
