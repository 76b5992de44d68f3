import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';

/**
 * Whether a connection is still there, and so was all along: asked after its ports were looked up. Whoever resets theirs leaves
 * the ports to somebody else, whom the look-up then finds in their place.
 *
 * Node knows of a reset only while it reads, and does not while a body is behind that nobody takes. The kernel knows at once; Node
 * has no public name for asking it. A Node that cannot be asked any more has no connections, which the tests see.
 */
export async function isStillOpen(socket: Socket): Promise<boolean> {
  // Where the kernel names the other end of what was reset, as on Windows, Node knows after one more turn of the loop.
  await setImmediate();
  await setImmediate();
  if (socket.destroyed) return false;
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null || !('getpeername' in handle)) return false;
  return typeof handle.getpeername === 'function' && handle.getpeername({}) === 0;
}
