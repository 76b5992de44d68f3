import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';
import { tryWriting } from '../store.ts';

/**
 * Where Chromium's own files and the logs go: into the data folder, or, when that takes nothing, into a fresh one among the
 * system's temporary files, because Chromium does not start without a folder of its own.
 */
export function placeFolders(home: string): void {
  const folder = takesFiles(home) ? home : mkdtempSync(join(tmpdir(), 'loopgate-'));
  app.setPath('userData', join(folder, 'chromium'));
  app.setAppLogsPath(join(folder, 'logs'));
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
