import { inEnglish, type Message, message, sentences } from '../../preload/texts/messages.ts';
import { errorCode } from '../system/errorCode.ts';
import { OwnLoopgateError } from './listenErrors.ts';
import { describeOwner, type PortOwner } from './portOwner.ts';

/** A port that Loopgate could not open, with the reason and advice. */
export interface RefusedPort {
  readonly port: number;
  readonly reason: Message;
}

/** The system's answers about ports; for tests. */
export interface PortWorld {
  readonly portOwner: (port: number) => Promise<PortOwner | undefined>;
  readonly piecesOs: () => Promise<Message | undefined>;
  readonly excludedRange: (port: number) => Promise<{ first: number; last: number } | undefined>;
}

/** The reasons why ports were unavailable, each one once. */
export function reasonsOf(refused: readonly RefusedPort[]): Message[] {
  return [...new Map(refused.map(({ reason }) => [inEnglish(reason), reason])).values()];
}

/**
 * Explains why a port could not be opened, and what to do.
 * @param error - the failure
 * @param options - `remedy`: additional advice for a privileged port on this machine, as a sentence
 * @throws OwnLoopgateError when another Loopgate of this user has the port (L9)
 */
export async function reasonFor(
  error: unknown,
  port: number,
  { platform, world, remedy }: { platform: NodeJS.Platform; world: PortWorld; remedy?: Message | undefined },
): Promise<Message> {
  const code = errorCode(error);
  const range = code === 'EACCES' && platform === 'win32' ? await world.excludedRange(port) : undefined;
  if (range) {
    return message('portReserved', { port, range: `${range.first}–${range.last}` });
  }
  // Windows also reports EACCES for a port that another program uses exclusively.
  if (code === 'EADDRINUSE' || (code === 'EACCES' && platform === 'win32')) {
    const owner = await world.portOwner(port);
    if (owner?.isLoopgate && owner.pid !== process.pid) throw new OwnLoopgateError(port, owner);
    return owner ? message('portTaken', { port, owner: describeOwner(owner) }) : message('portTakenByOther', { port });
  }
  if (code !== 'EACCES') return message('portUnusable', { port, code: code ?? message('unknownError') });
  const reason = message(platform === 'linux' ? 'portPrivilegedRemedy' : 'portPrivileged', { port });
  return remedy === undefined ? reason : sentences(reason, remedy);
}
