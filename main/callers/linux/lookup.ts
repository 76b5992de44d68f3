import { type CallerLookup, callerWith, presentTime } from '../caller.ts';
import type { Connection } from '../connection.ts';
import { sharedRead } from '../sharedRead.ts';
import { greatestAge, ticksPerSecond, UptimeClock } from './connectionTime.ts';
import { portMark } from './eventLoop.ts';
import type { LinuxPrograms } from './programs.ts';

/**
 * Linux: the socket tables of /proc. Each takes the kernel milliseconds, however few rows it has: no more are read than needed.
 * @param readTable - gives the rows of `tcp` or `tcp6` that hold one of these texts
 */
export function linuxCallerLookup(
  readTable: (name: 'tcp' | 'tcp6', marks: Iterable<string>) => Promise<string>,
  ownUid: number,
  programs: Pick<LinuxPrograms, 'find'>,
): CallerLookup {
  const clock = new UptimeClock();
  /** What the rows of our own port have: a Loopgate listens on one. */
  const marks = new Set<string>();
  const read = (name: 'tcp' | 'tcp6') =>
    // The time before it is read: what is made later than it seems would pass for one's own.
    sharedRead(async () => ({ readAt: clock.look(), rows: socketTable(await readTable(name, marks)) }));
  const tcp = read('tcp');
  // A system without IPv6 has none.
  const tcp6 = read('tcp6');
  const noTable = { readAt: 0, rows: noRows };
  /** When the connection was made at the earliest, in ticks since the system's start, as the row of our own end says. */
  const madeAt = ({ readAt, rows }: typeof noTable, connection: Connection) => {
    const age = greatestAge(findSocketOwner(rows, otherEnd(connection))?.timer ?? '');
    return age === undefined ? undefined : clock.ticksAt(readAt - age / ticksPerSecond);
  };
  const look = async (connection: Connection) => {
    const first = connection.remoteAddress === '::1' ? noTable : await tcp();
    const inFirst = findSocketOwner(first.rows, connection);
    const second = inFirst ? noTable : await tcp6().catch(() => noTable);
    const row = inFirst ?? findSocketOwner(second.rows, connection);
    return row && { ...row, made: madeAt(first, connection) ?? madeAt(second, connection) };
  };
  // The kernel gives the table in pieces: a row can slip through between two of them, so absence is checked twice.
  const findRow = async (connection: Connection) => (await look(connection)) ?? (await look(connection));
  return {
    async find(connection) {
      marks.add(portMark(connection.localPort));
      const { uptime: accepted } = connection.opened ?? presentTime();
      const row = await findRow(connection);
      if (row?.uid !== ownUid || row.inode === 0) return undefined;
      // The timer begins anew after nine hours: it was not made after it was accepted.
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

/** How often a row must be missed to be absent: it can slip through a read, and where it is absent nobody is known to be there. */
const looksForAbsence = 3;

/**
 * R16, on Linux: sockets of this user, and of root, whose forwarders (docker-proxy, sshd) bring browsers from elsewhere; and an
 * end that is not in this machine's table (WSL's mirrored network) while ours is established: that of a connection which was
 * closed or reset in the meantime is not.
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

/** The end of a connection as the kernel lists it. */
export interface SocketRow {
  readonly uid: number;
  /** 0 when no process has it any more. */
  readonly inode: number;
  readonly isEstablished: boolean;
  /** Which of its timers runs, and what is left of it, as it is written there. */
  readonly timer: string;
}

/** The rows of /proc/net/tcp or tcp6, by their two addresses as they are written there. */
export type SocketTable = ReadonlyMap<string, SocketRow>;
const noRows: SocketTable = new Map();

/** Number, both addresses, state, queues, timer, retransmissions, uid, time-out, inode. State 06 is TIME_WAIT, which is nobody's. */
const tableRow = /^ *\d+: (\S+ \S+) (?!06)(\S+) \S+ (\S+) \S+ +(\d+) +\d+ (\d+)/gm;

/** Parsed once for all who wait for it: a thousand connections would else parse thousands of rows each. Exported for its tests. */
export function socketTable(text: string): SocketTable {
  const rows = new Map<string, SocketRow>();
  for (const [, addresses, state, timer = '', uid, inode] of text.matchAll(tableRow)) {
    // A row that comes twice says nothing new: the first one counts.
    if (addresses !== undefined && !rows.has(addresses)) {
      rows.set(addresses, { uid: Number(uid), inode: Number(inode), isEstablished: state === '01', timer });
    }
  }
  return rows;
}

/**
 * The row of the caller's end of the connection. A row with inode 0 has no owner any more, whatever its uid says.
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
