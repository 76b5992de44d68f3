import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer, Socket } from 'node:net';
import { uptime } from 'node:os';
import { afterEach, describe, expect, it, type TestContext, vi } from 'vitest';
import { type Program, unknownProgram } from '../access/program.ts';
import { callerWith, connectionOf } from './caller.ts';
import type { Connection } from './connection.ts';
import { findSocketOwner, linuxCallerLookup, socketTable } from './linux/lookup.ts';
import { findLsofHolders, macCallerLookup } from './mac.ts';
import { systemCallerLookup } from './systemLookup.ts';
import { ownWindowsSid, windowsCallerLookup } from './windows.ts';

const noTimer = '00:00000000';
const header =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     ';

/** A row as the kernel writes it. @param timer - which one runs, and what is left of it in ticks */
function row(local: string, remote: string, state: string, uid: number, inode: number, timer = noTimer): string {
  const numbers = `${String(uid).padStart(5)}        0 ${inode} 1 00000000a4f42802 20 4 30 10 -1`;
  return `   7: ${local} ${remote} ${state} 00000000:00000000 ${timer} 00000000 ${numbers}`;
}

const one = '00000000000000000000000001000000';
const mapped = '0000000000000000FFFF00000100007F';
const established = '01';
const tcp = [
  header,
  row('0100007F:03E8', '00000000:0000', '0A', 1000, 501),
  row('0100007F:03E8', '0100007F:9C40', established, 1000, 502),
  row('0100007F:9C40', '0100007F:03E8', established, 1000, 503),
  row('0100007F:9C41', '0100007F:03E8', established, 1001, 504),
  row('0100007F:03E8', '0100007F:9C41', established, 1000, 505),
  row('0100007F:9C42', '0100007F:03E8', '05', 0, 0),
  row('0100007F:9C43', '0100007F:03E9', established, 1000, 506),
  row('0200007F:9C44', '0100007F:03E8', established, 1000, 507),
  row('0100007F:9C45', '0100007F:03E8', established, 1000, 0),
  row('0100007F:9C46', '0100007F:03E8', established, 0, 508),
].join('\n');
const tcp6 = [
  header,
  row(`${one}:9C40`, `${one}:03E8`, established, 1002, 601),
  row(`${one}:9C50`, `${one}:03E8`, established, 1000, 602),
  row(`${mapped}:9C51`, `${mapped}:03E8`, established, 1000, 603),
  row(`${mapped}:9C52`, `${mapped}:03E8`, established, 1001, 604),
].join('\n');

const from = (remotePort: number, address = '127.0.0.1'): Connection => ({
  remoteAddress: address,
  remotePort,
  localAddress: address,
  localPort: 1000,
});
const recorded = async (name: 'tcp' | 'tcp6') => (name === 'tcp' ? tcp : tcp6);

/** A look-up of programs that must not be asked. */
const noPrograms = { find: () => Promise.reject(new Error('nobody asked for the program')) };

const editor: Program = { id: '/usr/bin/ed', name: 'ed', path: '/usr/bin/ed', kind: 'program', lasting: 'always' };

/** Everything that can go on without an answer from outside has gone on. */
const allSettled = () => new Promise((resolve) => setImmediate(resolve));

describe('Linux', () => {
  it.each<[string, Connection, { uid: number; inode: number; isEstablished: boolean } | undefined]>([
    ['the caller’s end, not ours', from(0x9c40), { uid: 1000, inode: 503, isEstablished: true }],
    ['another user’s, though our end of it is ours', from(0x9c41), { uid: 1001, inode: 504, isEstablished: true }],
    ['an orphan', from(0x9c42), { uid: 0, inode: 0, isEstablished: false }],
    ['a connection to another port', from(0x9c43), undefined],
    ['a connection from another address', from(0x9c44), undefined],
    ['none', from(0x9c99), undefined],
    ['::1, which is not 127.0.0.1', from(0x9c40, '::1'), { uid: 1002, inode: 601, isEstablished: true }],
    ['::1', from(0x9c50, '::1'), { uid: 1000, inode: 602, isEstablished: true }],
    ['a dual-stack client, under the mapped address', from(0x9c51), { uid: 1000, inode: 603, isEstablished: true }],
    [
      'a dual-stack client, seen under the mapped address',
      from(0x9c51, '::ffff:127.0.0.1'),
      { uid: 1000, inode: 603, isEstablished: true },
    ],
    ['an address that is none of loopback’s', from(0x9c40, 'fe80::1'), undefined],
  ])('the row of %s [L5]', (_name, connection, owner) => {
    expect(findSocketOwner(socketTable(`${tcp}\n${tcp6}`), connection)).toEqual(owner && { ...owner, timer: noTimer });
  });

  it.each(['', header, 'garbage', `${header}\n   7: 0100007F:9C40 0100007F:03E8 01`])('no row in %j [L5]', (table) => {
    expect(findSocketOwner(socketTable(table), from(0x9c40))).toBeUndefined();
  });

  it.each<[string, Connection, boolean]>([
    ['our own program', from(0x9c40), true],
    ['our own program on ::1', from(0x9c50, '::1'), true],
    ['our own dual-stack program', from(0x9c51), true],
    ['another user', from(0x9c41), false],
    ['another user on ::1', from(0x9c40, '::1'), false],
    ['another user’s dual-stack program', from(0x9c52), false],
    ['root', from(0x9c46), false],
    ['an orphan with our uid', from(0x9c45), false],
    ['nobody', from(0x9c99), false],
  ])('%s is served: %s, %s [L5]', async (_name, connection, isServed) => {
    const caller = await linuxCallerLookup(recorded, 1000, noPrograms).find(connection);
    expect(caller !== undefined).toBe(isServed);
  });

  it('an orphaned row, which reads uid 0, is not root’s: a broker that runs as root refuses it too [L5]', async () => {
    const asRoot = linuxCallerLookup(recorded, 0, noPrograms);
    expect(await asRoot.find(from(0x9c42))).toBeUndefined();
    expect(await asRoot.find(from(0x9c46))).toBeDefined();
    expect(await asRoot.find(from(0x9c40))).toBeUndefined();
  });

  /** From 127.0.0.1 to port 1000; the rows of its two ends. */
  const ends = (theirs: readonly string[], ours: string) =>
    [header, ...theirs, row('0100007F:03E8', '0100007F:A000', ours, 1000, ours === established ? 601 : 0)].join('\n');
  const theirEnd = (state: string, uid: number, inode: number) => [
    row('0100007F:A000', '0100007F:03E8', state, uid, inode),
  ];

  it.each<[string, string, boolean]>([
    ['our own user', ends(theirEnd(established, 1000, 602), established), true],
    ['root, as docker-proxy', ends(theirEnd(established, 0, 602), established), true],
    ['an end that is not of this machine, as WSL’s mirrored network has it', ends([], established), true],
    ['another user', ends(theirEnd(established, 1001, 602), established), false],
    ['a process that has gone, whose row reads uid 0', ends(theirEnd('05', 0, 0), '08'), false],
    ['our own user, whose inode is 0', ends(theirEnd(established, 1000, 0), established), false],
    ['our own user, with an end that is closing', ends(theirEnd('05', 1000, 602), '08'), false],
    ['root, with an end that is closing', ends(theirEnd('04', 0, 602), established), false],
    ['an end that has closed (TIME_WAIT)', ends(theirEnd('06', 0, 0), '08'), false],
    ['an end that was reset, and ours with it', header, false],
    ['an end that is not there, while ours is closing', ends([], '08'), false],
  ])('whether a login may be brought by %s [R16]', async (_who, table, expected) => {
    const lookup = linuxCallerLookup(async (name) => (name === 'tcp' ? table : header), 1000, noPrograms);
    expect(await lookup.mayBringLogin(from(0xa000))).toBe(expected);
  });

  it('another user’s row that slips out of two reads is found by the third [R16]', async () => {
    const seen = ends(theirEnd(established, 1001, 602), established);
    const tables = [ends([], established), ends([], established), seen];
    const lookup = linuxCallerLookup(
      async (name) => (name === 'tcp' ? (tables.shift() ?? seen) : header),
      1000,
      noPrograms,
    );
    expect(await lookup.mayBringLogin(from(0xa000))).toBe(false);
  });

  it('a system without IPv6 has no tcp6, and is served from tcp [L5]', async () => {
    const lookup = linuxCallerLookup(
      async (name) => {
        if (name === 'tcp6') throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
        return tcp;
      },
      1000,
      noPrograms,
    );
    expect(await lookup.find(from(0x9c40))).toBeDefined();
  });

  it('with an unreadable table, no request is served [L5]', async () => {
    const lookup = linuxCallerLookup(() => Promise.reject(new Error('EMFILE')), 1000, noPrograms);
    await expect(lookup.find(from(0x9c40))).rejects.toThrow('EMFILE');
  });

  it('with an unreadable tcp6, another user’s dual-stack browser brings no login [R16]', async () => {
    const lookup = linuxCallerLookup(
      async (name) => {
        if (name === 'tcp6') throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
        return ends([], established);
      },
      1000,
      noPrograms,
    );
    await expect(lookup.mayBringLogin(from(0xa000))).rejects.toThrow('too many open files');
    await expect(lookup.find(from(0xa000))).rejects.toThrow('too many open files');
  });

  it('after a read that failed the next one is tried [L5]', async () => {
    let fails = true;
    const lookup = linuxCallerLookup(
      async (name) => {
        if (fails) throw new Error('EMFILE');
        return await recorded(name);
      },
      1000,
      noPrograms,
    );
    await lookup.find(from(0x9c40)).catch(() => undefined);
    fails = false;
    expect(await lookup.find(from(0x9c40))).toBeDefined();
  });

  it('a row that slipped out of the first read is found by a second [L5]', async () => {
    const tables = [header, tcp];
    const lookup = linuxCallerLookup(async (name) => (name === 'tcp' ? (tables.shift() ?? '') : ''), 1000, noPrograms);
    expect(await lookup.find(from(0x9c40))).toBeDefined();
  });

  it.each<[string, Connection, string[]]>([
    ['of IPv4', from(0x9c40), ['tcp']],
    ['of IPv6', from(0x9c50, '::1'), ['tcp6']],
    ['of a dual-stack client', from(0x9c51), ['tcp', 'tcp6']],
  ])('no more tables are read than a connection %s needs [C12]', async (_name, connection, needed) => {
    const read: string[] = [];
    const lookup = linuxCallerLookup(
      async (name) => {
        read.push(name);
        return await recorded(name);
      },
      1000,
      noPrograms,
    );
    expect(await lookup.find(connection)).toBeDefined();
    expect(read).toEqual(needed);
  });

  it('of the tables, which every user can fill, no more is asked for than the rows of our own port', async () => {
    const asked: string[][] = [];
    const readTable = async (name: 'tcp' | 'tcp6', marks: Iterable<string>) => {
      asked.push([...marks]);
      return await recorded(name);
    };
    await linuxCallerLookup(readTable, 1000, noPrograms).find(from(0x9c40));
    await linuxCallerLookup(readTable, 1000, noPrograms).mayBringLogin(from(0x9c99));
    expect(asked.length).toBeGreaterThan(2);
    expect(new Set(asked.map((marks) => marks.join()))).toEqual(new Set([':03E8 ']));
  });

  it('one read serves all connections that wait then [C12]', async () => {
    let reads = 0;
    const lookup = linuxCallerLookup(
      async (name) => {
        if (name === 'tcp') reads += 1;
        return await recorded(name);
      },
      1000,
      noPrograms,
    );
    const found = await Promise.all(Array.from({ length: 1000 }, () => lookup.find(from(0x9c40))));
    expect(found).not.toContain(undefined);
    expect(reads).toBe(1);
  });

  it('connections that come while a read is under way share the next one, which then begins [C12]', async () => {
    const reads: ((table: string) => void)[] = [];
    const lookup = linuxCallerLookup(
      (name) => (name === 'tcp6' ? Promise.resolve('') : new Promise((resolve) => reads.push(resolve))),
      1000,
      noPrograms,
    );
    const early = lookup.find(from(0x9c40));
    await allSettled();
    const late = [lookup.find(from(0x9c60)), lookup.find(from(0x9c61))];
    await allSettled();
    expect(reads).toHaveLength(1);
    reads[0]?.(tcp);
    expect(await early).toBeDefined();
    await allSettled();
    expect(reads).toHaveLength(2);
    // Only the second table has them: the first one was read before they came.
    const rows = ['9C60', '9C61'].map((port) => row(`0100007F:${port}`, '0100007F:03E8', established, 1000, 509));
    reads[1]?.(rows.join('\n'));
    expect(await Promise.all(late)).toEqual([expect.anything(), expect.anything()]);
  });
});

describe('the program of a caller [C1]', () => {
  it('is not looked up before somebody asks, and then once for the connection [C12]', async () => {
    let lookups = 0;
    const caller = callerWith(async () => {
      lookups += 1;
      return editor;
    });
    expect(lookups).toBe(0);
    expect(await Promise.all([caller.program(), caller.program()])).toEqual([editor, editor]);
    expect(await caller.program()).toEqual(editor);
    expect(lookups).toBe(1);
  });

  /** What the look-up of programs is told of when the connection was made, in ticks since the system's start. */
  async function madeAt(connection: Connection, table: string): Promise<number | undefined> {
    const told: (number | undefined)[] = [];
    const programs = {
      async find(_inode: number, made: number | undefined) {
        told.push(made);
        return editor;
      },
    };
    const caller = await linuxCallerLookup(async (name) => (name === 'tcp' ? table : ''), 1000, programs).find(
      connection,
    );
    await caller?.program();
    expect(told).toHaveLength(1);
    return told[0];
  }
  const theirs = row('0100007F:9C40', '0100007F:03E8', established, 1000, 503, '02:0031FF00');
  const ours = (timer: string) => row('0100007F:03E8', '0100007F:9C40', established, 1000, 502, timer);

  it('who may have opened the connection is judged by when the kernel made it, as our end of it says [C8]', async () => {
    const before = uptime() * 100;
    // Of 32,767 s, two seconds are over.
    const made = await madeAt(from(0x9c40), `${theirs}\n${ours('02:0031FED4')}`);
    expect(made).toBeLessThanOrEqual(uptime() * 100 - 200);
    expect(made).toBeGreaterThanOrEqual(before - 200 - 5);
  });

  it('never by a later time than when it was accepted: the timer restarts in the end [C8]', async () => {
    const opened = { uptime: 12.5, epoch: 0 };
    expect(await madeAt({ ...from(0x9c40), opened }, `${theirs}\n${ours('02:0031FED4')}`)).toBe(1250);
  });

  it.each([noTimer, '01:0031FED4', '04:00000010', '02:0031FFFF0'])(
    'by no time where the timer of our end says none: %s [C8]',
    async (timer) => {
      expect(await madeAt(from(0x9c40), `${theirs}\n${ours(timer)}`)).toBeUndefined();
    },
  );

  it('a look-up that fails, or finds none, gives the unknown program: it never rejects [C9]', async () => {
    const failing = callerWith(() => Promise.reject(new Error('ESRCH')));
    expect(await failing.program()).toEqual(unknownProgram);
    expect(await callerWith(async () => undefined).program()).toEqual(unknownProgram);
  });

  it('a look-up that hangs gives the unknown program in the end [C9]', async () => {
    vi.useFakeTimers();
    try {
      const asked = callerWith(() => new Promise(() => undefined)).program();
      await vi.advanceTimersByTimeAsync(30_000);
      expect(await asked).toEqual(unknownProgram);
    } finally {
      vi.useRealTimers();
    }
  });

  /** What the look-up of programs is given for a connection, and what it may then ask. */
  async function handedOver(after: string) {
    const tables = [tcp, after, after];
    const asked: { inode: number; isStillConnected: boolean }[] = [];
    const lookup = linuxCallerLookup(async (name) => (name === 'tcp' ? (tables.shift() ?? after) : ''), 1000, {
      async find(inode, _connectedFor, isStillConnected) {
        asked.push({ inode, isStillConnected: await isStillConnected() });
        return editor;
      },
    });
    const caller = await lookup.find(from(0x9c40));
    expect(await caller?.program()).toEqual(editor);
    return asked[0];
  }

  it('it is looked up by the inode, while the row is established and has the same one', async () => {
    expect(await handedOver(tcp)).toEqual({ inode: 503, isStillConnected: true });
  });

  it.each<[string, string]>([
    ['has gone', header],
    ['is an orphan', row('0100007F:9C40', '0100007F:03E8', established, 1000, 0)],
    ['is closing', row('0100007F:9C40', '0100007F:03E8', '04', 1000, 503)],
    ['is another socket at the same port number', row('0100007F:9C40', '0100007F:03E8', established, 1000, 999)],
    ['is another user’s', row('0100007F:9C40', '0100007F:03E8', established, 1001, 503)],
  ])('what was found is void when the row %s by then', async (_name, table) => {
    expect(await handedOver(table)).toEqual({ inode: 503, isStillConnected: false });
  });
});

describe('real connections', () => {
  const closers: (() => void)[] = [];
  afterEach(() => {
    for (const close of closers.splice(0)) close();
  });

  /** A connection of our own, seen from the server. */
  async function connected(context: TestContext, host: string, target = host) {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, host);
    closers.push(() => server.close());
    const failure = await Promise.race([once(server, 'listening').then(() => undefined), once(server, 'error')]);
    if (failure !== undefined) return context.skip(`this machine cannot listen on ${host}`);
    const address = server.address();
    const accepted = once(server, 'connection');
    const client = connect(typeof address === 'object' && address !== null ? address.port : 0, target);
    const [socket]: Socket[] = await accepted;
    const connection = socket && connectionOf(socket);
    if (!socket || !connection) throw new Error('no connection');
    closers.push(() => {
      client.destroy();
      socket.destroy();
    });
    return { client, socket, connection };
  }

  const onLinux = (context: TestContext) => {
    if (process.platform !== 'linux') context.skip('reads /proc');
  };

  it.for<[string, string]>([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['127.0.0.1', '::ffff:127.0.0.1'],
  ])('our own connection to %s, made to %s, is ours [L5]', async ([host, target], context) => {
    onLinux(context);
    const { connection } = await connected(context, host, target);
    expect(await systemCallerLookup().find(connection)).toBeDefined();
  });

  it('a connection whose owner has left it is nobody’s, while its row is still there [L5]', async (context) => {
    onLinux(context);
    const { client, socket, connection } = await connected(context, '127.0.0.1');
    const ended = once(socket.resume(), 'end');
    client.destroy();
    await ended;
    const read = (name: string) => readFile(`/proc/net/${name}`, 'latin1');
    expect(findSocketOwner(socketTable(await read('tcp')), connection)?.inode).toBe(0);
    expect(await systemCallerLookup().find(connection)).toBeUndefined();
  });

  it('a socket that is gone has no numbers [L5]', () => {
    expect(connectionOf(new Socket())).toBeUndefined();
  });
});

describe('macOS', () => {
  const listed = [
    'p700',
    'u501',
    'f18',
    'n127.0.0.1:1000->127.0.0.1:40000',
    'f19',
    'n[::1]:1000->[::1]:40003',
    'p812',
    'u501',
    'f3',
    'n127.0.0.1:40000->127.0.0.1:1000',
    'p813',
    'u502',
    'f3',
    'n127.0.0.1:40001->127.0.0.1:1000',
    'f4',
    'n[::1]:40003->[::1]:1000',
    'p814',
    'n127.0.0.1:40002->127.0.0.1:1000',
    '',
  ].join('\n');

  it.each<[string, Connection, number | undefined]>([
    ['the caller’s end, not ours', from(40000), 501],
    ['another user', from(40001), 502],
    ['another user on ::1', from(40003, '::1'), 502],
    ['a process whose user is not told', from(40002), undefined],
    ['nobody', from(40009), undefined],
    ['a port of which another is the beginning', from(4000), undefined],
  ])('lsof names the user of %s [L5]', (_name, connection, user) => {
    expect(findLsofHolders(listed, connection)[0]?.uid).toBe(user);
  });

  it.each<[Connection, boolean]>([
    [from(40000), true],
    [from(40001), false],
    [from(40002), false],
    [from(40009), false],
  ])('only our own user is served: %o, %s [L5]', async (connection, isServed) => {
    const caller = await macCallerLookup(async () => listed, 501, noPrograms).find(connection);
    expect(caller !== undefined).toBe(isServed);
  });

  it('a connection that another user’s process holds too is nobody’s [L5, R16]', async () => {
    const shared = ['p700', 'u501', 'f1', 'n127.0.0.1:40000->127.0.0.1:1000'];
    const others = ['p701', 'u502', 'f1', 'n127.0.0.1:40000->127.0.0.1:1000'];
    const lookup = macCallerLookup(async () => [...shared, ...others].join('\n'), 501, noPrograms);
    expect(await lookup.find(from(40000))).toBeUndefined();
    expect(await lookup.mayBringLogin(from(40000))).toBe(false);
  });

  it('every process that holds the caller’s end is named, once [C1]', () => {
    const shared = [
      ...['p700', 'u501', 'f1', 'n127.0.0.1:40000->127.0.0.1:1000', 'f2', 'n127.0.0.1:40000->127.0.0.1:1000'],
      ...['p701', 'u501', 'f1', 'n127.0.0.1:40000->127.0.0.1:1000'],
    ].join('\n');
    expect(findLsofHolders(shared, from(40000))).toEqual([
      { pid: 700, uid: 501 },
      { pid: 701, uid: 501 },
    ]);
  });

  it('lsof is asked for numbers, and for that port alone [L5]', async () => {
    const asked: string[][] = [];
    const lookup = macCallerLookup(
      async (argv) => {
        asked.push(argv);
        return '';
      },
      501,
      noPrograms,
    );
    await lookup.find(from(40000));
    expect(asked[0]).toEqual(expect.arrayContaining(['-nP', '-iTCP:40000']));
  });

  it('when lsof fails, no request is served [L5]', async () => {
    const lookup = macCallerLookup(() => Promise.reject(new Error('exit 1')), 501, noPrograms);
    expect(await lookup.find(from(40000))).toBeUndefined();
  });
});

describe('Windows', () => {
  const sid = 'S-1-5-21-1004336348-1177238915-682003330-1001';
  const other = 'S-1-5-21-1004336348-1177238915-682003330-1002';

  it.each<[string, string, string | undefined]>([
    ['our own', JSON.stringify({ owner: sid, self: sid }), sid],
    ['our own, with a line end', `${JSON.stringify({ self: sid, owner: sid })}\r\n`, sid],
    ['another user', JSON.stringify({ owner: other, self: sid }), undefined],
    ['a process that may not be looked at', JSON.stringify({ owner: null, self: sid }), undefined],
    ['nothing known at all', JSON.stringify({ owner: null, self: null }), undefined],
    ['two owners', JSON.stringify({ owner: [sid], self: [sid] }), undefined],
    ['no owner', JSON.stringify({ self: sid }), undefined],
    ['an error message', 'Get-NetTCPConnection : No matching MSFT_NetTCPConnection objects found', undefined],
    ['null', 'null', undefined],
    ['a text', '"S-1-5-18"', undefined],
    ['nothing', '', undefined],
  ])('what PowerShell says of %s [L5]', (_name, printed, owner) => {
    expect(ownWindowsSid(printed)).toBe(owner);
  });

  it('only our own user is served, and the script asks for this very connection [L5]', async () => {
    const scripts: string[] = [];
    const answering = (owner: string) =>
      windowsCallerLookup(async (argv) => {
        scripts.push(argv.at(-1) ?? '');
        return JSON.stringify({ owner, self: sid });
      }, noPrograms);
    expect(await answering(sid).find(from(40000))).toBeDefined();
    expect(await answering(other).find(from(40000))).toBeUndefined();
    expect(scripts[0]).toContain("-LocalAddress '127.0.0.1' -LocalPort 40000 -RemotePort 1000");
  });

  it('when PowerShell fails, no request is served [L5]', async () => {
    const lookup = windowsCallerLookup(() => Promise.reject(new Error('timeout')), noPrograms);
    expect(await lookup.find(from(40000))).toBeUndefined();
  });
});
