import type { Account } from './account.ts';
import type { State } from './state.ts';

/** The people who have signed in, and the organization that each grant is for. */
export class Accounts {
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  get(sub: string): Account | undefined {
    const stored = this.#state.get(`Account:${sub}`);
    if (stored === undefined) return undefined;
    const { slug, name, updatedAt } = stored;
    return { sub, slug: String(slug), name: String(name), updatedAt: String(updatedAt) };
  }

  remember(account: Account): void {
    this.#state.set(`Account:${account.sub}`, { ...account });
  }

  organizationOf(grantId: string | undefined): string | undefined {
    const organization = this.#state.get(`Organization:${grantId}`)?.organization;
    return typeof organization === 'string' ? organization : undefined;
  }

  /** @param seconds - the maximum lifetime of the grant */
  rememberOrganization(grantId: string, organization: string, seconds: number): void {
    this.#state.set(`Organization:${grantId}`, { organization }, seconds);
  }
}
