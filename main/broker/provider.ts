import * as client from 'openid-client';
import type { Clock } from './clock.ts';
import { BrokerError } from './errors.ts';
import { type PlatformFetch, providerFetch } from './providerFetch.ts';

/** How long one request to the provider may take, in seconds. */
const requestTimeout = 15;
/** T15: how far the clocks of this machine and of the provider may differ, in seconds. */
const clockTolerance = 60;
/** What openid-client leaves out when the provider does: RFC 6749 §5.1 only recommends expires_in. Seconds. */
const assumedLifetime = 3600;
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
/** RFC 8628 §3.2: the interval where the provider names none. Seconds. */
const defaultInterval = 5;
/** Nobody enters a code for longer. Seconds. */
const longestDeviceLogin = 3600;
/** No access token is believed to last longer: renewing it early is always right, and no absurd time is stored. Seconds. */
const longestLifetime = 366 * 24 * 3600;
/** OIDC Core §2: how long a `sub` may be, in characters. */
const longestSubject = 255;
/** How deep a claim may be nested: far more than any profile needs, and far less than what cannot be stored any more. */
const deepestNesting = 20;
/** The metadata's addresses that are used, and whether a provider must have them. */
const endpoints = {
  authorization_endpoint: true,
  token_endpoint: true,
  jwks_uri: true,
  userinfo_endpoint: false,
  revocation_endpoint: false,
  end_session_endpoint: false,
  device_authorization_endpoint: false,
} as const;

export type ResponseMode = 'form_post' | 'query' | 'fragment' | 'web_message';

/** What is asked of the provider's authorization endpoint, beside state, nonce and challenge. */
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

/** The claims that the broker itself uses. */
export interface IdTokenClaims {
  readonly iss: string;
  readonly sub: string;
  readonly [claim: string]: unknown;
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

/** Where a login starts. */
export interface AuthorizationEndpoint {
  /** R10: form_post on the broker's own callback, query where the metadata lacks form_post. */
  readonly callbackMode: 'form_post' | 'query';
  /** The address of the login page. R2: always S256. */
  address(request: AuthorizationRequest, secrets: AuthorizationSecrets): string;
}

/** What ties the answer to its request. */
export interface AuthorizationSecrets {
  readonly state: string;
  readonly nonce: string;
  readonly codeChallenge: string;
}

export interface ProviderSettings {
  /** As the person wrote it, normalised by {@link normaliseIssuer}. */
  readonly issuer: string;
  readonly clientId: string;
}

/**
 * The issuer as an address: a bare domain gets `https://`; http is for loopback only (T14).
 * @throws TypeError with the expectation when it cannot be one.
 */
export function normaliseIssuer(text: string): string {
  const trimmed = text.trim();
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  let url: URL;
  try {
    url = new URL(withScheme);
  } catch {
    throw new TypeError('expected an address such as https://tenant.us.auth0.com/');
  }
  if (!isSecure(url)) {
    throw new TypeError('expected an https address (http is accepted for localhost only)');
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new TypeError('expected an address without user name, query or fragment');
  }
  url.pathname = url.pathname.replace(/\/?\.well-known\/openid-configuration$/, '/');
  return url.href;
}

/** T14: https, or http on loopback. */
function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
}

function isLoopback(url: URL): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
}

/** The identity provider: Auth0 first, any OpenID provider by its metadata. All its answers are checked here. */
export class Provider {
  readonly #settings: ProviderSettings;
  readonly #fetch: client.CustomFetch;
  readonly #clock: Clock;
  #discovery: Promise<client.ServerMetadata> | undefined;
  readonly #origins = new Set<string>();
  #keys: ReturnType<typeof client.getJwksCache>;
  #configurations = new Map<string, client.Configuration>();

  /** @param platformFetch - Electron's or Node's; bounded and made redirect-proof here. */
  constructor(settings: ProviderSettings, platformFetch: PlatformFetch, clock: Clock) {
    this.#settings = settings;
    this.#origins.add(new URL(settings.issuer).origin);
    this.#fetch = providerFetch(platformFetch);
    this.#clock = clock;
  }

  /** The host that a person knows the provider by. */
  get host(): string {
    return new URL(this.#settings.issuer).host;
  }

  /** The issuer exactly as the metadata says it. @throws BrokerError */
  async issuer(): Promise<string> {
    return (await this.#metadata()).issuer;
  }

  /** The authorization endpoint for one client, ready to make addresses without waiting any more. @throws BrokerError */
  async authorizationEndpoint(clientId: string): Promise<AuthorizationEndpoint> {
    const configuration = await this.#configuration(clientId);
    // OIDC Discovery §3: metadata that says nothing means query and fragment.
    const { response_modes_supported: modes } = configuration.serverMetadata();
    return {
      callbackMode: Array.isArray(modes) && modes.includes('form_post') ? 'form_post' : 'query',
      address: (request, secrets) =>
        client.buildAuthorizationUrl(configuration, authorizationParameters(request, secrets)).href,
    };
  }

  /**
   * R6 (RFC 9207 §2.4): the response's `iss` is checked whenever it is sent, and required when announced.
   * @throws BrokerError `provider_error` when it is wrong or missing
   */
  async checkResponseIssuer(issuer: string | undefined): Promise<void> {
    const metadata = await this.#metadata();
    if (issuer === undefined) {
      if (metadata.authorization_response_iss_parameter_supported !== true) return;
      throw new BrokerError('provider_error', {
        happened: 'The login came back without the issuer that was announced.',
      });
    }
    if (issuer !== metadata.issuer) {
      throw new BrokerError('provider_error', {
        happened: 'The login came back from another issuer than the configured one.',
      });
    }
  }

  /**
   * Exchanges a code that the broker received for an authorization of its own; the ID token is required and verified.
   * @throws BrokerError `invalid_grant`, `provider_unreachable`, `provider_error`
   */
  async exchange(exchange: CodeExchange): Promise<Tokens & { claims: IdTokenClaims; idToken: string }> {
    const configuration = await this.#configuration(exchange.clientId);
    const response = new URL(exchange.redirectUri);
    response.searchParams.set('code', exchange.code);
    response.searchParams.set('state', exchange.state);
    if (exchange.issuer !== undefined) response.searchParams.set('iss', exchange.issuer);
    const answer = await asBrokerError(() =>
      client.authorizationCodeGrant(configuration, response, {
        pkceCodeVerifier: exchange.codeVerifier,
        expectedState: exchange.state,
        expectedNonce: exchange.nonce,
        idTokenExpected: true,
      }),
    ).catch((error: unknown) => {
      // The keys that were read for it are forgotten: the right ones may be there a moment later.
      this.#configurations.delete(exchange.clientId);
      throw error;
    });
    const tokens = this.#withIdToken(this.#tokens(answer, exchange.requestedScope));
    this.#checkOrganization(tokens.claims, exchange.organization);
    return tokens;
  }

  /** Whether the provider has device authorization (RFC 8628). @throws BrokerError */
  async hasDeviceAuthorization(): Promise<boolean> {
    return (await this.#metadata()).device_authorization_endpoint !== undefined;
  }

  /** Begins a login on another device (RFC 8628 §3.1). @throws BrokerError */
  async deviceAuthorization(request: {
    clientId: string;
    scope: string;
    audience?: string;
  }): Promise<DeviceAuthorization> {
    const configuration = await this.#configuration(request.clientId);
    const { scope, audience } = request;
    const answer = await asBrokerError(() =>
      client.initiateDeviceAuthorization(configuration, { scope, ...(audience !== undefined && { audience }) }),
    );
    const { issuer } = await this.#metadata();
    for (const address of [answer.verification_uri, answer.verification_uri_complete]) {
      if (address !== undefined && !isUsable(address, issuer)) throw failedCheck('verification_uri');
    }
    // What is printed on a terminal must not be able to write there what it likes (escape sequences).
    if (!/^[\x20-\x7e]{1,64}$/.test(answer.user_code)) throw failedCheck('user_code');
    return {
      deviceCode: answer.device_code,
      userCode: answer.user_code,
      verificationUri: answer.verification_uri,
      ...(answer.verification_uri_complete !== undefined && {
        verificationUriComplete: answer.verification_uri_complete,
      }),
      expiresIn: Math.min(answer.expires_in, longestDeviceLogin) * 1000,
      interval: Math.min(Math.max(answer.interval ?? defaultInterval, 1), longestDeviceLogin) * 1000,
    };
  }

  /**
   * Asks once whether the person has signed in on the other device (RFC 8628 §3.4). The ID token is required and verified;
   * there is no nonce in this flow, the device code that only the broker knows stands in its place.
   * @throws BrokerError with `providerError` `authorization_pending`, `slow_down`, `expired_token` or `access_denied`
   */
  async deviceTokens(
    request: { clientId: string; scope: string },
    deviceCode: string,
  ): Promise<Tokens & { claims: IdTokenClaims; idToken: string }> {
    const configuration = await this.#configuration(request.clientId);
    const answer = await asBrokerError(() =>
      client.genericGrantRequest(configuration, deviceGrant, { device_code: deviceCode }),
    );
    return this.#withIdToken(this.#tokens(answer, request.scope));
  }

  /**
   * Passes an exchange on that is not the broker's own (T18): the provider decides, and nothing changes here.
   * @throws BrokerError
   */
  async passThrough(clientId: string, grantType: string, parameters: Record<string, string>): Promise<Tokens> {
    const configuration = await this.#configuration(clientId);
    const answer = await asBrokerError(() => client.genericGrantRequest(configuration, grantType, parameters));
    return this.#tokens(answer, parameters.scope ?? '');
  }

  /**
   * Renews a session. T12: neither audience nor scope is sent, so that neither can widen; only a token for another API is
   * asked for by its name, and the provider decides.
   * @param onRotated - gets the new refresh token as soon as the provider has given it, before the answer is checked; what it
   * returns is waited for
   * @throws BrokerError `invalid_grant` alone means that the session is over (T5)
   */
  async refresh(
    session: { clientId: string; refreshToken: string; scope: string },
    onRotated: (refreshToken: string) => Promise<void>,
    api: OtherApi = {},
  ): Promise<Tokens> {
    const { token_endpoint: endpoint } = await this.#metadata();
    const configuration = await this.#newConfiguration(session.clientId, async (url, options) => {
      const response = await this.#fetch(url, options);
      const isTokens = endpoint !== undefined && new URL(url).href === new URL(endpoint).href;
      const rotated = isTokens ? await refreshTokenOf(response.clone()) : undefined;
      if (rotated !== undefined) await onRotated(rotated);
      return response;
    });
    // The keys that were read for the last one are known to this one.
    if (this.#keys) client.setJwksCache(configuration, this.#keys);
    const answer = await asBrokerError(() => client.refreshTokenGrant(configuration, session.refreshToken, { ...api }));
    this.#keys = client.getJwksCache(configuration);
    return this.#tokens(answer, api.scope ?? session.scope);
  }

  /**
   * Reads the person's profile.
   * @param subject - T2: the ID token's `sub`, which the answer must have; absent for a token that is not the session's.
   * @throws BrokerError `invalid_token` when the provider refuses the token
   */
  async userInfo(accessToken: string, subject?: string): Promise<Record<string, unknown>> {
    const configuration = await this.#configuration(this.#settings.clientId);
    const profile = await asBrokerError(() =>
      client.fetchUserInfo(configuration, accessToken, subject ?? client.skipSubjectCheck).catch((error: unknown) => {
        const refused = error instanceof client.WWWAuthenticateChallengeError && error.status === 401;
        throw refused ? new BrokerError('invalid_token') : error;
      }),
    );
    checkNesting(profile, 'profile');
    return profile;
  }

  /** RFC 7009. Without a revocation endpoint there is nothing to do. @throws BrokerError when it should be tried again */
  async revoke(clientId: string, refreshToken: string): Promise<void> {
    const metadata = await this.#metadata();
    if (metadata.revocation_endpoint === undefined) return;
    const configuration = await this.#configuration(clientId);
    await asBrokerError(() =>
      client.tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' }),
    );
  }

  /**
   * Where the browser ends the provider's own session: Auth0's `/v2/logout` where the provider is laid out like Auth0,
   * else `end_session_endpoint`; undefined where there is neither. T9: never with an id_token_hint.
   * @param parameters.federated - end the session at the upstream provider too, where the provider is laid out like Auth0
   */
  async logoutUrl(parameters: {
    clientId: string;
    returnTo?: string;
    federated?: boolean;
  }): Promise<string | undefined> {
    const metadata = await this.#metadata();
    const base = metadata.issuer.endsWith('/') ? metadata.issuer : `${metadata.issuer}/`;
    if (metadata.token_endpoint === `${base}oauth/token`) {
      const url = new URL(`${base}v2/logout`);
      url.searchParams.set('client_id', parameters.clientId);
      if (parameters.returnTo !== undefined) url.searchParams.set('returnTo', parameters.returnTo);
      // Auth0 looks whether it is there, whatever its value.
      if (parameters.federated) url.searchParams.set('federated', '');
      return url.href;
    }
    if (metadata.end_session_endpoint === undefined) return undefined;
    const url = new URL(metadata.end_session_endpoint);
    url.searchParams.set('client_id', parameters.clientId);
    if (parameters.returnTo !== undefined) url.searchParams.set('post_logout_redirect_uri', parameters.returnTo);
    return url.href;
  }

  /** The origins that a form_post login may come from (L2): those that are known now. Nobody is asked for it. */
  get origins(): readonly string[] {
    return [...this.#origins];
  }

  #metadata(): Promise<client.ServerMetadata> {
    // A discovery that failed is tried again by the next caller: a network that was down must not stick.
    this.#discovery ??= this.#discover().catch((error: unknown) => {
      this.#discovery = undefined;
      throw error;
    });
    return this.#discovery;
  }

  async #discover(): Promise<client.ServerMetadata> {
    const issuer = new URL(this.#settings.issuer);
    const discovered = await asBrokerError(async () => {
      try {
        return await this.#discoverAt(issuer);
      } catch (error) {
        // T14: only a final slash may differ; the metadata's spelling is then the issuer.
        if (!(error instanceof client.ClientError) || error.code !== 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED')
          throw error;
        const other = new URL(issuer);
        other.pathname = issuer.pathname.endsWith('/') ? issuer.pathname.slice(0, -1) : `${issuer.pathname}/`;
        if (other.href === issuer.href) throw error;
        return await this.#discoverAt(other);
      }
    });
    const metadata = discovered.serverMetadata();
    checkEndpoints(metadata);
    for (const address of [metadata.issuer, metadata.authorization_endpoint]) {
      if (address !== undefined) this.#origins.add(new URL(address).origin);
    }
    return metadata;
  }

  #discoverAt(issuer: URL): Promise<client.Configuration> {
    return client.discovery(issuer, this.#settings.clientId, undefined, client.None(), {
      [client.customFetch]: this.#fetch,
      timeout: requestTimeout,
      execute: issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [],
    });
  }

  async #configuration(clientId: string): Promise<client.Configuration> {
    const existing = this.#configurations.get(clientId);
    if (existing) return existing;
    const configuration = await this.#newConfiguration(clientId, this.#fetch);
    this.#configurations.set(clientId, configuration);
    return configuration;
  }

  async #newConfiguration(clientId: string, fetch: client.CustomFetch): Promise<client.Configuration> {
    const metadata = await this.#metadata();
    const configuration = new client.Configuration(
      metadata,
      clientId,
      { [client.clockTolerance]: clockTolerance },
      client.None(),
    );
    configuration[client.customFetch] = fetch;
    configuration.timeout = requestTimeout;
    // T1: without this, openid-client accepts an ID token with a wrong signature.
    client.enableNonRepudiationChecks(configuration);
    if (new URL(metadata.issuer).protocol === 'http:') client.allowInsecureRequests(configuration);
    return configuration;
  }

  #tokens(answer: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers, requestedScope: string): Tokens {
    const issuedAt = this.#clock.now();
    checkBearer(answer);
    const claims = answer.claims();
    if (claims) {
      this.#checkIssuedAt(claims.iat);
      checkSubject(claims.sub);
      checkNesting(claims, 'ID token');
    }
    return {
      accessToken: answer.access_token,
      issuedAt,
      expiresAt: expiry(answer, issuedAt),
      // RFC 6749 §5.1: an answer without scope means the scope that was asked for.
      scope: answer.scope ?? requestedScope,
      ...(answer.refresh_token !== undefined && { refreshToken: answer.refresh_token }),
      ...(answer.id_token !== undefined && { idToken: answer.id_token }),
      ...(claims && { claims }),
    };
  }

  #withIdToken(tokens: Tokens): Tokens & { claims: IdTokenClaims; idToken: string } {
    const { claims, idToken } = tokens;
    if (claims && idToken !== undefined) return { ...tokens, claims, idToken };
    throw new BrokerError('provider_error', { happened: 'The identity provider sent no ID token.' });
  }

  /** openid-client takes any iat; a fresh login's lies within the tolerance (T1), and a skew is named as one (T15). */
  #checkIssuedAt(issuedAt: number): void {
    const difference = Math.round(issuedAt - this.#clock.now() / 1000);
    if (Math.abs(difference) <= clockTolerance) return;
    throw new BrokerError('provider_error', {
      happened: `The clocks of this machine and of the identity provider differ by ${Math.abs(difference)} seconds (iat).`,
    });
  }

  /** T16, by Auth0's rules: an id is compared with org_id exactly, a name with org_name without regard to case. */
  #checkOrganization(claims: IdTokenClaims, organization: string | undefined): void {
    if (organization === undefined) return;
    // No name begins as an id does: else an organization could take another one's id for its name.
    const isSame = organization.startsWith('org_')
      ? claims.org_id === organization
      : typeof claims.org_name === 'string' && claims.org_name.toLowerCase() === organization.toLowerCase();
    if (isSame) return;
    throw new BrokerError('provider_error', {
      happened: 'The login is for another organization than the one asked for (org_id, org_name).',
    });
  }
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

function failedCheck(name: string): BrokerError {
  return new BrokerError('provider_error', { happened: `The identity provider's answer failed a check (${name}).` });
}

/**
 * T14: where the browser and the tokens are sent is a secure address, and on this machine only where the issuer is as well.
 * @throws BrokerError `provider_error`
 */
function checkEndpoints(metadata: client.ServerMetadata): void {
  for (const [name, isRequired] of Object.entries(endpoints)) {
    const address: unknown = metadata[name];
    if (address === undefined && !isRequired) continue;
    if (typeof address !== 'string' || !isUsable(address, metadata.issuer)) {
      throw new BrokerError('provider_error', {
        happened: `The identity provider's metadata has no usable ${name}: it must be an https address.`,
      });
    }
  }
}

/** T14: https, or http where the issuer itself is on this machine; and no name or password in it. */
function isUsable(address: string, issuer: string): boolean {
  if (!/^[\x21-\x7e]{1,2048}$/.test(address) || !URL.canParse(address)) return false;
  const url = new URL(address);
  return isSecure(url) && (!isLoopback(url) || isLoopback(new URL(issuer))) && url.username + url.password === '';
}

/** openid-client takes a DPoP token too, which nobody here could use, and any characters, which could end a header line. */
function checkBearer(answer: client.TokenEndpointResponse): void {
  if (answer.token_type !== 'bearer') {
    throw new BrokerError('provider_error', {
      happened: 'The identity provider gave an access token that is no Bearer token (token_type).',
    });
  }
  if (!/^[\x21-\x7e]+$/.test(answer.access_token)) {
    throw new BrokerError('provider_error', {
      happened: 'The identity provider gave an access token with characters that none may have (access_token).',
    });
  }
}

function checkSubject(subject: string): void {
  if (subject.length > 0 && subject.length <= longestSubject) return;
  throw new BrokerError('provider_error', {
    happened: `The ID token names nobody: its subject is empty or longer than ${longestSubject} characters (sub).`,
  });
}

/** What is nested too deeply can be parsed but not written again: the vault would keep nothing from then on. */
function checkNesting(value: unknown, what: string): void {
  if (isNestedWithin(deepestNesting, value)) return;
  throw new BrokerError('provider_error', {
    happened: `The identity provider sent a claim that is nested too deeply (${what}).`,
  });
}

function isNestedWithin(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isNestedWithin(levels - 1, member));
}

/** The refresh token of a token endpoint's answer, as it stands there; checked later, with the rest of it. */
async function refreshTokenOf(response: Response): Promise<string | undefined> {
  const answer: unknown = await response.json().catch(() => undefined);
  // An empty one is none: kept, it would replace the one that works.
  return response.ok ? textAt(answer, 'refresh_token') || undefined : undefined;
}

function expiry(answer: client.TokenEndpointResponse, issuedAt: number): number {
  const exp = answer.expires_in === undefined ? jwtExpiry(answer.access_token) : undefined;
  const end = exp === undefined ? issuedAt + Math.floor(answer.expires_in ?? assumedLifetime) * 1000 : exp * 1000;
  return Math.min(Math.max(end, issuedAt), issuedAt + longestLifetime * 1000);
}

/** The `exp` of an access token that happens to be a JWT. Only a hint of its lifetime: never used to trust it. */
function jwtExpiry(token: string): number | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const exp = typeof claims === 'object' && claims !== null && 'exp' in claims ? claims.exp : undefined;
    return typeof exp === 'number' ? exp : undefined;
  } catch {
    return undefined;
  }
}

async function asBrokerError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toBrokerError(error);
  }
}

/** openid-client's errors in the broker's words. Nothing of an answer's body is quoted but OAuth's own error fields (T9). */
function toBrokerError(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  if (error instanceof client.ResponseBodyError) {
    return oauthError(error.status, error.error, error.error_description);
  }
  if (error instanceof client.WWWAuthenticateChallengeError) return statusError(error.status);
  if (error instanceof client.ClientError) {
    const cause: unknown = error.cause;
    if (cause instanceof BrokerError) return cause;
    if (error.code === 'OAUTH_TIMEOUT') {
      return new BrokerError('provider_unreachable', {
        happened: `The identity provider did not answer within ${requestTimeout} seconds.`,
        retryable: true,
      });
    }
    if (cause instanceof Response && cause.status !== 200) return statusError(cause.status);
    return new BrokerError('provider_error', { happened: checkThatFailed(error) });
  }
  return new BrokerError('provider_error', { happened: "The identity provider's answer could not be verified." });
}

function oauthError(status: number, error: string, description: string | undefined): BrokerError {
  if (status >= 500 || status === 429) return statusError(status);
  const words = oauthWords(error, description);
  if (error === 'invalid_grant') {
    return new BrokerError('invalid_grant', {
      happened: `The identity provider refused the grant (${words}).`,
      providerError: error,
    });
  }
  return new BrokerError('provider_error', {
    happened: `The identity provider answered with an error (${words}).`,
    providerError: error,
  });
}

function statusError(status: number): BrokerError {
  if (status >= 500 || status === 429) {
    return new BrokerError('provider_unreachable', {
      happened: `The identity provider is not able to answer now (status ${status}).`,
      retryable: true,
    });
  }
  return new BrokerError('provider_error', { happened: `The identity provider answered with status ${status}.` });
}

/** `error: description` of RFC 6749 §5.2, cut to the characters that the RFC allows and to a length that a page can show. */
export function oauthWords(error: string, description: string | undefined): string {
  // A provider that repeats what it was sent would put a code or a token here (T9): nothing that long is a word.
  const clean = (text: string) =>
    text
      .replace(/[^\x20-\x7e]/g, ' ')
      .replace(/[A-Za-z0-9._~+/=-]{32,}/g, '...')
      .slice(0, 200);
  return description === undefined ? clean(error) : `${clean(error)}: ${clean(description)}`;
}

/** What it means that the check of a claim or of a metadata's member failed. */
const meanings: Readonly<Record<string, string>> = {
  iss: 'the ID token is from another issuer',
  aud: 'the ID token is not for this application, or not for it alone',
  azp: 'the ID token was given to another application',
  nonce: 'the ID token belongs to another login',
  sub: "the profile is another person's",
  issuer: "the metadata is another issuer's",
};

/** Which check of openid-client failed, by the name of the claim or attribute, never by its value. */
function checkThatFailed(error: client.ClientError): string {
  const inner: unknown = error.cause instanceof Error ? error.cause.cause : error.cause;
  if (error.code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED') return clockSkew(inner);
  if (error.code === 'OAUTH_KEY_SELECTION_FAILED')
    return 'No single key of the identity provider fits the signature of the ID token (kid).';
  if (error.code === 'OAUTH_RESPONSE_IS_NOT_JSON') return "The identity provider's answer is not JSON.";
  const named = textAt(inner, 'claim') ?? textAt(inner, 'attribute');
  if (named !== undefined)
    return `The identity provider's answer failed a check: ${meanings[named] ?? 'it is not usable'} (${named}).`;
  const message = error.cause instanceof Error ? error.cause.message : error.message;
  return `The identity provider's answer failed a check: ${message.replace(/[^\x20-\x7e]/g, ' ').slice(0, 160)}.`;
}

/** T15: a fresh ID token that is not valid now means that the clocks differ, and by how much is in its iat. */
function clockSkew(failed: unknown): string {
  const claims = valueAt(failed, 'claims');
  const [now, issuedAt] = [valueAt(failed, 'now'), valueAt(claims, 'iat')];
  const claim = textAt(failed, 'claim') ?? 'time';
  if (typeof now !== 'number' || typeof issuedAt !== 'number' || Math.abs(now - issuedAt) <= clockTolerance)
    return `The ID token is not valid at this time (${claim}).`;
  return `The clocks of this machine and of the identity provider differ by ${Math.abs(now - issuedAt)} seconds (${claim}).`;
}

function valueAt(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function textAt(value: unknown, key: string): string | undefined {
  const found = valueAt(value, key);
  return typeof found === 'string' ? found : undefined;
}
