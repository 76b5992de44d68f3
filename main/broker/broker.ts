import { createHash } from 'node:crypto';
import { Accounts } from './accounts.ts';
import {
  type Authorization,
  Authorizations,
  type Challenge,
  isSameSecret,
  loopgateItself,
  type Owner,
  resultKept,
  s256,
} from './authorization.ts';
import type { Clock } from './clock.ts';
import { BrokerError } from './errors.ts';
import { type AuthorizationRequest, normaliseIssuer, oauthWords, Provider, type Tokens } from './provider.ts';
import type { PlatformFetch } from './providerFetch.ts';
import type { CallbackResult, SignInRequest, SignInResult, TokenRequest, TokenResult } from './requests.ts';
import { accountOf, type Session } from './session.ts';
import type { Vault } from './vault.ts';

/** How long the profile of a token that is not the session's is kept, in milliseconds (Auth0: five calls a minute). */
const otherProfileKept = 60_000;
/** How many such profiles are kept at once. */
const otherProfiles = 100;

/** What the broker must know of the settings. */
export interface BrokerSettings {
  readonly issuer?: string;
  readonly clientId?: string;
  readonly audience?: string;
  readonly scope: string;
  /** R15: how long a login may take, in milliseconds. */
  readonly signInTimeout: number;
  readonly clients: readonly string[];
  readonly redirectUris: readonly string[];
  readonly returnTo: readonly string[];
  readonly exposeRefreshToken: boolean;
}

/** What touches the world, handed in from the entry files. */
export interface BrokerWorld {
  readonly clock: Clock;
  readonly fetch: PlatformFetch;
  /** Opens an address in the person's own browser (R1). Rejects when none could be opened. */
  readonly openBrowser: (address: string) => Promise<void>;
  readonly vault: Vault;
  readonly log: BrokerLog;
}

/** Structured logging; never given a token, a code, a state or an e-mail address. */
export interface BrokerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** A login that waits for the browser, as the desktop shows it. */
export interface WaitingLogin {
  readonly id: string;
  readonly requestedBy: 'loopgate' | 'program';
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

/** A signed-in person, as the desktop shows them: no tokens. */
export interface PersonState {
  readonly account: string;
  readonly issuer: string;
  readonly subject: string;
  readonly profile: Record<string, unknown> | undefined;
  readonly renewable: boolean;
  /** When the access token ends, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** All that there is to show. */
export interface BrokerState {
  readonly ready: boolean;
  readonly person: PersonState | undefined;
  readonly others: readonly PersonState[];
  readonly waiting: WaitingLogin | undefined;
  readonly problem: BrokerError | undefined;
  readonly storageNotice: string | undefined;
}

/** The broker's face: everything that the API and the desktop may ask for. */
export class Broker {
  readonly #settings: BrokerSettings;
  readonly #world: BrokerWorld;
  readonly #provider: Provider | undefined;
  readonly #authorizations: Authorizations;
  readonly #accounts: Accounts;
  readonly #listeners = new Set<() => void>();
  readonly #otherProfiles = new Map<string, { at: number; profile: Promise<Record<string, unknown>> }>();
  #redirectUri = '';
  #ready: Promise<void> | undefined;
  #isReady = false;
  #problem: BrokerError | undefined;

  constructor(settings: BrokerSettings, world: BrokerWorld) {
    this.#settings = settings;
    this.#world = world;
    const { issuer, clientId } = settings;
    if (issuer !== undefined && clientId !== undefined) {
      this.#provider = new Provider({ issuer, clientId }, world.fetch, world.clock);
    }
    this.#authorizations = new Authorizations(world.clock, () => this.#changed());
    this.#accounts = new Accounts(this.#provider, world.clock, world.vault, {
      changed: () => this.#changed(),
      problem: (problem) => this.#setProblem(problem),
    });
  }

  /** The broker's own callback, registered at the provider. */
  get redirectUri(): string {
    return this.#redirectUri;
  }

  /** The provider's host; absent when none is configured. */
  get providerHost(): string | undefined {
    return this.#provider?.host;
  }

  /**
   * Starts with the address that the API listens on, and reads the stored sessions. The API may answer before this
   * resolves: whoever needs the session waits for it.
   */
  start(address: string): Promise<void> {
    this.#redirectUri = `${address}/pkce/response/code`;
    const configured = this.#settings.issuer === undefined ? undefined : normaliseIssuer(this.#settings.issuer);
    const sameIssuer = (issuer: string) => issuer.replace(/\/$/, '') === configured?.replace(/\/$/, '');
    this.#ready ??= this.#accounts
      .load(
        (account) =>
          sameIssuer(account.issuer) &&
          account.clientId === this.#settings.clientId &&
          account.audience === this.#settings.audience,
      )
      .then(() => {
        this.#isReady = true;
        this.#accounts.flushRevocations();
        this.#changed();
      });
    return this.#ready;
  }

  /** Ends what waits, and waits until all is written. */
  async close(): Promise<void> {
    this.#authorizations.close();
    await this.#accounts.settled();
  }

  /** Makes a challenge that belongs to this owner for ten minutes. */
  challenge(owner: Owner): Required<Challenge> {
    const { state, codeChallenge, codeVerifier } = this.#authorizations.issue(owner);
    return { state, codeChallenge, codeVerifier: codeVerifier ?? '' };
  }

  /** Drops the owner's pending authorizations; requests that wait on them end with `authorization_cleared`. */
  clear(owner: Owner): void {
    this.#authorizations.clear(owner);
  }

  /**
   * Opens the login in the person's browser and waits for its code. Equal requests join (R15); a caller that stops
   * waiting does not cancel the login.
   * @throws BrokerError
   */
  async authorize(owner: Owner, asked: SignInRequest): Promise<SignInResult> {
    const one = await this.#open(owner, asked, { inBrowser: true });
    const { code } = await one.outcome();
    return {
      code,
      state: asked.state ?? one.state,
      ...(one.fresh && one.codeVerifier !== undefined && { challenge: challengeOf(one) }),
    };
  }

  /**
   * Gives the login's address to a browser that came to `/authorize` by itself. Only for a redirect_uri on the list
   * (its owner gets the code) or for the state of a program's pending authorization (that program gets it).
   * @throws BrokerError `invalid_request`
   */
  async authorizeAddress(owner: Owner, asked: SignInRequest): Promise<string> {
    const listed = asked.redirectUri !== undefined && this.#settings.redirectUris.includes(asked.redirectUri);
    const pending = asked.state !== undefined && this.#authorizations.ownByState(owner, asked.state);
    if (!listed && !pending) {
      throw new BrokerError('invalid_request', {
        happened:
          'A browser may come here only with a redirect_uri of the setting "redirectUris", or with the state of a sign-in that a program has prepared.',
      });
    }
    const one = await this.#open(owner, asked, { inBrowser: false });
    if (one.status !== 'waiting' || one.address === undefined) throw new BrokerError('unknown_state');
    return one.address;
  }

  /**
   * Takes what the provider sent to the callback (R4, R6, R9, R13). A wrong state disturbs nothing; with the right one
   * the authorization ends, well or not.
   * @param owner - set when a program relays the answer: it must be its own authorization
   * @throws BrokerError `unknown_state`, or the reason why the login failed
   */
  async respond(parameters: URLSearchParams, owner?: Owner): Promise<CallbackResult> {
    const states = parameters.getAll('state');
    const [state] = states;
    if (states.length !== 1 || state === undefined) throw new BrokerError('unknown_state');
    const one = this.#authorizations.byState(state);
    if (one?.status !== 'waiting' || (owner !== undefined && one.owner !== owner))
      throw new BrokerError('unknown_state');
    try {
      const response = await this.#checkResponse(parameters);
      // Another answer with the same state may have come while the metadata was read.
      if (one.status !== 'waiting') throw new BrokerError('unknown_state');
      this.#authorizations.receive(one, response);
    } catch (error) {
      const reason = asReason(error);
      if (one.status === 'waiting') {
        this.#authorizations.end(one, reason);
        if (one.owner === loopgateItself) this.#setProblem(reason);
      }
      throw reason;
    }
    const requestedBy = one.owner === loopgateItself ? 'loopgate' : 'program';
    // What the person started here is exchanged here, so that the page they see says how it went.
    if (requestedBy === 'loopgate') await this.#exchange(one, one.codeVerifier ?? '', { activate: true });
    return { code: one.response?.code ?? '', state, requestedBy };
  }

  /**
   * The token endpoint.
   * @param asked - absent: the code that the owner received last, with the broker's own verifier
   * @throws BrokerError
   */
  async token(owner: Owner, asked: TokenRequest | undefined): Promise<TokenResult> {
    this.#configured();
    await this.#ready;
    if (asked) this.#checkClient(asked.clientId);
    if (asked?.grantType === 'refresh_token') return await this.#refreshGrant(asked);
    const one = asked ? this.#authorizations.byCode(asked.code ?? '') : this.#authorizations.newestReceived(owner);
    if (!one) return await this.#passCodeThrough(owner, asked);
    if (asked) this.#checkExchange(owner, one, asked);
    return await this.#exchange(one, asked?.codeVerifier ?? one.codeVerifier ?? '', { activate: false });
  }

  /**
   * The profile of the session, or of the person whose token is given.
   * @throws BrokerError `not_signed_in`, `invalid_token`, `provider_unreachable`
   */
  async userInfo(accessToken?: string): Promise<Record<string, unknown>> {
    const provider = this.#configured();
    await this.#ready;
    if (accessToken === undefined) return await this.#accounts.active().userInfo();
    const session = this.#accounts.peek();
    if (session?.holds(accessToken)) return await session.userInfo();
    return await this.#otherUserInfo(provider, accessToken);
  }

  /**
   * T10: wipes the session first, revokes it, then ends the provider's own session in the browser.
   * @param asked.openBrowser - false when the caller is a browser that is sent there itself
   * @returns the provider's logout address, where there is one and the provider could be asked
   * @throws BrokerError `invalid_request` for a client_id or returnTo that is not known (T11); nothing is done then
   */
  async logout(asked: {
    clientId?: string | undefined;
    returnTo?: string | undefined;
    openBrowser: boolean;
  }): Promise<string | undefined> {
    if (asked.clientId !== undefined) this.#checkClient(asked.clientId);
    if (asked.returnTo !== undefined && !this.#settings.returnTo.includes(asked.returnTo)) {
      throw new BrokerError('invalid_request', { happened: 'returnTo is not on the list of the setting "returnTo".' });
    }
    await this.#ready;
    const wasSignedIn = this.#accounts.peek() !== undefined;
    await this.signOut();
    const clientId = asked.clientId ?? this.#settings.clientId;
    if (!this.#provider || clientId === undefined || !(wasSignedIn || !asked.openBrowser)) return undefined;
    const address = this.#provider
      .logoutUrl({ clientId, ...(asked.returnTo !== undefined && { returnTo: asked.returnTo }) })
      .catch(() => undefined);
    if (!asked.openBrowser) return await address;
    void address.then((url) => (url === undefined ? undefined : this.#openBrowser(url)));
    return undefined;
  }

  /** Forgets the active session here and revokes it, without opening the browser. */
  async signOut(): Promise<void> {
    await this.#ready;
    this.#problem = undefined;
    await this.#accounts.signOut();
    this.#world.log.info({}, 'signed out');
  }

  /**
   * Signs in for the person at the tray or window, and makes that person the active one.
   * Failures are shown as the problem of {@link state}; this resolves in any case.
   */
  async signIn(): Promise<void> {
    this.#setProblem(undefined);
    try {
      await this.#ready;
      const one = await this.#open(loopgateItself, {}, { inBrowser: true });
      await one.outcome();
      await this.#exchange(one, one.codeVerifier ?? '', { activate: true });
    } catch (error) {
      const reason = asReason(error);
      if (reason.code !== 'authorization_cleared') this.#setProblem(reason);
    }
  }

  /** Opens the same login page once more. */
  async openAgain(id: string): Promise<void> {
    const address = this.loginAddress(id);
    if (address !== undefined) await this.#openBrowser(address);
  }

  /** The address of a login that waits, for the person to copy. */
  loginAddress(id: string): string | undefined {
    const one = this.#authorizations.byId(id);
    return one?.status === 'waiting' ? one.address : undefined;
  }

  /** The person cancels a login; the program that asked for it gets `authorization_cleared`. */
  cancel(id: string): void {
    const one = this.#authorizations.byId(id);
    if (one?.status === 'waiting') this.#authorizations.end(one, new BrokerError('authorization_cleared'));
  }

  /** Makes another signed-in account the active one. @throws BrokerError */
  async switchAccount(account: string): Promise<void> {
    await this.#ready;
    await this.#accounts.activate(account);
  }

  dismissProblem(): void {
    this.#setProblem(undefined);
  }

  /** All that there is to show, at this moment. */
  state(): BrokerState {
    const session = this.#accounts.peek();
    const waiting = this.#authorizations.waiting();
    return {
      ready: this.#isReady,
      person: session && personOf(session),
      others: this.#accounts.others().map(personOf),
      waiting: waiting && {
        id: waiting.id,
        requestedBy: waiting.owner === loopgateItself ? 'loopgate' : 'program',
        deadline: waiting.deadline,
      },
      problem: this.#problem,
      storageNotice: this.#accounts.storageNotice,
    };
  }

  /** Calls back after every change of {@link state}; gives the function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The origins that a form_post login may come from (L2). @throws BrokerError while the provider is unknown */
  async providerOrigins(): Promise<readonly string[]> {
    return this.#provider ? await this.#provider.origins() : [];
  }

  /** Finds the authorization that this request means, and opens its login when it is not open yet. */
  async #open(owner: Owner, asked: SignInRequest, options: { inBrowser: boolean }): Promise<Authorization> {
    const provider = this.#configured();
    const request = await this.#authorizationRequest(provider, asked);
    // From here to begin() nothing waits: of two equal requests the second must find the first.
    const one = this.#find(owner, asked, request);
    if (one.status !== 'issued') return one;
    this.#authorizations.countStart(owner);
    this.#authorizations.begin(one, request, this.#settings.signInTimeout);
    this.#world.log.info({ client: request.clientId, owner }, 'sign-in started');
    try {
      one.address = await provider.authorizationUrl(request, one);
    } catch (error) {
      this.#authorizations.end(one, asReason(error));
      throw error;
    }
    if (options.inBrowser) void this.#openBrowser(one.address);
    return one;
  }

  #find(owner: Owner, asked: SignInRequest, request: AuthorizationRequest): Authorization {
    const pending = this.#authorizations;
    if (asked.codeChallenge === undefined) {
      const newest = pending.newestChallenge(owner);
      if (newest && (newest.status === 'issued' || newest.isEqual(request, newest.codeChallenge))) return newest;
      return pending.equal(owner, request, undefined) ?? pending.issue(owner, true);
    }
    const known = asked.state === undefined ? undefined : pending.ownByState(owner, asked.state);
    if (known?.status === 'issued') {
      if (isSameSecret(known.codeChallenge, asked.codeChallenge)) return known;
      throw new BrokerError('invalid_request', {
        happened: 'code_challenge is not the one that belongs to this state.',
      });
    }
    return pending.equal(owner, request, asked.codeChallenge) ?? pending.adopt(owner, asked.codeChallenge, asked.state);
  }

  async #authorizationRequest(provider: Provider, asked: SignInRequest): Promise<AuthorizationRequest> {
    const clientId = asked.clientId ?? this.#settings.clientId ?? '';
    this.#checkClient(clientId);
    if (asked.codeChallenge !== undefined && !/^[A-Za-z0-9_-]{43}$/.test(asked.codeChallenge)) {
      throw new BrokerError('invalid_request', {
        happened: 'code_challenge is not an S256 challenge: 43 characters of base64url (RFC 7636).',
      });
    }
    const redirectUri = asked.redirectUri ?? this.#redirectUri;
    const isOwn = redirectUri === this.#redirectUri;
    if (!isOwn && !this.#settings.redirectUris.includes(redirectUri)) {
      throw new BrokerError('invalid_request', {
        happened: `redirect_uri is neither ${this.#redirectUri} nor one of the setting "redirectUris".`,
      });
    }
    const callbackMode = await provider.callbackResponseMode();
    const audience = asked.audience ?? this.#settings.audience;
    const scope = new Set(asked.scope ?? []);
    // A client that asks for less must not make the session unrenewable (contract 6.3).
    if (this.#isForSession({ clientId, audience }) || scope.size === 0) {
      for (const one of this.#settings.scope.split(' ')) scope.add(one);
    }
    const optional = {
      audience,
      prompt: asked.prompt,
      connection: asked.connection,
      organization: asked.organization,
      invitation: asked.invitation,
      screenHint: asked.screenHint,
      display: asked.display,
      accessType: asked.accessType,
    };
    return {
      clientId,
      scope: [...scope].join(' '),
      redirectUri,
      // R10: fragment and web_message cannot reach a server; they are for a client's own redirect_uri alone.
      responseMode: isOwn ? callbackMode : (asked.responseMode ?? callbackMode),
      ...defined(optional),
    };
  }

  async #checkResponse(parameters: URLSearchParams): Promise<{ code: string; issuer?: string }> {
    const provider = this.#configured();
    const doubled = ['code', 'iss', 'error'].find((name) => parameters.getAll(name).length > 1);
    if (doubled !== undefined) {
      throw new BrokerError('provider_error', { happened: `The login came back with more than one "${doubled}".` });
    }
    const issuer = parameters.get('iss') ?? undefined;
    await provider.checkResponseIssuer(issuer);
    const error = parameters.get('error');
    if (error !== null) throw deniedOrFailed(error, parameters.get('error_description') ?? undefined);
    const code = parameters.get('code') ?? '';
    if (code === '') throw new BrokerError('provider_error', { happened: 'The login came back without a code.' });
    return { code, ...(issuer !== undefined && { issuer }) };
  }

  /** Contract 6.3: compared here, before the provider sees the code. */
  #checkExchange(owner: Owner, one: Authorization, asked: TokenRequest): void {
    const fits =
      one.owner === owner &&
      one.request?.clientId === asked.clientId &&
      one.request.redirectUri === asked.redirectUri &&
      isSameSecret(one.codeChallenge, s256(asked.codeVerifier ?? ''));
    if (!fits) throw new BrokerError('invalid_grant');
  }

  /** Exchanges a received code once; whoever asks again within the kept time shares the first answer (R15). */
  async #exchange(one: Authorization, codeVerifier: string, options: { activate: boolean }): Promise<TokenResult> {
    const { exchangedAt } = one;
    if (exchangedAt !== undefined && this.#world.clock.now() - exchangedAt >= resultKept)
      throw new BrokerError('invalid_grant');
    one.exchange ??= this.#exchangeOnce(one, codeVerifier, options).catch((error: unknown) => {
      const reason = asReason(error);
      // The provider never saw the code, or could not answer: the same code may be tried again.
      if (reason.retryable) one.exchange = undefined;
      if (one.owner === loopgateItself) this.#setProblem(reason);
      throw reason;
    });
    return await one.exchange;
  }

  async #exchangeOnce(one: Authorization, codeVerifier: string, options: { activate: boolean }): Promise<TokenResult> {
    const provider = this.#configured();
    const { request, response } = one;
    if (!request || !response) throw new BrokerError('invalid_grant');
    this.#authorizations.spend(response.code);
    const tokens = await provider.exchange({
      clientId: request.clientId,
      code: response.code,
      redirectUri: request.redirectUri,
      codeVerifier,
      state: one.state,
      nonce: one.nonce,
      requestedScope: request.scope,
      ...(request.organization !== undefined && { organization: request.organization }),
      ...(response.issuer !== undefined && { issuer: response.issuer }),
    });
    one.exchangedAt = this.#world.clock.now();
    const { clientId, audience } = request;
    if (!this.#isForSession(request)) return this.#tokenResult(tokens, { clientId, audience });
    const session = await this.#accounts.adopt(provider, accountOf(tokens, request), options);
    if (this.#problem !== undefined) this.#setProblem(undefined);
    this.#world.log.info({ owner: one.owner }, 'signed in');
    const profile = await session.readProfile().catch(() => undefined);
    return this.#tokenResult(tokens, { clientId, audience, ...(profile && { profile }) });
  }

  /** T18: a code that this broker did not receive goes to the provider, and nothing changes here. */
  async #passCodeThrough(owner: Owner, asked: TokenRequest | undefined): Promise<TokenResult> {
    const { code, redirectUri, codeVerifier } = asked ?? {};
    if (!asked || code === undefined || redirectUri === undefined || codeVerifier === undefined) {
      throw new BrokerError('invalid_grant', { happened: 'There is no received code of yours to exchange.' });
    }
    if (this.#authorizations.isSpent(code)) throw new BrokerError('invalid_grant');
    const tokens = await this.#configured().passThrough(asked.clientId, 'authorization_code', {
      code,
      redirect_uri: redirectUri,
      code_verifier: codeVerifier,
    });
    this.#authorizations.spend(code);
    // The code went to the client's own redirect_uri: whoever still waits for it here has it now.
    const waiting = this.#authorizations.byChallenge(owner, s256(codeVerifier));
    if (waiting) {
      this.#authorizations.receive(waiting, { code });
      this.#authorizations.forget(waiting);
    }
    return this.#tokenResult(tokens, { clientId: asked.clientId, audience: asked.audience });
  }

  async #refreshGrant(asked: TokenRequest): Promise<TokenResult> {
    const session = this.#accounts.peek();
    const own = session?.account.refreshToken;
    const carried = asked.refreshToken;
    if (carried !== undefined && !(own !== undefined && isSameSecret(own, carried))) {
      const tokens = await this.#configured().passThrough(asked.clientId, 'refresh_token', { refresh_token: carried });
      // The client holds this family itself: withholding the rotated one would end it.
      const rotated = tokens.refreshToken !== undefined && { refreshToken: tokens.refreshToken };
      return { ...this.#tokenResult(tokens, { clientId: asked.clientId, audience: asked.audience }), ...rotated };
    }
    const active = this.#accounts.active();
    const { clientId, audience } = active.account;
    if (asked.clientId !== clientId || (asked.audience !== undefined && asked.audience !== audience)) {
      throw new BrokerError('invalid_request', {
        happened: 'The session is for another client_id or audience, and a refresh never widens it.',
      });
    }
    const token = await active.accessToken({ renew: true });
    const refreshToken = active.account.refreshToken;
    return {
      ...token,
      clientId,
      audience,
      ...(active.profile && { profile: active.profile }),
      ...(this.#settings.exposeRefreshToken && refreshToken !== undefined && { refreshToken }),
    };
  }

  #tokenResult(
    tokens: Tokens,
    about: { clientId: string; audience: string | undefined; profile?: Record<string, unknown> },
  ): TokenResult {
    const { accessToken, expiresAt, scope, idToken, refreshToken } = tokens;
    return {
      accessToken,
      expiresAt,
      scope,
      ...(idToken !== undefined && { idToken }),
      ...(this.#settings.exposeRefreshToken && refreshToken !== undefined && { refreshToken }),
      ...about,
    };
  }

  async #otherUserInfo(provider: Provider, accessToken: string): Promise<Record<string, unknown>> {
    const key = createHash('sha256').update(accessToken).digest('base64');
    const now = this.#world.clock.now();
    const kept = this.#otherProfiles.get(key);
    if (kept && now - kept.at < otherProfileKept) return await kept.profile;
    const profile = provider.userInfo(accessToken);
    this.#otherProfiles.delete(key);
    this.#otherProfiles.set(key, { at: now, profile });
    profile.catch((error: unknown) => {
      // A refusal is kept too, so that a bad token in a loop does not use up the provider's limit; a failure is not.
      if (!(error instanceof BrokerError) || error.code !== 'invalid_token') this.#otherProfiles.delete(key);
    });
    const oldest = this.#otherProfiles.keys().next().value;
    if (this.#otherProfiles.size > otherProfiles && oldest !== undefined) this.#otherProfiles.delete(oldest);
    return await profile;
  }

  #isForSession(request: { clientId: string; audience?: string | undefined }): boolean {
    return request.clientId === this.#settings.clientId && request.audience === this.#settings.audience;
  }

  #configured(): Provider {
    if (!this.#provider) throw new BrokerError('not_configured');
    return this.#provider;
  }

  #checkClient(clientId: string): void {
    this.#configured();
    if (clientId === this.#settings.clientId || this.#settings.clients.includes(clientId)) return;
    throw new BrokerError('invalid_request', {
      happened: 'client_id is neither the configured one nor one of the setting "clients".',
    });
  }

  async #openBrowser(address: string): Promise<void> {
    try {
      await this.#world.openBrowser(address);
    } catch (error) {
      this.#world.log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'the browser did not open');
      this.#setProblem(
        new BrokerError('internal', {
          happened: 'The browser could not be opened. Copy the address from the window and open it yourself.',
        }),
      );
    }
  }

  #setProblem(problem: BrokerError | undefined): void {
    this.#problem = problem;
    if (problem) this.#world.log.warn({ code: problem.code }, problem.message);
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function challengeOf(one: Authorization): Challenge {
  return {
    state: one.state,
    codeChallenge: one.codeChallenge,
    ...(one.codeVerifier !== undefined && { codeVerifier: one.codeVerifier }),
  };
}

function personOf(session: Session): PersonState {
  const { issuer, subject, profile, expiresAt } = session.account;
  return { account: session.key, issuer, subject, profile, renewable: session.renewable, expiresAt };
}

/** R13: a denial is the person's own answer; everything else is the provider's error. */
function deniedOrFailed(error: string, description: string | undefined): BrokerError {
  const words = oauthWords(error, description);
  return error === 'access_denied'
    ? new BrokerError('access_denied', { happened: `The sign-in was denied (${words}).`, providerError: error })
    : new BrokerError('provider_error', {
        happened: `The identity provider answered with an error (${words}).`,
        providerError: error,
      });
}

function asReason(error: unknown): BrokerError {
  return error instanceof BrokerError ? error : new BrokerError('internal');
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out what is undefined, as `exactOptionalPropertyTypes` wants it. */
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as Defined<T>;
}
