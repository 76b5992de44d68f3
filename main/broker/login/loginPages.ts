import { message } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';
import type { ShownProblem } from '../problem.ts';
import type { BrokerWorld } from '../world.ts';
import type { Authorization } from './authorization.ts';
import type { Authorizations } from './authorizations.ts';

/** Opens the pages of logins and logouts in the person's browser, or shows their address if no browser opens. */
export class LoginPages {
  readonly #world: BrokerWorld;
  readonly #authorizations: Authorizations;
  readonly #problem: ShownProblem;
  readonly #addressOf: (one: Authorization) => string | undefined;

  /** @param addressOf - returns the one-time address of a login that is valid now */
  constructor(
    world: BrokerWorld,
    authorizations: Authorizations,
    problem: ShownProblem,
    addressOf: (one: Authorization) => string | undefined,
  ) {
    this.#world = world;
    this.#authorizations = authorizations;
    this.#problem = problem;
    this.#addressOf = addressOf;
  }

  /** Opens the page of a login. If that fails, this shows its address to the person. @returns whether it opened */
  async open(one: Authorization, address: string): Promise<boolean> {
    const isOpened = await this.#openBrowser(address);
    // A browser may have come although the program that opens pages has failed.
    if (isOpened || one.page === 'opened') {
      this.#authorizations.setPage(one, 'opened');
      return true;
    }
    this.#authorizations.setPage(one, 'failed');
    if (!one.isQuiet) this.show(one);
    return false;
  }

  /** Shows the address of a login when there is no window. */
  show(one: Authorization): void {
    const address = this.#addressOf(one);
    if (one.status === 'waiting' && address !== undefined) this.#world.showAddress?.(address, 'login');
  }

  /**
   * Shows a new address when someone asks again for a login whose address was used. Only where no browser opens pages: the
   * person may have closed theirs, and has no window with "Open again".
   */
  showAgain(one: Authorization, newAddress: () => string): void {
    if (this.#world.openBrowser || !this.#world.showAddress) return;
    newAddress();
    this.show(one);
  }

  /** Opens the provider's logout page, or tells the person that it did not open. */
  async openLogout(address: string): Promise<void> {
    if (await this.#openBrowser(address)) return;
    if (this.#world.showAddress) return this.#world.showAddress(address, 'logout');
    this.#problem.show(
      new LoopgateError('internal', {
        happened: message('notSignedOutAtProvider'),
        next: message('signOutAtProvidersPage'),
      }),
    );
  }

  async #openBrowser(address: string): Promise<boolean> {
    const { openBrowser, log } = this.#world;
    if (!openBrowser) return false;
    try {
      await openBrowser(address);
      return true;
    } catch (error) {
      log.warn({ failure: withoutAddress(error) }, 'the browser did not open');
      return false;
    }
  }
}

/**
 * The error text of the program that opens browsers may quote the address, which works until a browser follows it (T9). So
 * only the kind of the error is logged.
 */
function withoutAddress(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return /:\/\/|%3A/i.test(error.message) ? error.name : error.message;
}
