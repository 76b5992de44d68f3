import { existsSync } from 'node:fs';
import { app, safeStorage } from 'electron';
import { SealedFile, SealerUnavailable } from '../sealedFile.ts';
import { secretServiceState } from '../secretService.ts';
import type { Protection, ProtectionState } from '../systemVault.ts';

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
      // Looked at before anything is asked of safeStorage: Electron 33 would stand still until the password is typed.
      if (backend === 'gnome_libsecret') {
        const service = await secretServiceState();
        // A service whose only database is closed shows none: what is stored under it comes back when it is opened.
        const isClosed = service === 'empty' && existsSync(new SealedFile(home, protection).path);
        if (service === 'locked' || isClosed) return 'locked';
      }
      const available = isAsync ? await safeStorage.isAsyncEncryptionAvailable() : safeStorage.isEncryptionAvailable();
      return available ? 'ready' : 'absent';
    },
    async seal(text) {
      try {
        const sealed = isAsync ? await safeStorage.encryptStringAsync(text) : safeStorage.encryptString(text);
        return sealed.toString('base64');
      } catch {
        throw new SealerUnavailable('the keyring does not answer, or is locked');
      }
    },
    async open(text) {
      try {
        return await decrypt(Buffer.from(text, 'base64'));
      } catch (error) {
        // A keyring that opens nothing at all (its person has denied the question) says nothing about what is stored there.
        const probe = Buffer.from(await protection.seal('probe'), 'base64');
        await decrypt(probe).catch(() => {
          throw new SealerUnavailable('the keyring does not let Loopgate in');
        });
        throw error;
      }
    },
  };
  return protection;
}

/** What safeStorage uses on this system; undefined when it would not protect. */
function backendName(): string | undefined {
  if (process.platform === 'darwin') return 'keychain';
  if (process.platform === 'win32') return 'dpapi';
  const backend = safeStorage.getSelectedStorageBackend();
  return backend === 'basic_text' || backend === 'unknown' ? undefined : backend;
}
