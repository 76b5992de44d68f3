import { type Message, message } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import type { Clock } from '../clock.ts';
import type { IdTokenClaims } from '../provider/claims.ts';
import type { Provider } from '../provider/provider.ts';
import type { OtherApi, Tokens } from '../provider/tokens.ts';
import type { KeptAccount } from './keptAccount.ts';
import { claimsOf } from './otherApiTokens.ts';
import { revocationOf, type StoredRevocation } from './vault.ts';

/** What the use of a refresh token needs from its session. */
export interface RefreshTokenUseCallbacks {
  /** The provider has ended the session for good (T5). @returns the error for callers that wait */
  end(reason: Message): LoopgateError;
  /** Queues a refresh token for revocation because no session holds it any more. */
  revokeLater(token: StoredRevocation): void;
}

/** Sends a session's refresh token to the provider, one use after the other, and stores what comes back (T4). */
export class RefreshTokenUse {
  readonly #account: KeptAccount;
  readonly #provider: Provider;
  readonly #clock: Clock;
  readonly #callbacks: RefreshTokenUseCallbacks;
  /** The present use of the refresh token; the next one waits for it. */
  #turn: Promise<void> = Promise.resolve();
  /** True when the answer to the last use of the refresh token in this run was lost. */
  #isAnswerLost = false;
  /** Whether the provider issues a new refresh token with each renewal; undefined until it has renewed in this run. */
  #rotates: boolean | undefined;
  /** True when the answer was lost before this run: the program was stopped while it waited. */
  #wasStopped: boolean;

  constructor(account: KeptAccount, provider: Provider, clock: Clock, callbacks: RefreshTokenUseCallbacks) {
    this.#account = account;
    this.#provider = provider;
    this.#clock = clock;
    this.#callbacks = callbacks;
    this.#wasStopped = account.renewalSentAt !== undefined;
  }

  /**
   * Whether a request of this run whose answer was lost may have rotated the refresh token. Sending a spent token ends the
   * session (reuse detection).
   */
  get mayBeSpent(): boolean {
    return this.#isAnswerLost && this.#rotates !== false;
  }

  /**
   * Uses the refresh token once, after all earlier uses: the provider would take two at once for a theft (reuse detection).
   * @param api - another API that the access token is for
   * @throws LoopgateError `not_signed_in` when the session is over
   */
  ask(api?: OtherApi): Promise<Tokens> {
    const answer = this.#turn.then(() => this.#use(api));
    this.#turn = answer.then(
      () => undefined,
      () => undefined,
    );
    return answer;
  }

  async #use(api: OtherApi | undefined): Promise<Tokens> {
    const account = this.#account;
    const { clientId, refreshToken, scope } = account.present;
    if (account.isClosed || refreshToken === undefined) throw new LoopgateError('not_signed_in');
    // The use before this one may have just lost its answer. While the access token serves, there is something to lose.
    if (this.mayBeSpent && account.present.expiresAt > this.#clock.now()) throw lostAnswer();
    const answerWasLost = account.renewalSentAt !== undefined;
    let rotated: string | undefined;
    let tokens: Tokens;
    try {
      // Read it first: if this fails, no renewal was sent.
      await this.#provider.issuer();
      await this.#markSent();
      // The account was signed out during that write: its token will be revoked and must not be used.
      if (account.isClosed) throw new LoopgateError('not_signed_in');
      // T4: store it before the answer is checked, because the check may have to fetch keys. The old token is spent by then,
      // whatever the result of the checks.
      const keep = async (token: string) => {
        rotated = token;
        if (account.isClosed) return;
        this.#answered();
        await account.replace({ refreshToken: token });
      };
      tokens = await this.#provider.refresh({ clientId, refreshToken, scope }, keep, api);
      this.#answered();
    } catch (error) {
      throw this.#failed(error, rotated, answerWasLost);
    }
    const difference = tokens.claims && this.#differenceOf(tokens.claims);
    if (difference !== undefined) return await this.#refuse(difference, refreshToken, rotated);
    if (account.isClosed) {
      // The account was signed out during the refresh: the token that just came must be revoked.
      if (rotated !== undefined) this.#revoke(rotated);
      throw new LoopgateError('not_signed_in');
    }
    this.#rotates = rotated !== undefined && rotated !== refreshToken;
    if (tokens.claims) this.#compareSid(tokens.claims);
    return rotated === undefined ? tokens : { ...tokens, refreshToken: rotated };
  }

  /** Decides what a failed use means. @returns the error to throw */
  #failed(error: unknown, rotated: string | undefined, answerWasLost: boolean): unknown {
    if (error instanceof LoopgateError && error.code === 'invalid_grant') {
      return this.#callbacks.end(this.#refusal(answerWasLost));
    }
    // A refusal is an answer. After a network failure the provider may have rotated the token, unless the request never
    // reached it; and an earlier lost answer stays lost.
    const isUnknown = error instanceof LoopgateError && error.retryable && !error.undone;
    if (rotated === undefined && !isUnknown && !answerWasLost) this.#forgetSent();
    if (rotated === undefined && isUnknown) this.#isAnswerLost = true;
    if (rotated !== undefined && this.#account.isClosed) this.#revoke(rotated);
    return error;
  }

  /** Refuses tokens that do not belong to the session. @throws LoopgateError `provider_error` */
  async #refuse(difference: Message, refreshToken: string, rotated: string | undefined): Promise<never> {
    // Do not keep the rotated token: the next answer may lack an ID token, and then nothing would show whose tokens these
    // are.
    await this.#account.replace({ refreshToken });
    const { issuer, clientId } = this.#account.present;
    // The owner of this token is unknown (T19).
    if (rotated !== undefined) this.#callbacks.revokeLater({ issuer, clientId, token: rotated });
    throw new LoopgateError('provider_error', { happened: message('renewedForOther', { difference }) });
  }

  #revoke(token: string): void {
    this.#callbacks.revokeLater(revocationOf(this.#account.present, token));
  }

  /** T19: if the provider names another session at a renewal, the `sid` cannot be relied on. */
  #compareSid({ sid: renewed }: IdTokenClaims): void {
    const { sid } = this.#account.present;
    if (sid !== undefined && renewed !== undefined && renewed !== sid) this.#account.forgetSid();
  }

  /**
   * T4: records on disk that a renewal is being sent. If the answer never comes, the provider may have rotated the token all
   * the same, and the new one is lost for good; but Loopgate can then tell the person what happened.
   */
  async #markSent(): Promise<void> {
    if (this.#account.renewalSentAt !== undefined) return;
    this.#account.renewalSentAt = this.#clock.now();
    this.#wasStopped = false;
    await this.#account.persist();
  }

  /** T6, T16 (OIDC Core §12.2): checks the claims that a renewed ID token may not change. */
  #differenceOf(renewed: IdTokenClaims): Message | undefined {
    const { issuer, subject, idToken } = this.#account.present;
    if (renewed.iss !== issuer || renewed.sub !== subject) return message('renewedPerson');
    const before = claimsOf(idToken);
    if (renewed.org_id !== before.org_id) return message('renewedOrganization');
    return renewed.nonce !== undefined && renewed.nonce !== before.nonce ? message('renewedLogin') : undefined;
  }

  #answered(): void {
    this.#account.renewalSentAt = undefined;
    this.#isAnswerLost = false;
  }

  #forgetSent(): void {
    if (this.#account.renewalSentAt === undefined) return;
    this.#answered();
    void this.#account.persist();
  }

  #refusal(answerWasLost: boolean): Message {
    if (!answerWasLost) return message('endedByProvider');
    return message(this.#wasStopped ? 'endedByStop' : 'endedByLostAnswer');
  }
}

/** The error for a use that has to wait, because the answer to the one before was lost. */
function lostAnswer(): LoopgateError {
  return new LoopgateError('provider_unreachable', {
    happened: message('answerLost'),
    next: message('renewedWhenEnded'),
    retryable: true,
    undone: true,
  });
}
