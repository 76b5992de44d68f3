import type { Clock } from './clock.ts';
import { BrokerError } from './errors.ts';
import type { IdTokenClaims, Provider, Tokens } from './provider.ts';
import type { StoredAccount } from './vault.ts';

/** How long a profile is served without asking the provider: Auth0 allows five calls a minute. Milliseconds. */
const profileFresh = 5 * 60_000;
/** An access token is renewed this long before it ends (T7), or a tenth of its life before when it is short. Milliseconds. */
const renewEarly = 60_000;

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
  /** The provider has ended the session for good (T5). */
  ended(session: Session, reason: BrokerError): void;
  /** A refresh token that no session holds any more is to be revoked. */
  revokeLater(token: { issuer: string; clientId: string; token: string }): void;
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
  };
}

/** A signed-in person: tokens, renewal (one refresh at a time), profile. */
export class Session {
  readonly #provider: Provider;
  readonly #clock: Clock;
  readonly #host: SessionHost;
  #account: StoredAccount;
  #refreshing: Promise<void> | undefined;
  #readingProfile: Promise<Record<string, unknown>> | undefined;
  /** Set when the session is no longer kept: what still arrives for it is thrown away. */
  #closed = false;

  constructor(account: StoredAccount, provider: Provider, clock: Clock, host: SessionHost) {
    this.#account = account;
    this.#provider = provider;
    this.#clock = clock;
    this.#host = host;
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

  /**
   * A valid access token, renewed first when it is about to end.
   * @param options.renew - true to renew even a valid one (`grant_type=refresh_token`)
   * @throws BrokerError `not_signed_in` when the session is over, `provider_unreachable` or `provider_error` when it
   * cannot be renewed now and the old token has expired
   */
  async accessToken(options: { renew?: boolean } = {}): Promise<AccessToken> {
    if (options.renew === true ? this.renewable : this.#isEnding()) await this.#renew();
    const { accessToken, expiresAt, scope, idToken } = this.#account;
    if (!this.renewable && expiresAt <= this.#clock.now()) {
      throw this.#end('it lasted until its access token expired, because the provider granted no offline_access');
    }
    if (this.#closed) throw new BrokerError('not_signed_in');
    return { accessToken, expiresAt, scope, idToken };
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

  /** The session is no longer kept here. Gives the refresh token, so that it can be revoked. */
  close(): string | undefined {
    this.#closed = true;
    return this.#account.refreshToken;
  }

  async #readProfile(): Promise<Record<string, unknown>> {
    const { accessToken } = await this.accessToken();
    const profile = await this.#provider.userInfo(accessToken, this.#account.subject);
    if (this.#closed) throw new BrokerError('not_signed_in');
    this.#account = { ...this.#account, profile, profileReadAt: this.#clock.now() };
    await this.#host.persist();
    this.#host.changed();
    return profile;
  }

  #isEnding(): boolean {
    const { issuedAt, expiresAt } = this.#account;
    const margin = Math.min(renewEarly, (expiresAt - issuedAt) / 10);
    return this.renewable && expiresAt - margin <= this.#clock.now();
  }

  async #renew(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    try {
      await this.#refreshing;
    } catch (error) {
      // While the old token is valid it serves: a network that is down is no reason to be signed out (T5).
      if (this.#closed || this.#account.expiresAt <= this.#clock.now()) throw error;
    }
  }

  async #refresh(): Promise<void> {
    const { clientId, refreshToken, scope, issuer, subject } = this.#account;
    if (refreshToken === undefined) return;
    let tokens: Tokens;
    try {
      tokens = await this.#provider.refresh({ clientId, refreshToken, scope, issuer, subject });
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'invalid_grant') {
        throw this.#end(
          'the identity provider no longer accepts it (it was revoked, it expired, or it was used elsewhere)',
        );
      }
      throw error;
    }
    if (this.#closed) {
      // Signed out while the refresh was under way: the token that just came must not stay alive.
      if (tokens.refreshToken !== undefined) this.#host.revokeLater({ issuer, clientId, token: tokens.refreshToken });
      throw new BrokerError('not_signed_in');
    }
    this.#account = {
      ...this.#account,
      accessToken: tokens.accessToken,
      issuedAt: tokens.issuedAt,
      expiresAt: tokens.expiresAt,
      scope: tokens.scope,
      refreshToken: tokens.refreshToken ?? refreshToken,
      ...(tokens.idToken !== undefined && { idToken: tokens.idToken }),
    };
    // T4: the rotated refresh token is on disk before anybody gets the new access token.
    await this.#host.persist();
    this.#host.changed();
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
