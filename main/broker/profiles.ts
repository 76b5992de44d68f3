import { LoopgateError } from '../errors/errors.ts';
import type { Accounts } from './accounts/accounts.ts';
import { OtherProfiles } from './accounts/otherProfiles.ts';
import type { Clock } from './clock.ts';
import type { Registration } from './login/registration.ts';
import type { Readiness } from './readiness.ts';
import { type PersonState, personOf } from './state.ts';

/** Serves the profiles (/userinfo) of the active person, and of the people whose token a program has. */
export class Profiles {
  readonly #accounts: Accounts;
  readonly #registration: Registration;
  readonly #readiness: Readiness;
  readonly #others: OtherProfiles;

  constructor(accounts: Accounts, registration: Registration, readiness: Readiness, clock: Clock) {
    this.#accounts = accounts;
    this.#registration = registration;
    this.#readiness = readiness;
    this.#others = new OtherProfiles(clock);
  }

  /** The profile of the session, while {@link userInfo} would answer from the cache. */
  get fresh(): Record<string, unknown> | undefined {
    const isConfigured = this.#registration.issuer !== undefined;
    return this.#readiness.isReady && isConfigured ? this.#accounts.peek()?.profile.fresh : undefined;
  }

  /**
   * The profile of the session, or of the person whose token is given.
   * @throws LoopgateError `not_signed_in`, `invalid_token`, `provider_unreachable`
   */
  async userInfo(accessToken?: string): Promise<Record<string, unknown>> {
    const provider = this.#registration.provider();
    if (!this.#readiness.isReady) await this.#readiness.whenReady();
    if (accessToken === undefined) return await this.#accounts.active().profile.userInfo();
    // RFC 6750 §2.1: a text with other characters is not a token, and must not be sent.
    if (!/^[A-Za-z0-9._~+/=-]+$/.test(accessToken)) throw new LoopgateError('invalid_token');
    const session = this.#accounts.peek();
    if (session?.holds(accessToken)) return await session.profile.userInfo();
    return await this.#others.of(accessToken, provider);
  }

  /** The active person, after the provider was asked for the profile again. @throws LoopgateError */
  async refresh(): Promise<PersonState> {
    this.#registration.provider();
    await this.#readiness.whenReady();
    const session = this.#accounts.active();
    await session.profile.refresh();
    return personOf(session);
  }
}
