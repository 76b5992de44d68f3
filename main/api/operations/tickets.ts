import { randomUUID } from 'node:crypto';

/** How long a person may look at a confirmation page, in milliseconds, and how many such pages may be open. */
const ticketLasts = 10 * 60_000;
const maxTickets = 50;

/** Proves that a browser came from our own confirmation page: each ticket is valid once. */
export class Tickets {
  readonly #now: () => number;
  /** When each ticket expires, in milliseconds since the epoch. */
  readonly #open = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  issue(): string {
    const ticket = randomUUID();
    this.#open.set(ticket, this.#now() + ticketLasts);
    const oldest = this.#open.keys().next().value;
    if (this.#open.size > maxTickets && oldest !== undefined) this.#open.delete(oldest);
    return ticket;
  }

  /** True for a valid ticket, which it uses up. */
  take(ticket: string): boolean {
    const until = this.#open.get(ticket) ?? 0;
    this.#open.delete(ticket);
    return until > this.#now();
  }
}
