import { createHash } from 'node:crypto';
import { type BigIntStats, createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

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
 * in the group bits. False if the check fails for any of them.
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

/** Hashes executables as streams, and keeps the hash while the file stays the same: an editor has 200 MB of them. */
export class ExecutableHashes {
  readonly #hashes = new Map<string, Promise<string>>();

  /**
   * The SHA-256 of a file in hexadecimal.
   * @throws when the file cannot be read, or changes while it is read
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
   * Hashes a program in a folder of the user's: its executable, and for an Electron app the archive with its code. All
   * apps of one Electron release share the same executable.
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
 * Whether a Linux executable needs no loader, so that its environment cannot inject code. Also true for an unreadable
 * file. (ELF: its program headers have no PT_INTERP.)
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

/** Whether this Electron has its app in its own folder. Otherwise the command line names the app. */
export async function hasOwnApp(path: string): Promise<boolean> {
  const app = [...appFiles(path, 'app.asar'), ...appFiles(path, join('app', 'package.json'))];
  return (await existing(app)).length > 0;
}

/** Where an Electron app keeps its code: beside its executable, on macOS inside its bundle. */
function appFiles(path: string, file: string): string[] {
  return [join(dirname(path), 'resources', file), join(dirname(path), '..', 'Resources', file)];
}

async function existing(files: readonly string[]): Promise<string[]> {
  const found = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
  return files.filter((_file, index) => found[index]?.isFile());
}

/** Only the kernel sets the change time, so it reveals a file whose modification time was reset. */
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
