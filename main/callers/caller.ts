import type { Socket } from 'node:net';
import { uptime } from 'node:os';
import { type Caller, type Program, unknownProgram } from '../access/program.ts';
import type { Connection, PointInTime } from './connection.ts';

/** A program whose identity takes longer, in milliseconds, is unknown: its file may be on a disk that never answers. */
const lookupTimeout = 30_000;

/** Now, by both clocks. */
export function presentTime(): PointInTime {
  return { uptime: uptime(), epoch: Date.now() };
}

/** Finds who made a connection. */
export interface CallerLookup {
  /** Undefined for another user's process, and for a connection that has no owner any more: neither is served. */
  find(connection: Connection): Promise<Caller | undefined>;
  /**
   * R16: whether this connection may bring a login's ticket or its callback. More than callers may, for a browser may come
   * through a forwarder; and none that is ending.
   */
  mayBringLogin(connection: Connection): Promise<boolean>;
  /** True where it takes seconds: a probe, which waits 100 ms, is answered without it. */
  readonly isSlow?: boolean;
}

/**
 * The numbers of a socket; undefined when it is gone already.
 * @param opened - when it was accepted: whatever began to run after that did not open it
 */
export function connectionOf(socket: Socket, opened?: PointInTime): Connection | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  if (localAddress === undefined || localPort === undefined) return undefined;
  return { remoteAddress, remotePort, localAddress, localPort, opened };
}

/**
 * A caller whose program is looked up once, when somebody asks for it.
 * @param find - undefined, a failure and no answer in time make it the unknown program
 */
export function callerWith(find: () => Promise<Program | undefined>): Caller {
  let found: Promise<Program> | undefined;
  return {
    program() {
      found ??= inTime(find()).then(
        (program) => program ?? unknownProgram,
        () => unknownProgram,
      );
      return found;
    },
  };
}

async function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), lookupTimeout);
    timer.unref();
  });
  return await Promise.race([answer, tooLate]).finally(() => clearTimeout(timer));
}
