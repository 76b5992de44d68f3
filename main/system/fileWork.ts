import type crypto from 'node:crypto';
import type fs from 'node:fs';
import type path from 'node:path';

/** What a file is and who can write it. */
export interface FileStatus {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly dev: bigint;
  readonly ino: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly mode: bigint;
  readonly size: bigint;
  /** When its content was modified, in nanoseconds. */
  readonly mtime: string;
  /**
   * Which file this is, and its times. A program can set the modification time back, but not the time of the change. That
   * one does not show what is written through a mapping of the file into memory (MAP_SHARED): who may write the file can
   * change it unseen.
   */
  readonly state: string;
}

/** A folder, and what in it to hash: files, links and whole folders. */
export interface Tree {
  readonly folder: string;
  readonly roots: readonly string[];
}

/** A hash in hexadecimal, and the state of what has it. */
export interface KnownHash {
  readonly state: string;
  readonly hash: string;
}

/** Work on files whose place other programs choose. */
export interface FileWork {
  /** The status of what is at a path; `isLink`: of a link itself. */
  status(path: string, isLink?: boolean): FileStatus;
  /** @throws for a folder with more than 20,000 names: to receive them would hold up the thread that asked */
  names(folder: string): string[];
  realpath(path: string): string;
  /** The first path of a regular file. */
  firstFile(paths: readonly string[]): string | undefined;
  /** The first path that we may execute, without symbolic links. */
  firstExecutable(paths: readonly string[]): string | undefined;
  /** The beginning of a regular file, and its status. */
  read(path: string, maxBytes: number, flags?: number): { content: Uint8Array; status: FileStatus };
  /** The SHA-256 of a regular file. */
  hashFile(path: string, maxBytes: number): KnownHash;
  /**
   * The SHA-256 over the names and contents of all files of a tree, and over the targets of its links; undefined for
   * more than `maxFiles` or `maxBytes`, and if a link leads out of the tree or something in it is no file. Nothing is
   * read if the state is known.
   */
  hashTree(tree: Tree, limits: TreeLimits, known?: KnownHash): KnownHash | undefined;
}

export interface TreeLimits {
  readonly maxFiles: number;
  readonly maxBytes: number;
}

/** What the work is done with. Its functions run in a thread that is started from their text, so they import nothing. */
export interface FileWorkModules {
  readonly fs: typeof fs;
  readonly path: typeof path;
  readonly crypto: typeof crypto;
  /** Called from time to time in long work. */
  readonly tick: () => void;
}

/** What the functions below share. */
export function fileTools({ fs }: FileWorkModules) {
  const { O_RDONLY, O_NONBLOCK = 0 } = fs.constants;
  const plain = (found: fs.BigIntStats): FileStatus => {
    const { dev, ino, size, mtimeNs, ctimeNs, uid, gid, mode } = found;
    const isNoFile = found.isSymbolicLink() ? 'link' : 'other';
    const kind = found.isFile() ? 'file' : found.isDirectory() ? 'folder' : isNoFile;
    const state = [dev, ino, size, mtimeNs, ctimeNs].join(':');
    return { kind, dev, ino, uid, gid, mode, size, mtime: String(mtimeNs), state };
  };
  return {
    plain,
    /** Undefined for more than `max` names: a folder may have millions. */
    namesIn(folder: string, max: number): string[] | undefined {
      const opened = fs.opendirSync(folder, { bufferSize: 1024 });
      try {
        const names: string[] = [];
        for (let next = opened.readSync(); next; next = opened.readSync()) {
          if (names.length >= max) return undefined;
          names.push(next.name);
        }
        return names;
      } finally {
        opened.closeSync();
      }
    },
    /** What was opened is looked at, because its path may lead elsewhere by then. Nothing waits for a pipe's writer. */
    withFile<T>(path: string, flags: number, use: (file: number, status: FileStatus) => T): T {
      const file = fs.openSync(path, O_RDONLY | O_NONBLOCK | flags);
      try {
        const status = plain(fs.fstatSync(file, { bigint: true }));
        if (status.kind !== 'file') throw new Error('This is not a file.');
        return use(file, status);
      } finally {
        fs.closeSync(file);
      }
    },
  };
}
type FileTools = ReturnType<typeof fileTools>;

export function fileLooks(
  { fs }: FileWorkModules,
  { plain, namesIn, withFile }: FileTools,
): Omit<FileWork, 'hashFile' | 'hashTree'> {
  const maxNames = 20_000;
  return {
    status: (path, isLink = false) => plain((isLink ? fs.lstatSync : fs.statSync)(path, { bigint: true })),
    names(folder) {
      const names = namesIn(folder, maxNames);
      if (!names) throw new Error('This folder has too many files.');
      return names;
    },
    realpath: (path) => fs.realpathSync(path),
    firstFile: (paths) =>
      paths.find((path) => {
        try {
          return fs.statSync(path).isFile();
        } catch {
          return false;
        }
      }),
    firstExecutable(paths) {
      for (const path of paths) {
        try {
          fs.accessSync(path, fs.constants.X_OK);
          return fs.realpathSync(path);
        } catch {
          // The next one.
        }
      }
      return undefined;
    },
    read: (path, maxBytes, flags = 0) =>
      withFile(path, flags, (file, status) => {
        const content = Buffer.alloc(maxBytes);
        return { content: content.subarray(0, fs.readSync(file, content)), status };
      }),
  };
}

/** Lists the parts of a tree in a fixed order, without opening any; undefined as for {@link FileWork.hashTree}. */
export function treeParts({ fs, path, tick }: FileWorkModules, { plain, namesIn }: FileTools) {
  const { join, dirname, isAbsolute, sep } = path;
  /**
   * Whether a link leads to a part of the tree. Steps up count at its beginning only: after the name of another link
   * they could lead anywhere.
   */
  const isWithin = ({ roots }: Tree, link: string, target: string) => {
    const leads = join(dirname(link), target);
    const isPart = roots.some((root) => leads === root || leads.startsWith(root + sep));
    return isPart && !isAbsolute(target) && !/(^|[/\\])(?!\.\.?[/\\])[^/\\]+[/\\]+\.\.([/\\]|$)/.test(target);
  };
  return (tree: Tree, { maxFiles, maxBytes }: TreeLimits): TreePart[] | undefined => {
    const parts: TreePart[] = [];
    const left = [...tree.roots];
    let bytes = 0;
    for (let part = left.pop(); part !== undefined; part = left.pop()) {
      const whole = join(tree.folder, part);
      const status = plain(fs.lstatSync(whole, { bigint: true }));
      if (status.kind === 'folder') {
        const names = namesIn(whole, maxFiles);
        if (!names) return undefined;
        for (const name of names) left.push(join(part, name));
      } else {
        const target = status.kind === 'link' ? fs.readlinkSync(whole) : '';
        parts.push({ path: part, status, target });
        bytes += Number(status.size);
        if (status.kind === 'other' || (status.kind === 'link' && !isWithin(tree, part, target))) return undefined;
      }
      if (parts.length + left.length > maxFiles || bytes > maxBytes) return undefined;
      tick();
    }
    return parts.sort((one, other) => (one.path < other.path ? -1 : 1));
  };
}

interface TreePart {
  readonly path: string;
  readonly status: FileStatus;
  /** Of a link. */
  readonly target: string;
}

export function fileHashes(
  { fs, path, crypto, tick }: FileWorkModules,
  { plain, withFile }: FileTools,
  partsOf: ReturnType<typeof treeParts>,
): Pick<FileWork, 'hashFile' | 'hashTree'> {
  const buffer = Buffer.allocUnsafe(1024 * 1024);
  const addContent = (hash: crypto.Hash, file: number) => {
    for (let length = fs.readSync(file, buffer); length > 0; length = fs.readSync(file, buffer)) {
      hash.update(buffer.subarray(0, length));
      tick();
    }
  };
  const stateOf = (parts: readonly TreePart[]) => {
    const state = crypto.createHash('sha256');
    // No name contains the character between them.
    for (const { path, status, target } of parts) state.update(`${path}\0${status.state}\0${target}\0`);
    return state.digest('hex');
  };
  const changed = () => new Error('It was changed while it was read.');
  return {
    hashFile: (file, maxBytes) =>
      withFile(file, 0, (opened, { state, size }) => {
        if (size > maxBytes) throw new Error('This file is too large.');
        const hash = crypto.createHash('sha256');
        addContent(hash, opened);
        if (plain(fs.fstatSync(opened, { bigint: true })).state !== state) throw changed();
        return { state, hash: hash.digest('hex') };
      }),
    hashTree(tree, limits, known) {
      const parts = partsOf(tree, limits);
      const state = parts && stateOf(parts);
      if (!parts || state === undefined || known?.state === state) return parts && known;
      const hash = crypto.createHash('sha256');
      for (const { path: part, status, target } of parts) {
        hash.update(`${part}\0${status.kind}\0${status.kind === 'file' ? status.size : target}\0`);
        if (status.kind !== 'file') continue;
        withFile(path.join(tree.folder, part), fs.constants.O_NOFOLLOW ?? 0, (opened) => addContent(hash, opened));
      }
      const after = partsOf(tree, limits);
      if (!after || stateOf(after) !== state) throw changed();
      return { state, hash: hash.digest('hex') };
    },
  };
}
