import type { AccountSwitch } from '../accounts/accountSwitch.ts';
import type { Changes } from '../changes.ts';
import { type Authorization, loopgateItself, type OwnerKey } from './authorization.ts';
import type { Logins } from './login.ts';
import type { SignInRequest } from './requests.ts';
import type { TokenEndpoint } from './tokenEndpoint.ts';

/** The logins of the broker's own: their code is exchanged here, not by a program. */
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

  /** @param startedBy - whose limit counts (L8) @throws LoopgateError */
  open(asked: SignInRequest, startedBy: OwnerKey = loopgateItself): Promise<Authorization> {
    return this.#logins.open(loopgateItself, asked, { inBrowser: true, startedBy });
  }

  /** Waits for the code and exchanges it. @throws LoopgateError */
  async finish(one: Authorization): Promise<void> {
    await one.outcome();
    await this.exchange(one);
  }

  /**
   * Asked for at the tray or window, its person becomes the active one; a program that only wanted somebody to be signed in
   * switches nothing (T18).
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
