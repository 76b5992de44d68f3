import type { Clock } from '../broker/clock.ts';
import { RecentMap } from './recentMap.ts';

/** Whether a time lies ahead. A time farther away than `max` does not: the clock was set back. All in milliseconds. */
export function isAhead(time: number, now: number, max: number): boolean {
  const left = time - now;
  return left > 0 && left <= max;
}

/**
 * Keeps what holds for a limited time, by program and a second key: a run allowed once, or a question not to repeat.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #lasts: number;
  /** In milliseconds since the epoch. */
  readonly #until = new RecentMap<string, number>();

  /** @param lasts - how long each entry holds, in milliseconds */
  constructor(clock: Clock, lasts: number) {
    this.#clock = clock;
    this.#lasts = lasts;
  }

  start(id: string, rest: string): void {
    this.#until.set(`${id}\0${rest}`, this.#clock.now() + this.#lasts);
  }

  holds(id: string, rest: string): boolean {
    return isAhead(this.#until.get(`${id}\0${rest}`) ?? 0, this.#clock.now(), this.#lasts);
  }

  /** When the last entry of a program ends, in milliseconds since the epoch; undefined when none holds. */
  lastOf(id: string): number | undefined {
    const ahead = this.#keysOf(id)
      .map((key) => this.#until.get(key) ?? 0)
      .filter((until) => isAhead(until, this.#clock.now(), this.#lasts));
    return ahead.length === 0 ? undefined : Math.max(...ahead);
  }

  /** Ends every entry of a program. */
  forget(id: string): void {
    for (const key of this.#keysOf(id)) this.#until.delete(key);
  }

  #keysOf(id: string): string[] {
    return [...this.#until.keys()].filter((key) => key.startsWith(`${id}\0`));
  }
}
