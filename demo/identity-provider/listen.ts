import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';

/** The same port on both loopback addresses. */
export interface LoopbackListener {
  readonly port: number;
  /** Closes every socket at once, even with a request under way. */
  close(): Promise<void>;
}

const attempts = 20;

/**
 * Listens on 127.0.0.1 and ::1, or only on 127.0.0.1 if the machine has no IPv6.
 * @param port - 0 for any
 * @throws the system's error, `EADDRINUSE` when the port is taken on either address
 */
export async function listenOnLoopback(port: number, onRequest: RequestListener): Promise<LoopbackListener> {
  for (let attempt = 1; ; attempt++) {
    const first = await listen(port, '127.0.0.1', onRequest);
    const chosen = portOf(first);
    try {
      const second = await listen(chosen, '::1', onRequest).catch(undefinedWithoutIpv6);
      return { port: chosen, close: () => closeAll(second === undefined ? [first] : [first, second]) };
    } catch (error) {
      await closeAll([first]);
      // Any port will do: try another one if this is free on only one address.
      if (port === 0 && isAddressInUse(error) && attempt < attempts) continue;
      throw error;
    }
  }
}

export function isAddressInUse(error: unknown): boolean {
  return hasCode(error, 'EADDRINUSE');
}

async function listen(port: number, host: string, onRequest: RequestListener): Promise<Server> {
  const server = createServer(onRequest);
  // Node's default of 5 s resets clients that keep their connections.
  server.keepAliveTimeout = 65_000;
  server.listen({ port, host, ipv6Only: true });
  await once(server, 'listening');
  return server;
}

function undefinedWithoutIpv6(error: unknown): undefined {
  if (hasCode(error, 'EADDRNOTAVAIL') || hasCode(error, 'EAFNOSUPPORT')) return undefined;
  throw error;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

async function closeAll(servers: Server[]): Promise<void> {
  await Promise.all(
    servers.map((server) => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      return closed;
    }),
  );
}
