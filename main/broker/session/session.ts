import { createHash } from 'node:crypto';
import { LoopgateError } from '../../errors/errors.ts';
import type { Clock } from '../clock.ts';
import type { IdTokenClaims } from '../provider/claims.ts';
import type { OtherApi, Provider, Tokens } from '../provider/provider.ts';
import { withTimeout } from '../timeout.ts';
import {
  type Failure,
  failureAfter,
  isBackingOff,
  isBackingOffForCallers,
  isForCallersOnly,
  isToldToWait,
} from './backoff.ts';
import { claimsOf, type OtherApiToken, OtherApiTokens } from './otherApiTokens.ts';
import { early, isAboutToEnd } from './tokenLifetime.ts';
import { revocationOf, type StoredAccount, type StoredRevocation } from './vault.ts';

/** How long a profile is served without asking the provider: Auth0 allows five calls a minute. Milliseconds. */
const profileFresh = 5 * 60_000;
/** How long a caller waits for a provider that does not answer, while there is something older to give. Milliseconds. */
const patience = 2_000;
/** The same while there is nothing to give: Auth0 lets an Action take 20 s. Milliseconds. */
const longPatience = 30_000;
/** A token that was given this short a time ago is not renewed because it ends soon. Milliseconds. */
const newFor = 2_000;
/** Of those who want an ended token renewed at once, the last ones are read only after the first one has its token. Milliseconds. */
const renewedFor = 5_000;
/** Unasked renewals are at least this far apart. Milliseconds. */
const shortestRound = 30_000;
/** How many refresh tokens that were rotated away a session still recognises. */
const rememberedTokens = 50;

/** An access token as handed out. Times are milliseconds since the epoch. */
export interface AccessToken {
  readonly accessToken: string;
  readonly expiresAt: number;
  readonly scope: string;
  readonly idToken: string;
}

/**
 * What is known of a session: `unverified` until the provider was asked in this run, `stale` while it cannot be reached
 * although it could be before.
 */
export type Freshness = 'verified' | 'unverified' | 'stale';

/** What a session needs from the house around it. */
export interface SessionHost {
  /** Writes all sessions to the vault; resolves when they are on disk, or when that failed and was said. */
  persist(): Promise<void>;
  /** Work that may bring tokens, so that the quitting waits for it. */
  track(work: Promise<unknown>): void;
  /** The provider has ended the session for good (T5). */
  ended(session: Session, reason: LoopgateError): void;
  /** A refresh token that no session holds any more is to be revoked. */
  revokeLater(token: StoredRevocation): void;
  /** The session cannot be renewed until somebody does something about it (T5); {@link Session.tryAgain} is that. */
  problem(problem: LoopgateError): void;
  /** It can be renewed again. */
  resolved(problem: LoopgateError): void;
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
    ...(typeof tokens.claims.sid === 'string' && { sid: tokens.claims.sid }),
    ...profileOf(tokens.claims),
  };
}

/** What Auth0 puts into the ID token shows the person at once; /userinfo is read all the same. */
function profileOf(claims: IdTokenClaims): Pick<StoredAccount, 'profile'> {
  const shown = ['name', 'nickname', 'email', 'email_verified', 'picture', 'given_name', 'family_name'];
  const known = Object.entries(claims).filter(([claim]) => shown.includes(claim));
  return known.length === 0 ? {} : { profile: { sub: claims.sub, ...Object.fromEntries(known) } };
}

/** What a session takes from the world. */
export interface SessionWorld {
  readonly clock: Clock;
  /** A number from 0 to below 1, for jitter (T7). */
  readonly random: () => number;
}

/** A signed-in person: tokens, renewal (one refresh at a time), profile. */
export class Session {
  readonly #provider: Provider;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #host: SessionHost;
  #account: StoredAccount;
  #refreshing: Promise<void> | undefined;
  /** What those who asked for a token get after the renewal that is under way. */
  #renewing: Promise<AccessToken> | undefined;
  /** The write of the present account: T4, nobody gets its token before it is on disk. */
  #stored: Promise<void> = Promise.resolve();
  #readingProfile: Promise<Record<string, unknown>> | undefined;
  /** The refresh token's present use; the next one waits for it. */
  #turn: Promise<void> = Promise.resolve();
  readonly #otherApis: OtherApiTokens;
  #renewalFailure: Failure | undefined;
  /** When an access token that had ended was last renewed for those who asked. */
  #renewedAt: number | undefined;
  #profileFailure: Failure | undefined;
  /** Since when the provider cannot be reached, in milliseconds since the epoch. */
  #unreachableSince: number | undefined;
  /** True once the provider has answered in this run. */
  #wasVerified: boolean;
  /** When the renewal was sent whose answer is not known; kept in the vault too. */
  #renewalSentAt: number | undefined;
  /** Whether nobody knows what the provider made of this run's last use of the refresh token. */
  #isAnswerLost = false;
  /** Whether the provider gives a new refresh token with each renewal; undefined until it has renewed in this run. */
  #rotates: boolean | undefined;
  /** True when that was before this run: the program was stopped meanwhile. */
  #wasStopped: boolean;
  /** The refusal that was said, until the renewal works again or the session is gone. */
  #said: LoopgateError | undefined;
  #cancelPlan: () => void = () => undefined;
  /** Hashes of the refresh tokens that this session has or had, oldest first. */
  readonly #knownTokens = new Set<string>();
  /** Set when the session is no longer kept: what still arrives for it is thrown away. */
  #closed = false;
  /** The session of the same person that took this one's place. */
  #successor: Session | undefined;

  /** @param options.verified - true when the provider has just given these tokens, false when they come from the vault */
  constructor(
    account: StoredAccount,
    provider: Provider,
    world: SessionWorld,
    host: SessionHost,
    options: { verified: boolean },
  ) {
    const { renewalSentAt, spentTokens = [], ...known } = account;
    this.#account = known;
    this.#renewalSentAt = renewalSentAt;
    this.#wasStopped = renewalSentAt !== undefined;
    this.#provider = provider;
    this.#clock = world.clock;
    this.#random = world.random;
    this.#host = host;
    this.#wasVerified = options.verified;
    this.#otherApis = new OtherApiTokens(world.clock, (api) => {
      const asking = this.#refreshFor(api);
      this.#host.track(asking);
      return asking;
    });
    for (const spent of spentTokens) this.#knownTokens.add(spent);
    this.#rememberToken();
    this.#plan();
  }

  get key(): string {
    return accountKey(this.#account);
  }

  /** What the vault keeps. Holds tokens: never shown, never logged. */
  get account(): StoredAccount {
    const sentAt = this.#renewalSentAt;
    const spentTokens = [...this.#knownTokens].slice(0, -1);
    return {
      ...this.#account,
      ...(spentTokens.length > 0 && { spentTokens }),
      ...(sentAt !== undefined && { renewalSentAt: sentAt }),
    };
  }

  /** The API that its access token is for. */
  get audience(): string | undefined {
    return this.#account.audience;
  }

  /** How sure this session is of what it shows. */
  get freshness(): Freshness {
    if (!this.#wasVerified) return 'unverified';
    return this.#isAway() ? 'stale' : 'verified';
  }

  /** When the provider was first found to be out of reach, in milliseconds since the epoch; undefined while it is not. */
  get unreachableSince(): number | undefined {
    return this.#unreachableSince;
  }

  /** What stands between this machine and the provider, such as a proxy, and what to do about it; where that is known. */
  get obstacle(): string | undefined {
    const reasons = [this.#renewalFailure, this.#profileFailure].map((failure) => failure?.reason);
    return reasons.find((reason) => reason?.retryable && reason.hasOwnAdvice)?.message;
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

  /** T4: its access token is handed to nobody before this write of the account has ended. */
  handOutAfter(stored: Promise<void>): void {
    this.#stored = stored;
  }

  /**
   * A valid access token, renewed first when it is about to end.
   * @param options.renew - true to renew even a valid one (`grant_type=refresh_token`), unless it is the one that has
   * just taken an ended one's place
   * @throws LoopgateError `not_signed_in` when the session is over, `provider_unreachable` or `provider_error` when it
   * cannot be renewed now and the old token has expired
   */
  accessToken({ renew = false }: { renew?: boolean } = {}): Promise<AccessToken> {
    if (!(renew ? this.renewable && !this.#wasJustRenewed() : this.#isEnding())) return this.#handOut();
    // One promise for all who wait for the renewal: of a thousand, each chain of them would be kept until it is there.
    this.#renewing ??= this.#renew()
      .then(() => this.#handOut())
      .finally(() => {
        this.#renewing = undefined;
      });
    return this.#renewing;
  }

  async #handOut(): Promise<AccessToken> {
    await this.#stored;
    // The same person signed in anew while this waited: the newer session answers.
    if (this.#successor) return await this.#successor.accessToken();
    const { accessToken, expiresAt, scope, idToken } = this.#account;
    if (!this.renewable && expiresAt <= this.#clock.now()) {
      throw this.#end('it lasted until its access token expired, because the provider granted no offline_access');
    }
    if (this.#closed) throw new LoopgateError('not_signed_in');
    return { accessToken, expiresAt, scope, idToken };
  }

  /**
   * An access token for another API of the same tenant, where the provider grants it: kept until it is about to end.
   * @throws LoopgateError `provider_error` with the provider's words when it does not
   */
  async accessTokenFor(api: OtherApi): Promise<AccessToken> {
    if (this.#successor) return await this.#successor.accessTokenFor(api);
    if (!this.renewable) {
      throw new LoopgateError('provider_error', {
        happened: 'A token for another API needs a refresh token, and the provider granted no offline_access.',
      });
    }
    try {
      return await withTimeout(this.#clock, longPatience, this.#otherApis.of(api), stillWaiting);
    } catch (error) {
      // The same person signed in anew while this waited: the newer session answers.
      const newer = this.#replacedBy();
      if (newer) return await newer.accessTokenFor(api);
      throw error;
    }
  }

  /** The profile while it is served without asking the provider. */
  get freshProfile(): Record<string, unknown> | undefined {
    const { profile, profileReadAt } = this.#account;
    if (profileReadAt === undefined) return undefined;
    const age = this.#clock.now() - profileReadAt;
    return age >= 0 && age < profileFresh ? profile : undefined;
  }

  /**
   * The person's profile (/userinfo): cached, one provider call for any number of callers, and the last one known while
   * the provider cannot be reached.
   * @throws LoopgateError when there is none to serve
   */
  async userInfo(): Promise<Record<string, unknown>> {
    const fresh = this.freshProfile;
    if (fresh) return fresh;
    const { profile } = this.#account;
    const failure = this.#profileFailure;
    if (failure && isBackingOffForCallers(failure, this.#clock.now())) {
      if (profile && failure.reason.retryable) return profile;
      throw failure.reason;
    }
    if (!profile) return await this.readProfile();
    try {
      // A stale answer now is better than a fresh one after the provider's time-out; the reading goes on.
      return await withTimeout(this.#clock, patience, this.readProfile(), () => profile);
    } catch (error) {
      if (error instanceof LoopgateError && error.retryable) return profile;
      throw error;
    }
  }

  /**
   * Asks the provider at once for what is due: a renewal, or whether what is stored still holds. For the start, after sleep
   * (T7), when the clock was set, and when the person presses "Try again" (T5). Never throws: a failure shows in
   * {@link freshness}, or is said as a problem.
   * @param options.distrust - true when the clock was set back: the times of the token then mean nothing
   */
  async tryAgain(options: { distrust?: boolean } = {}): Promise<void> {
    await this.#catchUp({ atOnce: true, ...options });
  }

  /**
   * Reads the profile anew for a caller; after a failure not before it is time for the next try (T5).
   * @throws LoopgateError
   */
  async refreshProfile(): Promise<Record<string, unknown>> {
    const failure = this.#profileFailure;
    if (failure && isBackingOffForCallers(failure, this.#clock.now())) throw failure.reason;
    return await this.readProfile();
  }

  /** Reads the profile anew. Callers that ask meanwhile share the answer. @throws LoopgateError */
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
    this.#cancelPlan();
    this.#successor = successor;
    this.#unsay();
    return this.#account.refreshToken;
  }

  async #readProfile(): Promise<Record<string, unknown>> {
    const { accessToken } = await this.accessToken();
    let profile: Record<string, unknown>;
    try {
      profile = await this.#provider.userInfo(accessToken, this.#account.subject);
    } catch (error) {
      // The same person signed in anew while this waited, and the old token was revoked: the newer session answers.
      if (this.#successor) return await this.#successor.readProfile();
      this.#profileFailed(error);
      throw error;
    }
    if (this.#successor) return await this.#successor.readProfile();
    if (this.#closed) throw new LoopgateError('not_signed_in');
    this.#changeFreshness(() => {
      this.#profileFailure = undefined;
      this.#wasVerified = true;
    });
    await this.#replace({ profile, profileReadAt: this.#clock.now() });
    return profile;
  }

  /** What is due: the renewal (T7), and the question whether a stored session still holds. */
  async #catchUp(options: { atOnce?: boolean; distrust?: boolean } = {}): Promise<void> {
    try {
      if (!this.renewable) await this.accessToken();
      else if (options.distrust || this.#isRenewalDue(options.atOnce === true)) await this.#refreshOnce();
      // A token that is ending would be renewed for it, which is not due then.
      const mayAsk = !this.#profileFailure || !isToldToWait(this.#profileFailure, this.#clock.now());
      if (this.freshness !== 'verified' && !this.#isEnding() && mayAsk) await this.#verify();
    } catch {
      // It is said where it failed; the next attempt is planned there.
    }
    this.#plan();
  }

  /** A token that the provider no longer takes although its time is not over is renewed: only that says whether the session is. */
  async #verify(): Promise<void> {
    try {
      await this.readProfile();
    } catch (error) {
      if (!(error instanceof LoopgateError) || error.code !== 'invalid_token' || !this.renewable) throw error;
      await this.#refreshOnce();
      await this.readProfile();
    }
  }

  /** Plans the next attempt; the one that was planned before is forgotten. */
  #plan(): void {
    this.#cancelPlan();
    if (this.#closed) return;
    const due = this.#nextAttempt();
    if (due === undefined) return;
    this.#cancelPlan = this.#clock.after(Math.max(0, due - this.#clock.now()), () => {
      this.#host.track(this.#catchUp());
    });
  }

  /** When to act unasked, in milliseconds since the epoch; undefined when nothing is to be done before somebody asks. */
  #nextAttempt(): number | undefined {
    // While the token is ending the renewal comes first. A profile alone is read again for those who ask.
    const isDoubtful = this.freshness !== 'verified' && !this.#isEnding();
    const profile = this.#profileFailure && isDoubtful ? this.#nextTry(this.#profileFailure) : undefined;
    const times = [this.#nextRenewal(), profile].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** The renewal, or the end of a session that cannot be renewed. */
  #nextRenewal(): number | undefined {
    const { issuedAt, expiresAt } = this.#account;
    if (this.#renewalFailure) {
      const next = this.#nextTry(this.#renewalFailure);
      return next !== undefined && this.#isBetterKept() ? Math.max(next, expiresAt) : next;
    }
    if (!this.renewable) return expiresAt;
    // Tokens that live for seconds are renewed for those who ask, not in a loop.
    const due = Math.max(expiresAt - early(this.#account) * (1 + this.#random()), issuedAt + shortestRound);
    return this.#isBetterKept() ? Math.max(due, expiresAt) : due;
  }

  /** T5: a refusal is not repeated unasked. The jitter keeps a thousand machines from coming back in the same moment. */
  #nextTry({ reason, at, backoff }: Failure): number | undefined {
    return isForCallersOnly(reason) ? undefined : at + backoff * (1 + this.#random() / 2);
  }

  /**
   * True while a refresh token whose last answer was lost is not sent again, although a renewal is due. It may be spent, and a
   * spent one that comes back ends the session (reuse detection). Once the access token has ended there is nothing to lose: a
   * provider that never got the last request, or that bears with one repetition, goes on.
   */
  #isBetterKept(): boolean {
    return this.#isAnswerLost && this.#rotates !== false && this.#isValid();
  }

  /** Asked anew after waiting: the compiler would keep what it knew before. */
  #replacedBy(): Session | undefined {
    return this.#successor;
  }

  #isEnding(): boolean {
    const now = this.#clock.now();
    const age = now - this.#account.issuedAt;
    // A provider whose tokens live for no time at all is not asked by every caller.
    const isNew = this.#wasVerified && age >= 0 && age < newFor;
    return this.renewable && !isNew && isAboutToEnd(this.#account, now);
  }

  #wasJustRenewed(): boolean {
    const age = this.#clock.now() - (this.#renewedAt ?? Number.NEGATIVE_INFINITY);
    return age >= 0 && age < renewedFor && !this.#isEnding();
  }

  /**
   * True when it is time for the renewal that nobody has asked for.
   * @param atOnce - true when one that has failed is tried again now; else its backoff is kept, and a refusal stays one (T5)
   */
  #isRenewalDue(atOnce: boolean): boolean {
    const failure = this.#renewalFailure;
    if (this.#isBetterKept()) return false;
    const now = this.#clock.now();
    if (failure) return (atOnce && !isToldToWait(failure, now)) || !isBackingOff(failure, now);
    return this.#isEnding() || this.#clock.now() >= this.#account.expiresAt - 2 * early(this.#account);
  }

  #isValid(): boolean {
    return !this.#closed && this.#account.expiresAt > this.#clock.now();
  }

  async #renew(): Promise<void> {
    try {
      if (this.#isBetterKept()) return;
      if (this.#renewalFailure && isBackingOffForCallers(this.#renewalFailure, this.#clock.now()))
        throw this.#renewalFailure.reason;
      const hadEnded = this.#isEnding();
      const refreshing = this.#refreshOnce();
      await (this.#isValid()
        ? withTimeout(this.#clock, patience, refreshing, () => undefined)
        : withTimeout(this.#clock, longPatience, refreshing, stillWaiting));
      if (hadEnded) this.#renewedAt = this.#clock.now();
    } catch (error) {
      // While the old token is valid it serves: a network that is down is no reason to be signed out (T5).
      if (this.#successor) return;
      if (!this.#isValid()) throw error;
    }
  }

  /** One refresh at a time, whoever asks. */
  #refreshOnce(): Promise<void> {
    this.#refreshing ??= this.#startRefresh();
    return this.#refreshing;
  }

  #startRefresh(): Promise<void> {
    const refreshing = this.#refresh()
      .then(
        () => this.#renewed(),
        (error: unknown) => {
          throw this.#renewalFailed(error);
        },
      )
      .finally(() => {
        this.#refreshing = undefined;
        this.#plan();
      });
    this.#host.track(refreshing);
    return refreshing;
  }

  #renewed(): void {
    this.#changeFreshness(() => {
      this.#renewalFailure = undefined;
      // What the old token was refused the new one may get.
      if (this.#profileFailure?.reason.retryable === false) this.#profileFailure = undefined;
      this.#wasVerified = true;
    });
    this.#unsay();
  }

  #unsay(): void {
    const said = this.#said;
    this.#said = undefined;
    if (said) this.#host.resolved(said);
  }

  /** T5: what may pass is tried again, later each time; what will not is said. Neither ends the session. */
  #renewalFailed(error: unknown): LoopgateError {
    const reason = error instanceof LoopgateError ? error : new LoopgateError('internal');
    if (this.#closed) return reason;
    this.#changeFreshness(() => {
      this.#renewalFailure = failureAfter(this.#renewalFailure, reason, this.#clock.now());
      // A refusal is an answer: the provider is there.
      if (!reason.retryable) this.#wasVerified = true;
    });
    if (!reason.retryable) {
      this.#said = reason;
      this.#host.problem(reason);
    }
    return reason;
  }

  /** A refusal is an answer here too. Who asks for the profile gets it, and nobody else is bothered. */
  #profileFailed(error: unknown): void {
    if (this.#closed || !(error instanceof LoopgateError)) return;
    this.#changeFreshness(() => {
      this.#profileFailure = failureAfter(this.#profileFailure, error, this.#clock.now());
      if (!error.retryable) this.#wasVerified = true;
    });
    this.#plan();
  }

  #changeFreshness(change: () => void): void {
    const { freshness: before, obstacle } = this;
    const since = this.#unreachableSince;
    change();
    this.#unreachableSince = this.#isAway() ? (since ?? this.#clock.now()) : undefined;
    const isSame = this.freshness === before && this.obstacle === obstacle && this.#unreachableSince === since;
    if (!isSame) this.#host.changed();
  }

  #isAway(): boolean {
    const profile = this.#profileFailure?.reason;
    // A userinfo endpoint that is not there says nothing about the provider.
    return this.#renewalFailure?.reason.retryable === true || (profile?.retryable === true && !profile.answered);
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

  /** The session's own access token stays; its refresh token is used, and may be rotated. */
  async #refreshFor(api: OtherApi): Promise<OtherApiToken> {
    const { refreshToken, accessToken, expiresAt, issuedAt, scope } = await this.#askProvider(api);
    await this.#replace(refreshToken === undefined ? {} : { refreshToken });
    return { accessToken, expiresAt, issuedAt, scope, idToken: this.#account.idToken };
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
    const { clientId, refreshToken, scope, issuer } = this.#account;
    if (this.#closed || refreshToken === undefined) throw new LoopgateError('not_signed_in');
    const answerWasLost = this.#renewalSentAt !== undefined;
    let rotated: string | undefined;
    let tokens: Tokens;
    try {
      // Read first: when this fails, no renewal was sent.
      await this.#provider.issuer();
      await this.#markSent();
      // Signed out while that was written: the token is on its way to be revoked, and not to be used any more.
      if (this.#closed) throw new LoopgateError('not_signed_in');
      // T4: on disk before the answer is checked, for which keys may have to be fetched. The old one is spent by then, whatever
      // comes out of the checks.
      const keep = async (token: string) => {
        rotated = token;
        if (this.#closed) return;
        this.#answered();
        await this.#replace({ refreshToken: token });
      };
      tokens = await this.#provider.refresh({ clientId, refreshToken, scope }, keep, api);
      this.#answered();
    } catch (error) {
      if (error instanceof LoopgateError && error.code === 'invalid_grant')
        throw this.#end(this.#refusal(answerWasLost));
      // A refusal is an answer. After a network failure nobody knows whether the provider has rotated, unless it was never
      // reached; and an answer that was lost before stays lost.
      const isUnknown = error instanceof LoopgateError && error.retryable && !error.undone;
      if (rotated === undefined && !isUnknown && !answerWasLost) this.#forgetSent();
      if (rotated === undefined && isUnknown) this.#isAnswerLost = true;
      if (rotated !== undefined && this.#closed) this.#host.revokeLater(revocationOf(this.#account, rotated));
      throw error;
    }
    const difference = tokens.claims && this.#differenceOf(tokens.claims);
    if (difference !== undefined) {
      // Not kept: the next answer may bring no ID token, and then nothing would say whose tokens these are.
      await this.#replace({ refreshToken });
      // Whose it is nobody knows (T19).
      if (rotated !== undefined) this.#host.revokeLater({ issuer, clientId, token: rotated });
      throw new LoopgateError('provider_error', { happened: `The renewed ID token is for another ${difference}.` });
    }
    if (this.#closed) {
      // Signed out while the refresh was under way: the token that just came must not stay alive.
      if (rotated !== undefined) this.#host.revokeLater(revocationOf(this.#account, rotated));
      throw new LoopgateError('not_signed_in');
    }
    this.#rotates = rotated !== undefined && rotated !== refreshToken;
    if (tokens.claims) this.#compareSid(tokens.claims);
    return rotated === undefined ? tokens : { ...tokens, refreshToken: rotated };
  }

  /** T19: a provider that names another session at a renewal says nothing by it. */
  #compareSid({ sid: renewed }: IdTokenClaims): void {
    const { sid, ...rest } = this.#account;
    if (sid !== undefined && renewed !== undefined && renewed !== sid) this.#account = rest;
  }

  /**
   * T4: that a renewal is on its way is on disk before it is sent. If its answer never comes, the provider may have rotated
   * the token all the same, and nothing can bring the new one back; but the person can be told what happened.
   */
  async #markSent(): Promise<void> {
    if (this.#renewalSentAt !== undefined) return;
    this.#renewalSentAt = this.#clock.now();
    this.#wasStopped = false;
    await this.#host.persist();
  }

  /** T6, T16 (OIDC Core §12.2): what a renewed ID token may not change. */
  #differenceOf(renewed: IdTokenClaims): string | undefined {
    const { issuer, subject, idToken } = this.#account;
    if (renewed.iss !== issuer || renewed.sub !== subject) return 'person (iss, sub)';
    const before = claimsOf(idToken);
    if (renewed.org_id !== before.org_id) return 'organization (org_id)';
    return renewed.nonce !== undefined && renewed.nonce !== before.nonce ? 'login (nonce)' : undefined;
  }

  #answered(): void {
    this.#renewalSentAt = undefined;
    this.#isAnswerLost = false;
  }

  #forgetSent(): void {
    if (this.#renewalSentAt === undefined) return;
    this.#answered();
    void this.#host.persist();
  }

  #refusal(answerWasLost: boolean): string {
    if (answerWasLost && this.#wasStopped)
      return 'Loopgate was stopped while it renewed the session, and the answer with the new token was lost';
    if (answerWasLost)
      return 'the connection broke while the session was renewed, and the answer with the new token was lost';
    return 'the identity provider no longer accepts it (it was revoked, it expired, or it was used elsewhere)';
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
    const { refreshToken } = this.#account;
    if (refreshToken === undefined) return;
    const present = hash(refreshToken);
    // The present one is the last of them.
    this.#knownTokens.delete(present);
    this.#knownTokens.add(present);
    const oldest = this.#knownTokens.values().next().value;
    if (this.#knownTokens.size > rememberedTokens && oldest !== undefined) this.#knownTokens.delete(oldest);
  }

  /** The session is over by itself, not by a sign-out: said to everybody, with the reason. */
  #end(reason: string): LoopgateError {
    const over = new LoopgateError('not_signed_in', { happened: `The session has ended: ${reason}.` });
    if (!this.#closed) {
      this.close();
      this.#host.ended(this, over);
    }
    return over;
  }
}

/** @throws LoopgateError always */
function stillWaiting(): never {
  throw new LoopgateError('provider_unreachable', {
    happened: `The identity provider has not answered yet, after ${longPatience / 1000} seconds.`,
    next: 'Try again in a moment: its answer is still waited for. The session is kept.',
    retryable: true,
  });
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
