import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';

/**
 * Whether a connection is still open, and so was open all along. Called after its ports were looked up: when a program
 * resets its connection, another one can take over the ports, and the look-up would find that one.
 *
 * Node notices a reset only while it reads, and it does not read behind an unread body. The kernel knows at once, but
 * Node has no public name for the question. If a later Node drops it, Loopgate accepts no connections, and the tests
 * notice.
 */
export async function isStillOpen(socket: Socket): Promise<boolean> {
  // Windows still names the other end after a reset, but Node notices it one turn of the event loop later.
  await setImmediate();
  await setImmediate();
  if (socket.destroyed) return false;
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null || !('getpeername' in handle)) return false;
  return typeof handle.getpeername === 'function' && handle.getpeername({}) === 0;
}
