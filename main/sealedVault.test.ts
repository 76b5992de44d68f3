import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type StoredState, VaultUnreadable } from './broker/vault.ts';
import { keySealer, SealedVault, type Sealer } from './sealedVault.ts';

vi.mock('electron', () => ({ default: {} }));

const key = Buffer.alloc(32, 1);
const state: StoredState = {
  version: 1,
  accounts: [
    {
      issuer: 'https://tenant.example/',
      subject: 'auth0|1',
      clientId: 'editor',
      scope: 'openid offline_access',
      accessToken: 'access-secret',
      issuedAt: 1,
      expiresAt: 2,
      refreshToken: 'refresh-secret',
      idToken: 'id-secret',
      profile: { sub: 'auth0|1', name: 'Ada Lovelace' },
    },
  ],
  active: 'who',
  revocations: [{ issuer: 'https://tenant.example/', clientId: 'editor', token: 'old-secret' }],
};

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'loopgate-vault-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const file = () => join(home, 'session.vault-key.json');
const content = () => readFileSync(file(), 'utf8');
const open = (sealer: Sealer = keySealer(key)) => new SealedVault(home, sealer);

describe('SealedVault', () => {
  it('T4: what was saved is there after a restart, also over an older state', async () => {
    await open().save({ version: 1, accounts: [], revocations: [] });
    await open().save(state);
    expect(await open().load()).toEqual(state);
  });

  it('T4: it is on disk when save resolves, and nothing half-written is left beside it', async () => {
    await open().save(state);
    expect(JSON.parse(content())).toEqual({ sealedBy: 'vault-key', session: expect.any(String) });
    expect(readdirSync(home)).toEqual(['session.vault-key.json']);
  });

  it('T9: no token, name or subject can be read in the file', async () => {
    await open().save(state);
    const sealed = Buffer.from(String(JSON.parse(content()).session), 'base64').toString('latin1');
    for (const text of [content(), sealed]) expect(text).not.toMatch(/secret|Ada|auth0|tenant/);
  });

  it.runIf(process.platform !== 'win32')('T9: only the person can read the file', async () => {
    await open().save(state);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    await open().save(state);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it('T4: nothing saved is nothing, and reading leaves no file', async () => {
    expect(await open().load()).toBeUndefined();
    expect(readdirSync(home)).toEqual([]);
  });

  it.each<[string, () => string]>([
    ['is no JSON', () => content().slice(0, -5)],
    ['is JSON of another kind', () => '{"session":17}'],
    ['has no sealed part', () => '{"sealedBy":"vault-key"}'],
    [
      'was changed',
      () => content().replace(/"session": ?"(.)/, (all, first) => all.replace(first, first === 'A' ? 'B' : 'A')),
    ],
    [
      'was cut',
      () => JSON.stringify({ sealedBy: 'vault-key', session: String(JSON.parse(content()).session).slice(0, -8) }),
    ],
    ['was emptied', () => JSON.stringify({ sealedBy: 'vault-key', session: '' })],
  ])('vault: a file that %s is set aside whole, and said', async (_name, damage) => {
    await open().save(state);
    const damaged = damage();
    expect(damaged).not.toBe(content());
    writeFileSync(file(), damaged);
    const failure = await open()
      .load()
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(VaultUnreadable);
    const [aside = '', ...others] = readdirSync(home);
    expect(others).toEqual([]);
    expect(aside).toMatch(/^session\.vault-key\.unreadable-\d+\.json$/);
    expect(readFileSync(join(home, aside), 'utf8')).toBe(damaged);
    expect(failure).toHaveProperty('message', expect.stringContaining(join(home, aside)));
    expect(await open().load()).toBeUndefined();
  });

  it('vault: with another key the file is set aside, and comes back with its own', async () => {
    await open().save(state);
    await expect(open(keySealer(Buffer.alloc(32, 2))).load()).rejects.toThrow(/cannot be decrypted with vault-key/);
    const [aside = ''] = readdirSync(home);
    writeFileSync(file(), readFileSync(join(home, aside)));
    expect(await open().load()).toEqual(state);
  });

  it('vault: what another version wrote is set aside, not misread', async () => {
    const session = await keySealer(key).seal(JSON.stringify({ ...state, version: 2 }));
    writeFileSync(file(), JSON.stringify({ sealedBy: 'vault-key', session }));
    await expect(open().load()).rejects.toThrow(/another version/);
  });

  it('vault: what one keyring wrote is never taken for another’s', async () => {
    await open().save(state);
    const keyring: Sealer = { ...keySealer(key), name: 'keyring' };
    expect(await open(keyring).load()).toBeUndefined();
    await open(keyring).save({ version: 1, accounts: [], revocations: [] });
    expect(await open().load()).toEqual(state);
  });

  it('T4: a sealer that fails leaves the state of before', async () => {
    await open().save(state);
    const broken: Sealer = { ...keySealer(key), seal: () => Promise.reject(new Error('the keyring is locked')) };
    await expect(open(broken).save({ version: 1, accounts: [], revocations: [] })).rejects.toThrow('locked');
    expect(await open().load()).toEqual(state);
  });

  it('T4: a file that was damaged meanwhile does not keep a new refresh token off the disk', async () => {
    await open().save(state);
    writeFileSync(file(), '{');
    await open().save(state);
    expect(await open().load()).toEqual(state);
    expect(readdirSync(home)).toHaveLength(2);
  });

  it('vault: it says where it is only when that is not the system’s keyring', () => {
    expect(new SealedVault(home, keySealer(key)).place.notice).toBeUndefined();
    expect(new SealedVault(home, keySealer(key), 'Kept in a file.').place.notice).toBe('Kept in a file.');
  });
});

describe('keySealer', () => {
  it('vault: the same text is never sealed the same twice, as AES-GCM needs', async () => {
    const sealer = keySealer(key);
    const sealed = await Promise.all(Array.from({ length: 100 }, () => sealer.seal('text')));
    expect(new Set(sealed.map((text) => text.slice(0, 16))).size).toBe(100);
  });

  it('vault: every single changed bit is noticed', async () => {
    const sealer = keySealer(key);
    const sealed = Buffer.from(await sealer.seal('text'), 'base64');
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      await expect(sealer.open(changed.toString('base64')), `bit ${bit}`).rejects.toThrow();
    }
  });

  it.each([0, 11, 12, 20, 27])('vault: %i bytes are too few for a nonce and a tag', async (length) => {
    await expect(keySealer(key).open(Buffer.alloc(length).toString('base64'))).rejects.toThrow();
  });

  it.each(['', 'ü€😀', 'x'.repeat(100_000)])('vault: any text comes back (%#)', async (text) => {
    expect(await keySealer(key).open(await keySealer(key).seal(text))).toBe(text);
  });
});
