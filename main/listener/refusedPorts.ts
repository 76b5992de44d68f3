import { inEnglish, type Message, message, sentences } from '../../preload/texts/messages.ts';
import { errorCode } from '../system/errorCode.ts';
import { OwnLoopgateError } from './listenErrors.ts';
import { describeOwner, type PortOwner } from './portOwner.ts';

/** Why a port could not be had, with the remedy. */
export interface RefusedPort {
  readonly port: number;
  readonly reason: Message;
}

/** What the system is asked about ports; for tests. */
export interface PortWorld {
  readonly portOwner: (port: number) => Promise<PortOwner | undefined>;
  readonly piecesOs: () => Promise<Message | undefined>;
  readonly excludedRange: (port: number) => Promise<{ first: number; last: number } | undefined>;
}

/** Why ports were refused, each reason once. */
export function reasonsOf(refused: readonly RefusedPort[]): Message[] {
  return [...new Map(refused.map(({ reason }) => [inEnglish(reason), reason])).values()];
}

/**
 * Why a port could not be opened, and what to do about it.
 * @param error - what opening it failed with
 * @param options - `remedy`: what else can be done about a privileged port here, as a sentence
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
  // Windows says EACCES also for a port that another program keeps to itself.
  if (code === 'EADDRINUSE' || (code === 'EACCES' && platform === 'win32')) {
    const owner = await world.portOwner(port);
    if (owner?.isLoopgate && owner.pid !== process.pid) throw new OwnLoopgateError(port, owner);
    return owner ? message('portTaken', { port, owner: describeOwner(owner) }) : message('portTakenByOther', { port });
  }
  if (code !== 'EACCES') return message('portUnusable', { port, code: code ?? message('unknownError') });
  const reason = message(platform === 'linux' ? 'portPrivilegedRemedy' : 'portPrivileged', { port });
  return remedy === undefined ? reason : sentences(reason, remedy);
}
