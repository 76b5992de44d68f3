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

/** For a device login that takes longer than the caller waits. */
const stillGood = {
  happened: message('otherDeviceTimeout'),
  next: message('askAgainForCode'),
} as const;

/** The request to the device authorization endpoint for the broker's own session. */
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
  const request = { clientId: registration.clientId(undefined), ...(audience !== undefined && { audience }) };
  const account = accountOf(tokens, request, registration.issuer);
  const isFirst = accounts.peek() === undefined;
  // T18: another account that has signed in before stays active.
  const session = await accounts.adopt(registration.provider(), account, { activate: false });
  signedIn(loopgateItself, isFirst ? session.key : undefined);
  // Callers that wait for the person wait for the profile too, but not for ever.
  void session.profile.read().catch(() => undefined);
}

/** Revokes tokens that arrived after their device login had ended. */
export function discardFromDevice(tokens: LoginTokens, accounts: Accounts, registration: Registration): void {
  const account = accountOf(tokens, { clientId: registration.clientId(undefined) }, registration.issuer);
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
   * Returns the code of a sign-in on another device (RFC 8628), for a caller that shows it to its person. The same owner may
   * clear it. Returns undefined when a person is already signed in.
   * @throws LoopgateError `provider_error` if the provider does not support it
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

  /** Returns the code of a new login, or of this owner's waiting login. @throws LoopgateError */
  newCode(owner: OwnerKey, provider: Provider): Promise<DeviceCode> {
    return this.#parts.deviceLogins.code(owner, provider, deviceRequestOf(this.#parts.registration));
  }

  /**
   * Waits for the end of the sign-in that {@link code} started for this owner.
   * @param milliseconds - how long this waits (R15); the login itself continues
   * @throws LoopgateError `authorization_timeout`, or the reason why the login failed
   */
  async finish(owner: OwnerKey, milliseconds: number): Promise<PersonState> {
    await this.#parts.readiness.whenReady();
    const person = this.#parts.people.active;
    if (person) return person;
    const outcome =
      this.#parts.deviceLogins.outcomeFor(owner) ?? Promise.reject(new LoopgateError('authorization_cleared'));
    return await waitForPerson(this.#parts, milliseconds, outcome, () => stillGood);
  }

  /** Signs in only on another device, because no browser can be opened. @throws LoopgateError */
  async signIn(owner: OwnerKey, provider: Provider, milliseconds: number): Promise<PersonState> {
    return await waitForPerson(this.#parts, milliseconds, this.#run(owner, provider), () => stillGood);
  }

  /** No browser opened, so this offers the login on another device too. The login that finishes first counts. */
  async offer(owner: OwnerKey, provider: Provider, login: Authorization): Promise<void> {
    if (login.status !== 'waiting') return;
    const { deviceLogins, registration, waitingLogins, log } = this.#parts;
    const endThat = () => deviceLogins.clear(owner);
    login.outcome().then(endThat, endThat);
    try {
      await deviceLogins.signIn(owner, provider, deviceRequestOf(registration)).outcome;
      waitingLogins.cancel(login.id);
    } catch (error) {
      // The login in the browser is still waiting, so the end of this one does not matter.
      log.info({ code: loopgateErrorOf(error, log).code }, 'the sign-in on another device ended');
    }
  }

  async #run(owner: OwnerKey, provider: Provider): Promise<void> {
    const { deviceLogins, registration, ownLogins, people } = this.#parts;
    const login = deviceLogins.signIn(owner, provider, deviceRequestOf(registration));
    // The metadata may list the endpoint although the application may not use it: at Auth0 that is a setting.
    const isRefused = await login.coded.then(
      () => false,
      (error: unknown) => error instanceof LoopgateError && error.refused,
    );
    if (isRefused) return await ownLogins.finish(await ownLogins.open({}, owner));
    await login.outcome;
    // The person was signed in and out again before the session was stored.
    if (!people.active) throw new LoopgateError('authorization_cleared');
  }
}
