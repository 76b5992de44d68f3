import { existsSync } from 'node:fs';
import { app, safeStorage } from 'electron';
import { message } from '../../../preload/texts/messages.ts';
import type { Protection, ProtectionState } from '../../storage/protection.ts';
import { SealedFile, SealerUnavailable } from '../../storage/sealedFile.ts';
import { secretServiceState } from '../../storage/secretService.ts';
import { isKeyringOnBus } from './keyringChoice.ts';

/** How long the Secret Service may take to answer, also when the bus starts it first at log-in; in milliseconds. */
const serviceTimeout = 25_000;

/**
 * The system's keyring as Electron's safeStorage uses it, which is known when the app is ready: until then it is waited for.
 * `basic_text` is not protection.
 * @param home - the data folder
 */
export function safeStorageProtection(home: string): Protection {
  // The newer Electron answers without blocking the main process; the older one has only the blocking calls.
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
      // Looked at before anything is asked of safeStorage: it would have the person asked for a password, and Electron 33 would
      // stand still meanwhile.
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
        // A keyring that opens nothing at all (its person has denied the question) says nothing about what is stored there.
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
 * @param isStored - whether something is stored under it
 * @returns undefined where safeStorage itself has to say
 */
async function stateOfService(isStored: boolean): Promise<ProtectionState | undefined> {
  const service = await secretServiceState(process.env, serviceTimeout);
  if (service === 'unknown') return undefined;
  // A service whose only database is closed shows none: what is stored under it comes back when it is opened.
  if (service === 'empty') return isStored ? 'locked' : 'new';
  if (service === 'unlocked') return isStored ? undefined : 'ready';
  return service;
}

/** KWallet has the person asked when it is used first: not before there is something to keep. The same parameter and result. */
async function stateOfWallet(backend: string, isStored: boolean): Promise<ProtectionState | undefined> {
  if (isStored) return undefined;
  return isKeyringOnBus(backend).then(
    (isThere) => (isThere ? 'ready' : 'absent'),
    () => undefined,
  );
}

/** What safeStorage uses on this system; undefined when it would not protect. */
function backendName(): string | undefined {
  if (process.platform === 'darwin') return 'keychain';
  if (process.platform === 'win32') return 'dpapi';
  const backend = safeStorage.getSelectedStorageBackend();
  return backend === 'basic_text' || backend === 'unknown' ? undefined : backend;
}
