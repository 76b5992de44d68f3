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
  /** The provider has ended the session for good (T5). @returns what those who wait are told */
  end(reason: Message): LoopgateError;
  /** A refresh token that no session holds any more is to be revoked. */
  revokeLater(token: StoredRevocation): void;
}

/** Sends a session's refresh token to the provider, one use after the other, and keeps what comes back (T4). */
export class RefreshTokenUse {
  readonly #account: KeptAccount;
  readonly #provider: Provider;
  readonly #clock: Clock;
  readonly #callbacks: RefreshTokenUseCallbacks;
  /** The refresh token's present use; the next one waits for it. */
  #turn: Promise<void> = Promise.resolve();
  /** Whether nobody knows what the provider made of this run's last use of the refresh token. */
  #isAnswerLost = false;
  /** Whether the provider gives a new refresh token with each renewal; undefined until it has renewed in this run. */
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
   * Whether the refresh token may have been rotated by a request whose answer was lost in this run. A spent one that comes back
   * ends the session (reuse detection).
   */
  get mayBeSpent(): boolean {
    return this.#isAnswerLost && this.#rotates !== false;
  }

  /**
   * One use of the refresh token after the other, whatever for: two at once would be taken for a theft (reuse detection).
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
    const answerWasLost = account.renewalSentAt !== undefined;
    let rotated: string | undefined;
    let tokens: Tokens;
    try {
      // Read first: when this fails, no renewal was sent.
      await this.#provider.issuer();
      await this.#markSent();
      // Signed out while that was written: the token is on its way to be revoked, and not to be used any more.
      if (account.isClosed) throw new LoopgateError('not_signed_in');
      // T4: on disk before the answer is checked, for which keys may have to be fetched. The old one is spent by then, whatever
      // comes out of the checks.
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
      // Signed out while the refresh was under way: the token that just came must not stay alive.
      if (rotated !== undefined) this.#revoke(rotated);
      throw new LoopgateError('not_signed_in');
    }
    this.#rotates = rotated !== undefined && rotated !== refreshToken;
    if (tokens.claims) this.#compareSid(tokens.claims);
    return rotated === undefined ? tokens : { ...tokens, refreshToken: rotated };
  }

  /** @returns what is thrown */
  #failed(error: unknown, rotated: string | undefined, answerWasLost: boolean): unknown {
    if (error instanceof LoopgateError && error.code === 'invalid_grant') {
      return this.#callbacks.end(this.#refusal(answerWasLost));
    }
    // A refusal is an answer. After a network failure nobody knows whether the provider has rotated, unless it was never
    // reached; and an answer that was lost before stays lost.
    const isUnknown = error instanceof LoopgateError && error.retryable && !error.undone;
    if (rotated === undefined && !isUnknown && !answerWasLost) this.#forgetSent();
    if (rotated === undefined && isUnknown) this.#isAnswerLost = true;
    if (rotated !== undefined && this.#account.isClosed) this.#revoke(rotated);
    return error;
  }

  /** The tokens are not the session's. @throws LoopgateError `provider_error` */
  async #refuse(difference: Message, refreshToken: string, rotated: string | undefined): Promise<never> {
    // Not kept: the next answer may bring no ID token, and then nothing would say whose tokens these are.
    await this.#account.replace({ refreshToken });
    const { issuer, clientId } = this.#account.present;
    // Whose it is nobody knows (T19).
    if (rotated !== undefined) this.#callbacks.revokeLater({ issuer, clientId, token: rotated });
    throw new LoopgateError('provider_error', { happened: message('renewedForOther', { difference }) });
  }

  #revoke(token: string): void {
    this.#callbacks.revokeLater(revocationOf(this.#account.present, token));
  }

  /** T19: a provider that names another session at a renewal says nothing by it. */
  #compareSid({ sid: renewed }: IdTokenClaims): void {
    const { sid } = this.#account.present;
    if (sid !== undefined && renewed !== undefined && renewed !== sid) this.#account.forgetSid();
  }

  /**
   * T4: that a renewal is on its way is on disk before it is sent. If its answer never comes, the provider may have rotated
   * the token all the same, and nothing can bring the new one back; but the person can be told what happened.
   */
  async #markSent(): Promise<void> {
    if (this.#account.renewalSentAt !== undefined) return;
    this.#account.renewalSentAt = this.#clock.now();
    this.#wasStopped = false;
    await this.#account.persist();
  }

  /** T6, T16 (OIDC Core §12.2): what a renewed ID token may not change. */
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
