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
import { isTrusted } from '../system/ownership.ts';
import { dataFiles, isUnfinished, sessionStore } from './dataFolder.ts';

/**
 * Writes `<folder>/<name>.json` with electron-store, mode 0600, and returns when it is on the disk. The result is always
 * either the old or the new file. electron-store's own atomic write can accept a write that a full disk cut short. So this
 * writes the new file beside the old one, reads it back, and only then renames it.
 * @throws when it could not be written; {@link writeFailure} says why
 */
export function writeStore(folder: string, name: string, content: Record<string, unknown>): void {
  // Check first: if the folder is not writable, electron-store blocks and retries for a second.
  accessSync(folder, constants.W_OK);
  const path = join(folder, `${name}.json`);
  const target = name === settingsName && isOwnLink(path) ? realpathSync(path) : path;
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

const settingsName = basename(dataFiles.settings.name, '.json');

/**
 * Whether the person has put a link there, to settings that they keep elsewhere: its target is written. Every other link is
 * replaced, also one that leads nowhere.
 */
function isOwnLink(path: string): boolean {
  const link = lstatSync(path, { throwIfNoEntry: false });
  return link?.isSymbolicLink() === true && isTrusted(path, link) && existsSync(path);
}

/** Writes a small file anew, never into one that is there, and through no link. @throws when it could not be written */
export function replaceFile(path: string, content: string | Buffer): void {
  rmSync(path, { force: true });
  writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
}

type Store = ElectronStore<Record<string, unknown>>;
const stores = new Map<string, Store>();

/** Keeps one store for each file: creating one costs as much as a write, and it reads the file again each time anyway. */
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

/** A new name is on the disk only after its folder is synced. Windows has no such call and needs none. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const opened = openSync(folder, 'r');
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

/** Removes what killed writes have left in the data folder. Only the process that holds its lock may call this. */
export function removeUnfinished(folder: string): void {
  try {
    for (const name of readdirSync(folder)) if (isUnfinished(name)) rmSync(join(folder, name), { force: true });
  } catch {
    // If the folder is not readable or writable, a later write reports it.
  }
}

/** Tests whether the folder can store data: on a full disk the permission is there but the write fails. @throws */
export function tryWriting(folder: string): void {
  accessSync(folder, constants.W_OK);
  const probe = join(folder, `${sessionStore('probe')}.new.json`);
  try {
    // About the size of a session.
    replaceFile(probe, Buffer.alloc(8192));
  } finally {
    rmSync(probe, { force: true });
  }
}

/** Why a folder is not writable; undefined for an error of another kind. */
export function writeFailure(error: unknown, folder: string): Message | undefined {
  const code = errorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return message('noSpace', { folder });
  if (code === 'EROFS') return message('readOnly', { folder });
  if (code === 'EACCES' || code === 'EPERM') return message('mayNotWrite', { folder });
  if (code === 'ENOENT' || code === 'ENOTDIR') return message('folderMissing', { folder });
  return code === 'EIO' ? message('diskError', { folder }) : undefined;
}
