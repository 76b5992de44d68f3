import { describe, expect, it } from 'vitest';
import { type KeyringItem, keyringProtection } from './keyringProtection.ts';
import { SealerUnavailable } from './sealedFile.ts';

/** A keyring that can be locked on cue; the real one is in e2e/vault.test.ts. */
class TestKeyring implements KeyringItem {
  secret: Uint8Array | null = null;
  locked = false;
  forgets = false;
  reads = 0;

  async getSecret() {
    this.reads += 1;
    if (this.locked) throw new Error('Couldn’t access platform storage: prompt dismissed');
    return this.secret;
  }

  async setSecret(secret: Uint8Array) {
    if (this.locked) throw new Error('Couldn’t access platform storage: prompt dismissed');
    if (!this.forgets) this.secret = secret;
  }
}

const over = (keyring: KeyringItem) =>
  keyringProtection({ name: 'secret-service', look: async () => 'ready', item: async () => keyring });

describe('keyringProtection', () => {
  it('vault: the key is made once, kept in the keyring, and opens after a restart', async () => {
    const keyring = new TestKeyring();
    const sealed = await over(keyring).seal('text');
    expect(keyring.secret).toHaveLength(32);
    expect(await over(keyring).open(sealed)).toBe('text');
    expect(await over(keyring).open(await over(keyring).seal('more'))).toBe('more');
  });

  it('vault: once read, a keyring that is locked later does not stop the saving', async () => {
    const keyring = new TestKeyring();
    const protection = over(keyring);
    const sealed = await protection.seal('text');
    keyring.locked = true;
    expect(await protection.open(sealed)).toBe('text');
    expect(await protection.open(await protection.seal('more'))).toBe('more');
  });

  it('vault: while the keyring cannot be read no new key is made, and that is not taken for unreadable', async () => {
    const keyring = new TestKeyring();
    const sealed = await over(keyring).seal('text');
    const key = keyring.secret;
    keyring.locked = true;
    await expect(over(keyring).open(sealed)).rejects.toThrow(SealerUnavailable);
    await expect(over(keyring).seal('text')).rejects.toThrow(/locked/);
    expect(keyring.secret).toBe(key);
  });

  it('vault: an entry that is no key of ours is left alone, and said', async () => {
    const keyring = new TestKeyring();
    keyring.secret = Buffer.from('a password');
    await expect(over(keyring).seal('text')).rejects.toThrow(/not of this program/);
    expect(keyring.secret).toEqual(Buffer.from('a password'));
  });

  it('vault: nothing is sealed with a key that the keyring has not kept', async () => {
    const keyring = new TestKeyring();
    keyring.forgets = true;
    await expect(over(keyring).seal('text')).rejects.toThrow(/has not kept/);
  });

  it('vault: when the key is gone from the keyring, what it sealed is unreadable', async () => {
    const keyring = new TestKeyring();
    const sealed = await over(keyring).seal('text');
    keyring.secret = null;
    const failure = over(keyring).open(sealed);
    await expect(failure).rejects.toThrow('not in the keyring any more');
    await expect(failure).rejects.not.toThrow(SealerUnavailable);
  });
});
