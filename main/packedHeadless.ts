import { readlinkSync } from 'node:fs';
import { app } from 'electron';
import { ownCommand, typedCommand } from './cli/packed.ts';
import { placeFolders } from './desktop/system/folders.ts';
import { systemFetch } from './desktop/system/systemFetch.ts';
import { denyPermissions, lockDown } from './desktop/windows/lockDown.ts';
import { serve } from './host/headless.ts';
import { homeFolder } from './settings/settings.ts';

/** How often a start that only passes on the command is looked after, in milliseconds. */
const lookingAfter = 1_000;

/**
 * Serves without a desktop where this start is `loopgate serve`: no window, no page, no display, and nothing that asks.
 * The provider is reached as by the app. The keyring of the system is not: what speaks to it without a desktop is a native
 * library, and none is shipped, as it would lie beside the asar, outside of what the program checks the hash of.
 * @returns false for a start of the app
 */
export function servesHeadless(): boolean {
  const [first, ...others] = typedCommand() ?? [];
  if (first !== 'serve' || others.length > 0) return false;
  void serveHeadless().catch(end);
  return true;
}

async function serveHeadless(): Promise<void> {
  // Electron shows a dialog for what nobody catches; here nobody would close it.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) process.on(event, end);
  try {
    lockDown();
    // Chromium would ask the keyring for a key to encrypt cookies with, and there are none.
    app.commandLine.appendSwitch('password-store', 'basic');
    // Nothing is drawn: no process of its own for that.
    app.commandLine.appendSwitch('in-process-gpu');
    placeFolders(homeFolder(process.env));
  } catch (error) {
    // Ours to say, as a setting is wrong or was refused.
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return app.exit(2);
  }
  endWithParent();
  await app.whenReady();
  denyPermissions();
  await serve({ fetch: systemFetch(), ownCommand, whenAskedToEnd });
}

/** Electron takes SIGTERM, SIGINT and SIGHUP for itself: it quits then, which is put off until the host has closed. */
function whenAskedToEnd(end: (reason: string) => void): void {
  app.on('will-quit', (event) => {
    event.preventDefault();
    end('quit');
  });
}

/** A start that passed the command on to this process can be ended without it: then this one ends too. */
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
  process.stderr.write(`Loopgate ended: ${error instanceof Error ? error.stack : String(error)}\n`);
  app.exit(1);
}
