import { describe, expect, it } from 'vitest';
import { revocationOf, type StoredAccount, type StoredState } from '../broker/session/vault.ts';
import { mergeStates } from './mergeStates.ts';

const account = (subject: string, refreshToken?: string, issuer = 'https://tenant.example/'): StoredAccount => ({
  issuer,
  subject,
  clientId: 'editor',
  scope: 'openid',
  accessToken: 'access',
  issuedAt: 1,
  expiresAt: 2,
  idToken: 'id',
  ...(refreshToken !== undefined && { refreshToken }),
});
const state = (accounts: StoredAccount[], more: Partial<StoredState> = {}): StoredState => ({
  version: 1,
  accounts,
  revocations: [],
  ...more,
});
/** As Loopgate 0.1 wrote it. */
const revocation = (token: string) => ({ issuer: 'https://tenant.example/', clientId: 'editor', token });

describe('mergeStates', () => {
  it('vault: of an account that both have the newer one stays, and the other’s refresh token is revoked [T10]', () => {
    const old = { ...account('ada', 'old'), sid: 'its session' };
    expect(mergeStates(state([account('ada', 'new')], { active: 'ada' }), state([old]))).toEqual(
      state([account('ada', 'new')], { active: 'ada', revocations: [revocationOf(old, 'old')] }),
    );
  });

  it('what waits keeps whose it is and from which session [T19]', () => {
    const waiting = revocationOf({ ...account('ada'), sid: 'its session' }, 'waiting');
    expect(mergeStates(state([]), state([], { revocations: [waiting] })).revocations).toEqual([waiting]);
  });

  it('the same subject at another issuer is another account [T3]', () => {
    const elsewhere = account('ada', 'other', 'https://other.example/');
    expect(mergeStates(state([account('ada', 'one')]), state([elsewhere]))).toEqual(
      state([account('ada', 'one'), elsewhere]),
    );
  });

  it('vault: the same person for another API is another account, and neither takes the other’s place', () => {
    const forApi = { ...account('ada', 'other'), audience: 'https://api.example/' };
    expect(mergeStates(state([account('ada', 'one')]), state([forApi]))).toEqual(
      state([account('ada', 'one'), forApi]),
    );
  });

  it('vault: an account of the older one alone stays signed in and does not become active', () => {
    const merged = mergeStates(
      state([account('ada', 'a')], { active: 'ada' }),
      state([account('grace', 'g')], { active: 'grace' }),
    );
    expect(merged).toEqual(state([account('ada', 'a'), account('grace', 'g')], { active: 'ada' }));
  });

  it('vault: a token that is in use is never revoked, and no revocation is lost or doubled', () => {
    const merged = mergeStates(
      state([account('ada', 'kept')], { revocations: [revocation('one')] }),
      state([account('ada', 'kept')], { revocations: [revocation('one'), revocation('two'), revocation('kept')] }),
    );
    expect(merged.revocations).toEqual([revocation('one'), revocation('two')]);
  });

  it('vault: what is known of spent tokens, and of who is active with other settings, is known of both', () => {
    const merged = mergeStates(
      state([{ ...account('ada', 'new'), spentTokens: ['a', 'b'] }], { activeElsewhere: ['x'] }),
      state([{ ...account('ada', 'new'), spentTokens: ['b', 'c'] }], { activeElsewhere: ['x', 'y'] }),
    );
    expect(merged.accounts).toEqual([{ ...account('ada', 'new'), spentTokens: ['a', 'b', 'c'] }]);
    expect(merged.activeElsewhere).toEqual(['x', 'y']);
  });

  it('vault: a session that was lost only because its keyring was away becomes active again', () => {
    const merged = mergeStates(
      state([], { ended: 'its keyring is not running' }),
      state([account('ada', 'a')], { active: 'ada' }),
    );
    expect(merged).toEqual(state([account('ada', 'a')], { active: 'ada' }));
  });

  it('vault: whoever signed out is not made active again by an older file', () => {
    expect(mergeStates(state([]), state([account('ada', 'a')], { active: 'ada' })).active).toBeUndefined();
  });
});
