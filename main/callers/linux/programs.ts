import { type BigIntStats, readFileSync, readlinkSync } from 'node:fs';
import { constants, open, readFile, readlink, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { buildProgram, type Program, type ProgramKind, unknownProgram } from '../../access/program.ts';
import { kindOf } from '../../access/programKinds.ts';
import { appImageRoot, baseName } from '../../access/programPaths.ts';
import { scriptOf } from '../../access/scripts.ts';
import { type ExecutableHashes, hasOwnApp, isStatic, onlyRootCanWrite } from '../executables.ts';
import { sharedRead } from '../sharedRead.ts';
import type { DesktopEntries, Label } from './desktopEntries.ts';
import { Slices } from './eventLoop.ts';
import { type Holder, listOrNothing, processStatus, socketInode, walkSockets } from './processes.ts';

/** More processes with one socket than any program has. */
const maxHolders = 16;
/** How often a program of ours may stand between the command and the process that it acts for. */
const maxSteps = 4;
/** `O_CLOEXEC` in /proc/<pid>/fdinfo. */
const closeOnExec = 0o2000000;
/** More processes are never started in one tick: numbers that differ by more have begun anew in between. */
const maxInOneTick = 10_000;

/** An executable, as the kernel says. */
interface RunningExecutable {
  readonly pid: number;
  /** Ticks since boot. With the pid it tells a process from one that came after it. */
  readonly started: number;
  /** The path at which this very file is, or was when it was deleted. */
  readonly path: string;
  /** The file, also when it is not at its path any more. */
  readonly file: string;
  readonly status: BigIntStats;
  /** It was stopped, and by no debugger. */
  readonly isStopped: boolean;
  /** A debugger holds it, which can make it do anything. */
  readonly isDebugged: boolean;
}

/** What the look-up needs. */
export interface LinuxSystem {
  readonly ownUid: number;
  readonly entries: Pick<DesktopEntries, 'labelOf' | 'labelIn'>;
  readonly hashes: Pick<ExecutableHashes, 'ofProgram'>;
  /** The executable of the command `loopgate`, which acts for its parent process. It must not be a script. */
  readonly ownCommand?: string;
  /** Where the kernel shows its processes. */
  readonly proc?: string;
}

/** Linux: from the inode of a socket to the program that holds it, by /proc. */
export class LinuxPrograms {
  readonly #system: LinuxSystem;
  readonly #proc: string;
  readonly #walk: () => Promise<Map<number, Holder[]>>;

  constructor(system: LinuxSystem) {
    this.#system = system;
    this.#proc = system.proc ?? '/proc';
    this.#walk = sharedRead(() => walkSockets(this.#proc));
  }

  /**
   * The program that holds a socket; the unknown one when that is not certain. Processes may hold it together, when all of
   * them run the same executable. What is read is only used when the same processes still hold it afterwards.
   * @param made - a time before which the connection was not made, in ticks since the system's start; undefined: not known
   * @param isStillConnected - asked at the end: is the socket still the caller's end of this connection?
   */
  async find(inode: number, made: number | undefined, isStillConnected: () => Promise<boolean>): Promise<Program> {
    const holders = (await this.#walk()).get(inode) ?? [];
    if (holders.length === 0 || holders.length > maxHolders) return unknownProgram;
    const found = await Promise.all(holders.map(({ pid }) => this.#executableOf(pid)));
    const executables = found.filter((executable) => executable !== undefined);
    const [first] = executables;
    if (!first || executables.length < holders.length) return unknownProgram;
    // What a running program does with a descriptor that it is sent, it has soon done; one that is stopped keeps it.
    if (executables.some(({ isStopped }) => isStopped)) return unknownProgram;

    const start = (await this.#isOwnCommand(first)) ? await this.#startOf(first) : undefined;
    const speaker = start ? start.parent : first;
    if (!speaker) return unknownProgram;
    const isDebugged = [...executables, speaker].some((one) => one.isDebugged);
    const program = await this.#identify(speaker, isDebugged);
    // Whoever starts the command and then becomes an allowed program would be taken for that one. A thread that is older than
    // the command proves that there was no such change; what has one thread is asked about each time.
    if (
      start &&
      program.kind === 'program' &&
      !(await this.#hasThreadBefore(speaker.pid, start.child.started, start.child.pid))
    )
      return unknownProgram;
    // What speaks for whoever drives it may have been handed its socket: that is what it is asked about for.
    const mustBeItsOwn = program.kind === 'program' || speaker !== first;
    if (mustBeItsOwn && !(await this.#someOpened(holders, first, made))) return unknownProgram;

    const stillHeld = await Promise.all(
      holders.map(async (holder, index) => {
        const now = await this.#executableOf(holder.pid);
        const isSame = now !== undefined && now.started === executables[index]?.started && isSameFile(now, first);
        return isSame && !now.isStopped && (await this.#holds(holder, inode));
      }),
    );
    return !stillHeld.includes(false) && (await isStillConnected()) ? program : unknownProgram;
  }

  /**
   * Did one of these processes open the socket itself? A program can connect, ask, and then start another one with the socket
   * in its hand, or become it, which would be taken for the one that asked. There are two proofs that it did not.
   *
   * Close-on-exec: no socket that has it survives such a start. Node, and Electron as Node, set it on whatever they inherit (seen), so
   * that it proves nothing where the standard streams have it too, which every program inherits.
   *
   * A thread that began before the connection: such a start ends every thread but the first. It is compared with when the
   * connection was made at the earliest. What is linked statically must have close-on-exec: a socket can also be handed on
   * before it is connected, to a program that is started for it. Whoever starts one that is linked dynamically can load into
   * it what they like, and need no socket for that.
   */
  async #someOpened(
    holders: readonly Holder[],
    { file }: RunningExecutable,
    made: number | undefined,
  ): Promise<boolean> {
    // One after the other: slices of several at once would be one long one.
    for (const holder of holders) if (await this.#closesOnStart(holder)) return true;
    if (made === undefined || (await isStatic(file))) return false;
    for (const { pid } of holders) if (await this.#hasThreadBefore(pid, made)) return true;
    return false;
  }

  /** In slices, as all that is done for each of what a process can have tens of thousands of. */
  async #holds({ pid, descriptors }: Holder, inode: number): Promise<boolean> {
    const slices = new Slices();
    for (const descriptor of descriptors) {
      if (socketInode(join(this.#proc, String(pid), 'fd', descriptor)) === inode) return true;
      if (slices.isOver) await slices.next();
    }
    return false;
  }

  /**
   * Whether a process has a thread, beside its first one, that began before a moment.
   * @param moment - in ticks since the system's start
   * @param child - a process that began in this tick, which tells what came before it: numbers are given in turn
   */
  async #hasThreadBefore(pid: number, moment: number, child = 0): Promise<boolean> {
    const slices = new Slices();
    for (const thread of this.#threadsOf(pid)) {
      if (thread === String(pid)) continue;
      const started = processStatus(this.#kernelText(pid, `task/${thread}/stat`))?.started;
      // A thread that began in a tick began before the next one, and maybe no sooner.
      if (started !== undefined && started + 1 <= moment) return true;
      const ahead = child - Number(thread);
      if (started === moment && ahead > 0 && ahead < maxInOneTick) return true;
      if (slices.isOver) await slices.next();
    }
    return false;
  }

  /** Whether a process has close-on-exec for the socket, and not because it sets it on whatever it inherits. */
  async #closesOnStart({ pid, descriptors }: Holder): Promise<boolean> {
    const slices = new Slices();
    for (const descriptor of descriptors) {
      if (this.#hasCloseOnExec(pid, descriptor) !== true) return false;
      if (slices.isOver) await slices.next();
    }
    // After the socket: whoever sets it on all begins with these.
    return ['0', '1', '2'].some((stream) => this.#hasCloseOnExec(pid, stream) === false);
  }

  /** Undefined when there is no such descriptor. */
  #hasCloseOnExec(pid: number, descriptor: string): boolean | undefined {
    const flags = /^flags:\s*([0-7]+)/m.exec(this.#kernelText(pid, `fdinfo/${descriptor}`))?.[1];
    return flags === undefined ? undefined : (Number.parseInt(flags, 8) & closeOnExec) !== 0;
  }

  #threadsOf(pid: number): string[] {
    return listOrNothing(join(this.#proc, String(pid), 'task'));
  }

  /** The executable of a process of our own user; undefined when it cannot be known for certain. */
  async #executableOf(pid: number): Promise<RunningExecutable | undefined> {
    const file = join(this.#proc, String(pid), 'exe');
    try {
      const process = processStatus(this.#kernelText(pid, 'stat'));
      const lines = this.#kernelText(pid, 'status');
      const effectiveUid = /^Uid:\s+\d+\s+(\d+)/m.exec(lines)?.[1];
      if (!process || Number(effectiveUid) !== this.#system.ownUid) return undefined;
      const link = readlinkSync(file);
      const status = await stat(file, { bigint: true });
      const path = await this.#pathOf(pid, link, status);
      const isDebugged = /^TracerPid:\s+[1-9]/m.test(lines);
      const isStopped = !isDebugged && /[Tt]/.test(process.state);
      return path === undefined
        ? undefined
        : { pid, started: process.started, path, file, status, isStopped, isDebugged };
    } catch {
      return undefined;
    }
  }

  /**
   * Where the file of an executable is in our own folders. The link alone proves nothing: any program can run in a mount
   * namespace of its own, where its file is called /usr/bin/whatever.
   */
  async #pathOf(pid: number, link: string, status: BigIntStats): Promise<string | undefined> {
    const isThere = async (path: string) => {
      const found = await stat(path, { bigint: true }).catch(() => undefined);
      return found?.dev === status.dev && found.ino === status.ino;
    };
    if (await isThere(link)) return link;
    const deleted = /^(\/.*) \(deleted\)$/s.exec(link)?.[1];
    // An update has replaced it while it ran.
    if (deleted !== undefined) return (await this.#isInOurNamespace(pid)) ? deleted : undefined;
    // A flatpak says where its folders come from: a hint, which the file itself then proves.
    const info = await readSmallFile(join(this.#proc, String(pid), 'root', '.flatpak-info')).catch(() => '');
    for (const [inside, key] of [
      ['/app/', 'app-path'],
      ['/usr/', 'runtime-path'],
    ] as const) {
      const outside = new RegExp(`^${key}=(/.*)$`, 'm').exec(info)?.[1];
      if (outside === undefined || !link.startsWith(inside)) continue;
      const path = join(outside, link.slice(inside.length));
      if (await isThere(path)) return path;
    }
    return undefined;
  }

  async #isInOurNamespace(pid: number): Promise<boolean> {
    const [theirs, ours] = await Promise.all(
      [String(pid), 'self'].map((name) => readlink(join(this.#proc, name, 'ns', 'mnt'))),
    );
    return theirs === ours;
  }

  async #isOwnCommand({ status }: RunningExecutable): Promise<boolean> {
    if (this.#system.ownCommand === undefined) return false;
    const own = await stat(this.#system.ownCommand, { bigint: true }).catch(() => undefined);
    return own?.dev === status.dev && own.ino === status.ino;
  }

  /**
   * Who started our own command, and the process that it started: the nearest ancestor that is another program. No parent
   * when it has left, so that the system's first process or the session's one has taken its child.
   */
  async #startOf(
    command: RunningExecutable,
  ): Promise<{ parent: RunningExecutable | undefined; child: RunningExecutable }> {
    let child = command;
    const nobody = { parent: undefined, child };
    for (let step = 0; step < maxSteps; step += 1) {
      const parentPid = this.#parentPidOf(child);
      const parent = parentPid === undefined ? undefined : await this.#executableOf(parentPid);
      if (!parent || parent.started > child.started || baseName(parent.path) === 'systemd') return nobody;
      // Still the same child with the same parent: neither pid has been given to another process meanwhile.
      if (this.#parentPidOf(child) !== parentPid) return nobody;
      if (!(await this.#isOwnCommand(parent))) return { parent, child };
      child = parent;
    }
    return nobody;
  }

  #parentPidOf({ pid, started }: RunningExecutable): number | undefined {
    const now = processStatus(this.#kernelText(pid, 'stat'));
    return now?.started === started && now.parent > 1 ? now.parent : undefined;
  }

  async #identify(running: RunningExecutable, isDebugged: boolean): Promise<Program> {
    const { pid, started, path, file, status } = running;
    const kind = kindOf(path, await hasOwnApp(path));
    const isOnlyRoots = await onlyRootCanWrite(path, { file: status });
    const [hash, label, claim] = await Promise.all([
      isOnlyRoots ? undefined : this.#system.hashes.ofProgram(file, path),
      this.#labelOf(path, kind, isOnlyRoots),
      kind === 'interpreter' || kind === 'shell' ? this.#scriptOf(pid) : undefined,
    ]);
    const name = label?.name ?? nameByPath(path);
    const process = `${pid}@${started}`;
    const found = { path, kind, ...(hash !== undefined && { hash }), name, claim, icon: label?.icon, process };
    return buildProgram({ ...found, isDebugged });
  }

  /** An interpreter is never called what an entry says: one entry with its `Exec` would rename it. */
  async #labelOf(path: string, kind: ProgramKind, isOnlyRoots: boolean): Promise<Label | undefined> {
    if (kind !== 'program' && kind !== 'browser') return undefined;
    const mount = appImageRoot(path);
    return mount === undefined
      ? await this.#system.entries.labelOf(path, isOnlyRoots)
      : await this.#system.entries.labelIn(mount);
  }

  async #scriptOf(pid: number): Promise<string | undefined> {
    // Of the process's own memory, which may wait for a disk.
    const line = await readFile(join(this.#proc, String(pid), 'cmdline'), 'utf8').catch(() => '');
    const argv = line.split('\0').slice(0, -1);
    const script = scriptOf(argv);
    if (script === undefined || script.startsWith('-')) return script;
    const folder = await readlink(join(this.#proc, String(pid), 'cwd')).catch(() => undefined);
    return folder === undefined ? script : resolve(folder, script);
  }

  /**
   * What the kernel itself says of a process: empty when it has gone. Such reads never wait for a disk, and through the
   * thread pool they take ten times as long (seen: 1.3 ms against 0.13).
   */
  #kernelText(pid: number, name: string): string {
    try {
      return readFileSync(join(this.#proc, String(pid), name), 'utf8');
    } catch {
      return '';
    }
  }
}

/** Several programs share "electron" as the name of their executable: the folder of the app tells which one. */
function nameByPath(path: string): string {
  const name = baseName(path);
  return name === 'electron' ? baseName(dirname(path)) : name;
}

function isSameFile(one: RunningExecutable, other: RunningExecutable): boolean {
  return one.status.dev === other.status.dev && one.status.ino === other.status.ino && one.path === other.path;
}

/** A file that a stranger has laid out: it may be a pipe that nobody writes, or endless. */
async function readSmallFile(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    if (!(await handle.stat()).isFile()) throw new Error('This is not a file.');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16 * 1024), 0, 16 * 1024, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
