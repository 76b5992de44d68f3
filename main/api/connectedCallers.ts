import type { Socket } from 'node:net';
import type { Caller } from '../access/program.ts';
import { type CallerLookup, callerWith, connectionOf, presentTime } from '../callers/caller.ts';
import type { PointInTime } from '../callers/connection.ts';
import { isStillOpen } from '../callers/stillOpen.ts';

/** What Loopgate knows about a connection. */
interface KnownConnection {
  /** When it was accepted; undefined if the time of its first request counts. */
  readonly opened: PointInTime | undefined;
  /** Its caller, after the first request that needed it. */
  caller?: Promise<Caller | undefined>;
  /** True after the guard refused one of its requests. */
  isRefused?: boolean;
}

/** Earlier than any program's start. For a connection that may be older than this process, its age proves nothing. */
const unknownTime: PointInTime = { uptime: 0, epoch: 0 };

/** Remembers the caller of each connection, so that it is looked up once. */
export class ConnectedCallers {
  readonly #lookup: CallerLookup;
  readonly #connections = new WeakMap<Socket, KnownConnection>();

  constructor(lookup: CallerLookup) {
    this.#lookup = lookup;
  }

  /** True if a look-up takes seconds on this system. */
  get isSlow(): boolean {
    return this.#lookup.isSlow ?? false;
  }

  /**
   * Notes a new connection.
   * @param wasWaiting - the connection may be older than this process
   */
  accepted(socket: Socket, wasWaiting: boolean): void {
    // A socket comes a second time after its upgrade was ignored.
    if (!this.#connections.has(socket))
      this.#connections.set(socket, { opened: wasWaiting ? unknownTime : presentTime() });
  }

  /** Notes that the guard refused a request. The connection ends with that answer. */
  refuse(socket: Socket): void {
    this.#knownOf(socket).isRefused = true;
  }

  isRefused(socket: Socket): boolean {
    return this.#connections.get(socket)?.isRefused ?? false;
  }

  /**
   * Finds the program at the other end; undefined for another user's, or when it has gone. Call it only after the guard
   * let a request pass, so that a web page cannot cause look-ups.
   */
  callerOf(socket: Socket): Promise<Caller | undefined> {
    const known = this.#knownOf(socket);
    known.caller ??= this.#lookUp(socket, known.opened).catch(() => undefined);
    return known.caller;
  }

  /** R16. Checked for each request: a connection that was fine before may be closing now. */
  async mayBringLogin(socket: Socket): Promise<boolean> {
    const connection = connectionOf(socket);
    if (!connection || !(await this.#lookup.mayBringLogin(connection).catch(() => false))) return false;
    return (await isStillOpen(socket)) && !socket.readableEnded;
  }

  #knownOf(socket: Socket): KnownConnection {
    const known = this.#connections.get(socket);
    if (known) return known;
    const added: KnownConnection = { opened: undefined };
    this.#connections.set(socket, added);
    return added;
  }

  async #lookUp(socket: Socket, opened: PointInTime | undefined): Promise<Caller | undefined> {
    const connection = connectionOf(socket, opened);
    const caller = connection && (await this.#lookup.find(connection));
    if (!caller || !(await isStillOpen(socket))) return undefined;
    // The program is looked up later, by the same ports. It counts only while the connection is still open.
    return callerWith(async () => {
      const program = await caller.program();
      return (await isStillOpen(socket)) ? program : undefined;
    });
  }
}
