import { message, verbatim } from '../../../preload/texts/messages.ts';
import { LoopgateError, loopgateErrorOf } from '../../errors/errors.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { People } from '../people.ts';
import type { Provider } from '../provider/provider.ts';
import type { LoginTokens } from '../provider/tokens.ts';
import type { Readiness } from '../readiness.ts';
import { accountOf } from '../session/account.ts';
import { revocationOf } from '../session/vault.ts';
import type { PersonState } from '../state.ts';
import { type Authorization, loopgateItself, type OwnerKey } from './authorization.ts';
import type { DeviceCode, DeviceLogins, DeviceRequest } from './deviceLogin.ts';
import type { OwnLogins } from './ownLogins.ts';
import type { Registration } from './registration.ts';
import { type PersonWait, waitForPerson } from './waitForPerson.ts';
import type { WaitingLogins } from './waitingLogins.ts';

/** A device login that takes longer than the caller waits. */
const stillGood = {
  happened: message('otherDeviceTimeout'),
  next: message('askAgainForCode'),
} as const;

/** What is asked of the device authorization endpoint for the broker's own session. */
export function deviceRequestOf(registration: Registration): DeviceRequest {
  const { scope, audience } = registration.settings;
  const clientId = registration.clientId(undefined);
  return { clientId, scope, ...(audience !== undefined && { audience }) };
}

/** Makes the tokens of a device login the session. */
export async function adoptFromDevice(
  tokens: LoginTokens,
  accounts: Accounts,
  registration: Registration,
  signedIn: (owner: OwnerKey, arrived: string | undefined) => void,
): Promise<void> {
  const { audience } = registration.settings;
  const account = accountOf(tokens, {
    clientId: registration.clientId(undefined),
    ...(audience !== undefined && { audience }),
  });
  const isFirst = accounts.peek() === undefined;
  // T18: nobody who signed in before that is pushed aside.
  const session = await accounts.adopt(registration.provider(), account, { activate: false });
  signedIn(loopgateItself, isFirst ? session.key : undefined);
  // Those who wait for the person wait for the profile too, but not for ever.
  void session.profile.read().catch(() => undefined);
}

/** Revokes the tokens of a device login that has ended before they came. */
export function discardFromDevice(tokens: LoginTokens, accounts: Accounts, registration: Registration): void {
  const account = accountOf(tokens, { clientId: registration.clientId(undefined) });
  if (tokens.refreshToken !== undefined) accounts.revokeLater(revocationOf(account, tokens.refreshToken));
}

/** What signing in on another device needs. */
export interface DeviceSignInParts extends PersonWait {
  readonly people: People;
  readonly registration: Registration;
  readonly readiness: Readiness;
  readonly deviceLogins: DeviceLogins;
  readonly ownLogins: OwnLogins;
  readonly waitingLogins: WaitingLogins;
}

/** Signing in on another device (RFC 8628), where no browser can be opened here. */
export class DeviceSignIn {
  readonly #parts: DeviceSignInParts;

  constructor(parts: DeviceSignInParts) {
    this.#parts = parts;
  }

  /**
   * The code of a sign-in on another device (RFC 8628), for a caller that shows it to its person; the same owner may clear it.
   * Undefined when somebody is signed in already.
   * @throws LoopgateError `provider_error` where the provider cannot do that
   */
  async code(owner: OwnerKey): Promise<DeviceCode | undefined> {
    const provider = this.#parts.registration.provider();
    await this.#parts.readiness.whenReady();
    if (this.#parts.people.active) return undefined;
    if (!(await provider.hasDeviceAuthorization())) {
      throw new LoopgateError('provider_error', {
        happened: verbatim('The identity provider does not sign in on another device (RFC 8628).'),
        next: verbatim('Sign in with the browser.'),
      });
    }
    return await this.newCode(owner, provider);
  }

  /** The code of a new login, or of this owner's that waits. @throws LoopgateError */
  newCode(owner: OwnerKey, provider: Provider): Promise<DeviceCode> {
    return this.#parts.deviceLogins.code(owner, provider, deviceRequestOf(this.#parts.registration));
  }

  /**
   * Waits for the end of the sign-in on another device that {@link code} gave this owner the code of.
   * @param milliseconds - how long this waits (R15); the login itself goes on
   * @throws LoopgateError `authorization_timeout`, or the reason why the login failed
   */
  async finish(owner: OwnerKey, milliseconds: number): Promise<PersonState> {
    await this.#parts.readiness.whenReady();
    const person = this.#parts.people.active;
    if (person) return person;
    const outcome =
      this.#parts.deviceLogins.outcomeFor(owner) ?? Promise.reject(new LoopgateError('authorization_cleared'));
    return await waitForPerson(this.#parts, milliseconds, outcome, stillGood);
  }

  /** Signs in on another device alone, because no browser can be opened. @throws LoopgateError */
  async signIn(owner: OwnerKey, provider: Provider, milliseconds: number): Promise<PersonState> {
    return await waitForPerson(this.#parts, milliseconds, this.#run(owner, provider), stillGood);
  }

  /** No browser opened: the login is offered on another device too. Whichever is finished first counts. */
  async offer(owner: OwnerKey, provider: Provider, login: Authorization): Promise<void> {
    if (login.status !== 'waiting') return;
    const { deviceLogins, registration, waitingLogins, log } = this.#parts;
    const endThat = () => deviceLogins.clear(owner);
    login.outcome().then(endThat, endThat);
    try {
      await deviceLogins.signIn(owner, provider, deviceRequestOf(registration));
      waitingLogins.cancel(login.id);
    } catch (error) {
      // The login in a browser waits on; why this one ended matters to nobody.
      log.info({ code: loopgateErrorOf(error, log).code }, 'the sign-in on another device ended');
    }
  }

  async #run(owner: OwnerKey, provider: Provider): Promise<void> {
    const { deviceLogins, registration, ownLogins, people } = this.#parts;
    try {
      await deviceLogins.signIn(owner, provider, deviceRequestOf(registration));
    } catch (error) {
      // Auth0's metadata always names the endpoint; the application may use it only where its settings say so.
      if (!(error instanceof LoopgateError && error.providerError === 'unauthorized_client')) throw error;
      return await ownLogins.finish(await ownLogins.open({}, owner));
    }
    // Signed in, and signed out again before it was stored.
    if (!people.active) throw new LoopgateError('authorization_cleared');
  }
}
