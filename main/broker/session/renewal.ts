import { LoopgateError } from '../../errors/errors.ts';
import type { KeptAccount } from './keptAccount.ts';
import type { Reachability } from './reachability.ts';
import type { RefreshTokenUse } from './refreshTokenUse.ts';

/** What the renewal needs from its session. */
export interface RenewalCallbacks {
  /** Tracks work that may bring tokens, so that the quitting waits for it. */
  track(work: Promise<unknown>): void;
  /** The session cannot be renewed until the person acts (T5). */
  problem(problem: LoopgateError): void;
  /** The session can be renewed again. */
  resolved(problem: LoopgateError): void;
  /** A renewal has ended, in success or failure. */
  ended(): void;
}

/** Renews the access token of a session, one refresh at a time, and reports a refusal to the person. */
export class Renewal {
  readonly #account: KeptAccount;
  readonly #reachability: Reachability;
  readonly #refreshToken: RefreshTokenUse;
  readonly #callbacks: RenewalCallbacks;
  #running: Promise<void> | undefined;
  /** The refusal that was reported to the person, until the renewal works again or the session has ended. */
  #told: LoopgateError | undefined;

  constructor(
    account: KeptAccount,
    reachability: Reachability,
    refreshToken: RefreshTokenUse,
    callbacks: RenewalCallbacks,
  ) {
    this.#account = account;
    this.#reachability = reachability;
    this.#refreshToken = refreshToken;
    this.#callbacks = callbacks;
  }

  /** Starts a refresh, or joins the one that is under way. @throws LoopgateError */
  run(): Promise<void> {
    this.#running ??= this.#start();
    return this.#running;
  }

  /** Withdraws the reported refusal. */
  resolve(): void {
    const told = this.#told;
    this.#told = undefined;
    if (told) this.#callbacks.resolved(told);
  }

  #start(): Promise<void> {
    const refreshing = this.#refresh()
      .then(
        () => this.#renewed(),
        (error: unknown) => {
          throw this.#failed(error);
        },
      )
      .finally(() => {
        this.#running = undefined;
        this.#callbacks.ended();
      });
    this.#callbacks.track(refreshing);
    return refreshing;
  }

  async #refresh(): Promise<void> {
    const tokens = await this.#refreshToken.ask();
    await this.#account.replace({
      accessToken: tokens.accessToken,
      issuedAt: tokens.issuedAt,
      expiresAt: tokens.expiresAt,
      refreshExpiresAt: tokens.refreshExpiresAt,
      scope: tokens.scope,
      ...(tokens.refreshToken !== undefined && { refreshToken: tokens.refreshToken }),
      ...(tokens.idToken !== undefined && { idToken: tokens.idToken }),
    });
  }

  #renewed(): void {
    this.#reachability.renewed();
    this.resolve();
  }

  /**
   * T5: a temporary failure is retried with growing delays; any other failure is reported to the person. Neither ends the
   * session.
   */
  #failed(error: unknown): LoopgateError {
    const reason = error instanceof LoopgateError ? error : new LoopgateError('internal');
    if (this.#account.isClosed) return reason;
    this.#reachability.renewalFailed(reason);
    if (!reason.retryable) {
      this.#told = reason;
      this.#callbacks.problem(reason);
    }
    return reason;
  }
}
