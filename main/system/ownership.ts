import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorCode } from './errorCode.ts';

/** The user of this process; undefined on Windows, where the profile's permissions protect the files in it. */
export const ownUser = process.geteuid?.();

/** More than any file of ours has. Bytes. */
const maxFileBytes = 16 * 1024 * 1024;

/** Whether a file belongs to this user, or to root, who can change everything anyway. */
export function isOwnOrRoots({ uid }: Pick<Stats, 'uid'>): boolean {
  return ownUser === undefined || uid === ownUser || uid === 0;
}

/**
 * The file systems that have one owner and one mode for all their files (statfs(2)): FAT, exFAT, NTFS, Windows's own drives under
 * WSL, shares of Windows and of VirtualBox. Only root mounts these: FUSE, which everyone can mount, is not among them.
 */
const withoutPermissions: ReadonlySet<number> = new Set([
  ...[0x4d44, 0x2011bab0, 0x5346544e, 0x7366746e],
  ...[0x01021997, 0x53464846, 0x517b, 0xff534d42, 0xfe534d42, 0x786f4256],
]);

/** Whether the file system of a path is known to keep no permissions. */
export function keepsNoPermissions(path: string): boolean {
  if (process.platform !== 'linux') return false;
  try {
    // Some systems give it as a negative number.
    return withoutPermissions.has(statfsSync(path).type >>> 0);
  } catch {
    return false;
  }
}

/**
 * Whether root has mounted something at this very folder, as for a container: then root has decided whose it is. On Linux only.
 */
export function isMountOfRoot(folder: string): boolean {
  return isMountPoint(() => realpathSync(folder));
}

/** The same for a file, not for one that a link leads to. */
export function isFileMountedByRoot(path: string): boolean {
  return isMountPoint(() => join(realpathSync(dirname(path)), basename(path)));
}

function isMountPoint(place: () => string): boolean {
  try {
    const real = Buffer.from(place()).toString('latin1');
    // proc_pid_mountinfo(5): the fifth field is the place, and after a lone hyphen comes the type.
    const rows = readFileSync('/proc/self/mountinfo', 'latin1').split('\n');
    const last = rows.findLast((row) => unescaped(row.split(' ')[4] ?? '') === real);
    return last !== undefined && !/ - fuse/.test(last);
  } catch {
    return false;
  }
}

function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Whether a user stands for all those whom this user namespace does not know, root among them (user_namespaces(7)). */
export function isUnknownUser(uid: number): boolean {
  try {
    if (uid !== Number(readFileSync('/proc/sys/kernel/overflowuid', 'latin1'))) return false;
    const ranges = readFileSync('/proc/self/uid_map', 'latin1').trim().split('\n');
    return ranges.every((range) => {
      const [first = 0, , length = 0] = range.trim().split(/\s+/).map(Number);
      return uid < first || uid >= first + length;
    });
  } catch {
    return false;
  }
}

/** Whether nobody but this user and those whom they trust can have put a file, or a link, into its folder. */
export function isTrusted(path: string, stats: Pick<Stats, 'uid'>): boolean {
  if (isOwnOrRoots(stats)) return true;
  const folder = dirname(path);
  if (keepsNoPermissions(folder) || isFileMountedByRoot(path)) return true;
  const owner = statSync(folder).uid;
  return owner === ownUser ? isUnknownUser(stats.uid) : owner === stats.uid && isMountOfRoot(folder);
}

/** A file is none that may be used. The message says why. */
export class UnusableFile extends Error {
  override readonly name = 'UnusableFile';
  readonly code = 'EPERM';
}

/**
 * Reads a file that another user may have put there: a pipe or a device holds nobody up, and what belongs to another user is not
 * read.
 * @returns undefined when there is none
 * @throws UnusableFile
 */
export function readOwnFile(path: string): Buffer | undefined {
  let file: number;
  try {
    const link = lstatSync(path);
    if (link.isSymbolicLink() && !isTrusted(path, link))
      throw new UnusableFile(`the user ${link.uid} has made this link`);
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new UnusableFile('it is no file');
    if (!isTrusted(path, stats) && !keepsNoPermissions(path))
      throw new UnusableFile(`it belongs to the user ${stats.uid}`);
    if (stats.size > maxFileBytes) throw new UnusableFile('it is too large');
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}
