import { type Message, message, verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { withTimeout } from '../../system/timeout.ts';
import type { Clock } from '../clock.ts';
import { isBackingOffForCallers, isToldToWait } from '../provider/backoff.ts';
import type { Provider } from '../provider/provider.ts';
import type { OtherApi } from '../provider/tokens.ts';
import { accountKey } from './account.ts';
import { KeptAccount } from './keptAccount.ts';
import { type OtherApiToken, OtherApiTokens } from './otherApiTokens.ts';
import { type Freshness, Reachability } from './reachability.ts';
import { RefreshTokenUse } from './refreshTokenUse.ts';
import { Renewal } from './renewal.ts';
import { RenewalSchedule, type SessionWorld } from './renewalSchedule.ts';
import { fallbackTimeout, SessionProfile } from './sessionProfile.ts';
import type { StoredAccount, StoredRevocation } from './vault.ts';

/** How long a caller without any usable token waits for the provider: Auth0 lets an Action take 20 s. Milliseconds. */
const answerTimeout = 30_000;

/** An access token as handed out. Times are milliseconds since the epoch. */
export interface AccessToken {
  readonly accessToken: string;
  readonly expiresAt: number;
  readonly scope: string;
  readonly idToken: string;
}

/** What a session needs from the accounts around it. */
export interface SessionCallbacks {
  /** Writes all sessions to the vault; resolves when the write has succeeded, or has failed and the person was informed. */
  persist(): Promise<void>;
  /** Tracks work that may bring tokens, so that the quitting waits for it. */
  track(work: Promise<unknown>): void;
  /** The provider has ended the session for good (T5). */
  ended(session: Session, reason: LoopgateError): void;
  /** Queues a refresh token for revocation because no session holds it any more. */
  revokeLater(token: StoredRevocation): void;
  /** The session cannot be renewed until the person acts (T5), for example with {@link Session.tryAgain}. */
  problem(problem: LoopgateError): void;
  /** The session can be renewed again. */
  resolved(problem: LoopgateError): void;
  changed(): void;
}

/** The session of a signed-in person: it hands out access tokens, and renews them when they are due. */
export class Session {
  readonly profile: SessionProfile;
  readonly #account: KeptAccount;
  readonly #reachability: Reachability;
  readonly #refreshToken: RefreshTokenUse;
  readonly #schedule: RenewalSchedule;
  readonly #renewal: Renewal;
  readonly #otherApis: OtherApiTokens;
  readonly #clock: Clock;
  readonly #callbacks: SessionCallbacks;
  /** What callers get after the renewal that is under way. */
  #renewing: Promise<AccessToken> | undefined;
  /** The same person's newer session, which replaced this one. */
  #successor: Session | undefined;

  /** @param options.verified - true when the provider has just issued these tokens, false when they come from the vault */
  constructor(
    account: StoredAccount,
    provider: Provider,
    world: SessionWorld,
    callbacks: SessionCallbacks,
    options: { verified: boolean },
  ) {
    const { clock } = world;
    this.#clock = clock;
    this.#callbacks = callbacks;
    this.#account = new KeptAccount(account, callbacks);
    this.#reachability = new Reachability(clock, () => callbacks.changed(), options);
    this.#refreshToken = new RefreshTokenUse(this.#account, provider, clock, {
      end: (reason) => this.#end(reason),
      revokeLater: (token) => callbacks.revokeLater(token),
    });
    this.#schedule = new RenewalSchedule(this.#account, this.#reachability, this.#refreshToken, world, () =>
      callbacks.track(this.#catchUp()),
    );
    this.#renewal = new Renewal(this.#account, this.#reachability, this.#refreshToken, {
      track: (work) => callbacks.track(work),
      problem: (problem) => callbacks.problem(problem),
      resolved: (problem) => callbacks.resolved(problem),
      ended: () => this.#schedule.plan(),
    });
    this.profile = new SessionProfile(this.#account, this.#reachability, provider, clock, {
      accessToken: () => this.accessToken(),
      renew: () => this.#renewRefused(),
      successor: () => this.#successor?.profile,
      failed: () => this.#schedule.plan(),
    });
    this.#otherApis = new OtherApiTokens(clock, (api) => {
      const asking = this.#refreshFor(api);
      callbacks.track(asking);
      return asking;
    });
    this.#schedule.plan();
  }

  get key(): string {
    return accountKey(this.#account.present);
  }

  /** The account as the vault stores it. It holds tokens, so it must never be shown or logged. */
  get account(): StoredAccount {
    return this.#account.toStore;
  }

  /** The API that its access token is for. */
  get audience(): string | undefined {
    return this.#account.present.audience;
  }

  /** How current this session's data is. */
  get freshness(): Freshness {
    return this.#reachability.freshness;
  }

  /** When the provider was first unreachable, in milliseconds since the epoch; undefined while it can be reached. */
  get unreachableSince(): number | undefined {
    return this.#reachability.unreachableSince;
  }

  /** What stands between this machine and the provider, such as a proxy, and what to do about it; undefined if unknown. */
  get obstacle(): Message | undefined {
    return this.#reachability.obstacle;
  }

  /** T17: false when the provider granted no refresh token; the session then ends with its access token. */
  get renewable(): boolean {
    return this.#account.renewable;
  }

  /** True when this is the session's own access token. */
  holds(accessToken: string): boolean {
    return this.#account.present.accessToken === accessToken;
  }

  /** True for a refresh token that this session has or had. */
  knowsRefreshToken(refreshToken: string): boolean {
    return this.#account.knowsRefreshToken(refreshToken);
  }

  /** T4: the access token is not handed out before this write of the account has ended. */
  handOutAfter(stored: Promise<void>): void {
    this.#account.stored = stored;
  }

  /**
   * A valid access token, renewed first when it is about to end.
   * @param options.renew - true to renew even a valid token (`grant_type=refresh_token`), unless it has just replaced an
   * ended one
   * @throws LoopgateError `not_signed_in` when the session is over, `provider_unreachable` or `provider_error` when it cannot
   * be renewed now and the old token has expired
   */
  accessToken({ renew = false }: { renew?: boolean } = {}): Promise<AccessToken> {
    const schedule = this.#schedule;
    if (!(renew ? this.renewable && !schedule.wasJustRenewed() : schedule.isEnding())) return this.#handOut();
    // All callers share one promise: otherwise a thousand promise chains would stay in memory until the renewal ends.
    this.#renewing ??= this.#renew()
      .then(() => this.#handOut())
      .finally(() => {
        this.#renewing = undefined;
      });
    return this.#renewing;
  }

  async #handOut(): Promise<AccessToken> {
    await this.#account.stored;
    // The same person signed in again in the meantime: the newer session answers.
    if (this.#successor) return await this.#successor.accessToken();
    const { accessToken, expiresAt, scope, idToken } = this.#account.present;
    if (!this.renewable && expiresAt <= this.#clock.now()) {
      throw this.#end(message('endedWithoutOffline'));
    }
    if (this.#account.isClosed) throw new LoopgateError('not_signed_in');
    return { accessToken, expiresAt, scope, idToken };
  }

  /**
   * An access token for another API of the same tenant, if the provider grants it. It is kept until it is about to end.
   * @throws LoopgateError `provider_error` with the provider's text if it does not
   */
  async accessTokenFor(api: OtherApi): Promise<AccessToken> {
    if (this.#successor) return await this.#successor.accessTokenFor(api);
    if (!this.renewable) {
      throw new LoopgateError('provider_error', {
        happened: verbatim(
          'A token for another API needs a refresh token, and the provider granted no offline_access.',
        ),
      });
    }
    try {
      return await withTimeout(this.#clock, answerTimeout, this.#otherApis.of(api), stillWaiting);
    } catch (error) {
      // The same person signed in again in the meantime: the newer session answers.
      const newer = this.#replacedBy();
      if (newer) return await newer.accessTokenFor(api);
      throw error;
    }
  }

  /**
   * Asks the provider at once for what is due: a renewal, or a check of a stored session. It is used at the start, after
   * sleep (T7), after the clock was set, and when the person presses "Try again" (T5). Never throws: a failure shows in
   * {@link freshness}, or is reported as a problem.
   * @param options.distrust - true when the clock was set back: then the times of the token mean nothing
   */
  async tryAgain(options: { distrust?: boolean } = {}): Promise<void> {
    await this.#catchUp({ atOnce: true, ...options });
  }

  /**
   * Closes the session, which is no longer kept here. @returns the refresh token, so that the caller can revoke it
   * @param successor - the same person's newer session, which answers the callers that still wait here
   */
  close(successor?: Session): string | undefined {
    this.#account.isClosed = true;
    this.#schedule.cancel();
    this.#successor = successor;
    this.#renewal.resolve();
    return this.#account.present.refreshToken;
  }

  /** Does what is due: the renewal (T7), and the check whether a stored session is still valid. */
  async #catchUp(options: { atOnce?: boolean; distrust?: boolean } = {}): Promise<void> {
    try {
      if (!this.renewable) await this.accessToken();
      else if (options.distrust || this.#schedule.isRenewalDue(options.atOnce === true)) await this.#renewal.run();
      // A read would renew a token that is ending, which is not due then.
      const { profileFailure } = this.#reachability;
      const mayAsk = !profileFailure || !isToldToWait(profileFailure, this.#clock.now());
      if (this.freshness !== 'verified' && !this.#schedule.isEnding() && mayAsk) await this.#verify();
    } catch {
      // The failure is reported where it happens, which also plans the next attempt.
    }
    this.#schedule.plan();
  }

  /** Finds out whether a stored session is still valid. A profile that the provider need not be asked for does not show it. */
  async #verify(): Promise<void> {
    await this.profile.read();
    if (!this.#reachability.wasVerified && this.renewable) await this.#renewal.run();
  }

  /** Renews a token that the provider refused although it should still be valid: only that shows whether the session is over. */
  async #renewRefused(): Promise<void> {
    const { renewalFailure } = this.#reachability;
    if (renewalFailure && isBackingOffForCallers(renewalFailure, this.#clock.now())) throw renewalFailure.reason;
    await this.#renewal.run();
  }

  /** Reads the successor again after an await: TypeScript would keep the narrowed type from before. */
  #replacedBy(): Session | undefined {
    return this.#successor;
  }

  async #renew(): Promise<void> {
    const schedule = this.#schedule;
    try {
      if (schedule.isBetterKept()) return;
      const { renewalFailure } = this.#reachability;
      if (renewalFailure && isBackingOffForCallers(renewalFailure, this.#clock.now())) throw renewalFailure.reason;
      const hadEnded = schedule.isEnding();
      const refreshing = this.#renewal.run();
      await (schedule.isValid()
        ? withTimeout(this.#clock, fallbackTimeout, refreshing, () => undefined)
        : withTimeout(this.#clock, answerTimeout, refreshing, stillWaiting));
      if (hadEnded) schedule.renewedForCallers();
    } catch (error) {
      // The old token is used while it is valid: a failed network is no reason to sign the person out (T5).
      if (this.#successor) return;
      if (!schedule.isValid()) throw error;
    }
  }

  /** Keeps the session's own access token, but uses its refresh token, which the provider may rotate. */
  async #refreshFor(api: OtherApi): Promise<OtherApiToken> {
    const { refreshToken, accessToken, expiresAt, issuedAt, scope } = await this.#refreshToken.ask(api);
    await this.#account.replace(refreshToken === undefined ? {} : { refreshToken });
    return { accessToken, expiresAt, issuedAt, scope, idToken: this.#account.present.idToken };
  }

  /** The session has ended by itself, not by a sign-out: reports the reason to all listeners. */
  #end(reason: Message): LoopgateError {
    const over = new LoopgateError('not_signed_in', { happened: message('sessionEnded', { reason }) });
    if (!this.#account.isClosed) {
      this.close();
      this.#callbacks.ended(this, over);
    }
    return over;
  }
}

/** @throws LoopgateError always */
function stillWaiting(): never {
  throw new LoopgateError('provider_unreachable', {
    happened: message('noAnswerYet', { seconds: answerTimeout / 1000 }),
    next: message('answerStillAwaited'),
    retryable: true,
  });
}
