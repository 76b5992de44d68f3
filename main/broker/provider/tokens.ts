import type { IdTokenClaims } from './claims.ts';

/** A token endpoint's answer, checked. Times are milliseconds since the epoch. */
export interface Tokens {
  readonly accessToken: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly scope: string;
  readonly refreshToken?: string;
  readonly idToken?: string;
  /** The ID token's claims: signature, iss, aud, azp, exp, iat, nonce verified (T1). */
  readonly claims?: IdTokenClaims;
}

/** The tokens of a login: the ID token is there, and verified. */
export interface LoginTokens extends Tokens {
  readonly idToken: string;
  readonly claims: IdTokenClaims;
}

/** A code as it came back to the callback, with what the authorization request fixed. */
export interface CodeExchange {
  readonly clientId: string;
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
  readonly state: string;
  readonly nonce: string;
  readonly requestedScope: string;
  /** The organization that was asked for (T16). */
  readonly organization?: string;
  /** The response's `iss`, when it was sent. */
  readonly issuer?: string;
}

/** Another API of the same tenant than the session's (Auth0: multi-resource refresh tokens). */
export interface OtherApi {
  readonly audience?: string;
  /** Space-separated. */
  readonly scope?: string;
}

/** The answer of a device authorization endpoint (RFC 8628 §3.2). Times are in milliseconds. */
export interface DeviceAuthorization {
  /** The broker's secret: never shown. */
  readonly deviceCode: string;
  /** What the person enters. */
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete?: string;
  readonly expiresIn: number;
  readonly interval: number;
}
