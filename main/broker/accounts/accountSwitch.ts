/** T18: remembers what programs have changed about the active account, until the person has seen it. */
export class AccountSwitch {
  /** The account that was active before a program chose another one, and the account that it chose. */
  #switched: { readonly from: string; readonly to: string } | undefined;
  /** The account that a program made active while no account was. */
  #arrived: string | undefined;

  /** The person has seen the switch, or has chosen an account themselves. */
  forget(): void {
    this.#switched = undefined;
    this.#arrived = undefined;
  }

  /** This account was signed out, so there is no way back to it. */
  signedOut(account: string): void {
    if (this.#switched?.from === account) this.#switched = undefined;
  }

  /** A program has signed in a person while no account was active. */
  signedIn(account: string): void {
    this.#arrived = account;
  }

  /** A program has chosen a stored account. @param before - the account that was active, if any */
  selected(before: string | undefined, account: string): void {
    const from = this.#switched?.to === before ? this.#switched?.from : before;
    // The program went back to the account that the person had chosen: there is nothing left to report.
    this.#switched = from === undefined || from === account ? undefined : { from, to: account };
    if (before === undefined) this.#arrived = account;
  }

  /** The account that was active before a program chose this one; undefined once another account is active. */
  before(active: string | undefined): string | undefined {
    return active !== undefined && this.#switched?.to === active ? this.#switched.from : undefined;
  }

  hasArrived(active: string | undefined): boolean {
    return active !== undefined && active === this.#arrived;
  }
}
