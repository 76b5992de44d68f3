import { message, verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import type { Remedy } from '../problem.ts';
import type { Provider } from '../provider/provider.ts';
import { accountKey } from '../session/account.ts';
import { endText } from '../session/endText.ts';
import type { SessionWorld } from '../session/renewalSchedule.ts';
import { Session, type SessionCallbacks } from '../session/session.ts';
import {
  grantOf,
  revocationOf,
  type StorageLocation,
  type StoredAccount,
  type StoredRevocation,
  type StoredState,
  storedKey,
  storedStateVersion,
  type Vault,
  VaultUnreadable,
  type WithoutKeyring,
} from '../session/vault.ts';
import { Revocations } from './revocations.ts';
import { SessionStore } from './sessionStore.ts';
import { WorkUnderWay } from './workUnderWay.ts';

/** The accounts report to the broker through these. */
export interface AccountsCallbacks {
  changed(): void;
  /** The person should read about this problem, and `remedy` says what helps. */
  problem(problem: LoopgateError, remedy: Remedy): void;
  /** The cause of this problem is gone. */
  resolved(problem: LoopgateError): void;
}

/** The parts of the outside world that the accounts use. */
export interface AccountsWorld extends SessionWorld {
  readonly log: { warn(fields: object, message: string): void };
}

/** Holds the accounts of all people who are signed in; at most one is active. Only this class writes to the vault. */
export class Accounts {
  readonly #provider: Provider | undefined;
  readonly #world: AccountsWorld;
  readonly #store: SessionStore;
  readonly #callbacks: AccountsCallbacks;
  readonly #sessions = new Map<string, Session>();
  /** Accounts of a provider, application or API that is not configured now. They are kept in case it is configured again. */
  #foreign: StoredAccount[] = [];
  #active: string | undefined;
  /** The keys of the accounts that are active with other settings. */
  #activeElsewhere: string[] = [];
  readonly #revocations: Revocations;
  readonly #underWay = new WorkUnderWay();
  #signOuts = 0;
  #lost: LoopgateError | undefined;

  constructor(provider: Provider | undefined, world: AccountsWorld, vault: Vault, callbacks: AccountsCallbacks) {
    this.#provider = provider;
    this.#world = world;
    this.#callbacks = callbacks;
    this.#store = new SessionStore(world.clock, vault, {
      snapshot: () => this.#snapshot(),
      problem: (problem) => callbacks.problem(problem, 'none'),
      resolved: (problem) => callbacks.resolved(problem),
    });
    this.#revocations = new Revocations(provider, {
      ...world,
      kept: () => this.#kept().map(grantOf),
      persist: () => this.#store.persist(),
      notRevoked: (problem) => callbacks.problem(problem, 'none'),
    });
    vault.onLocationChanged(() => callbacks.changed());
  }

  /** The place where the sessions are stored. */
  get location(): StorageLocation {
    return this.#store.location;
  }

  /**
   * Changes where the sessions are stored when there is no keyring. @throws LoopgateError when the answer could not be saved
   */
  async chooseStorage(answer: WithoutKeyring): Promise<void> {
    await this.#store.choose(answer);
    await this.#store.persistInTime();
    this.#callbacks.changed();
  }

  /**
   * Reads the vault. Never throws: if the vault cannot be read, this reports it, and the person is signed out with that
   * reason.
   * @param belongs - whether an account belongs to the configured provider, application and API
   */
  async load(belongs: (account: StoredAccount) => boolean): Promise<void> {
    try {
      const state = await this.#store.load();
      if (!state) return;
      for (const account of state.accounts) {
        if (this.#provider && belongs(account)) this.#add(this.#provider, account, { verified: false });
        else this.#foreign.push(account);
      }
      const active = [state.active, ...(state.activeElsewhere ?? [])].filter((key) => key !== undefined);
      const here = new Map<string, string>();
      for (const [key, { account }] of this.#sessions) {
        here.set(storedKey(account), key);
        // Loopgate 0.1 wrote the active account without the settings.
        here.set(key, key);
      }
      const mine = active.find((key) => here.has(key));
      this.#active = mine === undefined ? undefined : here.get(mine);
      this.#activeElsewhere = active.filter((key) => !here.has(key));
      this.#revocations.load(state.revocations);
      if (state.ended !== undefined && this.#active === undefined) {
        this.#lost = new LoopgateError('not_signed_in', { happened: endText(state.ended) });
        this.#callbacks.problem(this.#lost, 'sign_in');
      }
    } catch (error) {
      const unreadable = error instanceof VaultUnreadable;
      const why = unreadable ? error.text : message('storedUnreadable');
      // If the old state could not even be set aside, it must not be overwritten.
      if (!unreadable) this.#store.useMemory(message('keptForThisRunOnly', { reason: why }));
      this.#lost = new LoopgateError('not_signed_in', { happened: message('signedOutBecause', { reason: why }) });
      this.#callbacks.problem(this.#lost, 'sign_in');
    }
  }

  /** Checks in the background that the provider still accepts the active session, and renews what is due (T7). */
  wake(options: { distrust?: boolean } = {}): void {
    for (const session of this.#sessions.values()) {
      if (session.key === this.#active || options.distrust) void this.track(session.tryAgain(options));
    }
    this.#revocations.flush({ atOnce: true });
  }

  /** The person wants to try again: retries every renewal that has failed (T5). */
  async tryAgain(): Promise<void> {
    await Promise.all(this.all().map((session) => session.tryAgain()));
  }

  /** The reason why something is not on disk; undefined when everything is. */
  get unsaved(): LoopgateError | undefined {
    return this.#store.unsaved;
  }

  /** The active person's session. @throws LoopgateError `not_signed_in`, with the reason when a session was lost */
  active(): Session {
    const session = this.peek();
    if (!session) throw this.#lost ?? new LoopgateError('not_signed_in');
    return session;
  }

  /** The reason why there is no active session any more, unless the person ended it. */
  get lost(): LoopgateError | undefined {
    return this.#lost;
  }

  /** The active person's session, if there is one. */
  peek(): Session | undefined {
    return this.#active === undefined ? undefined : this.#sessions.get(this.#active);
  }

  /** The sessions of all other accounts. */
  others(): Session[] {
    return [...this.#sessions.values()].filter((session) => session.key !== this.#active);
  }

  /**
   * Adds the session of a login. It replaces an older session of the same person, whose refresh token is revoked as soon as
   * that cannot end the new one (T19). Another person's session becomes active only if the person at this machine asked for
   * it, or if no account was active (T18). Resolves when it is stored.
   */
  async adopt(provider: Provider, account: StoredAccount, options: { activate: boolean }): Promise<Session> {
    const replaced = this.#sessions.get(accountKey(account));
    const session = this.#add(
      provider,
      {
        ...account,
        // Show the old profile at once; it is read again in any case.
        ...(replaced?.profile.known && { profile: replaced.profile.known }),
      },
      { verified: true },
    );
    const spent = replaced?.close(session);
    if (options.activate || this.#active === undefined) this.#active = session.key;
    this.#lost = undefined;
    const { refreshToken } = account;
    this.#revocations.forget(refreshToken);
    if (replaced && spent !== undefined && spent !== refreshToken) {
      this.#revocations.addWhenStored(revocationOf(replaced.account, spent));
    }
    const stored = this.#store.persistInTime();
    session.handOutAfter(stored);
    await stored;
    this.#callbacks.changed();
    return session;
  }

  /**
   * The session that has or had this refresh token. A program may hold one if the setting exposes it. Sending it to the
   * provider after Loopgate has rotated it would end the whole family (reuse detection).
   */
  withRefreshToken(refreshToken: string): Session | undefined {
    return [...this.#sessions.values()].find((session) => session.knowsRefreshToken(refreshToken));
  }

  /** All sessions, the active one first. */
  all(): Session[] {
    const active = this.peek();
    return [...(active ? [active] : []), ...this.others()];
  }

  /** The session of this account, active or not. */
  byKey(key: string): Session | undefined {
    return this.#sessions.get(key);
  }

  /** Makes a stored account the active one. @throws LoopgateError `not_found` when it is not there */
  async activate(key: string): Promise<void> {
    const session = this.#sessions.get(key);
    if (!session) throw new LoopgateError('not_found', noSuchUser);
    this.#active = key;
    this.#lost = undefined;
    await this.#store.persistInTime();
    this.#callbacks.changed();
    if (session.freshness !== 'verified') void this.track(session.tryAgain());
  }

  /**
   * T10: wipes the account first and revokes its token afterwards. The revocation is retried while the provider cannot be
   * reached, and at the next start. Resolves when the account is wiped. No other account becomes active (T18).
   * @param key - the account; by default the active one
   */
  async signOut(key = this.#active): Promise<void> {
    const session = key === undefined ? undefined : this.#sessions.get(key);
    const wasLost = this.#lost !== undefined;
    if (key === this.#active) {
      this.#lost = undefined;
      this.#signOuts += 1;
    }
    if (session) this.#drop(session);
    else if (!wasLost) return;
    await this.#store.persistInTime();
    this.#callbacks.changed();
    this.#revocations.flush({ atOnce: true });
  }

  /** The person has read why the last session ended. */
  forgetEnded(): void {
    if (!this.#lost) return;
    this.#lost = undefined;
    void this.#store.persist();
  }

  /** Runs a request whose answer may bring a token, and everything that stores it: until then no token is revoked (T19). */
  duringArrival<T>(work: () => Promise<T>): Promise<T> {
    return this.#revocations.duringArrival(work);
  }

  /** How often an account was signed out. A login that is exchanged during a sign-out must not bring the session back. */
  get signOuts(): number {
    return this.#signOuts;
  }

  /** Tracks work that may bring tokens: {@link settled} waits for it. */
  track<T>(work: Promise<T>): Promise<T> {
    return this.#underWay.track(work);
  }

  /** Resolves when no work is under way and everything is written, so that a rotated token survives a quit (T4). */
  settled(): Promise<void> {
    return this.#underWay.settled(() => this.#store.saving);
  }

  /**
   * Stops all background work: the next broker that reads the vault takes over these sessions. Call it only after {@link
   * settled}: a token that is renewed later would look like one that no session holds, and would be revoked.
   */
  close(): void {
    this.#store.close();
    this.#revocations.close();
    for (const session of this.#sessions.values()) session.close();
  }

  /** Queues a refresh token for revocation because no session holds it. */
  revokeLater(token: StoredRevocation): void {
    this.#revocations.add(token);
    void this.#store.persist().then(() => this.#revocations.flush());
  }

  /** All accounts whose tokens are kept, including those of other settings. */
  #kept(): StoredAccount[] {
    return [...[...this.#sessions.values()].map((session) => session.account), ...this.#foreign];
  }

  #add(provider: Provider, account: StoredAccount, options: { verified: boolean }): Session {
    const callbacks: SessionCallbacks = {
      persist: () => this.#store.persistInTime(),
      track: (work) => this.track(work),
      changed: () => this.#callbacks.changed(),
      ended: (session, reason) => {
        if (session.key === this.#active) {
          this.#lost = reason;
          this.#active = undefined;
        }
        this.#sessions.delete(session.key);
        this.#callbacks.problem(reason, 'sign_in');
        // Revocations that waited because of this session can be sent now (T19).
        void this.#store.persist().then(() => {
          this.#revocations.flush({ atOnce: true });
          this.#callbacks.changed();
        });
      },
      problem: (problem) => this.#callbacks.problem(problem, problem.needsSignIn ? 'sign_in_again' : 'renew'),
      resolved: (problem) => this.#callbacks.resolved(problem),
      revokeLater: (token) => this.revokeLater(token),
    };
    const session = new Session(account, provider, this.#world, callbacks, options);
    this.#sessions.set(session.key, session);
    return session;
  }

  #drop(session: Session): void {
    const token = session.close();
    this.#sessions.delete(session.key);
    if (session.key === this.#active) this.#active = undefined;
    if (token !== undefined) this.#revocations.add(revocationOf(session.account, token));
  }

  #snapshot(): { state: StoredState; written: () => void } {
    const { all, stored } = this.#revocations.snapshot();
    return { state: this.#state(all), written: stored };
  }

  #state(revocations: StoredRevocation[]): StoredState {
    const active = this.peek();
    return {
      version: storedStateVersion,
      accounts: this.#kept(),
      ...(active && { active: storedKey(active.account) }),
      ...(this.#activeElsewhere.length > 0 && { activeElsewhere: this.#activeElsewhere }),
      ...(this.#lost && this.#active === undefined && { ended: this.#lost.happened }),
      revocations,
    };
  }
}

export const noSuchUser = {
  happened: verbatim('Nobody with this id is signed in here.'),
  next: verbatim('GET /users lists those who are.'),
} as const;
