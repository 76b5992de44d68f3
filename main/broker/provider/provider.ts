import * as client from 'openid-client';
import { message } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import type { Clock } from '../clock.ts';
import { type Failure, failureAfter, isBackingOffForCallers, isToldToWait } from './backoff.ts';
import type { IdTokenClaims } from './claims.ts';
import { HeldAnswers, OneAnswer } from './heldAnswers.ts';
import {
  type Auth0Layout,
  auth0Layout,
  checkAuthorizedParty,
  checkBearer,
  checkEndpoints,
  checkIssuedAt,
  checkNesting,
  checkOrganization,
  checkSubject,
  clockTolerance,
  expiry,
  failedCheck,
  isUsable,
} from './providerChecks.ts';
import { hasStatus, type Secrets, unverified, withLoopgateErrors } from './providerErrors.ts';
import { onceTimeout, type PlatformFetch, providerFetch, requestTimeout } from './providerFetch.ts';
import { type RevocationOutcome, revocationOutcome } from './revocationAnswer.ts';
import { type KeyCopy, SigningKeys } from './signingKeys.ts';
import { refreshTokenOf, tokenAnswer } from './tokenAnswer.ts';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
/** RFC 8628 §3.2: the interval where the provider names none. Seconds. */
const defaultInterval = 5;
/** Nobody enters a code for longer. Seconds. */
const longestDeviceLogin = 3600;
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

/** How an answer that has to be verified is asked for. */
interface Asking {
  readonly clientId: string;
  /** All that is sent, where it counts only once: its answer is held for the next try when it could not be verified (T20). */
  readonly once?: unknown;
  /** What was sent, and is not to be told by a provider that repeats it (T9). */
  readonly secrets: Secrets;
  /** How long the request may take, in seconds; absent for one that counts once. */
  readonly timeout?: number;
  /** Gets the answer before it is verified; what it returns is waited for. */
  readonly onAnswer?: (answer: Response) => Promise<void>;
}

export interface ProviderSettings {
  /** As the person wrote it, normalised by {@link normaliseIssuer}. */
  readonly issuer: string;
  readonly clientId: string;
}

/** The identity provider: Auth0 first, any OpenID provider by its metadata. All its answers are checked here. */
export class Provider {
  readonly #settings: ProviderSettings;
  readonly #fetch: client.CustomFetch;
  readonly #clock: Clock;
  #discovery: Promise<client.ServerMetadata> | undefined;
  #discoveryFailure: Failure | undefined;
  readonly #origins = new Set<string>();
  readonly #keys: SigningKeys;
  readonly #held: HeldAnswers;

  /** @param platformFetch - Electron's or Node's; bounded and made redirect-proof here. */
  constructor(settings: ProviderSettings, platformFetch: PlatformFetch, clock: Clock) {
    this.#settings = settings;
    this.#origins.add(new URL(settings.issuer).origin);
    this.#fetch = providerFetch(platformFetch);
    this.#clock = clock;
    this.#keys = new SigningKeys(() => withLoopgateErrors(() => this.#readKeys()), clock);
    this.#held = new HeldAnswers(clock);
  }

  /** As it is configured. */
  get configuredIssuer(): string {
    return this.#settings.issuer;
  }

  /** The host that a person knows the provider by. */
  get host(): string {
    return new URL(this.#settings.issuer).host;
  }

  /** The issuer exactly as the metadata says it. @throws LoopgateError */
  async issuer(): Promise<string> {
    return (await this.#metadata()).issuer;
  }

  /** What tells providers apart, and where tokens come from. @throws LoopgateError */
  async layout(): Promise<{ issuer: string; token_endpoint: string; jwks_uri?: string | undefined }> {
    const { issuer, token_endpoint, jwks_uri } = await this.#metadata();
    // It was checked to be there.
    return { issuer, token_endpoint: token_endpoint ?? issuer, jwks_uri };
  }

  /** The authorization endpoint for one client, ready to make addresses without waiting any more. @throws LoopgateError */
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
   * @throws LoopgateError `provider_error` when it is wrong or missing
   */
  async checkResponseIssuer(issuer: string | undefined): Promise<void> {
    const metadata = await this.#metadata();
    if (issuer === undefined) {
      if (metadata.authorization_response_iss_parameter_supported !== true) return;
      throw new LoopgateError('provider_error', {
        happened: message('issuerMissing'),
      });
    }
    if (issuer !== metadata.issuer) {
      throw new LoopgateError('provider_error', {
        happened: message('issuerOther'),
      });
    }
  }

  /**
   * Exchanges a code that the broker received for an authorization of its own; the ID token is required and verified.
   * @throws LoopgateError `invalid_grant`, `provider_unreachable`, `provider_error`
   */
  async exchange(exchange: CodeExchange): Promise<Tokens & { claims: IdTokenClaims; idToken: string }> {
    const { clientId, code, codeVerifier } = exchange;
    const response = new URL(exchange.redirectUri);
    response.searchParams.set('code', exchange.code);
    response.searchParams.set('state', exchange.state);
    if (exchange.issuer !== undefined) response.searchParams.set('iss', exchange.issuer);
    const answer = await this.#verified({ clientId, once: exchange, secrets: [code, codeVerifier] }, (configuration) =>
      client.authorizationCodeGrant(configuration, response, {
        pkceCodeVerifier: codeVerifier,
        expectedState: exchange.state,
        expectedNonce: exchange.nonce,
        idTokenExpected: true,
      }),
    );
    const tokens = this.#withIdToken(this.#tokens(answer, exchange.requestedScope));
    checkAuthorizedParty(tokens.claims, exchange.clientId);
    checkOrganization(tokens.claims, exchange.organization);
    return tokens;
  }

  /** Whether the provider has device authorization (RFC 8628). @throws LoopgateError */
  async hasDeviceAuthorization(): Promise<boolean> {
    return (await this.#metadata()).device_authorization_endpoint !== undefined;
  }

  /** Begins a login on another device (RFC 8628 §3.1). @throws LoopgateError */
  async deviceAuthorization(request: {
    clientId: string;
    scope: string;
    audience?: string;
  }): Promise<DeviceAuthorization> {
    const configuration = await this.#configuration(request.clientId);
    const { scope, audience } = request;
    const answer = await withLoopgateErrors(() =>
      client.initiateDeviceAuthorization(configuration, { scope, ...(audience !== undefined && { audience }) }),
    );
    const { issuer } = await this.#metadata();
    for (const address of [answer.verification_uri, answer.verification_uri_complete]) {
      if (address !== undefined && !isUsable(address, issuer)) throw failedCheck('verification_uri');
    }
    // What is printed on a terminal must not be able to write there what it likes (escape sequences).
    if (!/^[\x20-\x7e]{1,64}$/.test(answer.user_code)) throw failedCheck('user_code');
    // A code that is dead at once is none.
    if (answer.expires_in < 1) throw failedCheck('expires_in');
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
   * @throws LoopgateError with `providerError` `authorization_pending`, `slow_down`, `expired_token` or `access_denied`
   */
  async deviceTokens(
    request: { clientId: string; scope: string },
    deviceCode: string,
  ): Promise<Tokens & { claims: IdTokenClaims; idToken: string }> {
    const { clientId } = request;
    const answer = await this.#verified({ clientId, once: deviceCode, secrets: [deviceCode] }, (configuration) =>
      client.genericGrantRequest(configuration, deviceGrant, { device_code: deviceCode }),
    );
    const tokens = this.#withIdToken(this.#tokens(answer, request.scope));
    checkAuthorizedParty(tokens.claims, request.clientId);
    return tokens;
  }

  /**
   * Passes an exchange on that is not the broker's own (T18): the provider decides, and nothing changes here.
   * @throws LoopgateError
   */
  async passThrough(clientId: string, grantType: string, parameters: Record<string, string>): Promise<Tokens> {
    const { code, code_verifier: codeVerifier, refresh_token: refreshToken } = parameters;
    const once = [clientId, grantType, parameters];
    const answer = await this.#verified(
      { clientId, once, secrets: [code, codeVerifier, refreshToken] },
      (configuration) => client.genericGrantRequest(configuration, grantType, parameters),
    );
    return this.#tokens(answer, parameters.scope ?? '');
  }

  /**
   * Renews a session. T12: neither audience nor scope is sent, so that neither can widen; only a token for another API is
   * asked for by its name, and the provider decides.
   * @param onRotated - gets the new refresh token as soon as the provider has given it, before the answer is checked; what it
   * returns is waited for
   * @throws LoopgateError `invalid_grant` alone means that the session is over (T5)
   */
  async refresh(
    session: { clientId: string; refreshToken: string; scope: string },
    onRotated: (refreshToken: string) => Promise<void>,
    api: OtherApi = {},
  ): Promise<Tokens> {
    const { clientId, refreshToken } = session;
    const onAnswer = async (response: Response) => {
      const rotated = await refreshTokenOf(response);
      if (rotated !== undefined) await onRotated(rotated);
    };
    const answer = await this.#verified({ clientId, secrets: [refreshToken], onAnswer }, (configuration) =>
      client.refreshTokenGrant(configuration, refreshToken, { ...api }),
    );
    const tokens = this.#tokens(answer, api.scope ?? session.scope);
    if (tokens.claims) checkAuthorizedParty(tokens.claims, session.clientId);
    return tokens;
  }

  /**
   * Reads the person's profile.
   * @param subject - T2: the ID token's `sub`, which the answer must have; absent for a token that is not the session's.
   * @throws LoopgateError `invalid_token` when the provider refuses the token
   */
  async userInfo(accessToken: string, subject?: string): Promise<Record<string, unknown>> {
    const { clientId } = this.#settings;
    const asking = { clientId, secrets: [accessToken], timeout: requestTimeout };
    const profile = await this.#verified(asking, (configuration) =>
      client.fetchUserInfo(configuration, accessToken, subject ?? client.skipSubjectCheck).catch((error: unknown) => {
        throw hasStatus(error, 401) ? new LoopgateError('invalid_token') : error;
      }),
    );
    checkNesting(profile, 'profile');
    return profile;
  }

  /** How far the provider is laid out like Auth0. @throws LoopgateError */
  async auth0Layout(): Promise<Auth0Layout> {
    return auth0Layout(await this.#metadata());
  }

  /**
   * RFC 7009. Without a revocation endpoint there is nothing to do.
   * @throws LoopgateError when it is to be tried again: the provider has said nothing about this token
   */
  async revoke(clientId: string, refreshToken: string): Promise<RevocationOutcome> {
    const metadata = await this.#metadata();
    if (metadata.revocation_endpoint === undefined) return 'no_endpoint';
    const outcomes: RevocationOutcome[] = [];
    const configuration = await this.#configuration(clientId, async (url, options) => {
      const response = await this.#fetch(url, options);
      const outcome = await revocationOutcome(response.clone());
      if (outcome !== undefined) outcomes.push(outcome);
      return response;
    });
    const failure: unknown = await withLoopgateErrors(
      () => client.tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' }),
      [refreshToken],
    ).catch((error: unknown) => error);
    const [outcome] = outcomes;
    if (outcome !== undefined) return outcome;
    throw failure ?? new LoopgateError('provider_error', { happened: message('answeredWithPage') });
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
    if (auth0Layout(metadata) === 'all') {
      const url = new URL(`${metadata.issuer.replace(/\/$/, '')}/v2/logout`);
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

  /** Somebody may just have repaired it: what failed is tried again by the next who asks, unless the provider wants to wait (T5). */
  forgetFailure(): void {
    const failure = this.#discoveryFailure;
    if (failure && !isToldToWait(failure, this.#clock.now())) this.#discoveryFailure = undefined;
  }

  async #metadata(): Promise<client.ServerMetadata> {
    const failure = this.#discoveryFailure;
    if (failure && isBackingOffForCallers(failure, this.#clock.now())) throw failure.reason;
    this.#discovery ??= this.#discoverOnce();
    return await this.#discovery;
  }

  /** A discovery that failed is tried again after seconds: a network that was down must not stick, and callers may come in a loop. */
  async #discoverOnce(): Promise<client.ServerMetadata> {
    try {
      const metadata = await this.#discover();
      this.#discoveryFailure = undefined;
      return metadata;
    } catch (error) {
      this.#discovery = undefined;
      if (!(error instanceof LoopgateError)) throw error;
      // Nothing that counts only once was sent by then.
      const reason = error.with({ undone: true });
      this.#discoveryFailure = failureAfter(this.#discoveryFailure, reason, this.#clock.now());
      throw reason;
    }
  }

  async #discover(): Promise<client.ServerMetadata> {
    const issuer = new URL(this.#settings.issuer);
    const discovered = await withLoopgateErrors(async () => {
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

  /** The keys' own answer, whatever it is. */
  async #readKeys(): Promise<Response> {
    const { jwks_uri: address } = await this.#metadata();
    if (address === undefined) throw failedCheck('jwks_uri');
    return await this.#fetch(address, {
      method: 'GET',
      headers: { accept: 'application/json' },
      body: undefined,
      redirect: 'manual',
      signal: AbortSignal.timeout(requestTimeout * 1000),
    });
  }

  /**
   * Asks the provider once and verifies its answer, with keys that are read once more when they do not fit it (T20). What
   * fails after the keys were needed has passed every other check: it may be verified later, and is safe to ask for again.
   * @throws LoopgateError
   */
  async #verified<T>(
    { clientId, once, secrets, timeout = onceTimeout, onAnswer }: Asking,
    verify: (configuration: client.Configuration) => Promise<T>,
  ): Promise<T> {
    const request = once === undefined ? undefined : JSON.stringify(once);
    const answer = request === undefined ? new OneAnswer() : this.#held.of(request);
    const { jwks_uri: keysAddress = '', token_endpoint: tokenAddress = '' } = await this.#metadata();
    const isTokens = (url: string) => url === new URL(tokenAddress).href;
    let neededKeys = false;
    let used: KeyCopy | undefined;
    const attempt = async (newer?: KeyCopy) => {
      const configuration = await this.#configuration(clientId, async (url, options) => {
        if (url === new URL(keysAddress).href) {
          neededKeys = true;
          used = newer ?? (await this.#keys.copy());
          return used.answer.clone();
        }
        return await answer.of(async () => {
          const response = await this.#fetch(url, options);
          await onAnswer?.(response.clone());
          return isTokens(url) ? await tokenAnswer(response) : response;
        });
      });
      configuration.timeout = timeout;
      return await withLoopgateErrors(() => verify(configuration), secrets, timeout);
    };
    try {
      const result = await attempt().catch(async (error: unknown) => {
        const newer = neededKeys ? await this.#keys.newerThan(used) : undefined;
        if (!newer) throw error;
        return await attempt(newer);
      });
      if (request !== undefined) this.#held.forget(request);
      return result;
    } catch (error) {
      if (!neededKeys) throw error;
      const mayBeVerified = request === undefined || this.#held.hold(request, answer);
      throw unverified(error, mayBeVerified);
    }
  }

  async #configuration(clientId: string, fetch = this.#fetch): Promise<client.Configuration> {
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
      checkIssuedAt(claims.iat, issuedAt);
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
    throw new LoopgateError('provider_error', { happened: message('noIdToken') });
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
