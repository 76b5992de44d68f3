import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Owner } from '../broker/authorization.ts';
import { lsof, powershell } from '../systemPrograms.ts';

/** Who is at the other end of a connection, as the operating system says (section P): never as the request says. */
export interface Caller {
  /** Whose pending authorizations these are. Until programs are told apart, one owner is one user. */
  readonly owner: Owner;
}

/** The four numbers of a connection, seen from here: `remote` is the caller's end. */
export interface Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** Finds who made a connection. */
export interface CallerLookup {
  /** Undefined for another user's process, and for a connection that has no owner any more: neither is served. */
  find(connection: Connection): Promise<Caller | undefined>;
}

/** The numbers of a socket; undefined when it is gone already. */
export function connectionOf(socket: Socket): Connection | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  if (localAddress === undefined || localPort === undefined) return undefined;
  return { remoteAddress, remotePort, localAddress, localPort };
}

/** The look-up of this system. */
export function systemCallerLookup(platform: NodeJS.Platform = process.platform): CallerLookup {
  if (platform === 'linux')
    return linuxCallerLookup((name) => readFile(`/proc/net/${name}`, 'latin1'), process.getuid?.() ?? -1);
  if (platform === 'darwin') return macCallerLookup((argv) => run(lsof, argv), process.getuid?.() ?? -1);
  return windowsCallerLookup((argv) => run(powershell, argv));
}

/**
 * Linux: the socket tables of /proc.
 * @param readTable - gives the text of `tcp` or `tcp6`
 */
export function linuxCallerLookup(readTable: (name: 'tcp' | 'tcp6') => Promise<string>, ownUid: number): CallerLookup {
  // One read serves every connection that was open when it began; those that come meanwhile share the next one.
  let next: Promise<SocketTable> | undefined;
  let running: Promise<unknown> = Promise.resolve();
  const read = () => {
    next ??= running.then(() => {
      next = undefined;
      const table = Promise.all([readTable('tcp'), readTable('tcp6').catch(() => '')]).then((both) => both.join('\n'));
      running = table.catch(() => undefined);
      return table.then(socketTable);
    });
    return next;
  };
  return {
    async find(connection) {
      // The kernel gives the table in pieces: a row can slip through between two of them, so absence is checked twice.
      const owner = findSocketOwner(await read(), connection) ?? findSocketOwner(await read(), connection);
      return owner?.uid === ownUid && owner.inode !== 0 ? { owner: `user:${ownUid}` } : undefined;
    },
  };
}

/** The owners of the sockets of /proc/net/tcp and tcp6, by their two addresses as they are written there. */
export type SocketTable = ReadonlyMap<string, { readonly uid: number; readonly inode: number }>;

/** Parsed once for all who wait for it: a thousand connections would else parse thousands of rows each. Exported for its tests. */
export function socketTable(text: string): SocketTable {
  const owners = new Map<string, { uid: number; inode: number }>();
  for (const line of text.split('\n')) {
    const [, local, remote, , , , , uid, , inode] = line.trim().split(/\s+/);
    if (local === undefined || remote === undefined || uid === undefined || inode === undefined) continue;
    const addresses = `${local} ${remote}`;
    // A row that comes twice says nothing new: the first one counts.
    if (!owners.has(addresses)) owners.set(addresses, { uid: Number(uid), inode: Number(inode) });
  }
  return owners;
}

/**
 * The row of the caller's end of the connection. A row with inode 0 has no owner any more, whatever its uid says.
 * Exported for its tests.
 */
export function findSocketOwner(
  table: SocketTable,
  connection: Connection,
): { uid: number; inode: number } | undefined {
  for (const local of tableAddresses(connection.remoteAddress, connection.remotePort)) {
    for (const remote of tableAddresses(connection.localAddress, connection.localPort)) {
      const owner = table.get(`${local} ${remote}`);
      if (owner) return owner;
    }
  }
  return undefined;
}

/** How /proc/net/tcp and tcp6 write an address: 32-bit words in the machine's order (little-endian on all that run this). */
function tableAddresses(address: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  if (address === '::1') return [`00000000000000000000000001000000${suffix}`];
  const octets = address.replace(/^::ffff:/, '').split('.');
  if (octets.length !== 4) return [];
  const word = octets
    .map((octet) => Number(octet).toString(16).toUpperCase().padStart(2, '0'))
    .reverse()
    .join('');
  // A client with a dual-stack socket appears in tcp6 under the mapped address.
  return [`${word}${suffix}`, `0000000000000000FFFF0000${word}${suffix}`];
}

/** macOS: lsof. Without root it lists the user's own processes only, so what it does not list is somebody else's. */
export function macCallerLookup(lsof: (argv: string[]) => Promise<string>, ownUid: number): CallerLookup {
  return {
    async find(connection) {
      const listed = await lsof(['-nP', `-iTCP:${connection.remotePort}`, '-sTCP:ESTABLISHED', '-Fpun']).catch(
        () => '',
      );
      return findLsofUser(listed, connection) === ownUid ? { owner: `user:${ownUid}` } : undefined;
    },
  };
}

/** The user of the caller's end in the output of `lsof -Fpun`. Exported for its tests. */
export function findLsofUser(listed: string, connection: Connection): number | undefined {
  const written = (address: string, port: number) =>
    address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const ends = `${written(connection.remoteAddress, connection.remotePort)}->${written(connection.localAddress, connection.localPort)}`;
  let user: number | undefined;
  for (const line of listed.split('\n')) {
    if (line.startsWith('p')) user = undefined;
    if (line.startsWith('u')) user = Number(line.slice(1));
    if (line === `n${ends}`) return user;
  }
  return undefined;
}

/** Windows: the TCP owner table, through PowerShell. Addresses and ports are numbers of our own socket, never text of a request. */
export function windowsCallerLookup(runPowershell: (argv: string[]) => Promise<string>): CallerLookup {
  return {
    async find({ remoteAddress, remotePort, localPort }) {
      const script = [
        `$c = Get-NetTCPConnection -State Established -LocalAddress '${remoteAddress}' -LocalPort ${remotePort} -RemotePort ${localPort}`,
        '$p = Get-CimInstance Win32_Process -Filter "ProcessId=$($c.OwningProcess)"',
        '$o = (Invoke-CimMethod -InputObject $p -MethodName GetOwnerSid).Sid',
        '@{ owner = $o; self = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value } | ConvertTo-Json -Compress',
      ].join('; ');
      const printed = await runPowershell(['-NoProfile', '-NonInteractive', '-Command', script]).catch(() => '');
      const sid = ownWindowsSid(printed);
      return sid === undefined ? undefined : { owner: `user:${sid}` };
    },
  };
}

/** The caller's SID when it is our own, from what the script printed. Exported for its tests. */
export function ownWindowsSid(printed: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(printed);
    if (typeof answer !== 'object' || answer === null || !('owner' in answer) || !('self' in answer)) return undefined;
    return typeof answer.owner === 'string' && answer.owner === answer.self ? answer.owner : undefined;
  } catch {
    return undefined;
  }
}

async function run(program: string, argv: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, argv, { timeout: 10_000, windowsHide: true });
  return stdout;
}
