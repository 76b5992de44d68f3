import { revocationOf, type StoredState, storedKey, storedStateVersion } from '../broker/session/vault.ts';

/**
 * Merges two stored states after a change from one keyring to another. If both have an account (issuer and subject, T3; and
 * the same application and API), the newer one wins, and the refresh token that is dropped is queued for revocation (T10). An
 * account of only the older state stays signed in. It becomes active only if the newer state has no active account because a
 * session was lost: an old file must not sign a person in again who has signed out.
 */
export function mergeStates(newer: StoredState, older: StoredState): StoredState {
  const replaced = new Map(older.accounts.map((account) => [storedKey(account), account]));
  const kept = newer.accounts.map((account) => {
    const spent = union(account.spentTokens, replaced.get(storedKey(account))?.spentTokens);
    return { ...account, ...(spent.length > 0 && { spentTokens: spent }) };
  });
  const keys = new Set(newer.accounts.map(storedKey));
  const added = older.accounts.filter((account) => !keys.has(storedKey(account)));
  const inUse = new Set([...newer.accounts, ...added].map(({ refreshToken }) => refreshToken));
  const revocations = [...newer.revocations, ...older.revocations];
  for (const account of older.accounts) {
    const { refreshToken } = account;
    if (refreshToken !== undefined && !inUse.has(refreshToken)) revocations.push(revocationOf(account, refreshToken));
  }
  const lostTheirs = newer.accounts.length === 0 && newer.ended !== undefined && older.active !== undefined;
  const active = lostTheirs ? older.active : newer.active;
  const elsewhere = union(newer.activeElsewhere, older.activeElsewhere);
  const ended = active === undefined ? newer.ended : undefined;
  return {
    version: storedStateVersion,
    accounts: [...kept, ...added],
    ...(active !== undefined && { active }),
    ...(elsewhere.length > 0 && { activeElsewhere: elsewhere }),
    revocations: revocations.filter(
      ({ token }, index) => revocations.findIndex((other) => other.token === token) === index && !inUse.has(token),
    ),
    ...(ended !== undefined && { ended }),
  };
}

function union(one: readonly string[] = [], other: readonly string[] = []): string[] {
  return [...new Set([...one, ...other])];
}
