import { LoopgateError } from '../errors/errors.ts';
import type { AccountSwitch } from './accounts/accountSwitch.ts';
import { type Accounts, noSuchUser } from './accounts/accounts.ts';
import type { Authorizations } from './login/authorizations.ts';
import type { DeviceLogins } from './login/deviceLogin.ts';
import type { LoginPages } from './login/loginPages.ts';
import type { Registration } from './login/registration.ts';
import type { ShownProblem } from './problem.ts';
import type { Provider } from './provider/provider.ts';
import type { Readiness } from './readiness.ts';
import type { BrokerLog } from './world.ts';

/** A program's request to sign out at the provider as well. */
export interface ProviderSignOut {
  readonly clientId?: string | undefined;
  readonly returnTo?: string | undefined;
  /** End the session at the upstream provider too (Auth0). */
  readonly federated?: boolean;
  /** False when the caller is a browser that is redirected there itself. */
  readonly openBrowser: boolean;
}

/** The parts that a sign-out needs. */
export interface SignOutParts {
  readonly provider: Provider | undefined;
  readonly registration: Registration;
  readonly readiness: Readiness;
  readonly accounts: Accounts;
  readonly accountSwitch: AccountSwitch;
  readonly authorizations: Authorizations;
  readonly deviceLogins: DeviceLogins;
  readonly pages: LoginPages;
  readonly problem: ShownProblem;
  readonly log: BrokerLog;
}

/** Signs out (T10): wipes the session here, revokes its token, then ends the session at the provider. */
export class SignOut {
  readonly #parts: SignOutParts;

  constructor(parts: SignOutParts) {
    this.#parts = parts;
  }

  /** @throws LoopgateError `invalid_request` for an unknown client_id or returnTo (T11) */
  check({ clientId, returnTo }: { clientId?: string | undefined; returnTo?: string | undefined }): void {
    const { registration } = this.#parts;
    if (clientId !== undefined) registration.clientId(clientId);
    if (returnTo !== undefined) registration.checkReturnTo(returnTo);
  }

  /**
   * T10: wipes the session first, revokes it, then ends the provider's own session in the browser.
   * @returns the provider's logout address, if it has one and could be asked
   * @throws LoopgateError `invalid_request` for an unknown client_id or returnTo (T11); nothing has changed then
   */
  async atProvider(asked: ProviderSignOut): Promise<string | undefined> {
    const { registration, readiness, accounts, provider, pages } = this.#parts;
    this.check(asked);
    await readiness.whenReady();
    const wasSignedIn = accounts.peek() !== undefined;
    await this.active();
    const clientId = asked.clientId ?? registration.settings.clientId;
    if (!provider || clientId === undefined || !(wasSignedIn || !asked.openBrowser)) return undefined;
    const address = provider
      .logoutUrl({
        clientId,
        ...(asked.returnTo !== undefined && { returnTo: asked.returnTo }),
        federated: asked.federated === true,
      })
      .catch(() => undefined);
    if (!asked.openBrowser) return await address;
    void address.then((url) => (url === undefined ? undefined : pages.openLogout(url)));
    return undefined;
  }

  /** Forgets the active session here and revokes it, without opening the browser. */
  async active(): Promise<void> {
    const { readiness, problem, accountSwitch, authorizations, deviceLogins, accounts, log } = this.#parts;
    await readiness.whenReady();
    problem.clear();
    accountSwitch.forget();
    authorizations.forgetExchanged();
    // The person may have entered its code already: a person who signs out must not be signed in by it a moment later.
    deviceLogins.clear();
    await accounts.signOut();
    log.info({}, 'signed out');
  }

  /** Forgets one account here and revokes it, active or not. @throws LoopgateError `not_found` */
  async account(account: string): Promise<void> {
    const { readiness, accountSwitch, authorizations, accounts, log } = this.#parts;
    await readiness.whenReady();
    const session = accounts.byKey(account);
    if (!session) throw new LoopgateError('not_found', noSuchUser);
    if (session === accounts.peek()) return await this.active();
    accountSwitch.signedOut(account);
    // Its tokens may also be kept as the result of a login that has just ended (T10).
    authorizations.forgetExchanged();
    await accounts.signOut(account);
    log.info({}, 'another account signed out');
  }
}
