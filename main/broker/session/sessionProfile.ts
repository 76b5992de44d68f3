import { message } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { withTimeout } from '../../system/timeout.ts';
import type { Clock } from '../clock.ts';
import { isBackingOffForCallers } from '../provider/backoff.ts';
import { profileOfIdToken } from '../provider/profileClaims.ts';
import type { Provider } from '../provider/provider.ts';
import type { KeptAccount } from './keptAccount.ts';
import { claimsOf } from './otherApiTokens.ts';
import type { Reachability } from './reachability.ts';

/** How long a profile is served from the cache: Auth0 allows five calls a minute. Milliseconds. */
const profileFresh = 5 * 60_000;
/** How long a caller waits for the provider if there is an older profile to serve. Milliseconds. */
export const fallbackTimeout = 2_000;

/** What a profile needs from its session. */
export interface SessionProfileCallbacks {
  /** A valid access token of the session. @throws LoopgateError */
  accessToken(): Promise<{ accessToken: string }>;
  /** Renews the access token, which the provider has refused before its end; not more often than callers may. @throws LoopgateError */
  renew(): Promise<void>;
  /** The profile of the same person's newer session, if there is one; it then answers instead. */
  successor(): SessionProfile | undefined;
  /** The profile could not be read; {@link Reachability} knows why. */
  failed(): void;
}

/**
 * The person's profile, cached: Auth0 allows few calls. The verified ID token's claims are its ground, and userinfo, where
 * the provider has it, lies over them (T21).
 */
export class SessionProfile {
  readonly #account: KeptAccount;
  readonly #reachability: Reachability;
  readonly #provider: Provider;
  readonly #clock: Clock;
  readonly #callbacks: SessionProfileCallbacks;
  #reading: Promise<Record<string, unknown>> | undefined;
  /** True when userinfo refused a token that had just been renewed: another renewal would not help. */
  #isRefusedAnyway = false;

  constructor(
    account: KeptAccount,
    reachability: Reachability,
    provider: Provider,
    clock: Clock,
    callbacks: SessionProfileCallbacks,
  ) {
    this.#account = account;
    this.#reachability = reachability;
    this.#provider = provider;
    this.#clock = clock;
    this.#callbacks = callbacks;
  }

  /** The last profile that was read; does not ask the provider. */
  get known(): Record<string, unknown> | undefined {
    return this.#account.present.profile;
  }

  /** The profile, while the cache may still serve it. */
  get fresh(): Record<string, unknown> | undefined {
    const { profile, profileReadAt } = this.#account.present;
    if (profileReadAt === undefined) return undefined;
    const age = this.#clock.now() - profileReadAt;
    return age >= 0 && age < profileFresh ? profile : undefined;
  }

  /**
   * The profile for a caller. It is cached, concurrent callers share one request to the provider, and while the provider
   * cannot be reached the last known profile is served.
   * @throws LoopgateError when there is none to serve
   */
  async userInfo(): Promise<Record<string, unknown>> {
    const { fresh, known } = this;
    if (fresh) return fresh;
    const failure = this.#reachability.profileFailure;
    if (failure && isBackingOffForCallers(failure, this.#clock.now())) {
      if (known && isServedAnyway(failure.reason)) return known;
      throw failure.reason;
    }
    if (!known) return await this.read();
    try {
      // A stale answer now is better than a fresh one after the provider's timeout; the read continues.
      return await withTimeout(this.#clock, fallbackTimeout, this.read(), () => known);
    } catch (error) {
      if (error instanceof LoopgateError && isServedAnyway(error)) return known;
      throw error;
    }
  }

  /**
   * Reads the profile again for a caller; after a failure only when the next try is due (T5).
   * @throws LoopgateError
   */
  async refresh(): Promise<Record<string, unknown>> {
    const failure = this.#reachability.profileFailure;
    if (failure && isBackingOffForCallers(failure, this.#clock.now())) throw failure.reason;
    return await this.read();
  }

  /** Reads the profile again. Concurrent callers share the answer. @throws LoopgateError */
  async read(): Promise<Record<string, unknown>> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return await this.#reading;
  }

  async #read(): Promise<Record<string, unknown>> {
    const { accessToken } = await this.#callbacks.accessToken();
    let sent: Record<string, unknown> | undefined;
    try {
      sent = await this.#ask(accessToken);
    } catch (error) {
      // The same person signed in again in the meantime, and the old token was revoked: the newer session answers.
      const newer = this.#callbacks.successor();
      if (newer) return await newer.read();
      this.#failed(error);
      throw error;
    }
    const newer = this.#callbacks.successor();
    if (newer) return await newer.read();
    if (this.#account.isClosed) throw new LoopgateError('not_signed_in');
    if (sent) this.#isRefusedAnyway = false;
    if (sent) this.#reachability.profileRead();
    else this.#reachability.profileKnown();
    const profile = this.#profileWith(sent);
    await this.#account.replace({ profile, profileReadAt: this.#clock.now() });
    return profile;
  }

  /**
   * Asks the provider. If it refuses a token that should still be valid, this renews it once: then either the answer comes,
   * or the session is over.
   * @returns undefined if the provider has no userinfo endpoint
   */
  async #ask(accessToken: string): Promise<Record<string, unknown> | undefined> {
    const { subject } = this.#account.present;
    if (!(await this.#provider.hasUserInfo())) return undefined;
    try {
      return await this.#provider.userInfo(accessToken, subject);
    } catch (error) {
      if (!isTokenRefused(error)) throw error;
    }
    if (this.#isRefusedAnyway || !this.#account.renewable) throw notAccepted();
    await this.#callbacks.renew();
    const renewed = await this.#callbacks.accessToken();
    try {
      return await this.#provider.userInfo(renewed.accessToken, subject);
    } catch (error) {
      if (!isTokenRefused(error)) throw error;
      this.#isRefusedAnyway = true;
      throw notAccepted();
    }
  }

  /** T21 (OIDC Core §5.3.2): userinfo may leave out what the ID token says. */
  #profileWith(sent: Record<string, unknown> | undefined): Record<string, unknown> {
    const { subject: sub, idToken, profile: known } = this.#account.present;
    const ground = profileOfIdToken(claimsOf(idToken));
    return sent ? { sub, ...ground, ...sent } : { sub, ...known, ...ground };
  }

  /** Records the failure. The callers get the reason, and the person does not see a problem. */
  #failed(error: unknown): void {
    if (this.#account.isClosed || !(error instanceof LoopgateError)) return;
    this.#reachability.profileFailed(error);
    this.#callbacks.failed();
  }
}

function isTokenRefused(error: unknown): boolean {
  return error instanceof LoopgateError && error.code === 'invalid_token';
}

/** Whether the last known profile answers in place of this failure. A failed check shows no profile at all (T2). */
function isServedAnyway({ retryable, refused }: LoopgateError): boolean {
  return retryable || refused;
}

/** The caller did not send this token, so it is not the caller's mistake. */
function notAccepted(): LoopgateError {
  return new LoopgateError('provider_error', {
    happened: message('profileRefused'),
    next: message('profileStaysKnown'),
    refused: true,
  });
}
