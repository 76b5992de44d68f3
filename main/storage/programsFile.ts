import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { ListStore } from '../access/savedList.ts';
import { readText } from '../system/readText.ts';
import { dataPath } from './dataFolder.ts';
import { writeStore } from './jsonFile.ts';

/** The list of programs in `<home>/programs.json`. Only for the process that holds the data folder's lock. */
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
 * Makes a new key for this run, by which the command of Loopgate proves itself, in a file that only its user can read.
 * Where nothing can be written, no command has the key.
 */
export function makeCommandKey(home: string): { readonly key: string; remove(): void } {
  const key = randomBytes(32).toString('base64url');
  const path = dataPath(home, 'commandKey');
  const remove = () => rmSync(path, { force: true });
  try {
    // Not into a file that is there already: its mode would stay as it is.
    remove();
    writeFileSync(path, key, { mode: 0o600, flag: 'wx' });
  } catch {
    // The list of programs can still be seen in the window.
  }
  return { key, remove };
}
