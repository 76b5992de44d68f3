import { createHash } from 'node:crypto';
import type { StoredAccount } from './vault.ts';

/** How many rotated refresh tokens a session still recognises. */
const rememberedTokens = 50;

/** What the account of a session needs from the sessions around it. */
export interface KeptAccountCallbacks {
  /** Writes all sessions to the vault; resolves when the write has succeeded, or has failed and the person was informed. */
  persist(): Promise<void>;
  changed(): void;
}

/**
 * The account of one session as the vault keeps it, with its previous refresh tokens. It holds tokens, so it must never be
 * logged.
 */
export class KeptAccount {
  readonly #callbacks: KeptAccountCallbacks;
  #present: StoredAccount;
  /** Hashes of the refresh tokens that this account has or had, oldest first. */
  readonly #knownTokens = new Set<string>();
  /** The write of the present account. T4: its token is not handed out before it is on disk. */
  stored: Promise<void> = Promise.resolve();
  /** When the renewal was sent whose answer is not known, in milliseconds since the epoch. */
  renewalSentAt: number | undefined;
  /** True when the session is no longer kept: results that still arrive are discarded. */
  isClosed = false;

  constructor(account: StoredAccount, callbacks: KeptAccountCallbacks) {
    const { renewalSentAt, spentTokens = [], ...present } = account;
    this.#present = present;
    this.renewalSentAt = renewalSentAt;
    this.#callbacks = callbacks;
    for (const spent of spentTokens) this.#knownTokens.add(spent);
    this.#rememberToken();
  }

  /** The account without the parts that only the vault needs. */
  get present(): StoredAccount {
    return this.#present;
  }

  /** The account as the vault stores it. */
  get toStore(): StoredAccount {
    const sentAt = this.renewalSentAt;
    const spentTokens = [...this.#knownTokens].slice(0, -1);
    return {
      ...this.#present,
      ...(spentTokens.length > 0 && { spentTokens }),
      ...(sentAt !== undefined && { renewalSentAt: sentAt }),
    };
  }

  /** T17: false when the provider granted no refresh token; the session then ends with its access token. */
  get renewable(): boolean {
    return this.#present.refreshToken !== undefined;
  }

  /** True for a refresh token that this account has or had. */
  knowsRefreshToken(refreshToken: string): boolean {
    return this.#knownTokens.has(hash(refreshToken));
  }

  /** T4: resolves when the changed account is on disk. */
  async replace(changes: Partial<StoredAccount>): Promise<void> {
    this.#present = { ...this.#present, ...changes };
    this.#rememberToken();
    this.stored = this.persist();
    await this.stored;
    this.#callbacks.changed();
  }

  /** Forgets the browser session that the account came from (T19); saved with the next change. */
  forgetSid(): void {
    const { sid: _sid, ...rest } = this.#present;
    this.#present = rest;
  }

  persist(): Promise<void> {
    return this.#callbacks.persist();
  }

  #rememberToken(): void {
    const { refreshToken } = this.#present;
    if (refreshToken === undefined) return;
    const present = hash(refreshToken);
    // The present token must come last.
    this.#knownTokens.delete(present);
    this.#knownTokens.add(present);
    const oldest = this.#knownTokens.values().next().value;
    if (this.#knownTokens.size > rememberedTokens && oldest !== undefined) this.#knownTokens.delete(oldest);
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
