import { createHash } from 'node:crypto';
import { type BigIntStats, createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** How many hashes are kept: more programs than call Loopgate on one machine. */
const maxHashes = 200;

/** What decides who can write a file or a folder. */
export interface Ownership {
  readonly uid: bigint;
  readonly gid: bigint;
  readonly mode: bigint;
}

/**
 * Can nobody but root change what is at this path: neither the file nor a folder on the way to it? An access control list
 * shows in the group's bits. False when something on the way cannot be looked at.
 * @param path - without symbolic links
 * @param file - of the file itself, for one that is not at its path any more
 * @param adminGroup - a group that is as good as root in folders. macOS: `admin`, which may write /Applications. Assumed is
 * that its members may install programs for everybody; what they install by dragging is their own, and not trusted by path
 */
export async function onlyRootCanWrite(
  path: string,
  { file, adminGroup, look = lookAt }: OwnershipOptions = {},
): Promise<boolean> {
  const isRoots = ({ uid, gid, mode }: Ownership, isFile: boolean) =>
    uid === 0n && (mode & 0o002n) === 0n && ((mode & 0o020n) === 0n || (!isFile && gid === adminGroup));
  try {
    if (!isRoots(file ?? (await look(path)), true)) return false;
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      if (!isRoots(await look(folder), false)) return false;
      if (dirname(folder) === folder) return true;
    }
  } catch {
    return false;
  }
}

interface OwnershipOptions {
  readonly file?: Ownership;
  readonly adminGroup?: bigint;
  readonly look?: (path: string) => Promise<Ownership>;
}

const lookAt = (path: string): Promise<Ownership> => stat(path, { bigint: true });

/** Hashes of executables, by stream and kept for as long as the file is the same one: an editor has 200 MB of them. */
export class ExecutableHashes {
  readonly #hashes = new Map<string, Promise<string>>();

  /**
   * The SHA-256 of a file in hexadecimal.
   * @throws when it cannot be read, or was changed while it was
   */
  async of(file: string): Promise<string> {
    const key = identityOf(await stat(file, { bigint: true }));
    const known = this.#hashes.get(key);
    if (known) return await known;
    const computed = hashOnce(file, key);
    this.#hashes.set(key, computed);
    computed.catch(() => this.#hashes.delete(key));
    for (const oldest of this.#hashes.keys()) {
      if (this.#hashes.size <= maxHashes) break;
      this.#hashes.delete(oldest);
    }
    return await computed;
  }

  /**
   * The hash that tells a program in a folder of the user's: of its executable, and of the archive beside it that is the
   * code of an Electron app, whose executable all apps of one Electron release share.
   */
  async ofProgram(executable: string, path: string): Promise<string> {
    const own = await this.of(executable);
    const archive = (await existing(appFiles(path, 'app.asar')))[0];
    if (archive === undefined) return own;
    return createHash('sha256')
      .update(`${own} ${await this.of(archive)}`)
      .digest('hex');
  }
}

/**
 * Does an executable of Linux ask for no loader, so that nothing can be loaded into it by its environment? Also true of what
 * cannot be read. (ELF: its program headers have no PT_INTERP.)
 */
export async function isStatic(file: string): Promise<boolean> {
  try {
    const handle = await open(file);
    try {
      const read = async (length: number, position: number) =>
        (await handle.read(Buffer.alloc(length), 0, length, position)).buffer;
      const header = await read(64, 0);
      const is64Bit = header[4] === 2;
      const offset = is64Bit ? Number(header.readBigUInt64LE(32)) : header.readUInt32LE(28);
      const [size, count] = [0, 2].map((field) => header.readUInt16LE((is64Bit ? 54 : 42) + field)) as [number, number];
      const table = await read(size * count, offset);
      return !Array.from({ length: count }, (_, index) => table.readUInt32LE(index * size)).includes(interpreterHeader);
    } finally {
      await handle.close();
    }
  } catch {
    return true;
  }
}
/** PT_INTERP. */
const interpreterHeader = 3;

/** Is the app of this Electron in its own folder, rather than one that its command line names? */
export async function hasOwnApp(path: string): Promise<boolean> {
  const app = [...appFiles(path, 'app.asar'), ...appFiles(path, join('app', 'package.json'))];
  return (await existing(app)).length > 0;
}

/** Where an Electron app has its code: beside its executable, on macOS in its bundle. */
function appFiles(path: string, file: string): string[] {
  return [join(dirname(path), 'resources', file), join(dirname(path), '..', 'Resources', file)];
}

async function existing(files: readonly string[]): Promise<string[]> {
  const found = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
  return files.filter((_file, index) => found[index]?.isFile());
}

/** The change time is the kernel's alone to set: who writes the old modification time back is still seen. */
function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

async function hashOnce(file: string, key: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  if (identityOf(await stat(file, { bigint: true })) !== key)
    throw new Error('The file was changed while it was read.');
  return hash.digest('hex');
}
