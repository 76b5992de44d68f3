import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { verbatim } from '../../../preload/texts/messages.ts';
import { revocationOf, type StoredAccount, type StoredState, storedKey } from '../../broker/session/vault.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { type RemovalWorld, type Revoke, removeData, removeEverything, revokeAll } from './removal.ts';

const unreachable = new LoopgateError('provider_unreachable', { happened: verbatim('It is away.'), retryable: true });

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
  test('every refresh token goes to the provider that gave it, also those of other settings [T10]', async () => {
    const revoked: unknown[] = [];
    const { left } = await revokeAll(state, async ({ issuer, clientId, token }) => {
      revoked.push(`${token} of ${clientId} at ${issuer}`);
    });
    expect(revoked.sort()).toEqual(['a of one at https://a/', 'b of one at https://b/', 'old of one at https://a/']);
    expect([left.accounts, left.revocations]).toEqual([[], []]);
  });

  test('what cannot be revoked now is left, and nothing else', async () => {
    const { left, why } = await revokeAll(state, revokeAtA);
    expect(left).toEqual({ version: 1, accounts: [away], revocations: [], activeElsewhere: [storedKey(away)] });
    expect(why).toEqual(verbatim('It is away.'));
  });

  test('what the provider refuses to revoke is not left; an answer that is none of its own leaves all', async () => {
    const refusing: Revoke = async () => ({ refused: 'invalid_client' });
    expect((await revokeAll(state, refusing)).left.accounts).toEqual([]);
    const page: Revoke = () => Promise.reject(new LoopgateError('provider_error'));
    expect((await revokeAll(state, page)).left).toMatchObject({
      accounts: [here, away],
      revocations: state.revocations,
    });
  });

  describe('at a provider where one revocation may end all of a person [T19]', () => {
    const forApi = { ...here, audience: 'https://api.example/', refreshToken: 'for the API' };
    const grace = { ...here, subject: 'grace', refreshToken: 'hers' };
    const old = revocationOf(here, 'old');
    const all: StoredState = { version: 1, accounts: [here, forApi, grace], revocations: [old] };
    /** Unreachable from the token number `first` on. */
    const awayFrom = (first: number): Revoke => {
      let asked = 0;
      return async () => {
        asked += 1;
        if (asked > first) throw unreachable;
      };
    };
    const left = async (first: number) => {
      const { accounts, revocations } = (await revokeAll(all, awayFrom(first))).left;
      return { accounts, revocations: revocations.map(({ token }) => token) };
    };

    test('where the first sign-in could not be revoked, nothing was that could have ended it', async () => {
      expect(await left(0)).toEqual({ accounts: [here, forApi, grace], revocations: ['old'] });
    });

    test('a sign-in that may have been ended by another one’s revocation does not stay: it is left to be revoked', async () => {
      expect(await left(1)).toEqual({ accounts: [grace], revocations: ['for the API', 'old'] });
    });

    test('somebody else’s stays signed in', async () => {
      expect(await left(2)).toEqual({ accounts: [grace], revocations: ['old'] });
    });

    test('nothing is left when the provider is there', async () => {
      expect(await left(4)).toEqual({ accounts: [], revocations: [] });
    });
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
      'window.json',
      'start-at-login-asked',
      'endpoint.json',
      'demo-provider.json',
    ];
    for (const name of [...mine, 'lock.json', 'notes.txt']) writeFileSync(join(home, name), '');
    mkdirSync(join(home, 'logs'));
    removeData(home);
    expect(readdirSync(home).sort()).toEqual(['lock.json', 'logs', 'notes.txt']);
  });
});
