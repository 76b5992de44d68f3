import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { isLoopback } from './loopback.ts';

/**
 * Tells connections that waited in a socket before this process started from later ones. The process that opened such a
 * connection may have become another program since. The queue is first in, first out: once a connection of our own
 * comes out, all older ones have come out too.
 * @returns whether a connection accepted now may be older than this process
 */
export function watchQueue(server: Server): () => boolean {
  let isDrained = false;
  const seen = new Set<string>();
  server.once('listening', () => {
    const address = server.address();
    if (typeof address !== 'object' || address === null || !isLoopback(address.address)) return;
    const own = connect(address.port, address.address);
    const end = (ip: string | undefined, port: number | undefined) => `${ip} ${port}`;
    const look = (peer: string) => {
      if (own.localPort === undefined || peer !== end(own.localAddress, own.localPort)) return;
      isDrained = true;
      seen.clear();
      own.destroy();
    };
    server.on('connection', ({ remoteAddress, remotePort }: Socket) => {
      if (isDrained) return;
      // Other processes may connect from another loopback address with the same port number.
      const peer = end(remoteAddress, remotePort);
      seen.add(peer);
      if (!own.connecting) look(peer);
    });
    own.once('connect', () => {
      const self = end(own.localAddress, own.localPort);
      if (seen.has(self)) look(self);
    });
    own.on('error', () => undefined);
    server.once('close', () => own.destroy());
  });
  return () => !isDrained;
}
