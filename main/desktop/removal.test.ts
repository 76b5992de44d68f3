import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BrokerError } from '../broker/errors.ts';
import { type StoredAccount, type StoredState, storedKey } from '../broker/vault.ts';
import { type RemovalWorld, type Revoke, removeData, removeEverything, revokeAll } from './removal.ts';

const unreachable = new BrokerError('provider_unreachable', { happened: 'It is away.', retryable: true });

function account(issuer: string, refreshToken?: string): StoredAccount {
  return {
    issuer,
    subject: 'ada',
    clientId: 'one',
    scope: 'openid',
    accessToken: 'access',
    issuedAt: 0,
    expiresAt: 1,
    idToken: 'id',
    ...(refreshToken !== undefined && { refreshToken }),
  };
}

const [here, away, short] = [account('https://a/', 'a'), account('https://b/', 'b'), account('https://c/')];
const state: StoredState = {
  version: 1,
  accounts: [here, away, short],
  active: storedKey(here),
  activeElsewhere: [storedKey(away)],
  revocations: [{ issuer: 'https://a/', clientId: 'one', token: 'old' }],
};

/** The provider at https://b/ cannot be reached. */
const revokeAtA: Revoke = async ({ issuer }) => {
  if (issuer === 'https://b/') throw unreachable;
};

function world(changes: Partial<RemovalWorld> = {}) {
  const done: string[] = [];
  const all: RemovalWorld = {
    isReady: () => true,
    async suspend(work) {
      done.push('closed');
      if (await work()) done.push('started again');
    },
    stored: () => state,
    store: async (left) => void done.push(`stored ${left.accounts.length}`),
    revoke: async ({ token }) => void done.push(`revoked ${token}`),
    remove: () => void done.push('removed'),
    quit: () => void done.push('quit'),
    ...changes,
  };
  return { all, done };
}

describe('Remove everything', () => {
  test('T10: every refresh token goes to the provider that gave it, also those of other settings', async () => {
    const revoked: unknown[] = [];
    const { left } = await revokeAll(state, async (token) => void revoked.push(token));
    expect(revoked).toEqual([
      { issuer: 'https://a/', clientId: 'one', token: 'a' },
      { issuer: 'https://b/', clientId: 'one', token: 'b' },
      { issuer: 'https://a/', clientId: 'one', token: 'old' },
    ]);
    expect([left.accounts, left.revocations]).toEqual([[], []]);
  });

  test('what cannot be revoked now is left, and nothing else; what is refused is not', async () => {
    const { left, why } = await revokeAll(state, revokeAtA);
    expect(left).toEqual({ version: 1, accounts: [away], revocations: [], activeElsewhere: [storedKey(away)] });
    expect(why).toBe('It is away.');
    const refusing: Revoke = () => Promise.reject(new BrokerError('provider_error'));
    expect((await revokeAll(state, refusing)).left.accounts).toEqual([]);
  });

  test('revoked while no host runs, removed, and then it quits', async () => {
    const { all, done } = world();
    expect(await removeEverything('revoke', all)).toEqual({ ok: true });
    expect(done).toEqual(['closed', 'revoked a', 'revoked b', 'revoked old', 'removed', 'quit']);
  });

  test('what could not be revoked keeps all the rest from being removed, unless it is to be removed anyway', async () => {
    const { all, done } = world({ revoke: revokeAtA });
    expect(await removeEverything('revoke', all)).toEqual({ ok: false, kept: 1, message: 'It is away.' });
    expect(done).toEqual(['closed', 'stored 1', 'started again']);
    expect(await removeEverything('anyway', all)).toEqual({ ok: true });
    expect(done.slice(3)).toEqual(['closed', 'removed', 'quit']);
  });

  test('nothing is done before the stored sign-in was read: it could not be revoked', async () => {
    const { all, done } = world({ isReady: () => false });
    expect(await removeEverything('anyway', all)).toMatchObject({ ok: false, kept: 0 });
    expect(done).toEqual([]);
  });

  test('a file that cannot be removed is said, and nothing quits', async () => {
    const remove = () => {
      throw new Error('busy');
    };
    const { all, done } = world({ remove });
    expect(await removeEverything('revoke', all)).toEqual({ ok: false, kept: 0, message: 'busy' });
    expect(done).not.toContain('quit');
  });

  test('the person’s files are removed, also those set aside; what is not Loopgate’s own stays', () => {
    const home = mkdtempSync(join(tmpdir(), 'loopgate-removal-'));
    onTestFinished(() => rmSync(home, { recursive: true }));
    const sessions = ['session.gnome_libsecret.json', 'session.file-key', 'session.file.unreadable-1.json'];
    const mine = [
      ...sessions,
      'settings.json',
      'programs.json',
      'programs.unreadable.json',
      'command.key',
      'closing-explained',
    ];
    for (const name of [...mine, 'lock.json', 'notes.txt']) writeFileSync(join(home, name), '');
    mkdirSync(join(home, 'logs'));
    removeData(home);
    expect(readdirSync(home).sort()).toEqual(['lock.json', 'logs', 'notes.txt']);
  });
});
