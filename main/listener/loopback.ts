import type { Socket } from 'node:net';

/** One of the two addresses on which Loopgate serves (R8). */
export function isLoopback(address: string | undefined): boolean {
  return address === '127.0.0.1' || address === '::1';
}

/** Both ends, so that neither another machine nor an address of ours that others reach is served (R8). */
export function isOnLoopback({ remoteAddress, localAddress }: Socket): boolean {
  return isLoopback(remoteAddress) && isLoopback(localAddress);
}
