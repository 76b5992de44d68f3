import { errorCode } from '../system/errorCode.ts';
import { OwnLoopgateError } from './listenErrors.ts';
import { describeOwner, type PortOwner } from './portOwner.ts';

/** Why a port could not be had, in words with the remedy. */
export interface RefusedPort {
  readonly port: number;
  readonly reason: string;
}

/** What the system is asked about ports; for tests. */
export interface PortWorld {
  readonly portOwner: (port: number) => Promise<PortOwner | undefined>;
  readonly piecesOs: () => Promise<string | undefined>;
  readonly excludedRange: (port: number) => Promise<{ first: number; last: number } | undefined>;
}

/** Why ports were refused, each reason once. */
export function reasonsOf(refused: readonly RefusedPort[]): string {
  return [...new Set(refused.map(({ reason }) => reason))].join(' ');
}

/**
 * Why a port could not be opened, and what to do about it.
 * @param error - what opening it failed with
 * @param options - `remedy`: what else can be done about a privileged port here, in one sentence
 * @throws OwnLoopgateError when another Loopgate of this user has the port (L9)
 */
export async function reasonFor(
  error: unknown,
  port: number,
  { platform, world, remedy }: { platform: NodeJS.Platform; world: PortWorld; remedy?: string | undefined },
): Promise<string> {
  const code = errorCode(error);
  const range = code === 'EACCES' && platform === 'win32' ? await world.excludedRange(port) : undefined;
  if (range) {
    return `Port ${port} is reserved by Windows, with ${range.first}–${range.last} (most often for Hyper-V or WSL): to use it, an administrator runs "net stop winnat", "netsh int ipv4 add excludedportrange protocol=tcp startport=${port} numberofports=1", and "net start winnat".`;
  }
  // Windows says EACCES also for a port that another program keeps to itself.
  if (code === 'EADDRINUSE' || (code === 'EACCES' && platform === 'win32')) {
    const owner = await world.portOwner(port);
    if (owner?.isLoopgate && owner.pid !== process.pid) throw new OwnLoopgateError(port, owner);
    return `Port ${port} is taken by ${describeOwner(owner)}.`;
  }
  if (code !== 'EACCES') return `Port ${port} cannot be used (${code ?? 'unknown error'}).`;
  const opened =
    platform === 'linux'
      ? `: to use it, an administrator runs "sudo sysctl -w net.ipv4.ip_unprivileged_port_start=${port}", which lasts until the machine is started again (docs/start/port.md says what lasts longer).`
      : '.';
  return [`Port ${port} is privileged on this system${opened}`, ...(remedy === undefined ? [] : [remedy])].join(' ');
}
