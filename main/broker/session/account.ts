import type { IdTokenClaims } from '../provider/claims.ts';
import { profileOfIdToken } from '../provider/profileClaims.ts';
import type { LoginTokens } from '../provider/tokens.ts';
import type { StoredAccount } from './vault.ts';

/** T3: issuer and subject identify a person. */
export function accountKey(person: { issuer: string; subject: string }): string {
  return JSON.stringify([person.issuer, person.subject]);
}

/** T14: only a final slash may differ. */
export function isSameIssuer(one: string, other: string): boolean {
  return one.replace(/\/$/, '') === other.replace(/\/$/, '');
}

/** The account to store after the exchange of a login. @param configuredIssuer - the issuer of the settings */
export function accountOf(
  tokens: LoginTokens,
  request: { clientId: string; audience?: string },
  configuredIssuer: string | undefined,
): StoredAccount {
  const { iss: issuer, sub: subject } = tokens.claims;
  return {
    issuer,
    subject,
    ...(configuredIssuer !== undefined && !isSameIssuer(issuer, configuredIssuer) && { configuredIssuer }),
    clientId: request.clientId,
    ...(request.audience !== undefined && { audience: request.audience }),
    scope: tokens.scope,
    accessToken: tokens.accessToken,
    issuedAt: tokens.issuedAt,
    expiresAt: tokens.expiresAt,
    ...(tokens.refreshExpiresAt !== undefined && { refreshExpiresAt: tokens.refreshExpiresAt }),
    ...(tokens.refreshToken !== undefined && { refreshToken: tokens.refreshToken }),
    idToken: tokens.idToken,
    ...(typeof tokens.claims.sid === 'string' && { sid: tokens.claims.sid }),
    ...shownAtOnce(tokens.claims),
  };
}

/** What the ID token says of the person is shown at once; /userinfo is read all the same (T21). */
function shownAtOnce(claims: IdTokenClaims): Pick<StoredAccount, 'profile'> {
  const profile = profileOfIdToken(claims);
  return Object.keys(profile).some((name) => name !== 'sub') ? { profile } : {};
}
