/** The four numbers of a connection, seen from here: `remote` is the caller's end. */
export interface Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** When it was there already; absent: now. */
  readonly opened?: PointInTime | undefined;
}

/** One moment: in seconds since the system's start, and in milliseconds since the epoch. */
export interface PointInTime {
  readonly uptime: number;
  readonly epoch: number;
}
