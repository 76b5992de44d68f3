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

/** What the accounts tell the broker. */
export interface AccountsCallbacks {
  changed(): void;
  /** Something that the person should read, and what helps. */
  problem(problem: LoopgateError, remedy: Remedy): void;
  /** What a problem was about works again. */
  resolved(problem: LoopgateError): void;
}

/** What the accounts take from the world. */
export interface AccountsWorld extends SessionWorld {
  readonly log: { warn(fields: object, message: string): void };
}

/** The people who are signed in: at most one is active. The only one who writes to the vault. */
export class Accounts {
  readonly #provider: Provider | undefined;
  readonly #world: AccountsWorld;
  readonly #store: SessionStore;
  readonly #callbacks: AccountsCallbacks;
  readonly #sessions = new Map<string, Session>();
  /** Accounts of another provider, application or API than the configured one: kept, for when that is configured again. */
  #foreign: StoredAccount[] = [];
  #active: string | undefined;
  /** Who is active with other settings. */
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
      clock: world.clock,
      random: world.random,
      kept: () => this.#kept().map(grantOf),
      persist: () => this.#store.persist(),
      warn: (fields, message) => world.log.warn(fields, message),
    });
    vault.onLocationChanged(() => callbacks.changed());
  }

  /** Where the sessions rest. */
  get location(): StorageLocation {
    return this.#store.location;
  }

  /** Where the sessions rest from now on, where no keyring is. @throws LoopgateError when the answer could not be kept */
  async chooseStorage(answer: WithoutKeyring): Promise<void> {
    await this.#store.choose(answer);
    await this.#store.persistInTime();
    this.#callbacks.changed();
  }

  /**
   * Reads the vault. Never throws: what cannot be read is reported, and the person is signed out with that reason.
   * @param belongs - whether an account is of the configured provider, application and API
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
        // Loopgate 0.1 wrote who it is without the settings.
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
      // What could not even be set aside must not be written over.
      if (!unreadable) this.#store.useMemory(message('keptForThisRunOnly', { reason: why }));
      this.#lost = new LoopgateError('not_signed_in', { happened: message('signedOutBecause', { reason: why }) });
      this.#callbacks.problem(this.#lost, 'sign_in');
    }
  }

  /** Asks the provider whether the active session still holds, and renews what is due (T7). Nobody waits for it. */
  wake(options: { distrust?: boolean } = {}): void {
    for (const session of this.#sessions.values()) {
      if (session.key === this.#active || options.distrust) void this.track(session.tryAgain(options));
    }
    this.#revocations.flush({ atOnce: true });
  }

  /** The person wants another try, for everybody whose renewal has failed (T5). */
  async tryAgain(): Promise<void> {
    await Promise.all(this.all().map((session) => session.tryAgain()));
  }

  /** What is not on disk, in words; undefined when all is. */
  get unsaved(): LoopgateError | undefined {
    return this.#store.unsaved;
  }

  /** The active person's session. @throws LoopgateError `not_signed_in`, with the reason when a session was lost */
  active(): Session {
    const session = this.peek();
    if (!session) throw this.#lost ?? new LoopgateError('not_signed_in');
    return session;
  }

  /** Why there is no active session any more, when it was not the person's own decision. */
  get lost(): LoopgateError | undefined {
    return this.#lost;
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
   * Takes a session that a login gave. The same person's older one is replaced, and its refresh token revoked as soon as that
   * cannot end the new one (T19); another person's is added and becomes active only when the person at this machine asked for
   * it, or nobody was (T18).
   * Resolves when it is stored.
   */
  async adopt(provider: Provider, account: StoredAccount, options: { activate: boolean }): Promise<Session> {
    const replaced = this.#sessions.get(accountKey(account));
    const session = this.#add(
      provider,
      {
        ...account,
        // The profile is shown at once, and read again in any case.
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
   * The session that has or had this refresh token. A program may carry one where the setting hands it out; sent to the
   * provider after it was rotated here, it would end the whole family (reuse detection).
   */
  withRefreshToken(refreshToken: string): Session | undefined {
    return [...this.#sessions.values()].find((session) => session.knowsRefreshToken(refreshToken));
  }

  /** Everybody who is signed in, the active person first. */
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
   * T10: wipes first; the revocation follows, and is tried again while the provider cannot be reached and at the next
   * start. Resolves when it is wiped. Nobody takes the active person's place (T18).
   * @param key - the account; the active one when absent
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

  /** Runs a request to the provider whose answer may bring a token, and all that keeps it: nothing is revoked until then (T19). */
  duringArrival<T>(work: () => Promise<T>): Promise<T> {
    return this.#revocations.duringArrival(work);
  }

  /** How often somebody signed out. A login that is exchanged during a sign-out must not bring the session back. */
  get signOuts(): number {
    return this.#signOuts;
  }

  /** Work that may bring tokens: {@link settled} waits for it. */
  track<T>(work: Promise<T>): Promise<T> {
    return this.#underWay.track(work);
  }

  /** Resolves when nothing is under way and all that was to be written is written: a rotated token is not lost at quit (T4). */
  settled(): Promise<void> {
    return this.#underWay.settled(() => this.#store.saving);
  }

  /**
   * Nothing is done unasked any more: the next broker that reads the vault goes on with these sessions. Only when all is {@link settled}: a
   * token that is renewed later would be taken for one that nobody keeps, and be revoked.
   */
  close(): void {
    this.#store.close();
    this.#revocations.close();
    for (const session of this.#sessions.values()) session.close();
  }

  /** A refresh token that nobody keeps is to be revoked. */
  revokeLater(token: StoredRevocation): void {
    this.#revocations.add(token);
    void this.#store.persist().then(() => this.#revocations.flush());
  }

  /** Everybody whose tokens are kept, also with other settings. */
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
        // What waited for this session's sake can go now (T19).
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
