import { readlinkSync } from 'node:fs';
import { app } from 'electron';
import { ownCommand, typedCommand } from './cli/packed.ts';
import { placeFolders } from './desktop/system/folders.ts';
import { systemFetch } from './desktop/system/systemFetch.ts';
import { denyPermissions, lockDown } from './desktop/windows/lockDown.ts';
import { serve } from './host/headless.ts';
import { homeFolder } from './settings/settings.ts';
import { secureFolder } from './storage/folderLook.ts';
import { say, sayError } from './system/terminal.ts';

/** How often to check for the end of a start that only passes on the command, in milliseconds. */
const lookingAfter = 1_000;

/**
 * Runs the headless host if this start is `loopgate serve`: without a window, a page, a display or any question. It reaches
 * the provider as the app does. It does not use the system's keyring: without a desktop that needs a native library, and none
 * is shipped, because it would lie beside the asar and outside the hash check.
 * @returns false for a start of the app
 */
export function servesHeadless(): boolean {
  const [first, ...others] = typedCommand() ?? [];
  if (first !== 'serve' || others.length > 0) return false;
  void serveHeadless().catch(end);
  return true;
}

async function serveHeadless(): Promise<void> {
  // Electron shows a dialog for an uncaught error, but here there is no person to close it.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) process.on(event, end);
  try {
    lockDown();
    // Otherwise Chromium would ask the keyring for a key to encrypt cookies, and there are none.
    app.commandLine.appendSwitch('password-store', 'basic');
    // Nothing is drawn, so it needs no process for that.
    app.commandLine.appendSwitch('in-process-gpu');
    const home = homeFolder(process.env);
    for (const notice of secureFolder(home).notices) say(notice);
    placeFolders(home);
  } catch (error) {
    // We report it ourselves, because a setting is wrong or was refused.
    sayError(error instanceof Error ? error.message : String(error));
    return app.exit(2);
  }
  endWithParent();
  await app.whenReady();
  denyPermissions();
  await serve({ fetch: systemFetch(), ownCommand, whenAskedToEnd });
}

/** Electron handles SIGTERM, SIGINT and SIGHUP itself: it quits, which waits until the host has closed. */
function whenAskedToEnd(end: (reason: string) => void): void {
  app.on('will-quit', (event) => {
    event.preventDefault();
    end('quit');
  });
}

/** The start that passed the command on may end by itself: then this process ends too. */
function endWithParent(): void {
  const parent = process.ppid;
  if (executableOf(parent) !== process.execPath) return;
  setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGTERM'), lookingAfter).unref();
}

function executableOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

function end(error: unknown): void {
  sayError(...`Loopgate ended: ${error instanceof Error ? error.stack : String(error)}`.split('\n'));
  app.exit(1);
}
