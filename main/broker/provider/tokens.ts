import type { IdTokenClaims } from './claims.ts';

/** A token endpoint's answer, checked. Times are milliseconds since the epoch. */
export interface Tokens {
  readonly accessToken: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** When the refresh token ends, if the provider says so. */
  readonly refreshExpiresAt?: number;
  readonly scope: string;
  readonly refreshToken?: string;
  readonly idToken?: string;
  /** The ID token's claims; signature, iss, aud, azp, exp, iat and nonce are verified (T1). */
  readonly claims?: IdTokenClaims;
}

/** The tokens of a login, with a verified ID token. */
export interface LoginTokens extends Tokens {
  readonly idToken: string;
  readonly claims: IdTokenClaims;
}

/** A code from the callback, together with the values that the authorization request fixed. */
export interface CodeExchange {
  readonly clientId: string;
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
  readonly state: string;
  readonly nonce: string;
  readonly requestedScope: string;
  /** The requested organization (T16). */
  readonly organization?: string;
  /** The response's `iss`, if present. */
  readonly issuer?: string;
}

/** An API of the same tenant that is not the session's (Auth0: multi-resource refresh tokens). */
export interface OtherApi {
  readonly audience?: string;
  /** Space-separated. */
  readonly scope?: string;
}

/** The answer of a device authorization endpoint (RFC 8628 §3.2). Times are in milliseconds. */
export interface DeviceAuthorization {
  /** The broker's secret, which is never shown. */
  readonly deviceCode: string;
  /** PKCE (RFC 7636): the broker's secret too. */
  readonly codeVerifier: string;
  /** The code that the person enters. */
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete?: string;
  readonly expiresIn: number;
  readonly interval: number;
}
