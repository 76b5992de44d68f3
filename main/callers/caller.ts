import type { Socket } from 'node:net';
import { uptime } from 'node:os';
import { type Caller, type Program, unknownProgram } from '../access/program.ts';
import { systemTimer, withTimeout } from '../system/timeout.ts';
import type { Connection, PointInTime } from './connection.ts';

/**
 * A look-up that takes longer, in milliseconds, gives the unknown program: the file may be on a disk that never
 * answers.
 */
const lookupTimeout = 30_000;

/** The present, by both clocks. */
export function presentTime(): PointInTime {
  return { uptime: uptime(), epoch: Date.now() };
}

/** Finds the process at the other end of a connection. */
export interface CallerLookup {
  /** Undefined for another user's process, and for a connection without an owner. Loopgate serves neither. */
  find(connection: Connection): Promise<Caller | undefined>;
  /**
   * R16: whether this connection may bring a login's ticket or its callback. Browsers behind a forwarder may, although
   * they may not call. A connection that is closing may not.
   */
  mayBringLogin(connection: Connection): Promise<boolean>;
  /** True if a look-up takes seconds. A probe waits only 100 ms, so it gets its answer without one. */
  readonly isSlow?: boolean;
}

/**
 * The numbers of a socket; undefined if it has already closed.
 * @param opened - when it was accepted. A process that began later did not open it
 */
export function connectionOf(socket: Socket, opened?: PointInTime): Connection | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  if (localAddress === undefined || localPort === undefined) return undefined;
  return { remoteAddress, remotePort, localAddress, localPort, opened };
}

/**
 * A caller whose program is looked up once, on the first call.
 * @param find - the caller becomes the unknown program if this fails, takes too long or gives undefined
 */
export function callerWith(find: () => Promise<Program | undefined>): Caller {
  let found: Promise<Program> | undefined;
  return {
    program() {
      found ??= withTimeout(systemTimer, lookupTimeout, find(), () => undefined).then(
        (program) => program ?? unknownProgram,
        () => unknownProgram,
      );
      return found;
    },
  };
}
