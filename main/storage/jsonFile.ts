import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import ElectronStore from 'electron-store';
import { type Message, message } from '../../preload/texts/messages.ts';
import { errorCode } from '../system/errorCode.ts';
import { isUnfinished, sessionStore } from './dataFolder.ts';

/**
 * Writes `<folder>/<name>.json` with electron-store, mode 0600, and returns when it is on the disk. Whatever happens, the file
 * is the old one or the new one: electron-store's own atomic write takes a write that a full disk cut short for a whole one, so
 * the new file is written beside the old, read back, and only then renamed over it.
 * @throws when it could not be written; {@link writeFailure} says why
 */
export function writeStore(folder: string, name: string, content: Record<string, unknown>): void {
  // Asked first: electron-store tries again for a second, blocking, where the folder refuses.
  accessSync(folder, constants.W_OK);
  const path = join(folder, `${name}.json`);
  // A file that is kept elsewhere, and linked to, stays there.
  const target = isLink(path) ? realpathSync(path) : path;
  const written = join(dirname(target), `${basename(target, '.json')}.new.json`);
  rmSync(written, { force: true });
  try {
    const store = storeAt(written);
    store.store = content;
    if (!holds(store, content)) throw Object.assign(new Error('written in part'), { code: 'ENOSPC' });
    renameSync(written, target);
  } catch (error) {
    rmSync(written, { force: true });
    throw error;
  }
  syncFolder(dirname(target));
}

/** False for a link to nothing: it is replaced. */
function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && existsSync(path);
}

type Store = ElectronStore<Record<string, unknown>>;
const stores = new Map<string, Store>();

/** One store for each file: making one costs as much as a write, and it reads the file again each time anyway. */
function storeAt(path: string): Store {
  const known = stores.get(path);
  if (known) return known;
  const made = new ElectronStore<Record<string, unknown>>({
    cwd: dirname(path),
    name: basename(path, '.json'),
    configFileMode: 0o600,
  });
  stores.set(path, made);
  return made;
}

function holds(store: Store, content: Record<string, unknown>): boolean {
  try {
    return JSON.stringify(store.store) === JSON.stringify(content);
  } catch {
    return false;
  }
}

/** A name in a folder is on the disk only when the folder is. Windows has no such call and needs none. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const opened = openSync(folder, 'r');
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

/** Removes what a write that was killed has left in the data folder. Only for the process that holds its lock. */
export function removeUnfinished(folder: string): void {
  try {
    for (const name of readdirSync(folder)) if (isUnfinished(name)) rmSync(join(folder, name), { force: true });
  } catch {
    // A folder that cannot be read or written is said where something is to be kept in it.
  }
}

/** Tries whether something can be kept in the folder: a full disk grants the permission and refuses the bytes. @throws */
export function tryWriting(folder: string): void {
  accessSync(folder, constants.W_OK);
  const probe = join(folder, `${sessionStore('probe')}.new.json`);
  try {
    // About as much as a session takes.
    writeFileSync(probe, Buffer.alloc(8192), { mode: 0o600 });
  } finally {
    rmSync(probe, { force: true });
  }
}

/** Why nothing can be written to a folder; undefined when the error is of another kind. */
export function writeFailure(error: unknown, folder: string): Message | undefined {
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return message('noSpace', { folder });
  if (code === 'EROFS') return message('readOnly', { folder });
  if (code === 'EACCES' || code === 'EPERM') return message('mayNotWrite', { folder });
  if (code === 'ENOENT' || code === 'ENOTDIR') return message('folderMissing', { folder });
  return code === 'EIO' ? message('diskError', { folder }) : undefined;
}
