import { type LoopgateError, loopgateErrorOf } from '../../errors/errors.ts';
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

/** How a login of the command `loopgate` began. It is empty when the page was opened, or when a person is already signed in. */
export interface CommandLogin {
  /** If no browser opens: the code for another device, if the provider supports that. */
  readonly code?: DeviceCode;
  /** If no browser opens: the one-time address of the login's page. */
  readonly address?: string;
}

/** What the sign-ins need. */
export interface SignInParts extends DeviceSignInParts {
  readonly world: BrokerWorld;
  readonly provider: Provider | undefined;
  readonly authorizations: Authorizations;
  readonly logins: Logins;
  readonly pages: LoginPages;
  readonly problem: ShownProblem;
  readonly deviceSignIn: DeviceSignIn;
}

/** Signs a person in: for the person at the tray or window, for a program, or for the command `loopgate`. */
export class SignIns {
  readonly #parts: SignInParts;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /**
   * Signs in the person at the tray or window, and makes that account active. A failure is shown as the problem; this
   * resolves in any case.
   * @param asked.prompt - `login` to sign in another person as well: the provider asks who it is, and the active account
   * stays active until the new one is there
   * @returns whether somebody was signed in
   */
  async here(asked: SignInRequest = {}): Promise<boolean> {
    const { problem, provider, readiness, ownLogins, log } = this.#parts;
    problem.clear();
    provider?.forgetFailure();
    try {
      await readiness.whenRead();
      await ownLogins.finish(await ownLogins.open(asked));
      return true;
    } catch (error) {
      const reason = loopgateErrorOf(error, log);
      if (reason.code !== 'authorization_cleared') problem.show(reason, 'sign_in');
      return false;
    }
  }

  /**
   * Signs in for a program that only needs a signed-in person (`/os/sign_in`). It returns at once if one is signed in.
   * Otherwise it waits for the login that is already open, whoever asked for it, or opens a new one of the broker's own. It
   * does not hand out a code. If no browser can be opened, it uses device authorization (RFC 8628), which the same owner may
   * clear.
   * @param milliseconds - how long this waits (R15); the login itself continues
   * @throws LoopgateError `authorization_timeout`, or the reason why the login failed
   */
  async ensure(owner: OwnerKey, milliseconds: number): Promise<PersonState> {
    const { registration, readiness, people, authorizations, logins, ownLogins, deviceSignIn, world } = this.#parts;
    const provider = registration.provider();
    await readiness.whenReady();
    const person = people.active;
    if (person) return person;
    // The code of a login with another redirect_uri goes elsewhere, and never becomes the session (T18).
    const waiting = authorizations.waitingForSession(
      (request) => request.redirectUri === registration.redirectUri && registration.isForSession(request),
    );
    if (waiting) logins.joined(waiting);
    const { openBrowser, showDeviceCode } = world;
    const hasDevice = !waiting && showDeviceCode !== undefined && (await provider.hasDeviceAuthorization());
    if (hasDevice && !openBrowser) return await deviceSignIn.signIn(owner, provider, milliseconds);
    const login = waiting ?? (await ownLogins.open({}, owner));
    // A program exchanges its own login; the broker exchanges its own here.
    const finished = login.owner === loopgateItself ? ownLogins.finish(login) : login.outcome();
    if (hasDevice) {
      void login.opened.then((opened) => (opened ? undefined : deviceSignIn.offer(owner, provider, login)));
    }
    return await waitForPerson(this.#parts, milliseconds, finished, () => timeoutAdvice(login));
  }

  /**
   * Opens a login for the command `loopgate`, which itself shows its person what to do if no browser opens. The command then
   * waits for the end with {@link Logins.authorize} or {@link DeviceSignIn.finish}.
   * @param options.waited - how long the request has waited for the person's consent, in milliseconds (R15)
   * @throws LoopgateError
   */
  async openForCommand(owner: OwnerKey, options: { waited?: number } = {}): Promise<CommandLogin> {
    const { registration, readiness, world, logins, pages, deviceSignIn, waitingLogins } = this.#parts;
    const provider = registration.provider();
    await readiness.whenReady();
    // If there is a window, the person sits at this machine and has a browser here.
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

  /**
   * The person's browser cannot bring the answer of the login that waits. The window and the log say so once, and the caller
   * hears of it when the time is over.
   */
  hinder(reason: LoopgateError): void {
    const { authorizations, problem } = this.#parts;
    const one = authorizations.waiting();
    if (!one || one.hindrance) return;
    one.hindrance = reason;
    problem.show(reason, 'sign_in');
  }
}
