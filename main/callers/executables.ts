import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../system/errorCode.ts';
import type { KnownHash, Tree } from '../system/fileWork.ts';
import { programFiles } from '../system/strangersFiles.ts';

/** How many hashes to keep. More programs than call Loopgate on any one machine. */
const maxHashes = 200;

/** What decides which users can write a file or a folder. */
export interface Ownership {
  readonly uid: bigint;
  readonly gid: bigint;
  readonly mode: bigint;
}

/**
 * Whether only root can change what is at this path: the file and every folder above it. An access control list shows
 * in the group bits. False if the check fails for any of them. It goes from the root down and stops at the first that is
 * another's, so it asks no file system that another one could have put there.
 * @param path - without symbolic links
 * @param file - describes the file itself, in case it has left its path
 * @param adminGroup - a group that counts as root for folders. macOS: `admin`, which may write /Applications. This
 * assumes that its members may install programs for all users. Programs that they install by dragging belong to them,
 * so their path proves nothing
 */
export async function onlyRootCanWrite(
  path: string,
  { file, adminGroup, look = lookAt }: OwnershipOptions = {},
): Promise<boolean> {
  const isRoots = ({ uid, gid, mode }: Ownership, isFile: boolean) =>
    uid === 0n && (mode & 0o002n) === 0n && ((mode & 0o020n) === 0n || (!isFile && gid === adminGroup));
  try {
    for (const folder of foldersAbove(path)) if (!isRoots(await look(folder), false)) return false;
    return isRoots(file ?? (await look(path)), true);
  } catch {
    return false;
  }
}

/** Whether only root can put anything into a folder. */
export async function onlyRootCanAdd(folder: string): Promise<boolean> {
  return await onlyRootCanWrite(join(folder, 'file'), { file: { uid: 0n, gid: 0n, mode: 0n } });
}

/** Which file is at a path. */
export async function fileAt(path: string): Promise<FoundFile> {
  const isOnlyRoots = await onlyRootCanAdd(dirname(path));
  return isOnlyRoots ? await stat(path, { bigint: true }) : await programFiles.do('status', path);
}

/** A file, and who can write it. */
export interface FoundFile extends Ownership {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** The root first. */
function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === path ? [] : [...foldersAbove(folder), folder];
}

interface OwnershipOptions {
  readonly file?: Ownership;
  readonly adminGroup?: bigint;
  readonly look?: (path: string) => Promise<Ownership>;
}

const lookAt = (path: string): Promise<Ownership> => stat(path, { bigint: true });

/** What is compared of a program in a folder of the user's. */
export interface ProgramHash {
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
  /** All of its code. Otherwise there is too much of it, or a part of it lies elsewhere: the hash is the executable's. */
  readonly isWhole: boolean;
}

/** Several times what a large editor has: Visual Studio Code has some thousand files of 300 MB. */
const codeLimits = { maxFiles: 30_000, maxBytes: 2 ** 30 };

/** Bytes. Whoever makes a larger one keeps nobody waiting for its hash. */
const maxExecutable = 2 ** 31;

/** Hashes programs, and keeps a hash while the files stay the same: an editor has 500 MB of them. */
export class ExecutableHashes {
  readonly #files: Kept<string>;
  readonly #code: Kept<KnownHash | undefined>;
  readonly #runs: Kept<ProgramHash>;
  readonly #limits: typeof codeLimits;

  constructor(limits = codeLimits) {
    this.#limits = limits;
    this.#files = new Kept();
    this.#code = new Kept();
    this.#runs = new Kept();
  }

  /**
   * The SHA-256 of a file in hexadecimal.
   * @throws when the file cannot be read, or changes while it is read
   */
  async of(file: string): Promise<string> {
    const { state } = await programFiles.do('status', file);
    return await this.#files.get(state, async () => (await programFiles.do('hashFile', file, maxExecutable)).hash);
  }

  /**
   * Hashes a program in a folder of the user's: its executable, and for an Electron or NW.js app the code that this
   * loads. All apps of one release share their executable.
   * @param run - the process: it has loaded its code, so that is looked at once
   * @param mount - the root of the AppImage that contains it. All of an AppImage is its code
   */
  async ofProgram(executable: string, path: string, run: string, mount?: string): Promise<ProgramHash> {
    const { state } = await programFiles.do('status', executable);
    return await this.#runs.get(`${run} ${path} ${state}`, async () => {
      const own = await this.of(executable);
      const code = (await codeOf(path)) ?? (mount === undefined ? undefined : await treeOf(mount));
      if (!code) return { hash: own, isWhole: true };
      const known = await this.#code.current(code.folder);
      const found = await this.#code.renew(code.folder, () => programFiles.do('hashTree', code, this.#limits, known));
      if (!found) return { hash: own, isWhole: false };
      return { hash: createHash('sha256').update(`${own} ${found.hash}`).digest('hex'), isWhole: true };
    });
  }
}

/** The last results, by what they are of. */
class Kept<T> {
  readonly #results = new Map<string, Promise<T>>();

  async get(key: string, find: () => Promise<T>): Promise<T> {
    return await (this.#results.get(key) ?? this.renew(key, find));
  }

  async renew(key: string, find: () => Promise<T>): Promise<T> {
    const result = find();
    this.#results.delete(key);
    this.#results.set(key, result);
    result.catch(() => this.#results.get(key) === result && this.#results.delete(key));
    for (const oldest of this.#results.keys()) {
      if (this.#results.size <= maxHashes) break;
      this.#results.delete(oldest);
    }
    return await result;
  }

  /** Undefined also for one that failed. */
  async current(key: string): Promise<T | undefined> {
    return await this.#results.get(key)?.catch(() => undefined);
  }
}

/** What Electron and NW.js load from an app's resources: the app, its archives, and native modules beside them. */
const isResource = (name: string) => /^app(\.nw)?$|\.asar(\.unpacked)?$/.test(name);

/** What an executable loads from its own folder: libraries, V8's snapshots, scripts of pages, what names a library. */
const isBesideExecutable = (name: string) => /\.(so(\.\d+)*|dll|bin|dat|pak|json)$/i.test(name);

/** What only a folder with NW.js contains. */
const ofNwJs = new Set(['package.nw', 'nw.dll', 'nw_100_percent.pak']);

/** Finds the code that an Electron or NW.js app loads, by its executable; undefined if it is no such app. */
async function codeOf(path: string): Promise<Tree | undefined> {
  const bundle = /^.*?\.app\/Contents(?=\/)/.exec(path)?.[0];
  const folder = bundle ?? dirname(path);
  const resources = bundle === undefined ? 'resources' : 'Resources';
  const own = (await namesIn(join(folder, resources))).filter(isResource).map((name) => join(resources, name));
  const beside = (await namesIn(folder)).filter((name) => name !== basename(path));
  // In a bundle, the executable is a few lines, and Electron itself is a framework.
  const isLoaded = bundle === undefined ? isBesideExecutable : (name: string) => name === 'Frameworks';
  if (own.length > 0) return { folder, roots: [...own, ...beside.filter(isLoaded)] };
  // The app of NW.js may be any file of its folder.
  return beside.some((name) => ofNwJs.has(name)) ? { folder, roots: beside } : undefined;
}

async function treeOf(folder: string): Promise<Tree> {
  return { folder, roots: await namesIn(folder) };
}

/** What cannot be read is not known. */
async function namesIn(folder: string): Promise<string[]> {
  return await programFiles.do('names', folder).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return [];
    throw error;
  });
}

/**
 * Whether a Linux executable needs no loader, so that its environment cannot inject code. Also true for an unreadable
 * file. (ELF: its program headers have no PT_INTERP.)
 * @param startOf - reads its beginning
 */
export async function isStatic(startOf: (bytes: number) => Promise<Buffer>): Promise<boolean> {
  try {
    const content = await startOf(elfHeaders);
    const is64Bit = content[4] === 2;
    const offset = is64Bit ? Number(content.readBigUInt64LE(32)) : content.readUInt32LE(28);
    const [size, count] = [0, 2].map((field) => content.readUInt16LE((is64Bit ? 54 : 42) + field)) as [number, number];
    const types = Array.from({ length: count }, (_, index) => content.readUInt32LE(offset + index * size));
    return !types.includes(interpreterHeader);
  } catch {
    return true;
  }
}
/** PT_INTERP. */
const interpreterHeader = 3;
/** The program headers follow the file's header. A file where they lie elsewhere counts as static. */
const elfHeaders = 16 * 1024;

/** Whether this Electron has its app in its own folder. Otherwise the command line names the app. */
export async function hasOwnApp(path: string): Promise<boolean> {
  for (const resources of [join(dirname(path), 'resources'), join(dirname(path), '..', 'Resources')]) {
    for (const file of ['app.asar', join('app', 'package.json')]) {
      const status = await programFiles.do('status', join(resources, file)).catch(() => undefined);
      if (status?.kind === 'file') return true;
    }
  }
  return false;
}
