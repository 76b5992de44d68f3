import { LoopgateError } from '../errors/errors.ts';
import type { AccountSwitch } from './accounts/accountSwitch.ts';
import { type Accounts, noSuchUser } from './accounts/accounts.ts';
import type { Authorizations } from './login/authorizations.ts';
import type { Readiness } from './readiness.ts';
import { type PersonState, personOf } from './state.ts';
import type { BrokerLog } from './world.ts';

/** Knows who is signed in, and which account is active. */
export class People {
  readonly #accounts: Accounts;
  readonly #accountSwitch: AccountSwitch;
  readonly #authorizations: Authorizations;
  readonly #readiness: Readiness;
  readonly #log: BrokerLog;

  constructor(
    accounts: Accounts,
    accountSwitch: AccountSwitch,
    authorizations: Authorizations,
    readiness: Readiness,
    log: BrokerLog,
  ) {
    this.#accounts = accounts;
    this.#accountSwitch = accountSwitch;
    this.#authorizations = authorizations;
    this.#readiness = readiness;
    this.#log = log;
  }

  /** The active person, as far as it is known now. */
  get active(): PersonState | undefined {
    const session = this.#accounts.peek();
    return session && personOf(session);
  }

  /** The active person, after the stored sessions were read. */
  async person(): Promise<PersonState | undefined> {
    // While a keyring waits to be unlocked, no person can be known; listeners hear of the change later.
    await this.#readiness.whenReady().catch(() => undefined);
    return this.active;
  }

  /** All people who are signed in, the active one first. */
  async all(): Promise<PersonState[]> {
    await this.#readiness.whenReady();
    return this.#accounts.all().map(personOf);
  }

  /** The signed-in person with this `sub` of the provider. @throws LoopgateError `not_found` */
  async withSubject(subject: string): Promise<PersonState> {
    const person = (await this.all()).find((one) => one.subject === subject);
    if (!person) throw new LoopgateError('not_found', noSuchUser);
    return person;
  }

  /**
   * A program makes a stored account active, for all programs. The person sees a note about it (T18).
   * @throws LoopgateError `not_found`
   */
  async select(subject: string): Promise<PersonState> {
    const chosen = await this.withSubject(subject);
    const before = this.#accounts.peek()?.key;
    if (before === chosen.account) return chosen;
    this.#accountSwitch.selected(before, chosen.account);
    this.#authorizations.forgetExchanged();
    await this.#accounts.activate(chosen.account);
    this.#log.info({}, 'account switched by a program');
    return chosen;
  }

  /** The person makes another signed-in account active. @throws LoopgateError `not_found` */
  async switchTo(account: string): Promise<void> {
    await this.#readiness.whenRead();
    this.#accountSwitch.forget();
    await this.#accounts.activate(account);
  }
}
