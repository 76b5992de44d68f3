import * as client from 'openid-client';

export type ResponseMode = 'form_post' | 'query' | 'fragment' | 'web_message';

/** The request to the provider's authorization endpoint, without state, nonce and challenge. */
export interface AuthorizationRequest {
  readonly clientId: string;
  readonly audience?: string;
  /** Space-separated, as on the wire. */
  readonly scope: string;
  readonly redirectUri: string;
  readonly responseMode: ResponseMode;
  readonly prompt?: string;
  readonly connection?: string;
  readonly organization?: string;
  readonly invitation?: string;
  readonly screenHint?: string;
  readonly display?: string;
  readonly accessType?: string;
}

/** Where a login starts. */
export interface AuthorizationEndpoint {
  /** R10: form_post on the broker's own callback, or query if the metadata lacks form_post. */
  readonly callbackMode: 'form_post' | 'query';
  /** {@link scopeFor} */
  scope(asked: string): string;
  /** The address of the login page. R2: always S256. */
  address(request: AuthorizationRequest, secrets: AuthorizationSecrets): string;
}

/** The values that tie the response to its request. */
export interface AuthorizationSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly codeChallenge: string;
}

/** The authorization endpoint that this configuration names. */
export function authorizationEndpointOf(configuration: client.Configuration): AuthorizationEndpoint {
  // OIDC Discovery §3: without this metadata, query and fragment are supported.
  const metadata = configuration.serverMetadata();
  const { response_modes_supported: modes } = metadata;
  return {
    callbackMode: Array.isArray(modes) && modes.includes('form_post') ? 'form_post' : 'query',
    scope: (asked) => scopeFor(metadata, asked),
    address: (request, secrets) =>
      client.buildAuthorizationUrl(configuration, authorizationParameters(request, secrets)).href,
  };
}

/**
 * The scopes to ask for: without `offline_access` where the provider lists its scopes and has none of that name. Such
 * providers give a refresh token without it, or none; some refuse the whole login for it.
 * @param asked - space-separated
 */
export function scopeFor({ scopes_supported: known }: client.ServerMetadata, asked: string): string {
  if (!Array.isArray(known) || known.length === 0 || known.includes('offline_access')) return asked;
  return asked
    .split(' ')
    .filter((scope) => scope !== 'offline_access')
    .join(' ');
}

function authorizationParameters(request: AuthorizationRequest, secrets: AuthorizationSecrets): Record<string, string> {
  const optional = {
    audience: request.audience,
    prompt: request.prompt,
    connection: request.connection,
    organization: request.organization,
    invitation: request.invitation,
    screen_hint: request.screenHint,
    display: request.display,
    access_type: request.accessType,
  };
  const given = Object.entries(optional).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return {
    ...Object.fromEntries(given),
    response_type: 'code',
    redirect_uri: request.redirectUri,
    scope: request.scope,
    response_mode: request.responseMode,
    state: secrets.state,
    nonce: secrets.nonce,
    code_challenge: secrets.codeChallenge,
    code_challenge_method: 'S256',
  };
}
