import { errorCode } from '../../system/errorCode.ts';
import { type CallerLookup, callerWith, presentTime } from '../caller.ts';
import type { Connection } from '../connection.ts';
import { sharedRead } from '../sharedRead.ts';
import { maxAge, ticksPerSecond, UptimeClock } from './connectionTime.ts';
import { portMark } from './eventLoop.ts';
import type { LinuxPrograms } from './programs.ts';

/**
 * Linux: finds callers in the socket tables of /proc. The kernel needs milliseconds for each table, however few rows it
 * has, so the look-up reads no more tables than necessary.
 * @param readTable - returns the rows of `tcp` or `tcp6` that contain one of these texts
 */
export function linuxCallerLookup(
  readTable: (name: 'tcp' | 'tcp6', marks: Iterable<string>) => Promise<string>,
  ownUid: number,
  programs: Pick<LinuxPrograms, 'find'>,
): CallerLookup {
  const clock = new UptimeClock();
  /** The text in the rows of our own port. Each Loopgate listens on one. */
  const marks = new Set<string>();
  const read = (name: 'tcp' | 'tcp6') =>
    // The time before the read: otherwise a connection could seem newer than it is, and pass for one that its process
    // opened.
    sharedRead(async () => ({ readAt: clock.look(), rows: socketTable(await readTable(name, marks)) }));
  const tcp = read('tcp');
  const readTcp6 = read('tcp6');
  const noTable = { readAt: 0, rows: noRows };
  // A system without IPv6 lacks this table. Any other failure must not make another user's row seem absent.
  const tcp6 = async () =>
    await readTcp6().catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return noTable;
      throw error;
    });
  /** The earliest time that the connection was made, in ticks since the system started, from our own end's row. */
  const madeAt = ({ readAt, rows }: typeof noTable, connection: Connection) => {
    const age = maxAge(findSocketOwner(rows, otherEnd(connection))?.timer ?? '');
    return age === undefined ? undefined : clock.ticksAt(readAt - age / ticksPerSecond);
  };
  const look = async (connection: Connection) => {
    const first = connection.remoteAddress === '::1' ? noTable : await tcp();
    const inFirst = findSocketOwner(first.rows, connection);
    const second = inFirst ? noTable : await tcp6();
    const row = inFirst ?? findSocketOwner(second.rows, connection);
    return row && { ...row, made: madeAt(first, connection) ?? madeAt(second, connection) };
  };
  // The kernel gives the table in pieces, and a row can slip through between two. So absence is checked twice.
  const findRow = async (connection: Connection) => (await look(connection)) ?? (await look(connection));
  return {
    async find(connection) {
      marks.add(portMark(connection.localPort));
      const { uptime: accepted } = connection.opened ?? presentTime();
      const row = await findRow(connection);
      if (row?.uid !== ownUid || row.inode === 0) return undefined;
      // The timer restarts after nine hours, but no connection was made after it was accepted.
      const made = row.made === undefined ? undefined : Math.min(row.made, accepted * ticksPerSecond);
      return callerWith(() =>
        programs.find(row.inode, made, async () => {
          const now = await findRow(connection);
          return now?.isEstablished === true && now.inode === row.inode && now.uid === ownUid;
        }),
      );
    },
    mayBringLogin(connection) {
      marks.add(portMark(connection.localPort));
      return mayBringLogin(look, connection, ownUid);
    },
  };
}

/**
 * How many reads must miss a row before it counts as absent. A row can slip through a read, and an absent row lets a
 * login pass.
 */
const looksForAbsence = 3;

/**
 * R16, on Linux: allows sockets of this user, and of root, whose forwarders (docker-proxy, sshd) bring browsers from
 * elsewhere. Also allows an end that is missing from this machine's table (WSL's mirrored network) while ours is
 * established. A connection that was closed or reset since is not.
 * @param look - finds the row of the `remote` end of a connection
 */
async function mayBringLogin(
  look: (connection: Connection) => Promise<SocketRow | undefined>,
  connection: Connection,
  ownUid: number,
): Promise<boolean> {
  for (let looks = 0; looks < looksForAbsence; looks += 1) {
    const row = await look(connection);
    if (row) return row.isEstablished && row.inode !== 0 && (row.uid === ownUid || row.uid === 0);
  }
  const ours = await look(otherEnd(connection));
  return ours?.isEstablished === true && ours.inode !== 0;
}

function otherEnd({ remoteAddress, remotePort, localAddress, localPort }: Connection): Connection {
  return { remoteAddress: localAddress, remotePort: localPort, localAddress: remoteAddress, localPort: remotePort };
}

/** One end of a connection, as the kernel lists it. */
export interface SocketRow {
  readonly uid: number;
  /** 0 when no process holds it any more. */
  readonly inode: number;
  readonly isEstablished: boolean;
  /** The kernel's text for the running timer and the time left. */
  readonly timer: string;
}

/** The rows of /proc/net/tcp or tcp6, by their two addresses in the kernel's notation. */
export type SocketTable = ReadonlyMap<string, SocketRow>;
const noRows: SocketTable = new Map();

/**
 * Number, both addresses, state, queues, timer, retransmissions, uid, time-out, inode. State 06 is TIME_WAIT, without
 * an owner.
 */
const tableRow = /^ *\d+: (\S+ \S+) (?!06)(\S+) \S+ (\S+) \S+ +(\d+) +\d+ (\d+)/gm;

/**
 * Parsed once for all look-ups that wait: otherwise a thousand connections would parse thousands of rows each. Exported
 * for its tests.
 */
export function socketTable(text: string): SocketTable {
  const rows = new Map<string, SocketRow>();
  for (const [, addresses, state, timer = '', uid, inode] of text.matchAll(tableRow)) {
    // The first of two equal rows counts.
    if (addresses !== undefined && !rows.has(addresses)) {
      rows.set(addresses, { uid: Number(uid), inode: Number(inode), isEstablished: state === '01', timer });
    }
  }
  return rows;
}

/**
 * Finds the row of the caller's end. A row with inode 0 has no owner, whatever its uid.
 * Exported for its tests.
 */
export function findSocketOwner(table: SocketTable, connection: Connection): SocketRow | undefined {
  for (const local of tableAddresses(connection.remoteAddress, connection.remotePort)) {
    for (const remote of tableAddresses(connection.localAddress, connection.localPort)) {
      const row = table.get(`${local} ${remote}`);
      if (row) return row;
    }
  }
  return undefined;
}

/**
 * Writes an address as /proc/net/tcp and tcp6 do: 32-bit words in the machine's order (little-endian wherever this
 * runs).
 */
function tableAddresses(address: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  if (address === '::1') return [`00000000000000000000000001000000${suffix}`];
  const octets = address.replace(/^::ffff:/, '').split('.');
  if (octets.length !== 4) return [];
  const word = octets
    .map((octet) => Number(octet).toString(16).toUpperCase().padStart(2, '0'))
    .reverse()
    .join('');
  // A dual-stack socket appears in tcp6 under the mapped address.
  return [`${word}${suffix}`, `0000000000000000FFFF0000${word}${suffix}`];
}
