import type { Server } from 'node:http';
import { verbatim } from '../../preload/texts/messages.ts';
import { errorCode } from '../system/errorCode.ts';
import { closeAll, type HttpServerOptions, isMissingFamily, portOf, startServer } from './httpServer.ts';
import { ListenError } from './listenErrors.ts';

/**
 * Listens on sockets that another process opened for this one. They must be 127.0.0.1 and ::1 with the same port,
 * because other machines must never reach Loopgate (R8). A missing family is opened here, if this user may.
 * @param sockets - the file descriptors of the sockets
 * @param options - `port`: the configured port, which the sockets must have
 * @throws ListenError
 */
export async function listenOnHanded(
  sockets: readonly number[],
  options: HttpServerOptions & { readonly port?: number },
): Promise<[Server, ...Server[]]> {
  const servers: Server[] = [];
  try {
    for (const fd of sockets) servers.push(await startServer({ fd }, options));
    const [first] = servers;
    if (!first) throw new ListenError(verbatim('No socket was handed over.'));
    const port = portOf(first);
    const addresses = servers.map((server) => server.address()).map((one) => typeof one === 'object' && one?.address);
    if (new Set(addresses).size < addresses.length || servers.some((server) => portOf(server) !== port)) {
      throw new ListenError(
        verbatim(
          'The sockets that were handed over are not one of each family with the same port. The socket unit must have ListenStream=127.0.0.1:1000 and ListenStream=[::1]:1000, and no other.',
        ),
      );
    }
    if (options.port !== undefined && options.port !== 0 && options.port !== port) {
      throw new ListenError(
        verbatim(
          `The socket that was handed over has port ${port}, and LOOPGATE_PORT or "port" is ${options.port}. Set both to the same, or remove the setting.`,
        ),
      );
    }
    for (const host of ['127.0.0.1', '::1'].filter((address) => !addresses.includes(address))) {
      servers.push(...(await listenOnMissing(host, port, options)));
    }
    return [first, ...servers.slice(1)];
  } catch (error) {
    await closeAll(servers);
    if (error instanceof ListenError) throw error;
    throw new ListenError(
      verbatim(
        `A socket that was handed over cannot be used (${errorCode(error) ?? 'unknown error'}). LISTEN_FDS must be the listening TCP sockets of 127.0.0.1 and ::1.`,
      ),
    );
  }
}

/** Opens the missing family; none if the machine does not have it. @throws ListenError */
async function listenOnMissing(host: string, port: number, options: HttpServerOptions): Promise<Server[]> {
  try {
    return [await startServer({ host, port }, options)];
  } catch (error) {
    if (host === '::1' && isMissingFamily(error)) return [];
    const address = host === '::1' ? '[::1]' : host;
    throw new ListenError(
      verbatim(
        `No socket for ${address} was handed over, and port ${port} cannot be opened there (${errorCode(error) ?? 'unknown error'}). Add ListenStream=${address}:${port} to the socket unit.`,
      ),
    );
  }
}
