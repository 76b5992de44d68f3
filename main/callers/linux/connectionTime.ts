import type { Server } from 'node:net';
import { uptime } from 'node:os';

/** The kernel counts start times, and what is left of a timer, in these, whatever its own clock does. */
export const ticksPerSecond = 100;
/** What Linux takes at most, in seconds: nine hours, so that no connection waits so long for its first look-up. */
const maxKeepAlive = 32_767;
/** The kernel's own clock goes on in steps of at most this, in ticks. */
const clockStep = 1;

/**
 * Makes the kernel write down when each connection of a listener is made (Linux). When we accept it proves nothing: whoever
 * keeps us busy, or stops us, chooses that. The kernel starts the keep-alive timer of a connection when the handshake is
 * over, where the listener has keep-alive switched on, and shows what is left of it in its table of sockets. What waited
 * before this is called has no timer: it is not known when that was made. Node has no public name for the option of a
 * listener. A Node that takes it no more leaves all connections of an unknown age, which the tests see.
 * @param server - one that listens
 */
export function keepConnectionTimes(server: Server): void {
  const handle: unknown = Reflect.get(server, '_handle');
  if (typeof handle !== 'object' || handle === null || !('setKeepAlive' in handle)) return;
  if (typeof handle.setKeepAlive === 'function') handle.setKeepAlive(true, maxKeepAlive);
}

/**
 * How old a connection is at most, in ticks.
 * @param timer - as the kernel's table has it for our end: which timer runs, and what is left of it. Undefined when it says
 * nothing about the age, as while an answer of ours has not arrived
 */
export function greatestAge(timer: string): number | undefined {
  const left = /^02:([0-9A-F]{8})$/.exec(timer)?.[1];
  if (left === undefined) return undefined;
  // What is left is rounded down, and the clock may have been a step behind when the connection was made.
  const age = maxKeepAlive * ticksPerSecond - Number.parseInt(left, 16) + clockStep;
  return age >= 0 ? age : undefined;
}

/** Two clocks of the system, in seconds. */
export interface Clocks {
  /** Since its start. */
  uptime(): number;
  /** From anywhere on: stands still while the machine sleeps, as the kernel's timers do. */
  awake(): number;
}

const systemClocks: Clocks = { uptime, awake: () => performance.now() / 1000 };

/**
 * Turns the age of a connection into the time since the system's start, in which the kernel counts when a process began. An age
 * says nothing of how long the machine slept meanwhile. What is not certain makes a connection older than it is.
 */
export class UptimeClock {
  readonly #clocks: Clocks;
  /** How far one clock is ahead of the other, and since when (awake) that is known. It grows with each sleep. */
  readonly #leads: { readonly since: number; readonly lead: number }[] = [];

  constructor(clocks: Clocks = systemClocks) {
    this.#clocks = clocks;
  }

  /** The present, by the clock that stands still in sleep. To be asked often: a sleep counts from when it is noticed. */
  look(): number {
    // In this order: time that passes in between makes the lead smaller, and never greater, than it is.
    const since = this.#clocks.uptime();
    const awake = this.#clocks.awake();
    const lead = since - awake;
    if (lead > (this.#leads.at(-1)?.lead ?? Number.NEGATIVE_INFINITY)) this.#leads.push({ since: awake, lead });
    if (this.#leads.length > 100) this.#leads.splice(1, 1);
    return awake;
  }

  /** @param awake - a moment as {@link look} gives it, in seconds @returns the same in ticks since the system's start, or less */
  ticksAt(awake: number): number {
    const lead = this.#leads.findLast(({ since }) => since <= awake)?.lead ?? this.#leads[0]?.lead ?? 0;
    return (awake + lead) * ticksPerSecond;
  }
}
