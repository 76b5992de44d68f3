import { randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import type { ListStore } from '../access/savedList.ts';
import { readText } from '../system/readText.ts';
import { dataPath } from './dataFolder.ts';
import { replaceFile, writeStore } from './jsonFile.ts';

/** The list of programs in `<home>/programs.json`. Only the process that holds the data folder's lock may use it. */
export function programsFile(home: string): ListStore {
  const path = dataPath(home, 'programs');
  return {
    load() {
      const text = readText(path);
      return text === undefined ? undefined : JSON.parse(text);
    },
    save: (list) => writeStore(home, 'programs', list),
    setAside: () => renameSync(path, dataPath(home, 'unreadablePrograms')),
  };
}

/**
 * Creates a new key for this run, in a file that only its user can read. Loopgate's own command proves itself with it. If the
 * file cannot be written, no command has the key.
 */
export function makeCommandKey(home: string): { readonly key: string; remove(): void } {
  const key = randomBytes(32).toString('base64url');
  const path = dataPath(home, 'commandKey');
  const remove = () => rmSync(path, { force: true });
  try {
    replaceFile(path, key);
  } catch {
    // The window can still show the list of programs.
  }
  return { key, remove };
}
