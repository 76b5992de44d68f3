import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unknownProgram } from '../access/program.ts';
import { LinuxPrograms, type LinuxSystem, processStatus } from './programLinux.ts';

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

interface Laid {
  readonly executable?: string;
  readonly started?: number;
  readonly parent?: number;
  readonly uid?: number;
  readonly socket?: number;
  readonly flags?: string;
  readonly argv?: readonly string[];
  /** What it does, in the kernel's letter: by default it sleeps. */
  readonly state?: string;
  /** Start times of further threads. */
  readonly threads?: readonly number[];
}

const stat = (pid: number, parent: number, started: number, state = 'S') =>
  `${pid} (a) b) ${state} ${parent} ${'0 '.repeat(17)}${started} 0 0\n`;

function lay(pid: number, laid: Laid = {}): void {
  const { executable = file('editor'), started = 100, parent = 1, uid = 1000, socket = inode } = laid;
  const own = join(proc, String(pid));
  rmSync(own, { recursive: true, force: true });
  for (const name of ['fd', 'fdinfo', `task/${pid}`, 'ns', 'root']) mkdirSync(join(own, name), { recursive: true });
  writeFileSync(join(own, 'stat'), stat(pid, parent, started, laid.state));
  writeFileSync(join(own, 'status'), `Name:\ta\nUid:\t1000\t${uid}\t1000\t1000\n`);
  writeFileSync(join(own, 'cmdline'), (laid.argv ?? ['editor']).map((argument) => `${argument}\0`).join(''));
  writeFileSync(join(own, 'fdinfo', '3'), `pos:\t0\nflags:\t${laid.flags ?? closeOnExec}\nmnt_id:\t9\n`);
  symlinkSync(executable, join(own, 'exe'));
  symlinkSync(folder, join(own, 'cwd'));
  symlinkSync(`socket:[${socket}]`, join(own, 'fd', '3'));
  for (const [index, start] of (laid.threads ?? []).entries()) {
    const thread = pid * 100 + index;
    mkdirSync(join(own, 'task', String(thread)));
    writeFileSync(join(own, 'task', String(thread), 'stat'), stat(thread, parent, start));
  }
}

function file(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, name, { flag: 'a' });
  return path;
}

/** Looks the socket up; `meanwhile` happens after everything has been read, and before it is checked. */
function find(
  system: Partial<LinuxSystem> & { meanwhile?: () => void; isConnected?: boolean; connected?: number } = {},
) {
  const programs = new LinuxPrograms({
    ownUid: 1000,
    proc,
    entries: { labelOf: async () => undefined, labelIn: async () => undefined },
    hashes: {
      async ofProgram() {
        system.meanwhile?.();
        return 'ab12';
      },
    },
    ...system,
  });
  return programs.find(inode, system.connected ?? 10, async () => system.isConnected ?? true);
}

const isEditor = () => ({ id: `${join(folder, 'editor')}#sha256:ab12`, name: 'editor', kind: 'program' });

describe('section P: the process behind a socket', () => {
  it('section P: one that holds it is found, among others', async () => {
    lay(20, { socket: 1, executable: file('other') });
    lay(21);
    expect(await find()).toMatchObject(isEditor());
  });

  it('section P: a socket that nobody holds whom we may look at is nobody’s', async () => {
    lay(20, { socket: 1 });
    expect(await find()).toEqual(unknownProgram);
  });

  it('section P: several with the same executable are one program, with another one nobody', async () => {
    lay(20);
    lay(21);
    expect(await find()).toMatchObject(isEditor());
    lay(22, { executable: file('other') });
    expect(await find()).toEqual(unknownProgram);
  });

  it('section P: a process of another user among them makes it nobody’s', async () => {
    lay(20);
    lay(21, { uid: 0 });
    expect(await find()).toEqual(unknownProgram);
  });

  it('section P: more processes than any program has are not looked at', async () => {
    for (let pid = 20; pid < 37; pid += 1) lay(pid);
    expect(await find()).toEqual(unknownProgram);
    rmSync(join(proc, '20'), { recursive: true });
    expect(await find()).toMatchObject(isEditor());
  });

  it('section P: what is not the file that its path names is nobody', async () => {
    lay(20, { executable: join(folder, 'nowhere') });
    expect(await find()).toEqual(unknownProgram);
  });
});

describe('section P: a program that has very many of something holds nobody up', () => {
  it('section P: threads, each of which could have opened the socket', async () => {
    lay(20, { threads: Array.from({ length: 4000 }, () => 5000) });
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

describe('section P: what changes while it is looked at is nobody', () => {
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
  ])('section P: %s', async (_name, meanwhile) => {
    lay(20);
    expect(await find()).toMatchObject(isEditor());
    expect(await find({ meanwhile })).toEqual(unknownProgram);
  });

  it('section P: the connection has gone', async () => {
    lay(20);
    expect(await find({ isConnected: false })).toEqual(unknownProgram);
  });
});

describe('section P: a socket that a program was started with', () => {
  const inherited = '02';

  it.each<[string, Laid, boolean]>([
    ['one thread, close-on-exec', {}, true],
    ['one thread, not close-on-exec', { flags: inherited }, false],
    ['a thread that is older than the connection', { flags: inherited, threads: [2000, 999] }, true],
    ['all other threads younger than the connection', { flags: inherited, threads: [1001] }, false],
    ['the same with close-on-exec, which Node sets on what it inherits', { threads: [1001] }, false],
    ['one thread that runs, as Node before it has more on a busy machine', { state: 'R' }, false],
    ['one thread that was stopped before it has more', { state: 'T' }, false],
  ])('section P: %s', async (_name, laid, isItsOwn) => {
    lay(20, laid);
    expect(await find({ connected: 10 })).toMatchObject(isItsOwn ? isEditor() : unknownProgram);
  });

  it('section P: what speaks for whoever drives it may have been handed its socket', async () => {
    lay(20, { executable: file('curl'), flags: inherited });
    expect(await find()).toMatchObject({ kind: 'httpClient', lasting: 'hours' });
  });
});

describe('section P: the command loopgate', () => {
  const command = () => ({ ownCommand: file('loopgate') });
  const laid = (more: Laid = {}): Laid => ({ executable: file('loopgate'), started: 300, parent: 20, ...more });
  const parent: Laid = { socket: 1, threads: [100] };

  it('section P: acts for its parent process, also through another loopgate', async () => {
    lay(20, parent);
    lay(30, laid());
    expect(await find(command())).toMatchObject(isEditor());
    lay(30, laid({ socket: 1 }));
    lay(31, laid({ parent: 30 }));
    expect(await find(command())).toMatchObject(isEditor());
  });

  it('section P: another program of that name is itself', async () => {
    lay(20, parent);
    mkdirSync(join(folder, 'evil'));
    lay(30, laid({ executable: file('evil/loopgate') }));
    expect(await find(command())).toMatchObject({ name: 'loopgate', path: join(folder, 'evil', 'loopgate') });
  });

  it.each<[string, Laid, Laid]>([
    ['has left, and the first process has taken its child', parent, { parent: 1 }],
    ['is younger than its child: its number was given away', { ...parent, started: 301 }, {}],
    ['is another user', { ...parent, uid: 0 }, {}],
    ['has gone', parent, { parent: 99 }],
  ])('section P: it acts for nobody when its parent %s', async (_name, ofParent, ofCommand) => {
    lay(20, ofParent);
    lay(30, laid(ofCommand));
    expect(await find(command())).toEqual(unknownProgram);
  });

  it('section P: it acts for nobody when its parent may have become another program since it started it', async () => {
    lay(30, laid());
    lay(20, { ...parent, threads: [] });
    expect(await find(command())).toEqual(unknownProgram);
    lay(20, { ...parent, threads: [301] });
    expect(await find(command())).toEqual(unknownProgram);
    // A shell speaks for whoever drives it in any case.
    lay(20, { ...parent, threads: [], executable: file('bash') });
    expect(await find(command())).toMatchObject({ kind: 'shell', lasting: 'hours' });
  });

  it('section P: it acts for nobody when the session’s process has taken it', async () => {
    lay(20, { ...parent, executable: file('systemd') });
    lay(30, laid());
    expect(await find(command())).toEqual(unknownProgram);
  });

  it('section P: it acts for nobody when it was started with its socket, or starts itself on and on', async () => {
    lay(20, parent);
    lay(30, laid({ flags: '02' }));
    expect(await find(command())).toEqual(unknownProgram);
    lay(30, laid({ parent: 30 }));
    expect(await find(command())).toEqual(unknownProgram);
  });
});

describe('section P: names', () => {
  it('section P: an Electron with an app of its own is called by its folder, one without is an interpreter', async () => {
    mkdirSync(join(folder, 'notes'));
    lay(20, { executable: file('notes/electron'), argv: ['electron', 'app'], threads: [1] });
    expect(await find()).toMatchObject({ kind: 'interpreter', claim: join(folder, 'app') });
    mkdirSync(join(folder, 'notes', 'resources'));
    file('notes/resources/app.asar');
    expect(await find()).toMatchObject({ kind: 'program', name: 'notes' });
  });

  it('section P: no desktop entry renames an interpreter', async () => {
    const entries = { labelOf: async () => ({ name: 'Visual Studio Code' }), labelIn: async () => undefined };
    lay(20, { executable: file('node') });
    expect(await find({ entries })).toMatchObject({ name: 'node', kind: 'interpreter' });
    lay(20);
    expect(await find({ entries })).toMatchObject({ name: 'Visual Studio Code' });
  });

  it('section P: an AppImage is one program from mount to mount, called what it carries', async () => {
    const entries = { labelOf: async () => undefined, labelIn: async () => ({ name: 'Notes' }) };
    const ids: string[] = [];
    for (const mount of ['.mount_NotesAAbbCC', '.mount_NotesDDeeFF']) {
      mkdirSync(join(folder, mount));
      lay(20, { executable: file(`${mount}/notes`) });
      const { id, name } = await find({ entries });
      expect(name).toBe('Notes');
      ids.push(id);
    }
    expect(ids).toEqual(Array.from({ length: 2 }, () => `${folder}/.mount_Notes*/notes#sha256:ab12`));
  });
});

describe('section P: /proc/<pid>/stat', () => {
  it.each<[string, ReturnType<typeof processStatus>]>([
    [stat(7, 6, 55), { state: 'S', parent: 6, started: 55 }],
    [stat(7, 6, 55).replace('(a) b)', '(evil) S 1 2 3)'), { state: 'S', parent: 6, started: 55 }],
    ['', undefined],
    ['7 (a) S 1', undefined],
  ])('section P: %j', (line, status) => {
    expect(processStatus(line)).toEqual(status);
  });
});
