import { randomUUID } from 'node:crypto';
import type { OwnerKey } from '../../broker/login/authorization.ts';
import type { ClaimedApplication } from '../wire/connect.ts';

/** A program that called /connect. It claims everything here except the id. */
export interface ConnectedApplication extends ClaimedApplication {
  readonly id: string;
  readonly onboarded: boolean;
}

/** How many programs this remembers. The oldest goes first. */
const maxApplications = 1000;

/** The programs that connected during this run. They send the id along, but it grants nothing. */
export class Applications {
  readonly #byId = new Map<string, { owner: OwnerKey; application: ConnectedApplication }>();

  /** A program of the same owner keeps its id when it connects again. */
  connect(owner: OwnerKey, claimed: ClaimedApplication): ConnectedApplication {
    const known = [...this.#byId.values()].find(
      (one) =>
        one.owner === owner && one.application.name === claimed.name && one.application.platform === claimed.platform,
    );
    const { id, onboarded } = known?.application ?? { id: randomUUID(), onboarded: false };
    const application = { ...claimed, id, onboarded };
    this.#byId.delete(id);
    this.#byId.set(id, { owner, application });
    const oldest = this.#byId.keys().next().value;
    if (this.#byId.size > maxApplications && oldest !== undefined) this.#byId.delete(oldest);
    return application;
  }

  /**
   * Remembers whether the program has shown its introduction.
   * @returns false when it never connected
   */
  setOnboarded(owner: OwnerKey, id: string, onboarded: boolean): boolean {
    const known = this.#byId.get(id);
    if (known?.owner !== owner) return false;
    this.#byId.set(id, { owner, application: { ...known.application, onboarded } });
    return true;
  }
}
