import type { AppView } from '../../../preload/views/app.ts';

/** How long the provider has for its first answer before it is said that it cannot be reached, in milliseconds. */
const timeout = 3_000;

/**
 * After a start a stored session is `unverified` for the moment that the provider needs to answer. Nothing is said about
 * it until that moment has been long: neither tray nor window shall claim for a second that the provider is away.
 */
export class FirstAnswer {
  readonly #onOverdue: () => void;
  #account: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param onOverdue - called when an answer has been awaited for too long: the view has changed */
  constructor(onOverdue: () => void) {
    this.#onOverdue = onOverdue;
  }

  /** The view without its freshness, as long as the provider may still be answering. */
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
