import type { IdTokenClaims } from '../provider/claims.ts';
import type { LoginTokens } from '../provider/tokens.ts';
import type { StoredAccount } from './vault.ts';

/** T3: issuer and subject identify a person. */
export function accountKey(person: { issuer: string; subject: string }): string {
  return JSON.stringify([person.issuer, person.subject]);
}

/** The account to store after the exchange of a login. */
export function accountOf(tokens: LoginTokens, request: { clientId: string; audience?: string }): StoredAccount {
  return {
    issuer: tokens.claims.iss,
    subject: tokens.claims.sub,
    clientId: request.clientId,
    ...(request.audience !== undefined && { audience: request.audience }),
    scope: tokens.scope,
    accessToken: tokens.accessToken,
    issuedAt: tokens.issuedAt,
    expiresAt: tokens.expiresAt,
    ...(tokens.refreshToken !== undefined && { refreshToken: tokens.refreshToken }),
    idToken: tokens.idToken,
    ...(typeof tokens.claims.sid === 'string' && { sid: tokens.claims.sid }),
    ...profileOf(tokens.claims),
  };
}

/** The profile that Auth0 puts into the ID token, to show the person at once; /userinfo is read all the same. */
function profileOf(claims: IdTokenClaims): Pick<StoredAccount, 'profile'> {
  const shown = ['name', 'nickname', 'email', 'email_verified', 'picture', 'given_name', 'family_name'];
  const known = Object.entries(claims).filter(([claim]) => shown.includes(claim));
  return known.length === 0 ? {} : { profile: { sub: claims.sub, ...Object.fromEntries(known) } };
}
