import type { Clock } from './clock.ts';
import { BrokerError } from './errors.ts';
import type { Provider } from './provider.ts';
import { accountKey, Session, type SessionHost } from './session.ts';
import { MemoryVault, type StoredAccount, type StoredRevocation, type Vault, VaultUnreadable } from './vault.ts';

/** What the accounts tell the broker. */
export interface AccountsObserver {
  changed(): void;
  /** Something that the person should read. */
  problem(problem: BrokerError): void;
  /** What a problem was about works again. */
  resolved(problem: BrokerError): void;
}

/** The people who are signed in: at most one is active. The only one who writes to the vault. */
export class Accounts {
  readonly #provider: Provider | undefined;
  readonly #clock: Clock;
  #vault: Vault;
  readonly #observer: AccountsObserver;
  readonly #sessions = new Map<string, Session>();
  /** Accounts of another provider, application or API than the configured one: kept, for when that is configured again. */
  #foreign: StoredAccount[] = [];
  #active: string | undefined;
  #revocations: StoredRevocation[] = [];
  readonly #revoking = new Set<StoredRevocation>();
  #saving: Promise<boolean> = Promise.resolve(true);
  /** Renewals and exchanges under way, whose tokens must not be lost at quit. */
  readonly #underWay = new Set<Promise<unknown>>();
  #signOuts = 0;
  /** Why there is no active session any more, when it was not the person's own wish. */
  #lost: BrokerError | undefined;

  constructor(provider: Provider | undefined, clock: Clock, vault: Vault, observer: AccountsObserver) {
    this.#provider = provider;
    this.#clock = clock;
    this.#vault = vault;
    this.#observer = observer;
  }

  /** Where the sessions are kept, in words, when that is not the system's keyring. */
  get storageNotice(): string | undefined {
    return this.#vault.notice;
  }

  /**
   * Reads the vault. Never throws: what cannot be read is said, and the person is signed out with that reason.
   * @param belongs - whether an account is of the configured provider, application and API
   */
  async load(belongs: (account: StoredAccount) => boolean): Promise<void> {
    try {
      const state = await this.#vault.load();
      if (!state) return;
      for (const account of state.accounts) {
        if (this.#provider && belongs(account)) this.#add(this.#provider, account);
        else this.#foreign.push(account);
      }
      if (state.active !== undefined && this.#sessions.has(state.active)) this.#active = state.active;
      this.#revocations = state.revocations;
    } catch (error) {
      const unreadable = error instanceof VaultUnreadable;
      const why = unreadable ? error.message : 'the stored session could not be read';
      // What could not even be set aside must not be written over.
      if (!unreadable) this.#vault = new MemoryVault(`Kept for this run only: ${why}.`);
      this.#lost = new BrokerError('not_signed_in', { happened: `You are signed out: ${why}.` });
      this.#observer.problem(this.#lost);
    }
  }

  /** The active person's session. @throws BrokerError `not_signed_in`, with the reason when a session was lost */
  active(): Session {
    const session = this.peek();
    if (!session) throw this.#lost ?? new BrokerError('not_signed_in');
    return session;
  }

  /** The active person's session, if there is one. */
  peek(): Session | undefined {
    return this.#active === undefined ? undefined : this.#sessions.get(this.#active);
  }

  /** Everybody else who is signed in. */
  others(): Session[] {
    return [...this.#sessions.values()].filter((session) => session.key !== this.#active);
  }

  /**
   * Takes a session that a login gave. The same person's older one is replaced and its refresh token revoked; another
   * person's is added and becomes active only when the person at this machine asked for it, or nobody was (T18).
   * Resolves when it is stored.
   */
  async adopt(provider: Provider, account: StoredAccount, options: { activate: boolean }): Promise<Session> {
    const replaced = this.#sessions.get(accountKey(account));
    const session = this.#add(provider, {
      ...account,
      // The profile is shown at once; it is read anew in any case.
      ...(replaced?.profile && { profile: replaced.profile }),
    });
    const spent = replaced?.close(session);
    if (options.activate || this.#active === undefined) this.#active = session.key;
    this.#lost = undefined;
    // While the new session is not on disk, the old token is the one that the next start would use.
    const isSaved = await this.#persist();
    this.#observer.changed();
    if (isSaved && spent !== undefined && spent !== account.refreshToken)
      this.revokeLater({ ...account, token: spent });
    return session;
  }

  /**
   * The session that has or had this refresh token. A program may carry one where the setting hands it out; sent to the
   * provider after it was rotated here, it would end the whole family (reuse detection).
   */
  withRefreshToken(refreshToken: string): Session | undefined {
    return [...this.#sessions.values()].find((session) => session.knowsRefreshToken(refreshToken));
  }

  /** Makes a stored account the active one. @throws BrokerError `invalid_request` when it is not there */
  async activate(key: string): Promise<void> {
    if (!this.#sessions.has(key)) {
      throw new BrokerError('invalid_request', { happened: 'That account is not signed in any more.' });
    }
    this.#active = key;
    await this.#persist();
    this.#observer.changed();
  }

  /** T10: wipes first; the revocation follows and is tried again at the next start. Resolves when it is wiped. */
  async signOut(): Promise<void> {
    const session = this.peek();
    this.#lost = undefined;
    this.#signOuts += 1;
    if (!session) return;
    this.#drop(session);
    await this.#persist();
    this.#observer.changed();
    this.flushRevocations();
  }

  /** Tries to revoke what is still to be revoked. Failures stay queued; nobody waits for it. */
  flushRevocations(): void {
    for (const revocation of this.#revocations) {
      if (this.#revoking.has(revocation)) continue;
      this.#revoking.add(revocation);
      void this.#revoke(revocation).then(async (done) => {
        this.#revoking.delete(revocation);
        if (!done) return;
        this.#revocations = this.#revocations.filter((one) => one !== revocation);
        await this.#persist();
      });
    }
  }

  /** True when there is nothing left to do: revoked, or refused in a way that asking again will not change. */
  async #revoke({ issuer, clientId, token }: StoredRevocation): Promise<boolean> {
    try {
      // A token goes to the provider that gave it and to no other, however the settings have changed since.
      if (!this.#provider || (await this.#provider.issuer()) !== issuer) return false;
    } catch {
      return false;
    }
    return await this.#provider.revoke(clientId, token).then(
      () => true,
      (error: unknown) => !(error instanceof BrokerError && error.retryable),
    );
  }

  /** How often somebody signed out. A login that was exchanged meanwhile must not bring the session back. */
  get signOuts(): number {
    return this.#signOuts;
  }

  /** Work that may bring tokens: {@link settled} waits for it. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const done = () => this.#underWay.delete(work);
    work.then(done, done);
    return work;
  }

  /** Resolves when nothing is under way and all that was to be written is written: a rotated token is not lost at quit (T4). */
  async settled(): Promise<void> {
    for (let written = false; !written; ) {
      await Promise.allSettled(this.#underWay);
      const saving = this.#saving;
      await saving;
      written = this.#underWay.size === 0 && saving === this.#saving;
    }
  }

  /** A refresh token that nobody keeps is to be revoked. */
  revokeLater(token: StoredRevocation): void {
    this.#queueRevocation(token);
    void this.#persist().then(() => this.flushRevocations());
  }

  #add(provider: Provider, account: StoredAccount): Session {
    const host: SessionHost = {
      persist: async () => void (await this.#persist()),
      track: (work) => this.track(work),
      changed: () => this.#observer.changed(),
      ended: (session, reason) => {
        if (session.key === this.#active) {
          this.#lost = reason;
          this.#active = undefined;
        }
        this.#sessions.delete(session.key);
        this.#observer.problem(reason);
        void this.#persist().then(() => this.#observer.changed());
      },
      problem: (problem) => this.#observer.problem(problem),
      resolved: (problem) => this.#observer.resolved(problem),
      revokeLater: (token) => this.revokeLater(token),
    };
    const session = new Session(account, provider, this.#clock, host);
    this.#sessions.set(session.key, session);
    return session;
  }

  #drop(session: Session): void {
    const token = session.close();
    const { issuer, clientId } = session.account;
    this.#sessions.delete(session.key);
    this.#active = undefined;
    if (token !== undefined) this.#queueRevocation({ issuer, clientId, token });
  }

  #queueRevocation({ issuer, clientId, token }: StoredRevocation): void {
    this.#revocations.push({ issuer, clientId, token });
  }

  /** One write after the other, each with all that is known when it starts. Resolves with whether it is on disk. */
  #persist(): Promise<boolean> {
    this.#saving = this.#saving.then(async () => {
      try {
        await this.#vault.save({
          version: 1,
          accounts: [...[...this.#sessions.values()].map((session) => session.account), ...this.#foreign],
          ...(this.#active !== undefined && { active: this.#active }),
          revocations: this.#revocations,
        });
        return true;
      } catch (error) {
        this.#observer.problem(
          new BrokerError('internal', {
            happened: `What changed could not be saved (${error instanceof Error ? error.message : 'unknown reason'}): the next start of Loopgate will not know of it.`,
            next: 'Make room on the disk, or let Loopgate write to its data folder.',
          }),
        );
        return false;
      }
    });
    return this.#saving;
  }
}
