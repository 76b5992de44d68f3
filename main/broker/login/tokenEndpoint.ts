import { message, verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError, loopgateErrorOf } from '../../errors/errors.ts';
import { withTimeout } from '../../system/timeout.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Clock } from '../clock.ts';
import { failureAfter, isBackingOffForCallers } from '../provider/backoff.ts';
import type { Provider } from '../provider/provider.ts';
import type { Tokens } from '../provider/tokens.ts';
import { accountOf } from '../session/account.ts';
import { revocationOf } from '../session/vault.ts';
import type { BrokerLog } from '../world.ts';
import { type Authorization, type OwnerKey, resultKept } from './authorization.ts';
import type { Authorizations } from './authorizations.ts';
import { isSameSecret, s256 } from './challenge.ts';
import type { Registration } from './registration.ts';
import type { TokenRequest, TokenResult } from './requests.ts';

/** How long the answer to an exchange waits for the profile, in milliseconds. */
export const profileTimeout = 2_000;

/** What the token endpoint needs from the broker around it. */
export interface TokenEndpointOptions {
  readonly exposeRefreshToken: boolean;
  /**
   * A login became a session.
   * @param arrived - the account that a program has made active while no account was
   */
  signedIn(owner: OwnerKey, arrived: string | undefined): void;
  readonly log: BrokerLog;
}

/** A code that came back, and the state at the start of its exchange. */
interface Received {
  readonly one: Authorization;
  readonly request: NonNullable<Authorization['request']>;
  readonly response: NonNullable<Authorization['response']>;
  readonly signOuts: number;
  readonly activate: boolean;
}

/** The token endpoint for programs: it exchanges codes, and hands out the session's tokens. */
export class TokenEndpoint {
  readonly #pending: Authorizations;
  readonly #accounts: Accounts;
  readonly #registration: Registration;
  readonly #clock: Clock;
  readonly #options: TokenEndpointOptions;

  constructor(
    pending: Authorizations,
    accounts: Accounts,
    registration: Registration,
    clock: Clock,
    options: TokenEndpointOptions,
  ) {
    this.#pending = pending;
    this.#accounts = accounts;
    this.#registration = registration;
    this.#clock = clock;
    this.#options = options;
  }

  /**
   * Answers a token request.
   * @param asked - if absent: the code that the owner received last, with the broker's own verifier
   * @throws LoopgateError
   */
  async token(owner: OwnerKey, asked: TokenRequest | undefined): Promise<TokenResult> {
    this.#registration.provider();
    if (asked) this.#registration.clientId(asked.clientId);
    if (asked?.grantType === 'refresh_token') return await this.#refreshGrant(asked);
    const one = asked ? this.#pending.byCode(asked.code ?? '') : this.#pending.newestReceived(owner);
    if (!one) return await this.#passCodeThrough(asked);
    if (asked) this.#checkExchange(owner, one, asked);
    return await this.exchange(one, asked?.codeVerifier ?? one.codeVerifier ?? '', { activate: false });
  }

  /** Exchanges a received code once. Callers that ask again while the result is kept share the first answer (R15). */
  async exchange(one: Authorization, codeVerifier: string, options: { activate: boolean }): Promise<TokenResult> {
    const { exchangedAt, exchangeFailure: failure } = one;
    if (exchangedAt !== undefined && this.#clock.now() - exchangedAt >= resultKept)
      throw new LoopgateError('invalid_grant');
    if (failure && isBackingOffForCallers(failure, this.#clock.now())) throw failure.reason;
    one.exchange ??= this.#accounts.track(this.#exchangeOnce(one, codeVerifier, options)).catch((error: unknown) => {
      const reason = loopgateErrorOf(error, this.#options.log);
      // The provider has not processed the code, or its answer is held: the same code may be tried again.
      if (reason.retryable && reason.undone) {
        one.exchange = undefined;
        one.exchangeFailure = failureAfter(failure, reason, this.#clock.now());
      }
      one.isRefused = !reason.retryable;
      if (!reason.retryable || reason.undone) throw reason;
      // The result is unknown. Sending a code twice ends what it was exchanged for (RFC 6749 §4.1.2).
      this.#pending.forget(one);
      throw reason.with({ next: message('signInAgainCodeUsed'), retryable: false });
    });
    return await one.exchange;
  }

  /** W7: this compares them before the provider sees the code. */
  #checkExchange(owner: OwnerKey, one: Authorization, asked: TokenRequest): void {
    const fits =
      one.owner === owner &&
      one.request?.clientId === asked.clientId &&
      one.request.redirectUri === asked.redirectUri &&
      isSameSecret(one.codeChallenge, s256(asked.codeVerifier ?? ''));
    if (!fits) throw new LoopgateError('invalid_grant');
  }

  async #exchangeOnce(one: Authorization, codeVerifier: string, options: { activate: boolean }): Promise<TokenResult> {
    const provider = this.#registration.provider();
    const { request, response } = one;
    if (!request || !response) throw new LoopgateError('invalid_grant');
    this.#pending.spend(response.code);
    const { signOuts } = this.#accounts;
    const received = { one, request, response, signOuts, ...options };
    return await this.#accounts.duringArrival(() => this.#exchangeWith(provider, codeVerifier, received));
  }

  async #exchangeWith(
    provider: Provider,
    codeVerifier: string,
    { one, request, response, signOuts, activate }: Received,
  ): Promise<TokenResult> {
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
    one.exchangedAt = this.#clock.now();
    const { clientId, audience } = request;
    if (!this.#registration.isForSession(request)) return this.#tokenResult(tokens, { clientId, audience });
    const account = accountOf(tokens, request, this.#registration.issuer);
    if (signOuts !== this.#accounts.signOuts) {
      // A person who signs out while a login is under way does not want that login.
      const { refreshToken } = tokens;
      if (refreshToken !== undefined) this.#accounts.revokeLater(revocationOf(account, refreshToken));
      throw new LoopgateError('authorization_cleared');
    }
    const isFirst = this.#accounts.peek() === undefined;
    const session = await this.#accounts.adopt(provider, account, { activate });
    this.#options.signedIn(one.owner, isFirst && !one.isPersons ? session.key : undefined);
    // A profile that arrives soon is part of the answer; the tokens do not wait for a late one.
    const reading = session.profile.read().catch(() => undefined);
    const profile = await withTimeout(this.#clock, profileTimeout, reading, () => undefined);
    return this.#tokenResult(tokens, { clientId, audience, ...(profile && { profile }) });
  }

  /** T18: passes a code that this broker did not receive on to the provider, and changes nothing here. */
  async #passCodeThrough(asked: TokenRequest | undefined): Promise<TokenResult> {
    const { code, redirectUri, codeVerifier } = asked ?? {};
    if (!asked || code === undefined || redirectUri === undefined || codeVerifier === undefined) {
      throw new LoopgateError('invalid_grant', {
        happened: verbatim('There is no received code of yours to exchange.'),
      });
    }
    if (this.#pending.isSpent(code)) throw new LoopgateError('invalid_grant');
    const tokens = await this.#registration.provider().passThrough(asked.clientId, 'authorization_code', {
      code,
      redirect_uri: redirectUri,
      code_verifier: codeVerifier,
    });
    this.#pending.spend(code);
    // The code went to the client's own redirect_uri. If a request here still waits for it, that request gets it now. A
    // browser may have started the login, so its owner may be unknown. The proof is the verifier, which the provider has
    // accepted.
    const waiting = this.#pending.byChallenge(s256(codeVerifier));
    if (waiting) {
      this.#pending.receive(waiting, { code });
      this.#pending.forget(waiting);
    }
    return this.#tokenResult(tokens, { clientId: asked.clientId, audience: asked.audience });
  }

  async #refreshGrant(asked: TokenRequest): Promise<TokenResult> {
    const carried = asked.refreshToken;
    const carriedFrom = carried === undefined ? undefined : this.#accounts.withRefreshToken(carried);
    if (carried !== undefined && !carriedFrom) {
      const tokens = await this.#registration
        .provider()
        .passThrough(asked.clientId, 'refresh_token', { refresh_token: carried });
      // The client holds this family of tokens itself: withholding the rotated token would end it.
      const rotated = tokens.refreshToken !== undefined && { refreshToken: tokens.refreshToken };
      return { ...this.#tokenResult(tokens, { clientId: asked.clientId, audience: asked.audience }), ...rotated };
    }
    const session = carriedFrom ?? this.#accounts.active();
    const { clientId, audience } = session.account;
    if (asked.clientId !== clientId || (asked.audience !== undefined && asked.audience !== audience)) {
      throw new LoopgateError('invalid_request', {
        happened: verbatim('The session is for another client_id or audience, and a refresh never widens it.'),
      });
    }
    const token = await session.accessToken({ renew: true });
    // The same person may have signed in again in the meantime.
    const { refreshToken, profile } = (this.#accounts.byKey(session.key) ?? session).account;
    return {
      ...token,
      clientId,
      audience,
      ...(profile && { profile }),
      ...(this.#options.exposeRefreshToken && refreshToken !== undefined && { refreshToken }),
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
      ...(this.#options.exposeRefreshToken && refreshToken !== undefined && { refreshToken }),
      ...about,
    };
  }
}
