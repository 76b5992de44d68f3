import { randomUUID } from 'node:crypto';

/** How long a person may look at a page that asks, in milliseconds, and how many such pages are open at a time. */
const ticketLasts = 10 * 60_000;
const maxTickets = 50;

/** What shows that an address was reached from a page of ours that asked: a ticket, good once. */
export class Tickets {
  readonly #now: () => number;
  /** With the end of each, in milliseconds since the epoch. */
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

  /** True the first time for one that was issued and is not too old. */
  take(ticket: string): boolean {
    const until = this.#open.get(ticket) ?? 0;
    this.#open.delete(ticket);
    return until > this.#now();
  }
}
