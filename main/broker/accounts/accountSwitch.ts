/** T18: what programs have changed about the active account, until the person has seen it. */
export class AccountSwitch {
  /** Who was active before a program chose another account, and which one that was. */
  #switched: { readonly from: string; readonly to: string } | undefined;
  /** Whom a program has made active while nobody was. */
  #arrived: string | undefined;

  /** The person has seen it, or has chosen for themselves. */
  forget(): void {
    this.#switched = undefined;
    this.#arrived = undefined;
  }

  /** This account was signed out: nobody can go back to it. */
  signedOut(account: string): void {
    if (this.#switched?.from === account) this.#switched = undefined;
  }

  /** A program has signed somebody in while nobody was. */
  signedIn(account: string): void {
    this.#arrived = account;
  }

  /** A program has chosen a stored account. @param before - the one that was active, if any */
  selected(before: string | undefined, account: string): void {
    const from = this.#switched?.to === before ? this.#switched?.from : before;
    // Back to the account that the person had chosen: there is nothing left to report.
    this.#switched = from === undefined || from === account ? undefined : { from, to: account };
    if (before === undefined) this.#arrived = account;
  }

  /** Who was active before a program chose this account. Only as long as that one is the active one. */
  before(active: string | undefined): string | undefined {
    return active !== undefined && this.#switched?.to === active ? this.#switched.from : undefined;
  }

  hasArrived(active: string | undefined): boolean {
    return active !== undefined && active === this.#arrived;
  }
}
