import { readlinkSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { buildProgram, type Program, type ProgramKind, unknownProgram } from '../../access/program.ts';
import { kindOf } from '../../access/programKinds.ts';
import { baseName } from '../../access/programPaths.ts';
import { scriptOf } from '../../access/scripts.ts';
import { nameFiles } from '../../system/strangersFiles.ts';
import { systemTimer, withTimeout } from '../../system/timeout.ts';
import {
  type ExecutableHashes,
  type FoundFile,
  fileAt,
  hasOwnApp,
  isStatic,
  onlyRootCanWrite,
} from '../executables.ts';
import { sharedRead } from '../sharedRead.ts';
import { type Condition, conditionOf } from './condition.ts';
import type { DesktopEntries, Label } from './desktopEntries.ts';
import { Slices } from './eventLoop.ts';
import { pathOutsideFlatpak } from './flatpak.ts';
import { appImageMount, type Mount, type MountedFile, mountedFile, mountOf, startOf } from './mounts.ts';
import { type Holder, listOrNothing, processStatus, socketInode, textOrNothing, walkSockets } from './processes.ts';

/** More processes than any program shares a socket with. */
const maxHolders = 16;
/** More processes than call at the same time. */
const maxLooks = 100;
/** How many programs of ours may stand between the command and the process that it acts for. */
const maxSteps = 4;
/** How much to read of a command line. */
const maxText = 64 * 1024;
/** `O_CLOEXEC` in /proc/<pid>/fdinfo. */
const closeOnExec = 0o2000000;
/**
 * One tick never starts more processes than this. With a larger difference, the numbers have wrapped around in between.
 */
const maxInOneTick = 10_000;

/** An executable, as the kernel reports it. */
interface RunningExecutable extends Condition, MountedFile {
  readonly pid: number;
  /** Ticks since boot. With the pid it tells a process from a later one with the same number. */
  readonly started: number;
  /** The current path of this very file, or its path when it was deleted. */
  readonly path: string;
  /** The file, even after it has left its path. */
  readonly file: string;
}

/** What the look-up needs from the system. */
export interface LinuxSystem {
  readonly ownUid: number;
  readonly entries: Pick<DesktopEntries, 'labelOf' | 'labelIn'>;
  readonly hashes: Pick<ExecutableHashes, 'ofProgram'>;
  /** The executable of the command `loopgate`, which acts for its parent process. It must not be a script. */
  readonly ownCommand?: string;
  /** The folder of the kernel's process information. */
  readonly proc?: string;
}

/** Linux: finds the program that holds a socket by its inode, through /proc. */
export class LinuxPrograms {
  readonly #system: LinuxSystem;
  readonly #proc: string;
  readonly #walk: () => Promise<Map<number, Holder[]>>;
  /** By the number of a process and when it began. */
  readonly #looks = new Map<string, () => Promise<RunningExecutable | undefined>>();

  constructor(system: LinuxSystem) {
    this.#system = system;
    this.#proc = system.proc ?? '/proc';
    this.#walk = sharedRead(() => walkSockets(this.#proc));
  }

  /**
   * Finds the program that holds a socket; the unknown one when in doubt. Several processes may hold it if all run the
   * same executable. The result counts only if the same processes still hold the socket afterwards.
   * @param made - a time before the connection was made, in ticks since the system started; undefined when unknown
   * @param isStillConnected - called at the end: whether the socket is still the caller's end of this connection
   */
  async find(inode: number, made: number | undefined, isStillConnected: () => Promise<boolean>): Promise<Program> {
    const holders = (await this.#walk()).get(inode) ?? [];
    if (holders.length === 0 || holders.length > maxHolders) return unknownProgram;
    const executables: RunningExecutable[] = [];
    // One after the other, here and below: several at once would hold the event loop together.
    for (const { pid } of holders) {
      const executable = await this.#executableOf(pid);
      // A running program soon closes a descriptor that another one sent it; a stopped one keeps it.
      if (!executable || executable.isStopped) return unknownProgram;
      executables.push(executable);
    }
    const [first] = executables;
    if (!first) return unknownProgram;

    const start = (await this.#isOwnCommand(first)) ? await this.#startOf(first) : undefined;
    const speaker = start ? start.parent : first;
    if (!speaker) return unknownProgram;
    const isDebugged = [...executables, speaker].some((one) => one.isDebugged);
    const program = await this.#identify(speaker, isDebugged);
    // A program could start the command and then become an allowed program. A thread older than the command proves that
    // it did not. Without such a thread, the person is asked each time.
    if (
      start &&
      program.kind === 'program' &&
      !(await this.#hasThreadBefore(speaker.pid, start.child.started, start.child.pid))
    )
      return unknownProgram;
    // A program that acts for whatever drives it may have been handed its socket: the question to the person covers that.
    const mustBeItsOwn = program.kind === 'program' || speaker !== first;
    if (mustBeItsOwn && !(await this.#someOpened(holders, first, made))) return unknownProgram;

    for (const [index, holder] of holders.entries()) {
      const now = await this.#executableOf(holder.pid);
      if (!now || now.started !== executables[index]?.started || !isSameFile(now, first)) return unknownProgram;
      if (now.isStopped || !(await this.#holds(holder, inode))) return unknownProgram;
    }
    return (await isStillConnected()) ? program : unknownProgram;
  }

  /**
   * Whether one of these processes opened the socket itself. A program can connect, send a request, and then pass the
   * socket to an allowed program that it starts or becomes. There are two proofs that this did not happen.
   *
   * Close-on-exec: a socket with this flag does not survive such a start. Node, and Electron as Node, set it on all
   * inherited descriptors (seen). So it proves nothing if the standard streams, which every program inherits, have it
   * too.
   *
   * A thread that began before the connection: such a start ends all threads but the first. The connection's earliest
   * possible time counts. A statically linked program needs close-on-exec, because a program can also start it with a
   * socket that connects later. An attacker that starts a dynamically linked one can inject code into it anyway, and
   * needs no socket for that.
   */
  async #someOpened(
    holders: readonly Holder[],
    { file }: RunningExecutable,
    made: number | undefined,
  ): Promise<boolean> {
    for (const holder of holders) if (await this.#closesOnStart(holder)) return true;
    if (made === undefined || (await isStatic((bytes) => startOf(file, bytes)))) return false;
    for (const { pid } of holders) if (await this.#hasThreadBefore(pid, made)) return true;
    return false;
  }

  /** In slices, because a process can have tens of thousands of descriptors. */
  async #holds({ pid, descriptors }: Holder, inode: number): Promise<boolean> {
    const slices = new Slices();
    for (const descriptor of descriptors) {
      if (socketInode(join(this.#proc, String(pid), 'fd', descriptor)) === inode) return true;
      if (slices.isOver) await slices.next();
    }
    return false;
  }

  /**
   * Whether a process has a thread, other than its first, that began before a moment.
   * @param moment - in ticks since the system started
   * @param child - a process that began in this tick. Numbers are given in turn, so it separates earlier threads from
   * later ones
   */
  async #hasThreadBefore(pid: number, moment: number, child = 0): Promise<boolean> {
    const slices = new Slices();
    for (const thread of this.#threadsOf(pid)) {
      if (thread === String(pid)) continue;
      const started = processStatus(this.#kernelText(pid, `task/${thread}/stat`))?.started;
      // Start times are whole ticks: a thread counts as older only if it began in an earlier tick.
      if (started !== undefined && started + 1 <= moment) return true;
      const ahead = child - Number(thread);
      if (started === moment && ahead > 0 && ahead < maxInOneTick) return true;
      if (slices.isOver) await slices.next();
    }
    return false;
  }

  /** Whether a process has close-on-exec on the socket, but not on every inherited descriptor. */
  async #closesOnStart({ pid, descriptors }: Holder): Promise<boolean> {
    const slices = new Slices();
    for (const descriptor of descriptors) {
      if (this.#hasCloseOnExec(pid, descriptor) !== true) return false;
      if (slices.isOver) await slices.next();
    }
    // After the socket: a program that sets it on all starts with these.
    return ['0', '1', '2'].some((stream) => this.#hasCloseOnExec(pid, stream) === false);
  }

  /** Undefined when the descriptor does not exist. */
  #hasCloseOnExec(pid: number, descriptor: string): boolean | undefined {
    const flags = /^flags:\s*([0-7]+)/m.exec(this.#kernelText(pid, `fdinfo/${descriptor}`))?.[1];
    return flags === undefined ? undefined : (Number.parseInt(flags, 8) & closeOnExec) !== 0;
  }

  #threadsOf(pid: number): string[] {
    return listOrNothing(join(this.#proc, String(pid), 'task'));
  }

  /**
   * The executable of a process of our own user; undefined when in doubt. One look serves all who wait for it: a process
   * may open a thousand connections.
   */
  async #executableOf(pid: number): Promise<RunningExecutable | undefined> {
    // A look may hang: not for a later process with this number.
    const process = `${pid}@${processStatus(this.#kernelText(pid, 'stat'))?.started}`;
    const look = this.#looks.get(process) ?? sharedRead(() => this.#lookAt(pid));
    if (this.#looks.size >= maxLooks) this.#looks.clear();
    this.#looks.set(process, look);
    return await look();
  }

  async #lookAt(pid: number): Promise<RunningExecutable | undefined> {
    const file = join(this.#proc, String(pid), 'exe');
    try {
      const process = processStatus(this.#kernelText(pid, 'stat'));
      const effectiveUid = /^Uid:\s+\d+\s+(\d+)/m.exec(this.#kernelText(pid, 'status'))?.[1];
      if (!process || Number(effectiveUid) !== this.#system.ownUid) return undefined;
      const link = readlinkSync(file);
      const { status, mount } = await mountedFile(file);
      const path = await this.#pathOf(pid, link, status, mount);
      if (path === undefined) return undefined;
      return { pid, started: process.started, path, file, status, mount, ...(await conditionOf(this.#proc, pid)) };
    } catch {
      return undefined;
    }
  }

  /**
   * Finds an executable's file in our own mount namespace. The link alone proves nothing: any program can run in its
   * own mount namespace, where its file has a path such as /usr/bin/anything.
   */
  async #pathOf(pid: number, link: string, status: FoundFile, mount: Mount | undefined): Promise<string | undefined> {
    const isThere = async (path: string) => {
      const found = await fileAt(path).catch(() => undefined);
      return found?.dev === status.dev && found.ino === status.ino;
    };
    if (await isThere(link)) return link;
    const deleted = /^(\/.*) \(deleted\)$/s.exec(link)?.[1];
    // An update replaced it while it ran. The path is one of ours only if its mount is.
    if (deleted !== undefined) return mount && deleted;
    // A hint, and the file itself then proves it.
    const outside = await pathOutsideFlatpak(join(this.#proc, String(pid), 'root'), link);
    return outside !== undefined && (await isThere(outside)) ? outside : undefined;
  }

  /** Whether an executable's path identifies it. */
  async #isOnlyRoots({ path, mount: own, status }: RunningExecutable): Promise<boolean> {
    if (!(await onlyRootCanWrite(path, { file: status }))) return false;
    // A sandboxed process, or a sandboxed Loopgate, found the same file through another mount.
    const mount = own ?? (await mountOf(path));
    return mount?.mayBeUsers === false;
  }

  async #isOwnCommand({ status }: RunningExecutable): Promise<boolean> {
    if (this.#system.ownCommand === undefined) return false;
    const own = await stat(this.#system.ownCommand, { bigint: true }).catch(() => undefined);
    return own?.dev === status.dev && own.ino === status.ino;
  }

  /**
   * Finds our own command and the program behind it: the nearest ancestor that runs another program. No parent if that
   * one has exited, and the system's or the session's first process has adopted the child.
   */
  async #startOf(
    command: RunningExecutable,
  ): Promise<{ parent: RunningExecutable | undefined; child: RunningExecutable }> {
    let child = command;
    const withoutParent = { parent: undefined, child };
    for (let step = 0; step < maxSteps; step += 1) {
      const parentPid = this.#parentPidOf(child);
      const parent = parentPid === undefined ? undefined : await this.#executableOf(parentPid);
      if (!parent || parent.started > child.started || baseName(parent.path) === 'systemd') return withoutParent;
      // Still the same child with the same parent: no other process has taken over either pid.
      if (this.#parentPidOf(child) !== parentPid) return withoutParent;
      if (!(await this.#isOwnCommand(parent))) return { parent, child };
      child = parent;
    }
    return withoutParent;
  }

  #parentPidOf({ pid, started }: RunningExecutable): number | undefined {
    const now = processStatus(this.#kernelText(pid, 'stat'));
    return now?.started === started && now.parent > 1 ? now.parent : undefined;
  }

  async #identify(running: RunningExecutable, isDebugged: boolean): Promise<Program> {
    const { pid, started, path, file } = running;
    // Only an `electron` is of another kind with an app in its folder.
    const kind = kindOf(path) === kindOf(path, true) ? kindOf(path) : kindOf(path, await hasOwnApp(path));
    const isOnlyRoots = await this.#isOnlyRoots(running);
    const process = `${pid}@${started}`;
    const mount = appImageMount(path, running.mount);
    const [compared, label, claim] = await Promise.all([
      isOnlyRoots ? undefined : this.#system.hashes.ofProgram(file, path, process, mount),
      inTime(this.#labelOf(path, kind, { isOnlyRoots, mount })),
      kind === 'interpreter' || kind === 'shell' ? inTime(this.#scriptOf(pid)) : undefined,
    ]);
    const name = label?.name ?? nameByPath(path);
    return buildProgram({ path, kind, compared, mount, name, claim, icon: label?.icon, process, isDebugged });
  }

  /** An interpreter never gets its name from an entry: a single entry with its `Exec` would rename it. */
  async #labelOf(
    path: string,
    kind: ProgramKind,
    { isOnlyRoots, mount }: { isOnlyRoots: boolean; mount: string | undefined },
  ): Promise<Label | undefined> {
    if (kind !== 'program' && kind !== 'browser') return undefined;
    return mount === undefined
      ? await this.#system.entries.labelOf(path, isOnlyRoots)
      : await this.#system.entries.labelIn(mount);
  }

  /** The command line is in the process's own memory, which may wait for a disk, or for a file system that hangs. */
  async #scriptOf(pid: number): Promise<string | undefined> {
    const file = join(this.#proc, String(pid), 'cmdline');
    const line = Buffer.from((await nameFiles.do('read', file, maxText)).content).toString();
    const argv = line.split('\0').slice(0, -1);
    const script = scriptOf(argv);
    if (script === undefined || script.startsWith('-')) return script;
    const folder = linkOrNothing(join(this.#proc, String(pid), 'cwd'));
    return folder === undefined ? script : resolve(folder, script);
  }

  /** What the kernel reports about a process; empty if it has gone. */
  #kernelText(pid: number, name: string): string {
    return textOrNothing(join(this.#proc, String(pid), name));
  }
}

/** No name is worth an answer: what hangs or takes long is left out. */
async function inTime<T>(name: Promise<T>): Promise<T | undefined> {
  return await withTimeout(systemTimer, 5_000, name, () => undefined).catch(() => undefined);
}

/** Several programs use "electron" as their executable's name. The app's folder tells them apart. */
function nameByPath(path: string): string {
  const name = baseName(path);
  return name === 'electron' ? baseName(dirname(path)) : name;
}

function isSameFile(one: RunningExecutable, other: RunningExecutable): boolean {
  return one.status.dev === other.status.dev && one.status.ino === other.status.ino && one.path === other.path;
}

function linkOrNothing(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
