import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';
import { message, sentences } from '../../../preload/texts/messages.ts';
import { SettingError } from '../../settings/settings.ts';
import { tryWriting } from '../../storage/jsonFile.ts';

/**
 * Chooses the folder for Chromium's own files and the logs: the data folder, or if that is not writable a new temporary one.
 * Chromium does not start without a folder of its own.
 * @returns the folder
 * @throws SettingError when no folder is writable
 */
export function placeFolders(home: string): string {
  const folder = takesFiles(home) && takesFiles(chromiumFolder(home)) ? home : temporaryFolder(home);
  app.setPath('userData', chromiumFolder(folder));
  app.setAppLogsPath(join(folder, 'logs'));
  return folder;
}

function chromiumFolder(folder: string): string {
  return join(folder, 'chromium');
}

function temporaryFolder(home: string): string {
  const { XDG_RUNTIME_DIR } = process.env;
  const candidates = [tmpdir(), ...(XDG_RUNTIME_DIR ? [XDG_RUNTIME_DIR] : [])];
  for (const candidate of candidates) {
    try {
      const made = mkdtempSync(join(candidate, 'loopgate-'));
      // Files that Chromium writes after this stay.
      app.on('quit', () => rmSync(made, { recursive: true, force: true, maxRetries: 3 }));
      return made;
    } catch {
      // Try the next one.
    }
  }
  throw new SettingError(
    sentences(message('nothingWritable', { folders: [home, ...candidates].join(' or ') }), message('allowOneFolder')),
  );
}

function takesFiles(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    tryWriting(folder);
    return true;
  } catch {
    return false;
  }
}
