import type { Socket } from 'node:net';

/** Whether this is one of the two addresses that Loopgate serves (R8). */
export function isLoopback(address: string | undefined): boolean {
  return address === '127.0.0.1' || address === '::1';
}

/** Checks both ends, so that Loopgate never serves another machine, or an own address that others can reach (R8). */
export function isOnLoopback({ remoteAddress, localAddress }: Socket): boolean {
  return isLoopback(remoteAddress) && isLoopback(localAddress);
}
