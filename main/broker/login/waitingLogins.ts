import { LoopgateError } from '../../errors/errors.ts';
import type { Clock } from '../clock.ts';
import type { WaitingLogin } from '../state.ts';
import type { Authorization, OwnerKey } from './authorization.ts';
import type { Authorizations } from './authorizations.ts';
import type { DeviceLogins } from './deviceLogin.ts';
import type { Logins } from './login.ts';
import type { LoginPages } from './loginPages.ts';

/** The logins that wait for their person. The window shows them and acts on them. */
export class WaitingLogins {
  readonly #authorizations: Authorizations;
  readonly #deviceLogins: DeviceLogins;
  readonly #logins: Logins;
  readonly #pages: LoginPages;
  readonly #clock: Clock;

  constructor(
    authorizations: Authorizations,
    deviceLogins: DeviceLogins,
    logins: Logins,
    pages: LoginPages,
    clock: Clock,
  ) {
    this.#authorizations = authorizations;
    this.#deviceLogins = deviceLogins;
    this.#logins = logins;
    this.#pages = pages;
    this.#clock = clock;
  }

  /** The newest waiting login, for display. */
  get newest(): WaitingLogin | undefined {
    const inBrowser = this.#authorizations.waiting();
    if (inBrowser) {
      const { id, deadline, page, request } = inBrowser;
      const requestedBy = inBrowser.isPersons ? 'loopgate' : 'program';
      const registration = request && { clientId: request.clientId, redirectUri: request.redirectUri };
      return { id, requestedBy, deadline, page, ...(registration && { registration }) };
    }
    const onDevice = this.#deviceLogins.waiting;
    return onDevice && { ...onDevice, requestedBy: 'program', page: 'elsewhere' };
  }

  /** Opens the same login page once more. The address that was opened before stops working. */
  async openAgain(id: string): Promise<void> {
    const one = this.#byId(id);
    if (!one) return;
    this.#authorizations.setPage(one, 'opening');
    one.opened = this.#pages.open(one, this.#logins.newAddress(one));
    await one.opened;
  }

  /** Creates a new one-time address for a waiting login, for the person to copy. The old one stops working (R16). */
  newAddress(id: string): string | undefined {
    const one = this.#byId(id);
    return one && this.#logins.newAddress(one);
  }

  /**
   * The provider's own address of a waiting login, for a person whose browser cannot follow ours (R16). The window shows it
   * only on request. Loopgate never opens, copies, logs or prints it by itself, because anyone who reads it can sign in there
   * in the person's place.
   */
  providerAddress(id: string): string | undefined {
    return this.#byId(id)?.address;
  }

  /**
   * Starts a login for a program whose person uses a browser on another machine, and opens none here. {@link
   * Logins.authorize} joins it.
   * @returns the provider's own address, as {@link providerAddress} does, and how long the login waits in milliseconds
   * @throws LoopgateError
   */
  async startElsewhere(owner: OwnerKey): Promise<{ address: string; lasts: number }> {
    const one = await this.#logins.open(owner, {}, { inBrowser: false });
    if (one.status !== 'waiting' || one.address === undefined) throw new LoopgateError('unknown_state');
    return { address: one.address, lasts: one.deadline - this.#clock.now() };
  }

  /** The person cancels a login; the program that asked for it gets `authorization_cleared`. */
  cancel(id: string): void {
    this.#deviceLogins.cancel(id);
    const one = this.#byId(id);
    if (one) this.#authorizations.end(one, new LoopgateError('authorization_cleared'));
  }

  #byId(id: string): Authorization | undefined {
    const one = this.#authorizations.byId(id);
    return one?.status === 'waiting' ? one : undefined;
  }
}
