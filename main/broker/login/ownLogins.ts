import type { AccountSwitch } from '../accounts/accountSwitch.ts';
import type { Changes } from '../changes.ts';
import { type Authorization, loopgateItself, type OwnerKey } from './authorization.ts';
import type { Logins } from './login.ts';
import type { SignInRequest } from './requests.ts';
import type { TokenEndpoint } from './tokenEndpoint.ts';

/** The broker's own logins: the broker exchanges their code, not a program. */
export class OwnLogins {
  readonly #logins: Logins;
  readonly #tokens: TokenEndpoint;
  readonly #accountSwitch: AccountSwitch;
  readonly #changes: Changes;

  constructor(logins: Logins, tokens: TokenEndpoint, accountSwitch: AccountSwitch, changes: Changes) {
    this.#logins = logins;
    this.#tokens = tokens;
    this.#accountSwitch = accountSwitch;
    this.#changes = changes;
  }

  /** @param startedBy - the caller whose limit counts (L8) @throws LoopgateError */
  open(asked: SignInRequest, startedBy: OwnerKey = loopgateItself): Promise<Authorization> {
    return this.#logins.open(loopgateItself, asked, { inBrowser: true, startedBy });
  }

  /** Waits for the code and exchanges it. @throws LoopgateError */
  async finish(one: Authorization): Promise<void> {
    await one.outcome();
    await this.exchange(one);
  }

  /**
   * Exchanges the code. If the person asked for the login at the tray or window, the account becomes active. A program that
   * only wanted a signed-in person switches nothing (T18).
   * @throws LoopgateError
   */
  async exchange(one: Authorization): Promise<void> {
    const { isPersons } = one;
    await this.#tokens.exchange(one, one.codeVerifier ?? '', { activate: isPersons });
    if (!isPersons) return;
    this.#accountSwitch.forget();
    this.#changes.notify();
  }
}
