import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inEnglish, type Message, message, verbatim } from '../../preload/texts/messages.ts';
import type { StoredState } from '../broker/session/vault.ts';
import { keySealer } from './keySealer.ts';
import { SealedFile, type Sealer, SealerUnavailable } from './sealedFile.ts';

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
const empty: StoredState = { version: 1, accounts: [], revocations: [] };
const now = 1_700_000_000_000;

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'loopgate-vault-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const path = () => join(home, 'session.vault-key.json');
const content = () => readFileSync(path(), 'utf8');
const open = (sealer: Sealer = keySealer(key)) => new SealedFile(home, sealer);

describe('SealedFile', () => {
  it('what was written is there after a restart, also over an older state [T4]', async () => {
    await open().write(empty, now - 1);
    await open().write(state, now, { file: 7 });
    expect(await open().read()).toEqual({ kind: 'sessions', state, writtenAt: now, includes: { file: 7 } });
  });

  it('it is on the disk when write resolves, and nothing half-written is left beside it [T4]', async () => {
    await open().write(state, now);
    expect(JSON.parse(content())).toEqual({
      format: 1,
      sealedBy: 'vault-key',
      writtenAt: now,
      session: expect.any(String),
    });
    expect(readdirSync(home)).toEqual(['session.vault-key.json']);
  });

  it('no token, name or subject can be read in the file [T9]', async () => {
    await open().write(state, now);
    const sealed = Buffer.from(String(JSON.parse(content()).session), 'base64').toString('latin1');
    for (const text of [content(), sealed]) expect(text).not.toMatch(/secret|Ada|auth0|tenant/);
  });

  it.runIf(process.platform !== 'win32')('only the person can read the file [T9]', async () => {
    await open().write(state, now);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    await open().write(state, now);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  it('nothing stored is nothing, and reading leaves no file [T4]', async () => {
    expect(await open().read()).toEqual({ kind: 'nothing' });
    expect(readdirSync(home)).toEqual([]);
  });

  it('vault: a file of Loopgate 0.1 is read; it counts as written when the system says so', async () => {
    const session = await keySealer(key).seal(JSON.stringify(state));
    writeFileSync(path(), JSON.stringify({ sealedBy: 'vault-key', session }));
    utimesSync(path(), 0, 1_600_000_000);
    expect(await open().read()).toMatchObject({ kind: 'sessions', state, writtenAt: 1_600_000_000_000 });
  });

  it.each<[string, () => string]>([
    ['is no JSON', () => content().slice(0, -5)],
    ['is empty', () => ''],
    ['is JSON of another kind', () => '{"session":17}'],
    ['is a list', () => '[]'],
    ['has no sealed part', () => '{"sealedBy":"vault-key"}'],
    ['is of another sealer', () => content().replace('vault-key', 'keychain')],
    [
      'was changed',
      () => content().replace(/"session":\s*"(.)/, (all, first) => `${all.slice(0, -1)}${first === 'A' ? 'B' : 'A'}`),
    ],
    [
      'was cut',
      () => JSON.stringify({ sealedBy: 'vault-key', session: String(JSON.parse(content()).session).slice(0, -8) }),
    ],
    ['has an empty sealed part', () => JSON.stringify({ sealedBy: 'vault-key', session: '' })],
  ])('vault: a file that %s is unreadable; reading leaves it, and it is set aside whole', async (_name, damage) => {
    await open().write(state, now);
    const damaged = damage();
    expect(damaged).not.toBe(content());
    writeFileSync(path(), damaged);
    expect(await open().read()).toMatchObject({
      kind: 'unreadable',
      why: expect.toSatisfy((why: Message) => !inEnglish(why).includes('secret')),
    });
    expect(content()).toBe(damaged);
    const aside = open().setAside(now);
    expect(readdirSync(home)).toEqual([`session.vault-key.unreadable-${now}.json`]);
    expect(readFileSync(aside, 'utf8')).toBe(damaged);
    if (process.platform !== 'win32') expect(statSync(aside).mode & 0o777).toBe(0o600);
  });

  it('vault: what was set aside is never written over by the next one', async () => {
    for (const damaged of ['one', 'two']) {
      writeFileSync(path(), damaged);
      open().setAside(now);
    }
    expect(readdirSync(home).map((name) => readFileSync(join(home, name), 'utf8'))).toEqual(['one', 'two']);
  });

  it.each<[string, () => Promise<object>]>([
    ['of a newer format', async () => ({ format: 2, anything: 'else' })],
    [
      'with a newer state inside',
      async () => ({
        format: 1,
        sealedBy: 'vault-key',
        writtenAt: 1,
        session: await keySealer(key).seal('{"version":2}'),
      }),
    ],
  ])('vault: a file %s is said to be from a newer version, not damaged', async (_name, make) => {
    const written = JSON.stringify(await make());
    writeFileSync(path(), written);
    expect(await open().read()).toMatchObject({
      kind: 'newer',
      why: message('storedByNewerVersion', { path: open().path }),
    });
    expect(content()).toBe(written);
  });

  it('vault: a sealer that cannot be used now says nothing about the file', async () => {
    await open().write(state, now);
    const locked: Sealer = {
      ...keySealer(key),
      open: () => Promise.reject(new SealerUnavailable(verbatim('it is locked'))),
    };
    expect(await open(locked).read()).toEqual({ kind: 'closed', why: verbatim('it is locked') });
  });

  it('vault: what one sealer wrote is never taken for another’s', async () => {
    await open().write(state, now);
    const keyring: Sealer = { ...keySealer(key), name: 'keyring' };
    expect(await open(keyring).read()).toEqual({ kind: 'nothing' });
    await open(keyring).write(empty, now);
    expect(await open().read()).toMatchObject({ state });
  });

  it('a sealer that fails leaves the state of before [T4]', async () => {
    await open().write(state, now);
    const broken: Sealer = { ...keySealer(key), seal: () => Promise.reject(new Error('the keyring is locked')) };
    await expect(open(broken).write(empty, now)).rejects.toThrow('locked');
    expect(await open().read()).toMatchObject({ state });
  });
});
