import type { Server } from 'node:net';
import { uptime } from 'node:os';

/** The kernel's unit for start times and timers, whatever its own clock frequency. */
export const ticksPerSecond = 100;
/** Linux's maximum, in seconds: nine hours. No connection waits that long for its first look-up. */
const maxKeepAlive = 32_767;
/** The largest step of the kernel's own clock, in ticks. */
const clockStep = 1;

/**
 * Makes the kernel record when each connection of a listener is established (Linux). The time when we accept it proves
 * nothing, because a program that keeps us busy or stops us can choose that time. If the listener has keep-alive, the
 * kernel starts the connection's keep-alive timer after the handshake, and its table of sockets shows the time left. A
 * connection that waited before this call has no timer, so its age stays unknown. Node has no public name for this
 * option of a listener. If a later Node drops it, all ages become unknown, and the tests notice.
 * @param server - a listening server
 */
export function keepConnectionTimes(server: Server): void {
  const handle: unknown = Reflect.get(server, '_handle');
  if (typeof handle !== 'object' || handle === null || !('setKeepAlive' in handle)) return;
  if (typeof handle.setKeepAlive === 'function') handle.setKeepAlive(true, maxKeepAlive);
}

/**
 * The maximum age of a connection, in ticks.
 * @param timer - from the kernel's table, for our end: which timer runs and how much time is left. Undefined when it
 * does not tell the age, for example while an answer of ours has not arrived
 */
export function maxAge(timer: string): number | undefined {
  const left = /^02:([0-9A-F]{8})$/.exec(timer)?.[1];
  if (left === undefined) return undefined;
  // The kernel rounds the time left down, and its clock may have lagged by a step when the connection was made.
  const age = maxKeepAlive * ticksPerSecond - Number.parseInt(left, 16) + clockStep;
  return age >= 0 ? age : undefined;
}

/** Two clocks of the system, in seconds. */
export interface Clocks {
  /** Since the system started. */
  uptime(): number;
  /** Since any point. Stops while the machine sleeps, like the kernel's timers. */
  awake(): number;
}

const systemClocks: Clocks = { uptime, awake: () => performance.now() / 1000 };

/**
 * Turns the age of a connection into a time since the system started, which is how the kernel counts the start of a
 * process. An age leaves out the time that the machine slept. In doubt, this makes a connection older than it is.
 */
export class UptimeClock {
  readonly #clocks: Clocks;
  /** How far one clock is ahead of the other, and from when on (awake time) that holds. It grows with each sleep. */
  readonly #leads: { readonly since: number; readonly lead: number }[] = [];

  constructor(clocks: Clocks = systemClocks) {
    this.#clocks = clocks;
    // The machine may sleep before the first connection is looked up.
    this.look();
  }

  /**
   * The present, by the clock that stops during sleep. Call it often, because a sleep only counts once it is noticed.
   */
  look(): number {
    // In this order: time that passes between the calls makes the lead smaller than it is, never greater.
    const since = this.#clocks.uptime();
    const awake = this.#clocks.awake();
    const lead = since - awake;
    if (lead > (this.#leads.at(-1)?.lead ?? Number.NEGATIVE_INFINITY)) this.#leads.push({ since: awake, lead });
    if (this.#leads.length > 100) this.#leads.splice(1, 1);
    return awake;
  }

  /**
   * @param awake - a moment from {@link look}, in seconds
   * @returns the same in ticks since the system started, or earlier
   */
  ticksAt(awake: number): number {
    const lead = this.#leads.findLast(({ since }) => since <= awake)?.lead ?? this.#leads[0]?.lead ?? 0;
    return (awake + lead) * ticksPerSecond;
  }
}
