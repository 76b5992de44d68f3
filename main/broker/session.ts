import { createHash } from 'node:crypto';
import type { Clock } from './clock.ts';
import { BrokerError } from './errors.ts';
import type { IdTokenClaims, OtherApi, Provider, Tokens } from './provider.ts';
import type { StoredAccount } from './vault.ts';

/** How long a profile is served without asking the provider: Auth0 allows five calls a minute. Milliseconds. */
const profileFresh = 5 * 60_000;
/** An access token is renewed this long before it ends (T7), or a tenth of its life before when it is short. Milliseconds. */
const renewEarly = 60_000;
/** T5: after a failure that may pass, the next try waits this long, then twice as long each time. Milliseconds. */
const firstBackoff = 1_000;
const longestBackoff = 60_000;
/** T5: after a refusal that will not pass by itself there is no storm of requests. Milliseconds. */
const refusedBackoff = 5 * 60_000;
/** For how many other APIs a session keeps tokens. */
const keptApis = 20;
/** How many refresh tokens that were rotated away a session still recognises. */
const rememberedTokens = 50;

/** An access token as handed out. Times are milliseconds since the epoch. */
export interface AccessToken {
  readonly accessToken: string;
  readonly expiresAt: number;
  readonly scope: string;
  readonly idToken: string;
}

/** What a session needs from the house around it. */
export interface SessionHost {
  /** Writes all sessions to the vault; resolves when they are on disk, or when that failed and was said. */
  persist(): Promise<void>;
  /** Work that may bring tokens, so that the quitting waits for it. */
  track(work: Promise<unknown>): void;
  /** The provider has ended the session for good (T5). */
  ended(session: Session, reason: BrokerError): void;
  /** A refresh token that no session holds any more is to be revoked. */
  revokeLater(token: { issuer: string; clientId: string; token: string }): void;
  /** The session cannot be renewed until somebody does something about it (T5). */
  problem(problem: BrokerError): void;
  /** It can be renewed again. */
  resolved(problem: BrokerError): void;
  changed(): void;
}

/** T3: a person is issuer and subject. */
export function accountKey(person: { issuer: string; subject: string }): string {
  return JSON.stringify([person.issuer, person.subject]);
}

/** What becomes stored when a login was exchanged. */
export function accountOf(
  tokens: Tokens & { claims: IdTokenClaims; idToken: string },
  request: { clientId: string; audience?: string },
): StoredAccount {
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
    ...profileOf(tokens.claims),
  };
}

/** What Auth0 puts into the ID token shows the person at once; /userinfo is read all the same. */
function profileOf(claims: IdTokenClaims): Pick<StoredAccount, 'profile'> {
  const shown = ['name', 'nickname', 'email', 'email_verified', 'picture', 'given_name', 'family_name'];
  const known = Object.entries(claims).filter(([claim]) => shown.includes(claim));
  return known.length === 0 ? {} : { profile: { sub: claims.sub, ...Object.fromEntries(known) } };
}

/** A signed-in person: tokens, renewal (one refresh at a time), profile. */
export class Session {
  readonly #provider: Provider;
  readonly #clock: Clock;
  readonly #host: SessionHost;
  #account: StoredAccount;
  #refreshing: Promise<void> | undefined;
  /** The write of the present account: T4, nobody gets its token before it is on disk. */
  #stored: Promise<void> = Promise.resolve();
  #readingProfile: Promise<Record<string, unknown>> | undefined;
  /** The refresh token's present use; the next one waits for it. */
  #turn: Promise<void> = Promise.resolve();
  /** Tokens for other APIs, in memory only. */
  readonly #apiTokens = new Map<string, { token: AccessToken; issuedAt: number }>();
  readonly #askingForApi = new Map<string, Promise<AccessToken>>();
  /** Why the last renewal failed, and until when it is not tried again. */
  #failure: { reason: BrokerError; at: number; backoff: number } | undefined;
  /** Hashes of the refresh tokens that this session has or had, oldest first. */
  readonly #knownTokens = new Set<string>();
  /** Set when the session is no longer kept: what still arrives for it is thrown away. */
  #closed = false;
  /** The session of the same person that took this one's place. */
  #successor: Session | undefined;

  constructor(account: StoredAccount, provider: Provider, clock: Clock, host: SessionHost) {
    this.#account = account;
    this.#provider = provider;
    this.#clock = clock;
    this.#host = host;
    this.#rememberToken();
  }

  get key(): string {
    return accountKey(this.#account);
  }

  /** What the vault keeps. Holds tokens: never shown, never logged. */
  get account(): StoredAccount {
    return this.#account;
  }

  /** T17: false when the provider granted no refresh token; the session then ends with its access token. */
  get renewable(): boolean {
    return this.#account.refreshToken !== undefined;
  }

  /** The profile as it was last read, without asking anybody. */
  get profile(): Record<string, unknown> | undefined {
    return this.#account.profile;
  }

  /** True when this is the session's own access token. */
  holds(accessToken: string): boolean {
    return this.#account.accessToken === accessToken;
  }

  /** True for a refresh token that this session has or had. */
  knowsRefreshToken(refreshToken: string): boolean {
    return this.#knownTokens.has(hash(refreshToken));
  }

  /**
   * A valid access token, renewed first when it is about to end.
   * @param options.renew - true to renew even a valid one (`grant_type=refresh_token`)
   * @throws BrokerError `not_signed_in` when the session is over, `provider_unreachable` or `provider_error` when it
   * cannot be renewed now and the old token has expired
   */
  async accessToken(options: { renew?: boolean } = {}): Promise<AccessToken> {
    if (options.renew === true ? this.renewable : this.#isEnding()) await this.#renew();
    await this.#stored;
    // The same person signed in anew while this waited: the newer session answers.
    if (this.#successor) return await this.#successor.accessToken();
    const { accessToken, expiresAt, scope, idToken } = this.#account;
    if (!this.renewable && expiresAt <= this.#clock.now()) {
      throw this.#end('it lasted until its access token expired, because the provider granted no offline_access');
    }
    if (this.#closed) throw new BrokerError('not_signed_in');
    return { accessToken, expiresAt, scope, idToken };
  }

  /**
   * An access token for another API of the same tenant, where the provider grants it: kept until it is about to end.
   * @throws BrokerError `provider_error` with the provider's words when it does not
   */
  async accessTokenFor(api: OtherApi): Promise<AccessToken> {
    if (this.#successor) return await this.#successor.accessTokenFor(api);
    if (!this.renewable) {
      throw new BrokerError('provider_error', {
        happened: 'A token for another API needs a refresh token, and the provider granted no offline_access.',
      });
    }
    const key = apiKey(api);
    const kept = this.#apiTokens.get(key);
    if (kept && !isAboutToEnd({ ...kept.token, issuedAt: kept.issuedAt }, this.#clock.now())) return kept.token;
    const asking = this.#askingForApi.get(key) ?? this.#refreshFor(api).finally(() => this.#askingForApi.delete(key));
    this.#askingForApi.set(key, asking);
    this.#host.track(asking);
    try {
      return await asking;
    } catch (error) {
      // The same person signed in anew while this waited: the newer session answers.
      const newer = this.#replacedBy();
      if (newer) return await newer.accessTokenFor(api);
      throw error;
    }
  }

  /**
   * The person's profile (/userinfo): cached, one provider call for any number of callers, and the last one known while
   * the provider cannot be reached.
   * @throws BrokerError when there is none to serve
   */
  async userInfo(): Promise<Record<string, unknown>> {
    const { profile, profileReadAt } = this.#account;
    if (profile && profileReadAt !== undefined && this.#clock.now() - profileReadAt < profileFresh) return profile;
    try {
      return await this.readProfile();
    } catch (error) {
      if (profile && error instanceof BrokerError && error.retryable) return profile;
      throw error;
    }
  }

  /** Reads the profile anew. Callers that ask meanwhile share the answer. @throws BrokerError */
  async readProfile(): Promise<Record<string, unknown>> {
    this.#readingProfile ??= this.#readProfile().finally(() => {
      this.#readingProfile = undefined;
    });
    return await this.#readingProfile;
  }

  /**
   * The session is no longer kept here. Gives the refresh token, so that it can be revoked.
   * @param successor - the same person's newer session, which answers those who still wait here
   */
  close(successor?: Session): string | undefined {
    this.#closed = true;
    this.#successor = successor;
    return this.#account.refreshToken;
  }

  async #readProfile(): Promise<Record<string, unknown>> {
    const { accessToken } = await this.accessToken();
    const profile = await this.#provider.userInfo(accessToken, this.#account.subject);
    if (this.#successor) return await this.#successor.readProfile();
    if (this.#closed) throw new BrokerError('not_signed_in');
    await this.#replace({ profile, profileReadAt: this.#clock.now() });
    return profile;
  }

  /** Asked anew after waiting: the compiler would keep what it knew before. */
  #replacedBy(): Session | undefined {
    return this.#successor;
  }

  #isEnding(): boolean {
    return this.renewable && isAboutToEnd(this.#account, this.#clock.now());
  }

  async #renew(): Promise<void> {
    try {
      if (this.#failure && this.#isBackingOff(this.#failure)) throw this.#failure.reason;
      this.#refreshing ??= this.#startRefresh();
      await this.#refreshing;
    } catch (error) {
      // While the old token is valid it serves: a network that is down is no reason to be signed out (T5).
      if (this.#successor) return;
      if (this.#closed || this.#account.expiresAt <= this.#clock.now()) throw error;
    }
  }

  #startRefresh(): Promise<void> {
    const refreshing = this.#refresh()
      .then(
        () => this.#refreshSucceeded(),
        (error: unknown) => this.#refreshFailed(error),
      )
      .finally(() => {
        this.#refreshing = undefined;
      });
    this.#host.track(refreshing);
    return refreshing;
  }

  #refreshSucceeded(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) this.#host.resolved(failure.reason);
  }

  /** A clock that was set back since (T7) makes the times useless: then it is tried at once. */
  #isBackingOff({ at, backoff }: { at: number; backoff: number }): boolean {
    const since = this.#clock.now() - at;
    return since >= 0 && since < backoff;
  }

  /** T5: what may pass is tried again, later each time; what will not is said. Neither ends the session. */
  #refreshFailed(error: unknown): never {
    const reason = error instanceof BrokerError ? error : new BrokerError('internal');
    if (!this.#closed) {
      const last = this.#failure?.backoff ?? firstBackoff / 2;
      const backoff = reason.retryable ? Math.min(last * 2, longestBackoff) : refusedBackoff;
      this.#failure = { reason, at: this.#clock.now(), backoff };
      if (!reason.retryable) this.#host.problem(reason);
    }
    throw reason;
  }

  async #refresh(): Promise<void> {
    const tokens = await this.#askProvider();
    await this.#replace({
      accessToken: tokens.accessToken,
      issuedAt: tokens.issuedAt,
      expiresAt: tokens.expiresAt,
      scope: tokens.scope,
      ...(tokens.refreshToken !== undefined && { refreshToken: tokens.refreshToken }),
      ...(tokens.idToken !== undefined && { idToken: tokens.idToken }),
    });
  }

  async #refreshFor(api: OtherApi): Promise<AccessToken> {
    const tokens = await this.#askProvider(api);
    // The session's own access token stays; its refresh token was used, and may have been rotated.
    if (tokens.refreshToken !== undefined) await this.#replace({ refreshToken: tokens.refreshToken });
    const { accessToken, expiresAt, issuedAt, scope } = tokens;
    const token = { accessToken, expiresAt, scope, idToken: this.#account.idToken };
    this.#apiTokens.delete(apiKey(api));
    this.#apiTokens.set(apiKey(api), { token, issuedAt });
    const oldest = this.#apiTokens.keys().next().value;
    if (this.#apiTokens.size > keptApis && oldest !== undefined) this.#apiTokens.delete(oldest);
    return token;
  }

  /** One use of the refresh token after the other, whatever for: two at once would be taken for a theft (reuse detection). */
  #askProvider(api?: OtherApi): Promise<Tokens> {
    const answer = this.#turn.then(() => this.#useRefreshToken(api));
    this.#turn = answer.then(
      () => undefined,
      () => undefined,
    );
    return answer;
  }

  async #useRefreshToken(api: OtherApi | undefined): Promise<Tokens> {
    const { clientId, refreshToken, scope, issuer, subject } = this.#account;
    if (this.#closed || refreshToken === undefined) throw new BrokerError('not_signed_in');
    let rotated: string | undefined;
    let tokens: Tokens;
    try {
      const remember = (token: string) => {
        rotated = token;
      };
      tokens = await this.#provider.refresh({ clientId, refreshToken, scope }, remember, api);
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'invalid_grant') {
        throw this.#end(
          'the identity provider no longer accepts it (it was revoked, it expired, or it was used elsewhere)',
        );
      }
      // The provider has rotated, but its answer failed a check, such as keys that could not be read: the old refresh token
      // is spent, so the new one must be kept although nothing else of the answer is.
      if (rotated !== undefined) await this.#keepRotated(rotated);
      throw error;
    }
    if (tokens.claims && (tokens.claims.sub !== subject || tokens.claims.iss !== issuer)) {
      if (rotated !== undefined) this.#host.revokeLater({ issuer, clientId, token: rotated });
      throw new BrokerError('provider_error', { happened: 'The renewed ID token is for another person.' });
    }
    if (this.#closed) {
      // Signed out while the refresh was under way: the token that just came must not stay alive.
      if (rotated !== undefined) this.#host.revokeLater({ issuer, clientId, token: rotated });
      throw new BrokerError('not_signed_in');
    }
    return rotated === undefined ? tokens : { ...tokens, refreshToken: rotated };
  }

  async #keepRotated(refreshToken: string): Promise<void> {
    const { issuer, clientId } = this.#account;
    if (this.#closed) this.#host.revokeLater({ issuer, clientId, token: refreshToken });
    else await this.#replace({ refreshToken });
  }

  /** T4: resolves when the changed account is on disk. */
  async #replace(changes: Partial<StoredAccount>): Promise<void> {
    this.#account = { ...this.#account, ...changes };
    this.#rememberToken();
    this.#stored = this.#host.persist();
    await this.#stored;
    this.#host.changed();
  }

  #rememberToken(): void {
    if (this.#account.refreshToken !== undefined) this.#knownTokens.add(hash(this.#account.refreshToken));
    const oldest = this.#knownTokens.values().next().value;
    if (this.#knownTokens.size > rememberedTokens && oldest !== undefined) this.#knownTokens.delete(oldest);
  }

  /** The session is over by itself, not by a sign-out: said to everybody, with the reason. */
  #end(reason: string): BrokerError {
    const over = new BrokerError('not_signed_in', { happened: `The session has ended: ${reason}.` });
    if (!this.#closed) {
      this.#closed = true;
      this.#host.ended(this, over);
    }
    return over;
  }
}

function isAboutToEnd({ issuedAt, expiresAt }: { issuedAt: number; expiresAt: number }, now: number): boolean {
  return expiresAt - Math.min(renewEarly, (expiresAt - issuedAt) / 10) <= now;
}

function apiKey({ audience, scope }: OtherApi): string {
  return JSON.stringify([audience, scope]);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
