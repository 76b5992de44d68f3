import { connect, type Socket } from 'node:net';

/** So many connections are opened at a time: more than wait in a server's queue are opened a second later. */
const atATime = 100;

/** Opens a connection to 127.0.0.1. @throws Error when it is refused */
export function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** Opens many, as many at a time as a server takes at once. @param open - opens one, and does what comes first on it */
export async function openedMany<Opened>(count: number, open: () => Promise<Opened>): Promise<Opened[]> {
  const all: Opened[] = [];
  while (all.length < count) {
    const some = Array.from({ length: Math.min(atATime, count - all.length) }, open);
    all.push(...(await Promise.all(some)));
  }
  return all;
}
