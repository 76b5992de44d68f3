import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { inEnglish, type Message, message, sentences } from '../../preload/texts/messages.ts';
import { MessageError } from '../errors/errors.ts';
import {
  isFileMountedByRoot,
  isMountOfRoot,
  isOwnOrRoots,
  isTrusted,
  isUnknownUser,
  keepsNoPermissions,
  ownUser,
  readOwnFile,
} from '../system/ownership.ts';
import { dataFiles, isOurs, isReplaced, isSecret } from './dataFolder.ts';

/** The permission bits of group and others: any access, and write access. */
const anyBits = 0o077;
const writeBits = 0o022;
const stickyBit = 0o1000;

/** Another user can change what Loopgate would read or run in the data folder, and it cannot end that. */
export class UnsafeFolderError extends MessageError {
  override readonly name = 'UnsafeFolderError';
  /** In English, for the command. */
  readonly happened: string;
  readonly next: string;

  /** @param next - the line to type */
  constructor(happened: Message, next: Message) {
    super(sentences(happened, next));
    this.happened = inEnglish(happened);
    this.next = inEnglish(next);
  }
}

/** What a person should know about the data folder, in English, for the terminal and the log. */
export interface FolderLook {
  /** What was mended, and what cannot be. */
  readonly notices: readonly string[];
  /** Folders above it that others can write to. */
  readonly warnings: readonly string[];
}

/**
 * Looks at the data folder before anything in it is read, as ssh does at its own: takes away what permissions others have
 * there. This creates the folder if necessary. What cannot be read or made is left to whoever reads or writes it.
 * @throws UnsafeFolderError
 */
export function secureFolder(home: string): FolderLook {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
  } catch {
    // Loopgate starts without a folder too.
  }
  const look = lookAtFolder(home, true);
  const mended = namesIn(home).filter((name) => secureFile(home, name));
  if (mended.length === 0) return look;
  const files = inEnglish(message('filesMended', { files: mended.join(', '), folder: home }));
  return { ...look, notices: [...look.notices, files] };
}

/**
 * Looks at the folder alone, not at what is in it.
 * @param mends - takes the write permission of others away
 * @throws UnsafeFolderError
 */
export function lookAtFolder(home: string, mends: boolean): FolderLook {
  const nothing = { notices: [], warnings: [] };
  const link = statsOf(home, lstatSync);
  if (ownUser === undefined || !link) return nothing;
  // Looked at first: in a folder such as /tmp the kernel may not let anybody follow it (fs.protected_symlinks).
  if (link.isSymbolicLink() && !isOwnOrRoots(link)) throw notOurs(home, link.uid, message('useOwnFolder'));
  const folder = statsOf(home, statSync);
  if (!folder?.isDirectory()) return nothing;
  if (keepsNoPermissions(home))
    return { ...nothing, notices: [inEnglish(message('noPermissionsKept', { folder: home }))] };
  const isMount = !isOwnOrRoots(folder) && isMountOfRoot(home);
  if (!isOwnOrRoots(folder) && !isMount) {
    // Root could take it, but then its user would have none.
    const isSudo = process.env.SUDO_UID === String(folder.uid);
    throw notOurs(home, folder.uid, isSudo ? message('withoutSudo') : message('takeOrLeave', own(home)));
  }
  const notices = isMount ? [inEnglish(message('folderMounted', { folder: home, user: folder.uid }))] : [];
  const warnings = openParents(realpathSync(home)).map((parent) =>
    inEnglish(message('parentOpen', { parent, folder: home })),
  );
  if ((folder.mode & writeBits) === 0) return { notices, warnings };
  // A shared place such as /tmp has to stay as it is, also where root is asked to use it.
  const useFolderInside = message('useFolderInside', { folder: quoted(join(home, 'loopgate')) });
  if ((folder.mode & stickyBit) !== 0) {
    throw new UnsafeFolderError(message('folderShared', { folder: home }), useFolderInside);
  }
  switch (mends ? takeAway(home, writeBits) : 'refused') {
    case 'done':
      return { notices: [...notices, inEnglish(message('folderMended', { folder: home }))], warnings };
    case 'notKept':
      return { notices: [inEnglish(message('noPermissionsKept', { folder: home }))], warnings: [] };
    case 'refused':
      // Only root could change root's, such as a volume that is mounted for a container's user.
      throw folder.uid === ownUser
        ? stillOpen(home)
        : new UnsafeFolderError(message('othersCanWrite', { path: home }), useFolderInside);
  }
}

/**
 * Looks at one file of ours, or at one of our folders. Removes one of another user's if every run makes it anew.
 * @returns whether its permissions were changed
 * @throws UnsafeFolderError
 */
function secureFile(home: string, name: string): boolean {
  const path = join(home, name);
  const link = statsOf(path, lstatSync);
  if (ownUser === undefined || !link) return false;
  // Only settings are read through a link: every other file is replaced when it is written.
  const stats = link.isSymbolicLink() && name === dataFiles.settings.name ? statsOf(path, statSync) : link;
  if (!isTrusted(path, link) || (stats && !isTrusted(path, stats) && !keepsNoPermissions(path))) {
    if (isReplaced(name) && isGone(path)) return false;
    // Not "chown", which would follow the link.
    if (link.isSymbolicLink())
      throw notOurs(path, stats?.uid ?? link.uid, message('removeLink', { path: quoted(path) }));
    throw notOurs(path, link.uid, message('takeOrRemove', own(path)));
  }
  if (!stats?.isFile() && !stats?.isDirectory()) return false;
  const bits = isSecret(name) && stats.isFile() ? anyBits : writeBits;
  if ((stats.mode & bits) === 0) return false;
  const outcome = takeAway(path, bits);
  // What belongs to root may be readable by others: that is root's decision.
  const couldWrite = (stats.mode & writeBits) !== 0;
  const isLeft = () => keepsNoPermissions(path) || isFileMountedByRoot(path);
  if (outcome === 'refused' && couldWrite && !isLeft()) throw stillOpen(path);
  if (outcome === 'done' && couldWrite && stats.isFile() && stats.uid === ownUser && !isReplaced(name)) {
    renew(path, stats.mode & 0o777 & ~bits);
  }
  return outcome === 'done';
}

/** Puts a copy in a file's place: whoever has opened the old one could still write to it. */
function renew(path: string, mode: number): void {
  let written: string | undefined;
  try {
    const real = realpathSync(path);
    const content = readOwnFile(path);
    if (content === undefined) return;
    written = join(dirname(real), `${basename(real, '.json')}.new.json`);
    rmSync(written, { force: true });
    const file = openSync(written, 'wx', 0o600);
    try {
      writeFileSync(file, content);
      fchmodSync(file, mode);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(written, real);
  } catch {
    // A full disk, or a file that is mounted there: it stays the old one.
    if (written !== undefined) isGone(written);
  }
}

function isGone(path: string): boolean {
  try {
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}

/**
 * Takes permissions away, by descriptor, so that nothing can be put in its place meanwhile.
 * @returns `notKept` when the file system has agreed and changed nothing
 */
function takeAway(path: string, bits: number): 'done' | 'notKept' | 'refused' {
  try {
    const opened = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      fchmodSync(opened, fstatSync(opened).mode & 0o7777 & ~bits);
      return (fstatSync(opened).mode & bits) === 0 ? 'done' : 'notKept';
    } finally {
      closeSync(opened);
    }
  } catch {
    return 'refused';
  }
}

/** The folders above one whose owner, or others, can put another one in its place. */
function openParents(folder: string): string[] {
  const open: string[] = [];
  for (let parent = dirname(folder); ; parent = dirname(parent)) {
    const stats = statsOf(parent, statSync);
    const isOpen = stats && (stats.mode & 0o002) !== 0 && (stats.mode & stickyBit) === 0;
    if (isOpen || (stats && !isOwnOrRoots(stats) && !isUnknownUser(stats.uid))) open.push(parent);
    if (parent === dirname(parent)) return open;
  }
}

function statsOf(path: string, read: (path: string) => Stats): Stats | undefined {
  try {
    return read(path);
  } catch {
    return undefined;
  }
}

function namesIn(home: string): string[] {
  try {
    return readdirSync(home).filter(isOurs);
  } catch {
    return [];
  }
}

function notOurs(path: string, user: number, next: Message): UnsafeFolderError {
  return new UnsafeFolderError(message('ofAnotherUser', { path, user }), next);
}

const own = (path: string) => ({ user: ownUser ?? 0, path: quoted(path) });

function stillOpen(path: string): UnsafeFolderError {
  return new UnsafeFolderError(message('othersCanWrite', { path }), message('takeWriting', { path: quoted(path) }));
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w/.@%+:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
