import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unknownProgram } from '../../access/program.ts';
import { callerWith } from '../caller.ts';
import { processStatus } from './processes.ts';
import { LinuxPrograms, type LinuxSystem } from './programs.ts';

/** /proc, laid out by hand: what real programs cannot be made to do in the middle of a look-up. */
let folder: string;
let proc: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'loopgate-proc-')));
  proc = join(folder, 'proc');
  mkdirSync(proc);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const inode = 4711;
const closeOnExec = '02000002';
const inherited = '02';
/** The beginning of an executable: its program headers, of which one names the loader (PT_INTERP) where it is linked dynamically. */
const elf = (header: number) => {
  const bytes = Buffer.alloc(64 + 56);
  bytes.write('\x7fELF\x02\x01\x01', 'latin1');
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt32LE(header, 64);
  return bytes;
};
const [loaded, loader] = [1, 3];

interface Laid {
  readonly executable?: string;
  readonly started?: number;
  readonly parent?: number;
  readonly uid?: number;
  readonly socket?: number;
  readonly flags?: string;
  /** The flags of its standard streams. */
  readonly streams?: string;
  /** The process that debugs it. */
  readonly tracer?: number;
  readonly argv?: readonly string[];
  /** What it does, in the kernel's letter: by default it sleeps. */
  readonly state?: string;
  /** Start times of further threads. */
  readonly threads?: readonly number[];
}

const stat = (pid: number, parent: number, started: number) =>
  `${pid} (a) b) S ${parent} ${'0 '.repeat(17)}${started} 0 0\n`;

function lay(pid: number, laid: Laid = {}): void {
  const { executable = file('editor'), started = 100, parent = 1, uid = 1000, socket = inode } = laid;
  const own = join(proc, String(pid));
  rmSync(own, { recursive: true, force: true });
  for (const name of ['fd', 'fdinfo', `task/${pid}`, 'ns', 'root']) mkdirSync(join(own, name), { recursive: true });
  writeFileSync(join(own, 'stat'), stat(pid, parent, started));
  for (const name of ['status', `task/${pid}/status`]) {
    writeFileSync(
      join(own, name),
      `State:\t${laid.state ?? 'S'}\nTracerPid:\t${laid.tracer ?? 0}\nUid:\t1000\t${uid}\t1000\t1000\n`,
    );
  }
  writeFileSync(join(own, 'cmdline'), (laid.argv ?? ['editor']).map((argument) => `${argument}\0`).join(''));
  writeFileSync(join(own, 'fdinfo', '3'), `pos:\t0\nflags:\t${laid.flags ?? closeOnExec}\nmnt_id:\t9\n`);
  for (const stream of ['0', '1', '2']) {
    if (laid.streams !== 'closed')
      writeFileSync(join(own, 'fdinfo', stream), `pos:\t0\nflags:\t${laid.streams ?? inherited}\n`);
  }
  symlinkSync(executable, join(own, 'exe'));
  symlinkSync(folder, join(own, 'cwd'));
  symlinkSync(`socket:[${socket}]`, join(own, 'fd', '3'));
  for (const [index, start] of (laid.threads ?? []).entries()) {
    const thread = pid * 100 + index;
    mkdirSync(join(own, 'task', String(thread)));
    writeFileSync(join(own, 'task', String(thread), 'stat'), stat(thread, parent, start));
  }
}

function file(name: string, header = loader): string {
  const path = join(folder, name);
  if (!existsSync(path)) writeFileSync(path, elf(header));
  return path;
}

/** Looks the socket up; `meanwhile` happens after everything has been read, and before it is checked. */
function find(
  system: Partial<LinuxSystem> & { meanwhile?: () => void; isConnected?: boolean; made?: number | undefined } = {},
) {
  const programs = new LinuxPrograms({
    ownUid: 1000,
    proc,
    entries: { labelOf: async () => undefined, labelIn: async () => undefined },
    hashes: {
      async ofProgram() {
        system.meanwhile?.();
        return { hash: 'ab12', isWhole: true };
      },
    },
    ...system,
  });
  return programs.find(inode, 'made' in system ? system.made : 1000, async () => system.isConnected ?? true);
}

const isEditor = () => ({ id: `${join(folder, 'editor')}#sha256:ab12`, name: 'editor', kind: 'program' });

describe('the process behind a socket [C1]', () => {
  it('one that holds it is found, among others', async () => {
    lay(20, { socket: 1, executable: file('other') });
    lay(21);
    expect(await find()).toMatchObject(isEditor());
  });

  it('a socket without a holder that we may inspect belongs to the unknown program', async () => {
    lay(20, { socket: 1 });
    expect(await find()).toEqual(unknownProgram);
  });

  it('several with the same executable are one program, with different ones it is unknown', async () => {
    lay(20);
    lay(21);
    expect(await find()).toMatchObject(isEditor());
    lay(22, { executable: file('other') });
    expect(await find()).toEqual(unknownProgram);
  });

  it('a process of another user among them makes the program unknown', async () => {
    lay(20);
    lay(21, { uid: 0 });
    expect(await find()).toEqual(unknownProgram);
  });

  it('more processes than any program has are not looked at', async () => {
    for (let pid = 20; pid < 37; pid += 1) lay(pid);
    expect(await find()).toEqual(unknownProgram);
    rmSync(join(proc, '20'), { recursive: true });
    expect(await find()).toMatchObject(isEditor());
  });

  it.each<[string, string]>([
    ['the descriptors of any process', '21/fd'],
    ['the threads of the one that holds it', '20/task'],
  ])('when %s cannot be read for want of something, nobody is found', async (_what, name) => {
    lay(20, { threads: [5] });
    lay(21, { socket: 1, executable: file('other') });
    expect(await find()).toMatchObject(isEditor());
    // A link to itself: an error that says nothing of the process, as too many open files would.
    const unreadable = join(proc, name);
    rmSync(unreadable, { recursive: true });
    symlinkSync(unreadable, unreadable);
    expect(await callerWith(() => find()).program()).toEqual(unknownProgram);
  });

  it('an executable that is not the file at its path is unknown', async () => {
    lay(20, { executable: join(folder, 'nowhere') });
    expect(await find()).toEqual(unknownProgram);
  });
});

describe('a look at a process that several wait for [C12]', () => {
  it('is never older than the question', async () => {
    lay(20, { threads: [5] });
    const programs = new LinuxPrograms({
      ownUid: 1000,
      proc,
      entries: { labelOf: async () => undefined, labelIn: async () => undefined },
      hashes: { ofProgram: async () => ({ hash: 'ab12', isWhole: true }) },
    });
    const ask = () => programs.find(inode, 1000, async () => true);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining(isEditor())),
    );
    const during = ask();
    lay(20, { threads: [5], tracer: 77 });
    expect(await ask()).toMatchObject({ ...isEditor(), isDebugged: true });
    await during;
    lay(20, { threads: [5], executable: file('other') });
    expect(await ask()).toMatchObject({ name: 'other' });
  });
});

describe('a program with very many descriptors or threads holds nothing else up [C12]', () => {
  it('threads, each of which could have opened the socket', async () => {
    lay(20, { flags: inherited, threads: Array.from({ length: 4000 }, () => 5000) });
    const turns = [performance.now()];
    let isOver = false;
    const others = (async () => {
      for (; !isOver; turns.push(performance.now())) await setImmediate();
    })();
    await find();
    isOver = true;
    await others;
    const waits = turns.slice(1).map((turn, index) => turn - (turns[index] ?? 0));
    // Of the whole time, as a busy machine makes all of it longer.
    expect(Math.max(...waits)).toBeLessThan(((turns.at(-1) ?? 0) - (turns[0] ?? 0)) / 2);
  });
});

describe('what changes during the look-up makes the program unknown [C9]', () => {
  it.each<[string, () => void]>([
    ['the process has gone', () => rmSync(join(proc, '20'), { recursive: true })],
    ['another process has its number', () => lay(20, { started: 200 })],
    ['another process has its number and no socket', () => lay(20, { started: 200, socket: 1 })],
    ['it has closed the socket', () => rmSync(join(proc, '20', 'fd', '3'))],
    ['it has another socket under the same descriptor', () => lay(20, { socket: 1 })],
    ['it has become another program', () => lay(20, { executable: file('other') })],
    [
      'its file was replaced',
      () => {
        writeFileSync(join(folder, 'new'), '');
        renameSync(join(folder, 'new'), join(folder, 'editor'));
      },
    ],
    ['it has become another user', () => lay(20, { uid: 0 })],
    ['it was stopped', () => lay(20, { state: 'T' })],
  ])('%s', async (_name, meanwhile) => {
    lay(20);
    expect(await find()).toMatchObject(isEditor());
    expect(await find({ meanwhile })).toEqual(unknownProgram);
  });

  it('the connection has gone', async () => {
    lay(20);
    expect(await find({ isConnected: false })).toEqual(unknownProgram);
  });
});

describe('a socket that a program was started with [C8]', () => {
  it.each<[string, Laid, boolean]>([
    ['one thread, close-on-exec', {}, true],
    ['one thread, not close-on-exec', { flags: inherited }, false],
    ['threads as young as the connection, close-on-exec', { threads: [1001] }, true],
    ['a thread that is older than the connection', { flags: inherited, threads: [2000, 999] }, true],
    ['a thread of the tick of the connection', { flags: inherited, threads: [1000] }, false],
    ['all other threads younger than the connection', { flags: inherited, threads: [1001] }, false],
    [
      'close-on-exec, also of the standard streams, as Node sets it on what it inherits',
      { streams: closeOnExec },
      false,
    ],
    ['the same with young threads', { streams: closeOnExec, threads: [1000] }, false],
    ['the same with an older thread', { streams: closeOnExec, threads: [999] }, true],
    ['close-on-exec, no standard streams', { streams: 'closed' }, false],
  ])('%s', async (_name, laid, isItsOwn) => {
    lay(20, laid);
    expect(await find({ made: 1000 })).toMatchObject(isItsOwn ? isEditor() : unknownProgram);
  });

  it('under two descriptors it must have close-on-exec for both', async () => {
    lay(20, { threads: [1000] });
    symlinkSync(`socket:[${inode}]`, join(proc, '20', 'fd', '4'));
    writeFileSync(join(proc, '20', 'fdinfo', '4'), `flags:\t${inherited}\n`);
    expect(await find()).toEqual(unknownProgram);
    writeFileSync(join(proc, '20', 'fdinfo', '4'), `flags:\t${closeOnExec}\n`);
    expect(await find()).toMatchObject(isEditor());
  });

  it('linked statically it must have close-on-exec, however old its threads are', async () => {
    const executable = file('editor', loaded);
    lay(20, { executable, flags: inherited, threads: [5] });
    expect(await find()).toEqual(unknownProgram);
    lay(20, { executable, threads: [5] });
    expect(await find()).toMatchObject(isEditor());
  });

  it('when the connection was made is not known: it must have close-on-exec', async () => {
    lay(20, { flags: inherited, threads: [5] });
    expect(await find({ made: undefined })).toEqual(unknownProgram);
    lay(20);
    expect(await find({ made: undefined })).toMatchObject(isEditor());
  });

  it('a program that acts for whatever drives it may have been handed its socket', async () => {
    lay(20, { executable: file('curl'), flags: inherited });
    expect(await find()).toMatchObject({ kind: 'httpClient', lasting: 'hours' });
  });
});

describe('a program that does not run by itself [C11]', () => {
  it.each(['T', 't'])(
    'one that is stopped (%s) is nobody, and so is what it holds together with another',
    async (state) => {
      lay(20, { state, threads: [5] });
      expect(await find()).toEqual(unknownProgram);
      lay(21);
      expect(await find()).toEqual(unknownProgram);
      lay(20);
      expect(await find()).toMatchObject(isEditor());
    },
  );

  it.each<[string, Laid]>([
    ['runs', { tracer: 77 }],
    ['stands', { tracer: 77, state: 't' }],
  ])('one that %s in a debugger is known, as another run that may be allowed once', async (_name, laid) => {
    lay(20, laid);
    expect(await find()).toMatchObject({
      ...isEditor(),
      lasting: 'once',
      isDebugged: true,
      process: '20@100 debugged',
    });
    lay(20, { ...laid, executable: file('node') });
    expect(await find()).toMatchObject({ kind: 'interpreter', lasting: 'once', isDebugged: true });
    lay(20, { ...laid, executable: file('firefox') });
    expect(await find()).toMatchObject({ kind: 'browser', lasting: 'never' });
  });

  it('the command of one that is debugged is asked about as that', async () => {
    lay(20, { socket: 1, threads: [100], tracer: 77 });
    lay(30, { executable: file('loopgate'), started: 300, parent: 20 });
    expect(await find({ ownCommand: file('loopgate') })).toMatchObject({
      ...isEditor(),
      lasting: 'once',
      isDebugged: true,
    });
  });
});

describe('the command loopgate [C6]', () => {
  const command = () => ({ ownCommand: file('loopgate') });
  const laid = (more: Laid = {}): Laid => ({ executable: file('loopgate'), started: 300, parent: 20, ...more });
  const parent: Laid = { socket: 1, threads: [100] };

  it('acts for its parent process, also through another loopgate', async () => {
    lay(20, parent);
    lay(30, laid());
    expect(await find(command())).toMatchObject(isEditor());
    lay(30, laid({ socket: 1 }));
    lay(31, laid({ parent: 30 }));
    expect(await find(command())).toMatchObject(isEditor());
  });

  it('another program of that name is itself, and shown by its path', async () => {
    lay(20, parent);
    mkdirSync(join(folder, 'evil'));
    lay(30, laid({ executable: file('evil/loopgate') }));
    const path = join(folder, 'evil', 'loopgate');
    expect(await find(command())).toMatchObject({ name: path, path });
  });

  it.each<[string, Laid, Laid]>([
    ['has left, and the first process has taken its child', parent, { parent: 1 }],
    ['is younger than its child: its number was given away', { ...parent, started: 301 }, {}],
    ['is another user', { ...parent, uid: 0 }, {}],
    ['has gone', parent, { parent: 99 }],
  ])('it acts for no program when its parent %s', async (_name, ofParent, ofCommand) => {
    lay(20, ofParent);
    lay(30, laid(ofCommand));
    expect(await find(command())).toEqual(unknownProgram);
  });

  it('it acts for no program when its parent may have become another program since it started it', async () => {
    lay(30, laid());
    lay(20, { ...parent, threads: [] });
    expect(await find(command())).toEqual(unknownProgram);
    lay(20, { ...parent, threads: [300] });
    expect(await find(command())).toEqual(unknownProgram);
    // A shell acts for whatever drives it in any case.
    lay(20, { ...parent, threads: [], executable: file('bash') });
    expect(await find(command())).toMatchObject({ kind: 'shell', lasting: 'hours' });
  });

  it('within a tick the numbers tell whether a thread of its parent was there before it', async () => {
    // The thread has the number 2000.
    lay(20, { ...parent, threads: [300] });
    for (const [number, isKnown] of [
      [2001, true],
      [1999, false],
      // The numbers have wrapped around since.
      [32_000, false],
    ] as const) {
      lay(number, laid());
      expect(await find(command()), String(number)).toMatchObject(isKnown ? isEditor() : unknownProgram);
      rmSync(join(proc, String(number)), { recursive: true });
    }
  });

  it('it acts for no program when the session’s process has taken it', async () => {
    lay(20, { ...parent, executable: file('systemd') });
    lay(30, laid());
    expect(await find(command())).toEqual(unknownProgram);
  });

  it('it acts for no program when it was started with its socket, or starts itself on and on', async () => {
    lay(20, parent);
    lay(30, laid({ flags: '02' }));
    expect(await find(command())).toEqual(unknownProgram);
    lay(30, laid({ parent: 30 }));
    expect(await find(command())).toEqual(unknownProgram);
  });
});

describe('names [C13]', () => {
  it('an Electron with an app of its own is called by its folder, one without is an interpreter', async () => {
    mkdirSync(join(folder, 'notes'));
    lay(20, { executable: file('notes/electron'), argv: ['electron', 'app'], threads: [1] });
    expect(await find()).toMatchObject({ kind: 'interpreter', claim: join(folder, 'app') });
    mkdirSync(join(folder, 'notes', 'resources'));
    file('notes/resources/app.asar');
    expect(await find()).toMatchObject({ kind: 'program', name: 'notes' });
  });

  it('no desktop entry renames an interpreter', async () => {
    const entries = { labelOf: async () => ({ name: 'Visual Studio Code' }), labelIn: async () => undefined };
    lay(20, { executable: file('node') });
    expect(await find({ entries })).toMatchObject({ name: 'node', kind: 'interpreter' });
    lay(20);
    expect(await find({ entries })).toMatchObject({ name: 'Visual Studio Code' });
  });

  it('a folder that is called like an AppImage’s mount is a folder [C7]', async () => {
    const entries = { labelOf: async () => undefined, labelIn: async () => ({ name: 'Notes' }) };
    const mount = join(folder, '.mount_NotesAAbbCC');
    mkdirSync(mount);
    lay(20, { executable: file('.mount_NotesAAbbCC/notes') });
    expect(await find({ entries })).toMatchObject({ id: `${mount}/notes#sha256:ab12`, name: 'notes' });
  });

  it('a name that cannot be had keeps no program unknown [C12]', async () => {
    const labelOf = async () => {
      throw new Error('A file system does not answer.');
    };
    lay(20);
    expect(await find({ entries: { labelOf, labelIn: labelOf } })).toMatchObject(isEditor());
  });
});

describe('/proc/<pid>/stat [C1]', () => {
  it.each<[string, ReturnType<typeof processStatus>]>([
    [stat(7, 6, 55), { parent: 6, started: 55 }],
    [stat(7, 6, 55).replace('(a) b)', '(evil) S 1 2 3)'), { parent: 6, started: 55 }],
    ['', undefined],
    ['7 (a) S 1', undefined],
  ])('%j', (line, status) => {
    expect(processStatus(line)).toEqual(status);
  });
});
