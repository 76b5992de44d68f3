/** The four numbers of a connection, from our side: `remote` is the caller's end. */
export interface Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** A time when the connection already existed; absent: now. */
  readonly opened?: PointInTime | undefined;
}

/** One moment: in seconds since the system started, and in milliseconds since the epoch. */
export interface PointInTime {
  readonly uptime: number;
  readonly epoch: number;
}
