import { beforeEach, describe, expect, it, vi } from 'vitest';
import { SealerUnavailable } from '../../storage/sealedFile.ts';
import { safeStorageProtection } from './safeStorageProtection.ts';

/** A double: the real keyring of these tests (e2e/desktop/keyring.spec.ts) cannot be made to deny a question. */
const keyring = vi.hoisted(() => ({ opens: (_sealed: string): boolean => true }));

vi.mock('electron', () => ({
  // electron-store looks whether it is there.
  default: {},
  app: { whenReady: () => Promise.resolve() },
  safeStorage: {
    getSelectedStorageBackend: () => 'kwallet6',
    isEncryptionAvailable: () => true,
    encryptString: (text: string) => Buffer.from(`sealed ${text}`),
    decryptString: (sealed: Buffer) => {
      if (!keyring.opens(sealed.toString())) throw new Error('Error while decrypting the ciphertext');
      return sealed.toString().replace('sealed ', '');
    },
  },
}));

describe('safeStorageProtection', () => {
  const protection = safeStorageProtection('/nowhere');
  beforeEach(() => {
    keyring.opens = () => true;
  });

  it('vault: opens what it has sealed', async () => {
    expect(await protection.open(await protection.seal('a session'))).toBe('a session');
  });

  it('vault: a blob of another key is unreadable', async () => {
    keyring.opens = (sealed) => sealed === 'sealed probe';
    const failure = await protection.open(await protection.seal('a session')).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(SealerUnavailable);
  });

  it('vault: a keyring that opens nothing at all is not taken for an unreadable session', async () => {
    keyring.opens = () => false;
    await expect(protection.open(await protection.seal('a session'))).rejects.toBeInstanceOf(SealerUnavailable);
  });
});
