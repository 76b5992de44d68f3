import { buildProgram, type Program, unknownProgram } from '../access/program.ts';
import { kindOf } from '../access/programKinds.ts';
import { baseName } from '../access/programPaths.ts';
import { scriptOf } from '../access/scripts.ts';
import { type CallerLookup, callerWith, presentTime } from './caller.ts';
import type { Connection } from './connection.ts';
import { type ExecutableHashes, hasOwnApp } from './executables.ts';

/** Not yet run on macOS: written from the manuals of lsof, ps and plutil, and tested with sample texts. */

const maxHolders = 16;
const maxSteps = 4;

/** Runs a system program in the language `C` and returns its output. */
type Run = (argv: string[]) => Promise<string>;

/** What the look-up needs from the system. */
export interface MacSystem {
  readonly lsof: Run;
  readonly ps: Run;
  readonly plutil: Run;
  readonly hashes: Pick<ExecutableHashes, 'ofProgram'>;
  /** The executable of the command `loopgate`, which acts for its parent process. It must not be a script. */
  readonly ownCommand?: string;
  /** The inode of a file. */
  readonly inodeOf: (path: string) => Promise<number>;
  /** Whether only root and the administrators can write what is at a path. */
  readonly onlyRootCanWrite: (path: string) => Promise<boolean>;
}

/** A process and the file that it runs. */
interface MacProcess {
  readonly pid: number;
  readonly parent: number;
  readonly uid: number;
  /** As `ps` writes it, to the second. It tells a process from a later one with the same number. */
  readonly started: string;
  readonly command: string;
  readonly path: string;
  readonly inode: number;
}

/** macOS: finds the program behind a socket from the processes that hold it, with lsof and ps. */
export class MacPrograms {
  readonly #system: MacSystem;

  constructor(system: MacSystem) {
    this.#system = system;
  }

  /**
   * Finds the program that holds a socket; the unknown one when in doubt. Several processes may hold it if all run the
   * same executable.
   * @param holders - returns the processes that hold it. Called before and after everything else
   * @param connected - when the connection was seen, in milliseconds since the epoch. A process that began later was
   * handed its socket
   */
  async find(
    holders: () => Promise<{ pid: number; uid: number | undefined }[]>,
    ownUid: number,
    connected: number,
  ): Promise<Program> {
    const found = await holders();
    if (found.length === 0 || found.length > maxHolders) return unknownProgram;
    const before = await this.#processes(found.map(({ pid }) => pid));
    const [first] = before;
    const isCertain = before.every(
      ({ uid, path, inode, started }) =>
        uid === ownUid && path === first?.path && inode === first.inode && Date.parse(started) <= connected,
    );
    if (!first || before.length < found.length || !isCertain) return unknownProgram;
    const speaker = (await this.#isOwnCommand(first)) ? await this.#parentOf(first, ownUid) : first;
    const spoken = speaker && (await this.#identify(speaker));
    // A program could start the command and then become an allowed program, and macOS does not reveal that.
    const program = spoken?.kind === 'program' && speaker !== first ? unknownProgram : spoken;
    const after = await this.#processes((await holders()).map(({ pid }) => pid));
    return program && identity(after) === identity(before) ? program : unknownProgram;
  }

  /** The processes with these numbers, unless something about them is unknown. */
  async #processes(pids: readonly number[]): Promise<MacProcess[]> {
    if (pids.length === 0) return [];
    const listed = pids.join(',');
    const [processes, texts] = await Promise.all([
      this.#system.ps(['-ww', '-p', listed, '-o', 'pid=,ppid=,uid=,lstart=,args=']),
      this.#system.lsof(['-nP', '-a', '-p', listed, '-d', 'txt', '-Fpfin']),
    ]);
    const executables = parseExecutables(texts);
    const known: MacProcess[] = [];
    for (const process of parseProcesses(processes)) {
      const executable = executables.get(process.pid);
      // The file at the path must be the running one, because it may have been replaced.
      if (!executable || (await this.#inodeOf(executable.path)) !== executable.inode) continue;
      known.push({ ...process, ...executable });
    }
    return known.sort((one, other) => one.pid - other.pid);
  }

  async #inodeOf(path: string): Promise<number | undefined> {
    return await this.#system.inodeOf(path).catch(() => undefined);
  }

  async #isOwnCommand({ inode, path }: MacProcess): Promise<boolean> {
    const { ownCommand } = this.#system;
    return ownCommand !== undefined && path === ownCommand && (await this.#inodeOf(ownCommand)) === inode;
  }

  /**
   * Finds the process that started our own command; undefined if it has exited and the system's first process adopted
   * the command.
   */
  async #parentOf(command: MacProcess, ownUid: number): Promise<MacProcess | undefined> {
    let child = command;
    for (let step = 0; step < maxSteps && child.parent > 1; step += 1) {
      const [parent] = await this.#processes([child.parent]);
      if (parent?.uid !== ownUid || Date.parse(parent.started) > Date.parse(child.started)) return undefined;
      const [again] = await this.#processes([child.pid]);
      if (again?.parent !== child.parent || again.started !== child.started) return undefined;
      if (!(await this.#isOwnCommand(parent))) return parent;
      child = parent;
    }
    return undefined;
  }

  async #identify({ pid, started, path, command }: MacProcess): Promise<Program> {
    const kind = kindOf(path, await hasOwnApp(path));
    const isOnlyRoots = await this.#system.onlyRootCanWrite(path);
    const process = `${pid}@${started}`;
    const compared = isOnlyRoots ? undefined : await this.#system.hashes.ofProgram(path, path, process);
    const isItself = kind === 'program' || kind === 'browser';
    const bundle = isItself ? outermostBundle(path) : undefined;
    const name = bundle === undefined ? undefined : await this.#bundleName(bundle);
    return buildProgram({
      // An app's helpers count as the app: an editor runs its extensions in one.
      path: bundle ?? path,
      kind,
      compared,
      name: name ?? baseName(bundle ?? path).replace(/\.app$/, ''),
      claim: isItself ? undefined : scriptOf(command.split(' ')),
      process,
    });
  }

  async #bundleName(bundle: string): Promise<string | undefined> {
    const printed = await this.#system
      .plutil(['-convert', 'json', '-o', '-', `${bundle}/Contents/Info.plist`])
      .catch(() => '');
    return bundleNameIn(printed);
  }
}

/** What must stay the same before and after the look-up. */
function identity(processes: readonly MacProcess[]): string {
  return JSON.stringify(processes.map(({ pid, started, path, inode }) => [pid, started, path, inode]));
}

/** The app that contains an executable: the outermost bundle, because helpers are bundles inside it. */
export function outermostBundle(path: string): string | undefined {
  return /^.*?\.app(?=\/Contents\/)/.exec(path)?.[0];
}

/** The name in an Info.plist, as `plutil -convert json` prints it. */
export function bundleNameIn(printed: string): string | undefined {
  try {
    const plist: unknown = JSON.parse(printed);
    if (typeof plist !== 'object' || plist === null) return undefined;
    const { CFBundleDisplayName: display, CFBundleName: name } = plist as Record<string, unknown>;
    return [display, name].find((text): text is string => typeof text === 'string' && text !== '');
  } catch {
    return undefined;
  }
}

/** The lines of `ps -o pid=,ppid=,uid=,lstart=,args=`. */
export function parseProcesses(printed: string): Omit<MacProcess, 'path' | 'inode'>[] {
  return printed.split('\n').flatMap((line) => {
    const fields = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s*(.*)$/.exec(line);
    if (!fields) return [];
    const [, pid, parent, uid, started = '', command = ''] = fields;
    return [{ pid: Number(pid), parent: Number(parent), uid: Number(uid), started, command }];
  });
}

/** The first text file of each process in the output of `lsof -d txt -Fpfin`: its executable. Its libraries follow. */
export function parseExecutables(printed: string): Map<number, { path: string; inode: number }> {
  const executables = new Map<number, { path: string; inode: number }>();
  let pid = -1;
  let inode = -1;
  for (const line of printed.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('p')) pid = Number(value);
    if (line.startsWith('f')) inode = -1;
    if (line.startsWith('i')) inode = Number(value);
    if (line.startsWith('n') && !executables.has(pid)) executables.set(pid, { path: unescaped(value), inode });
  }
  return executables;
}

/** In the language `C`, lsof writes non-ASCII bytes as `\xc3\xa4`. */
function unescaped(path: string): string {
  return path.replace(/(?:\\x[0-9a-f]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll('\\x', ''), 'hex').toString());
}

/**
 * macOS: finds callers with lsof. Without root, it lists only the user's own processes, so a missing one belongs to
 * another user.
 */
export function macCallerLookup(
  lsof: (argv: string[]) => Promise<string>,
  ownUid: number,
  programs: Pick<MacPrograms, 'find'>,
): CallerLookup {
  const holders = async (connection: Connection) => {
    const listed = await lsof(['-nP', `-iTCP:${connection.remotePort}`, '-sTCP:ESTABLISHED', '-Fpun']).catch(() => '');
    return findLsofHolders(listed, connection);
  };
  const isOwn = async (connection: Connection) => {
    const found = await holders(connection);
    return found.length > 0 && found.every(({ uid }) => uid === ownUid);
  };
  return {
    async find(connection) {
      if (!(await isOwn(connection))) return undefined;
      const { epoch: connected } = connection.opened ?? presentTime();
      return callerWith(() => programs.find(() => holders(connection), ownUid, connected));
    },
    mayBringLogin: isOwn,
  };
}

/** The processes at the caller's end in the output of `lsof -Fpun`. Exported for its tests. */
export function findLsofHolders(listed: string, connection: Connection): { pid: number; uid: number | undefined }[] {
  const written = (address: string, port: number) =>
    address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const ends = `${written(connection.remoteAddress, connection.remotePort)}->${written(connection.localAddress, connection.localPort)}`;
  const holders = new Map<number, { pid: number; uid: number | undefined }>();
  let pid = -1;
  let uid: number | undefined;
  for (const line of listed.split('\n')) {
    if (line.startsWith('p')) {
      pid = Number(line.slice(1));
      uid = undefined;
    }
    if (line.startsWith('u')) uid = Number(line.slice(1));
    if (line === `n${ends}`) holders.set(pid, { pid, uid });
  }
  return [...holders.values()];
}
