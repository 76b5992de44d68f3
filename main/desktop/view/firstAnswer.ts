import type { AppView } from '../../../preload/views/appView.ts';

/** How long the provider has for its first answer before the view calls it unreachable, in milliseconds. */
const timeout = 3_000;

/**
 * After a start a stored session is `unverified` until the provider answers. This hides that state for a short time, so that
 * the tray and the window do not claim for a second that the provider is away.
 */
export class FirstAnswer {
  readonly #onOverdue: () => void;
  #account: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param onOverdue - called when the answer takes too long: the view has changed */
  constructor(onOverdue: () => void) {
    this.#onOverdue = onOverdue;
  }

  /** The view without its freshness, while the provider may still be answering. */
  awaited(view: AppView): AppView {
    const account = view.freshness === 'unverified' ? view.person?.account : undefined;
    if (account !== this.#account) this.#begin(account);
    if (this.#timer === undefined) return view;
    const { freshness: _, ...rest } = view;
    return rest;
  }

  #begin(account: string | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#account = account;
    if (account === undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onOverdue();
    }, timeout);
  }
}
