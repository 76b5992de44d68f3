import type { Socket } from 'node:net';
import type { Caller } from '../access/program.ts';
import { type CallerLookup, callerWith, connectionOf, presentTime } from '../callers/caller.ts';
import type { PointInTime } from '../callers/connection.ts';
import { isStillOpen } from '../callers/stillOpen.ts';

/** What is known of a connection. */
interface KnownConnection {
  /** When it was accepted; undefined: when its first request came. */
  readonly opened: PointInTime | undefined;
  /** Its program, once that was asked for. */
  caller?: Promise<Caller | undefined>;
  /** The guard has refused one of its requests. */
  isRefused?: boolean;
}

/** Before everything that runs: a connection that may be older than this process says nothing about when its program began. */
const unknownTime: PointInTime = { uptime: 0, epoch: 0 };

/** The programs at the other end of the connections: each is looked up once. */
export class ConnectedCallers {
  readonly #lookup: CallerLookup;
  readonly #connections = new WeakMap<Socket, KnownConnection>();

  constructor(lookup: CallerLookup) {
    this.#lookup = lookup;
  }

  /** True where a look-up takes seconds. */
  get isSlow(): boolean {
    return this.#lookup.isSlow ?? false;
  }

  /**
   * A connection was accepted.
   * @param wasWaiting - it may be older than this process
   */
  accepted(socket: Socket, wasWaiting: boolean): void {
    // A socket comes a second time when its upgrade was ignored.
    if (!this.#connections.has(socket))
      this.#connections.set(socket, { opened: wasWaiting ? unknownTime : presentTime() });
  }

  /** The guard has refused a request of this connection, which ends with that answer. */
  refuse(socket: Socket): void {
    this.#knownOf(socket).isRefused = true;
  }

  isRefused(socket: Socket): boolean {
    return this.#connections.get(socket)?.isRefused ?? false;
  }

  /**
   * The program at the other end; undefined for another user's, and when it is gone. To be asked only after the guard has let
   * a request pass, so that a web page cannot cause look-ups.
   */
  callerOf(socket: Socket): Promise<Caller | undefined> {
    const known = this.#knownOf(socket);
    known.caller ??= this.#lookUp(socket, known.opened).catch(() => undefined);
    return known.caller;
  }

  /** R16. Asked for each request: a connection may have been good before, and be ending now. */
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
    // The program is looked up later, by the same ports: it counts only while the connection is still there.
    return callerWith(async () => {
      const program = await caller.program();
      return (await isStillOpen(socket)) ? program : undefined;
    });
  }
}
