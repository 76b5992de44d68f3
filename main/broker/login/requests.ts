import type { ResponseMode } from '../provider/authorizationEndpoint.ts';

/** What the owner may see of its pending authorization. `codeVerifier` is absent when the client keeps its own. */
export interface Challenge {
  readonly state: string;
  readonly codeChallenge: string;
  readonly codeVerifier?: string;
}

/** A sign-in request of a program. Absent members come from the settings. */
export interface SignInRequest {
  readonly clientId?: string | undefined;
  readonly audience?: string | undefined;
  readonly scope?: readonly string[] | undefined;
  readonly redirectUri?: string | undefined;
  readonly responseMode?: ResponseMode | undefined;
  readonly state?: string | undefined;
  /** The client's own challenge (S256); the client keeps its verifier. */
  readonly codeChallenge?: string | undefined;
  readonly prompt?: string | undefined;
  readonly connection?: string | undefined;
  readonly organization?: string | undefined;
  readonly invitation?: string | undefined;
  readonly screenHint?: string | undefined;
  readonly display?: string | undefined;
  readonly accessType?: string | undefined;
}

/** A finished login. `challenge` is present when the broker created it for this very request. */
export interface SignInResult {
  readonly code: string;
  readonly state: string;
  readonly challenge?: Challenge;
}

/** A request to the token endpoint. */
export interface TokenRequest {
  readonly grantType: 'authorization_code' | 'refresh_token';
  readonly clientId: string;
  readonly code?: string | undefined;
  readonly redirectUri?: string | undefined;
  readonly codeVerifier?: string | undefined;
  readonly audience?: string | undefined;
  /** The client's own refresh token; only a raw form has it. */
  readonly refreshToken?: string | undefined;
}

/** The result of a token request. Times are milliseconds since the epoch. */
export interface TokenResult {
  readonly accessToken: string;
  readonly expiresAt: number;
  readonly scope: string;
  readonly idToken?: string;
  /** Present only with the setting `exposeRefreshToken`, or when the client brought its own. */
  readonly refreshToken?: string;
  readonly clientId: string;
  readonly audience: string | undefined;
  readonly profile?: Record<string, unknown>;
}

/** The result of a callback that was accepted. */
export interface CallbackResult {
  readonly code: string;
  readonly state: string;
  /** The caller that asked for the login: the tray and window, or a program. */
  readonly requestedBy: 'loopgate' | 'program';
}
