import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { app } from 'electron';

/**
 * L9: shows the window of another Loopgate of this user, which serves the port from a data folder of its own. Electron tells
 * the first app on a folder that a second one was started there: so this one passes for a second start of that.
 * @param pid - the other one's process
 * @returns false when it has no window, or the system does not say where its data are (known on Linux only)
 */
export function showWindowOf(pid: number | undefined): boolean {
  const folder = pid === undefined ? undefined : chromiumFolderOf(pid);
  if (folder === undefined) return false;
  app.releaseSingleInstanceLock();
  app.setPath('userData', folder);
  if (!app.requestSingleInstanceLock()) return true;
  app.releaseSingleInstanceLock();
  return false;
}

/**
 * Where the other one's Chromium has its files, by those that it has open: its environment cannot be read, as Chromium
 * overwrites it (seen). Undefined when it is headless.
 */
function chromiumFolderOf(pid: number): string | undefined {
  try {
    const descriptors = `/proc/${pid}/fd`;
    for (const descriptor of readdirSync(descriptors)) {
      const folder = /^(\/.*\/chromium)\//.exec(readlinkSync(join(descriptors, descriptor)))?.[1];
      if (folder === undefined) continue;
      lstatSync(join(folder, 'SingletonLock'));
      return folder;
    }
  } catch {
    // It has gone, or has closed what it had.
  }
  return undefined;
}
