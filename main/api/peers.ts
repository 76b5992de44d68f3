import type { Socket } from 'node:net';
import type { Caller } from '../access/program.ts';
import { type CallerLookup, callerWith, connectionOf, presentTime } from '../callers/caller.ts';
import type { PointInTime } from '../callers/connection.ts';
import { isStillOpen } from '../callers/stillOpen.ts';

/** What is known of a connection. */
interface Peer {
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
export class Peers {
  readonly #lookup: CallerLookup;
  readonly #peers = new WeakMap<Socket, Peer>();

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
    if (!this.#peers.has(socket)) this.#peers.set(socket, { opened: wasWaiting ? unknownTime : presentTime() });
  }

  /** The guard has refused a request of this connection, which ends with that answer. */
  refuse(socket: Socket): void {
    this.#peerOf(socket).isRefused = true;
  }

  isRefused(socket: Socket): boolean {
    return this.#peers.get(socket)?.isRefused ?? false;
  }

  /**
   * The program at the other end; undefined for another user's, and when it is gone. To be asked only after the guard has let
   * a request pass, so that a web page cannot cause look-ups.
   */
  callerOf(socket: Socket): Promise<Caller | undefined> {
    const peer = this.#peerOf(socket);
    peer.caller ??= this.#lookUp(socket, peer.opened).catch(() => undefined);
    return peer.caller;
  }

  /** R16. Asked for each request: a connection may have been good before, and be ending now. */
  async mayBringLogin(socket: Socket): Promise<boolean> {
    const connection = connectionOf(socket);
    if (!connection || !(await this.#lookup.mayBringLogin(connection).catch(() => false))) return false;
    return (await isStillOpen(socket)) && !socket.readableEnded;
  }

  #peerOf(socket: Socket): Peer {
    const known = this.#peers.get(socket);
    if (known) return known;
    const peer: Peer = { opened: undefined };
    this.#peers.set(socket, peer);
    return peer;
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
