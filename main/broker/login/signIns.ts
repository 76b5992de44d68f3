import { loopgateErrorOf } from '../../errors/errors.ts';
import type { ShownProblem } from '../problem.ts';
import type { Provider } from '../provider/provider.ts';
import type { PersonState } from '../state.ts';
import type { BrokerWorld } from '../world.ts';
import { loopgateItself, type OwnerKey, timeoutAdvice } from './authorization.ts';
import type { Authorizations } from './authorizations.ts';
import type { DeviceCode } from './deviceLogin.ts';
import type { DeviceSignIn, DeviceSignInParts } from './deviceSignIn.ts';
import type { Logins } from './login.ts';
import type { LoginPages } from './loginPages.ts';
import type { SignInRequest } from './requests.ts';
import { waitForPerson } from './waitForPerson.ts';

/** How a login of the command `loopgate` began: all is empty when its page was opened, or somebody is signed in by it already. */
export interface CommandLogin {
  /** Where no browser opens: the code for another device, where the provider has that. */
  readonly code?: DeviceCode;
  /** Where no browser opens: the one-time address of the login's page. */
  readonly address?: string;
}

/** What signing somebody in needs. */
export interface SignInParts extends DeviceSignInParts {
  readonly world: BrokerWorld;
  readonly provider: Provider | undefined;
  readonly authorizations: Authorizations;
  readonly logins: Logins;
  readonly pages: LoginPages;
  readonly problem: ShownProblem;
  readonly deviceSignIn: DeviceSignIn;
}

/** Signs somebody in: for the person at the tray or window, for a program, or for the command `loopgate`. */
export class SignIns {
  readonly #parts: SignInParts;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /**
   * Signs in for the person at the tray or window, and makes that person the active one.
   * Failures are shown as the problem; this resolves in any case.
   * @param asked.prompt - `login` to sign in somebody else too: the provider asks who it is, and the active person stays active
   * until the new one is there
   */
  async here(asked: SignInRequest = {}): Promise<void> {
    const { problem, provider, readiness, ownLogins, log } = this.#parts;
    problem.clear();
    provider?.forgetFailure();
    try {
      await readiness.whenRead();
      await ownLogins.finish(await ownLogins.open(asked));
    } catch (error) {
      const reason = loopgateErrorOf(error, log);
      if (reason.code !== 'authorization_cleared') problem.show(reason, 'sign_in');
    }
  }

  /**
   * Signs in for a program that only wants somebody to be signed in (`/os/sign_in`): at once when somebody is, else by the
   * login that already waits, no matter who asked for it, else by a new one of the broker's own. Hands out no code. Where no
   * browser can be opened, by device authorization (RFC 8628), which the same owner may clear.
   * @param milliseconds - how long this waits (R15); the login itself goes on
   * @throws LoopgateError `authorization_timeout`, or the reason why the login failed
   */
  async ensure(owner: OwnerKey, milliseconds: number): Promise<PersonState> {
    const { registration, readiness, people, authorizations, ownLogins, deviceSignIn, world } = this.#parts;
    const provider = registration.provider();
    await readiness.whenReady();
    const person = people.active;
    if (person) return person;
    // The code of one with another redirect_uri goes elsewhere, and never becomes the session (T18).
    const waiting = authorizations.waitingForSession(
      (request) => request.redirectUri === registration.redirectUri && registration.isForSession(request),
    );
    const { openBrowser, showDeviceCode } = world;
    const hasDevice = !waiting && showDeviceCode !== undefined && (await provider.hasDeviceAuthorization());
    if (hasDevice && !openBrowser) return await deviceSignIn.signIn(owner, provider, milliseconds);
    const login = waiting ?? (await ownLogins.open({}, owner));
    // A program's login is exchanged by that program; the broker's own, here.
    const finished = login.owner === loopgateItself ? ownLogins.finish(login) : login.outcome();
    if (hasDevice) {
      void login.opened.then((opened) => (opened ? undefined : deviceSignIn.offer(owner, provider, login)));
    }
    return await waitForPerson(this.#parts, milliseconds, finished, timeoutAdvice(login));
  }

  /**
   * Opens the login of a caller that shows its person what to do when no browser opens: the command `loopgate`. It then waits
   * for the end by {@link Logins.authorize} or {@link DeviceSignIn.finish}.
   * @param options.waited - how long the request has waited for the person's consent, in milliseconds (R15)
   * @throws LoopgateError
   */
  async openForCommand(owner: OwnerKey, options: { waited?: number } = {}): Promise<CommandLogin> {
    const { registration, readiness, world, logins, pages, deviceSignIn, waitingLogins } = this.#parts;
    const provider = registration.provider();
    await readiness.whenReady();
    // Where there is a window, the person sits at this machine and has a browser here.
    const hasDevice = world.showDeviceCode !== undefined && (await provider.hasDeviceAuthorization());
    const one = await logins.open(owner, {}, { inBrowser: true, quietly: hasDevice, ...options });
    const opened = await Promise.race([one.opened, one.outcome().then(() => true)]);
    if (opened || one.status !== 'waiting') return {};
    if (hasDevice) {
      const code = await deviceSignIn.newCode(owner, provider).catch(() => undefined);
      if (code) {
        waitingLogins.cancel(one.id);
        return { code };
      }
      pages.show(one);
    }
    const address = logins.presentAddress(one);
    return { ...(address !== undefined && { address }) };
  }
}
