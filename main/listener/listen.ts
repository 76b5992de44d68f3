import type { Server } from 'node:http';
import { type Message, message } from '../../preload/texts/messages.ts';
import { defaultPorts } from '../protocol/protocol.ts';
import { errorCode } from '../system/errorCode.ts';
import { excludedRange } from './excludedPorts.ts';
import { listenOnHanded } from './handedSockets.ts';
import { closeAll, type HttpServerOptions, isMissingFamily, portOf, startServer } from './httpServer.ts';
import { ListenError } from './listenErrors.ts';
import { isPiecesPort, piecesOs } from './piecesOs.ts';
import { portOwner } from './portOwner.ts';
import { type PortWorld, type RefusedPort, reasonFor, reasonsOf } from './refusedPorts.ts';

/** A listening API. */
export interface Listening {
  readonly port: number;
  /** The ports that Loopgate tried first and could not use. */
  readonly refused: readonly RefusedPort[];
  /** Closes every socket; resolves when nothing listens any more (L11). */
  close(): Promise<void>;
}

/** Where to listen, and what to do with what comes. */
export interface ListenOptions extends HttpServerOptions {
  /** The only port to try, from the settings. 0 takes any free one. */
  readonly port?: number;
  /** The ports to try in turn when no port is set. Absent: {@link defaultPorts}. */
  readonly ports?: readonly number[];
  /**
   * Descriptors of sockets that listen for this process already (socket activation). With them, Loopgate tries no port.
   */
  readonly sockets?: readonly number[];
  /** Additional advice for a privileged port on this machine, as a sentence. */
  readonly remedy?: Message;
  readonly platform?: NodeJS.Platform;
  readonly world?: Partial<PortWorld>;
}

/**
 * Listens on both 127.0.0.1 and ::1; on IPv4 alone only if the machine has no IPv6 (R8). Where macOS allows a
 * privileged port on the wildcard address only, it listens there and closes every connection from outside loopback.
 * @throws OwnLoopgateError when another Loopgate of this user has a port (L9); ListenError with the reason and advice
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { port, ports = defaultPorts, sockets = [], platform = process.platform } = options;
  if (sockets.length > 0) return listeningOn(await listenOnHanded(sockets, options));
  const world: PortWorld = { portOwner, piecesOs, excludedRange, ...options.world };
  const refused: RefusedPort[] = [];
  let pieces: Promise<Message | undefined> | undefined;
  for (const candidate of port === undefined ? ports : [port]) {
    if (port === undefined && isPiecesPort(candidate)) {
      pieces ??= world.piecesOs();
      const reason = await pieces;
      if (reason) {
        refused.push({ port: candidate, reason: message('leftToPieces', { reason }) });
        continue;
      }
    }
    try {
      return listeningOn(await listenOnBoth(candidate, options), refused);
    } catch (error) {
      refused.push({ port: candidate, reason: await reasonFor(error, candidate, { ...options, platform, world }) });
    }
  }
  const reasons = reasonsOf(refused);
  throw new ListenError(message(port === undefined ? 'noPort' : 'fixedPort', { reasons }));
}

function listeningOn(servers: readonly [Server, ...Server[]], refused: readonly RefusedPort[] = []): Listening {
  return { port: portOf(servers[0]), refused, close: () => closeAll(servers) };
}

async function listenOnBoth(port: number, options: ListenOptions): Promise<[Server, ...Server[]]> {
  try {
    return await listenOnPair(port, ['127.0.0.1', '::1'], options);
  } catch (error) {
    const { platform = process.platform } = options;
    if (platform !== 'darwin' || errorCode(error) !== 'EACCES') throw error;
    return await listenOnPair(port, ['0.0.0.0', '::'], options);
  }
}

async function listenOnPair(
  port: number,
  [four, six]: readonly [string, string],
  options: ListenOptions,
): Promise<[Server, ...Server[]]> {
  // With port 0, the number from IPv4 may be in use on IPv6. Then this draws another one.
  for (let attempt = 1; ; attempt += 1) {
    const first = await startServer({ host: four, port }, options);
    try {
      return [first, await startServer({ host: six, port: portOf(first) }, options)];
    } catch (error) {
      if (isMissingFamily(error)) return [first];
      await closeAll([first]);
      if (port !== 0 || errorCode(error) !== 'EADDRINUSE' || attempt === 20) throw error;
    }
  }
}
