import * as client from 'openid-client';
import { message } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import type { Clock } from '../clock.ts';
import { type AuthorizationEndpoint, authorizationEndpointOf, scopeFor } from './authorizationEndpoint.ts';
import { Discovery, type ProviderSettings } from './discovery.ts';
import { type LogoutParameters, logoutAddress } from './logoutAddress.ts';
import { profileOf } from './profileClaims.ts';
import {
  type Auth0Layout,
  auth0Layout,
  checkAuthorizedParty,
  checkBearer,
  checkIssuedAt,
  checkNesting,
  checkOrganization,
  checkSubject,
  expiry,
  failedCheck,
  isIssuerOf,
  isUsable,
  refreshExpiry,
} from './providerChecks.ts';
import { hasStatus, withLoopgateErrors } from './providerErrors.ts';
import { type PlatformFetch, providerFetch, requestTimeout, watched } from './providerFetch.ts';
import { type RevocationOutcome, revocationOutcome } from './revocationAnswer.ts';
import { refreshTokenOf } from './tokenAnswer.ts';
import type { CodeExchange, DeviceAuthorization, LoginTokens, OtherApi, Tokens } from './tokens.ts';
import { VerifiedRequests } from './verifiedRequests.ts';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
/** RFC 8628 §3.2: the default interval. Seconds. */
const defaultInterval = 5;
/** The longest time that a person gets to enter a code. Seconds. */
const maxDeviceLogin = 3600;

/** The identity provider: Auth0 first, any OpenID provider by its metadata. This class checks all its answers. */
export class Provider {
  readonly #settings: ProviderSettings;
  readonly #fetch: client.CustomFetch;
  readonly #clock: Clock;
  readonly #discovery: Discovery;
  readonly #requests: VerifiedRequests;

  /** @param platformFetch - Electron's or Node's fetch; this class adds the limits and refuses redirects */
  constructor(settings: ProviderSettings, platformFetch: PlatformFetch, clock: Clock) {
    this.#settings = settings;
    const bounded = providerFetch(platformFetch);
    this.#clock = clock;
    this.#discovery = new Discovery(settings, bounded, clock);
    this.#fetch = watched(bounded, () => this.#discovery.doubt());
    this.#requests = new VerifiedRequests(this.#discovery, this.#fetch, clock);
  }

  /** The issuer as it is configured. */
  get configuredIssuer(): string {
    return this.#settings.issuer;
  }

  /** The host, by which a person knows the provider. */
  get host(): string {
    return new URL(this.#settings.issuer).host;
  }

  /** The issuer exactly as the metadata spells it. @throws LoopgateError */
  async issuer(): Promise<string> {
    return (await this.#discovery.metadata()).issuer;
  }

  /** Tells whether tokens of an issuer come from this provider. @throws LoopgateError */
  async issuers(): Promise<(issuer: string) => boolean> {
    const metadata = await this.#discovery.metadata();
    return (issuer) => isIssuerOf(metadata, issuer);
  }

  /** Identifies the provider, and says where its tokens come from. @throws LoopgateError */
  async layout(): Promise<{ issuer: string; token_endpoint: string; jwks_uri?: string | undefined }> {
    const { issuer, token_endpoint, jwks_uri } = await this.#discovery.metadata();
    // checkEndpoints() has made sure that it is there.
    return { issuer, token_endpoint: token_endpoint ?? issuer, jwks_uri };
  }

  /** The authorization endpoint for one client; it builds addresses without further requests. @throws LoopgateError */
  async authorizationEndpoint(clientId: string): Promise<AuthorizationEndpoint> {
    return authorizationEndpointOf(await this.#requests.configuration(clientId));
  }

  /**
   * R6 (RFC 9207 §2.4): checks the response's `iss` whenever it is sent, and requires it if the metadata announces it.
   * @throws LoopgateError `provider_error` when it is wrong or missing
   */
  async checkResponseIssuer(issuer: string | undefined): Promise<void> {
    const metadata = await this.#discovery.metadata();
    if (issuer === undefined) {
      if (metadata.authorization_response_iss_parameter_supported !== true) return;
      throw new LoopgateError('provider_error', {
        happened: message('issuerMissing'),
      });
    }
    if (!isIssuerOf(metadata, issuer)) {
      throw new LoopgateError('provider_error', {
        happened: message('issuerOther'),
      });
    }
  }

  /**
   * Exchanges a code that the broker received for its own authorization. The answer must have a valid ID token.
   * @throws LoopgateError `invalid_grant`, `provider_unreachable`, `provider_error`
   */
  async exchange(exchange: CodeExchange): Promise<LoginTokens> {
    const { clientId, code, codeVerifier } = exchange;
    const response = new URL(exchange.redirectUri);
    response.searchParams.set('code', exchange.code);
    response.searchParams.set('state', exchange.state);
    // checkResponseIssuer() has compared it: at Entra it names the tenant, which the library does not expect here.
    if (exchange.issuer !== undefined) response.searchParams.set('iss', await this.issuer());
    const answer = await this.#requests.send(
      { clientId, once: exchange, secrets: [code, codeVerifier] },
      (configuration) =>
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

  /** Whether the provider supports device authorization (RFC 8628). @throws LoopgateError */
  async hasDeviceAuthorization(): Promise<boolean> {
    return (await this.#discovery.metadata()).device_authorization_endpoint !== undefined;
  }

  /** Starts a login on another device (RFC 8628 §3.1). @throws LoopgateError */
  async deviceAuthorization(request: {
    clientId: string;
    scope: string;
    audience?: string;
  }): Promise<DeviceAuthorization> {
    const configuration = await this.#requests.configuration(request.clientId);
    const { audience } = request;
    // A provider that requires PKCE of a client may require it here too.
    const codeVerifier = client.randomPKCECodeVerifier();
    const parameters = {
      scope: scopeFor(await this.#discovery.metadata(), request.scope),
      ...(audience !== undefined && { audience }),
      code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    };
    const answer = await withLoopgateErrors(() => client.initiateDeviceAuthorization(configuration, parameters));
    const { issuer } = await this.#discovery.metadata();
    for (const address of [answer.verification_uri, answer.verification_uri_complete]) {
      if (address !== undefined && !isUsable(address, issuer)) throw failedCheck('verification_uri');
    }
    // This text goes to a terminal, where escape sequences could do harm.
    if (!/^[\x20-\x7e]{1,64}$/.test(answer.user_code)) throw failedCheck('user_code');
    // A code that has expired at once is useless.
    if (answer.expires_in < 1) throw failedCheck('expires_in');
    return {
      deviceCode: answer.device_code,
      codeVerifier,
      userCode: answer.user_code,
      verificationUri: answer.verification_uri,
      ...(answer.verification_uri_complete !== undefined && {
        verificationUriComplete: answer.verification_uri_complete,
      }),
      expiresIn: Math.min(answer.expires_in, maxDeviceLogin) * 1000,
      interval: Math.min(Math.max(answer.interval ?? defaultInterval, 1), maxDeviceLogin) * 1000,
    };
  }

  /**
   * Asks once whether the person has signed in on the other device (RFC 8628 §3.4). The answer must have a valid ID token.
   * This flow has no nonce; the device code, which only the broker knows, does its job.
   * @throws LoopgateError with `providerError` `authorization_pending`, `slow_down`, `expired_token` or `access_denied`
   */
  async deviceTokens(
    request: { clientId: string; scope: string },
    { deviceCode, codeVerifier }: Pick<DeviceAuthorization, 'deviceCode' | 'codeVerifier'>,
  ): Promise<LoginTokens> {
    const { clientId } = request;
    const asking = { clientId, once: deviceCode, secrets: [deviceCode, codeVerifier] };
    const parameters = { device_code: deviceCode, code_verifier: codeVerifier };
    const answer = await this.#requests.send(asking, (configuration) =>
      client.genericGrantRequest(configuration, deviceGrant, parameters),
    );
    const scope = scopeFor(await this.#discovery.metadata(), request.scope);
    const tokens = this.#withIdToken(this.#tokens(answer, scope));
    checkAuthorizedParty(tokens.claims, request.clientId);
    return tokens;
  }

  /**
   * Passes on an exchange that is not the broker's own (T18): the provider decides, and nothing changes here.
   * @throws LoopgateError
   */
  async passThrough(clientId: string, grantType: string, parameters: Record<string, string>): Promise<Tokens> {
    const { code, code_verifier: codeVerifier, refresh_token: refreshToken } = parameters;
    const once = [clientId, grantType, parameters];
    const answer = await this.#requests.send(
      { clientId, once, secrets: [code, codeVerifier, refreshToken] },
      (configuration) => client.genericGrantRequest(configuration, grantType, parameters),
    );
    return this.#tokens(answer, parameters.scope ?? '');
  }

  /**
   * Renews a session. T12: it sends neither audience nor scope, so that neither can widen. Only a token for another API is
   * requested by that API's name, and the provider decides.
   * @param onRotated - receives the new refresh token as soon as the provider has issued it, before the answer is checked;
   * the renewal waits for the promise that it returns
   * @throws LoopgateError only `invalid_grant` means that the session is over (T5)
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
    const answer = await this.#requests.send({ clientId, secrets: [refreshToken], onAnswer }, (configuration) =>
      client.refreshTokenGrant(configuration, refreshToken, { ...api }),
    );
    const tokens = this.#tokens(answer, api.scope ?? session.scope);
    if (tokens.claims) checkAuthorizedParty(tokens.claims, session.clientId);
    return tokens;
  }

  /** Whether the provider has a userinfo endpoint, which OIDC Discovery §3 only recommends. @throws LoopgateError */
  async hasUserInfo(): Promise<boolean> {
    return (await this.#discovery.metadata()).userinfo_endpoint !== undefined;
  }

  /**
   * Reads the person's profile.
   * @param subject - T2: the ID token's `sub`, which the answer must have; absent for a token that is not the session's
   * @throws LoopgateError `invalid_token` when the provider refuses the token
   */
  async userInfo(accessToken: string, subject?: string): Promise<Record<string, unknown>> {
    const { clientId } = this.#settings;
    if (!(await this.hasUserInfo())) throw new LoopgateError('provider_error', { happened: message('noUserInfo') });
    const asking = { clientId, secrets: [accessToken], timeout: requestTimeout };
    const profile = await this.#requests.send(asking, (configuration) =>
      client.fetchUserInfo(configuration, accessToken, subject ?? client.skipSubjectCheck).catch((error: unknown) => {
        throw hasStatus(error, 401) ? new LoopgateError('invalid_token') : error;
      }),
    );
    checkNesting(profile, 'profile');
    return profileOf(profile);
  }

  /** How far the provider is laid out like Auth0. @throws LoopgateError */
  async auth0Layout(): Promise<Auth0Layout> {
    return auth0Layout(await this.#discovery.metadata());
  }

  /**
   * Revokes a refresh token (RFC 7009). If the provider has no revocation endpoint, there is nothing to do.
   * @throws LoopgateError when the caller should try again, because the provider's answer does not concern this token
   */
  async revoke(clientId: string, refreshToken: string): Promise<RevocationOutcome> {
    const metadata = await this.#discovery.metadata();
    if (metadata.revocation_endpoint === undefined) return 'no_endpoint';
    const outcomes: RevocationOutcome[] = [];
    const configuration = await this.#requests.configuration(clientId, async (url, options) => {
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
   * The address where the browser ends the provider's own session; undefined if the provider has none.
   * @throws LoopgateError while the metadata cannot be read
   */
  async logoutUrl(parameters: LogoutParameters): Promise<string | undefined> {
    return logoutAddress(await this.#discovery.metadata(), parameters);
  }

  /** The known origins that a form_post login may come from (L2). This does not ask the provider. */
  get origins(): readonly string[] {
    return this.#discovery.origins;
  }

  /** The cause may just have been repaired: the next caller tries again at once, unless the provider has asked to wait (T5). */
  forgetFailure(): void {
    this.#discovery.forgetFailure();
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
      // RFC 6749 §5.1: an answer without scope means the requested scope.
      scope: answer.scope ?? requestedScope,
      ...refreshExpiry(answer, issuedAt),
      ...(answer.refresh_token !== undefined && { refreshToken: answer.refresh_token }),
      ...(answer.id_token !== undefined && { idToken: answer.id_token }),
      ...(claims && { claims }),
    };
  }

  #withIdToken(tokens: Tokens): LoginTokens {
    const { claims, idToken } = tokens;
    if (claims && idToken !== undefined) return { ...tokens, claims, idToken };
    throw new LoopgateError('provider_error', { happened: message('noIdToken') });
  }
}
