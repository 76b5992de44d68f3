import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { app } from 'electron';
import { type Message, message, sentences, verbatim } from '../../../preload/texts/messages.ts';
import { type ApiCall, Connection, runningEndpoint } from '../../cli/connection.ts';
import { healthPath } from '../../protocol/protocol.ts';
import { type Lock, LockedError, takeLock } from '../../storage/folderLock.ts';
import { deferred } from '../../system/deferred.ts';
import type { Desktop } from '../desktop.ts';
import { startsHidden } from '../settings/startAtLogin.ts';

/** How long an app that has the data folder may take to start, or to end, and for one answer; in milliseconds. */
const timeout = 20_000;
const answerTimeout = 5_000;
/** How often it is asked meanwhile, in milliseconds. */
const askEvery = 200;

/**
 * Takes the data folder for this app. Where another app has it, that one is asked over its API to show its window: unlike
 * Chromium's own way it needs no folder of temporary files, and what it says is true. One that is just starting or ending is
 * waited for.
 * @param isHidden - true for a start that opens no window: then it is only asked whether it is there
 * @returns undefined when the other one has answered
 * @throws LockedError when it does not, and when a headless host has the folder
 */
export async function takeLockOrHandOver(home: string, isHidden: boolean): Promise<Lock | undefined> {
  // Only for the focus, which macOS and Windows give by it; whether another one runs, nobody but that one says.
  if (process.platform !== 'linux') app.requestSingleInstanceLock();
  for (const deadline = Date.now() + timeout; ; await delay(askEvery)) {
    try {
      return takeLock(home, 'desktop');
    } catch (error) {
      if (!(error instanceof LockedError) || error.holder.kind !== 'desktop') throw error;
      const refusal = await ask(home, error.holder.pid, isHidden);
      if (refusal === undefined) return undefined;
      if (Date.now() > deadline) {
        const next = sentences(message('windowNotShown', { reason: refusal }), message('endThatProcess'));
        throw new LockedError(error.holder, home, next);
      }
    }
  }
}

/** Ends this app, when the other one has answered. */
export function leaveToFirst(isHidden: boolean): void {
  process.stdout.write(isHidden ? 'Loopgate already runs.\n' : 'Loopgate already runs: its window is shown.\n');
  app.exit(0);
}

/** The window of this app, which may be asked for before there is a desktop. */
export class WindowToCome {
  readonly #desktop = deferred<Desktop>();

  /** Resolves when it is open. */
  readonly show = async (): Promise<void> => (await this.#desktop.promise).open();

  /** Whoever starts the app again sees it from now on, and closing it ends nothing. */
  isIn(desktop: Desktop): void {
    this.#desktop.resolve(desktop);
    app.on('second-instance', (_event, argv) => startsHidden(argv, process.platform) || desktop.open());
    app.on('activate', desktop.open);
    app.on('window-all-closed', () => undefined); // It lives in the tray.
  }
}

/**
 * L9: shows the window of another Loopgate of this user, which serves the port from a data folder of its own.
 * @param pid - the other one's process
 * @returns false when it has no window, or the system does not say where its data are (known on Linux only)
 */
export async function showWindowOf(pid: number | undefined): Promise<boolean> {
  const folder = pid === undefined ? undefined : contactFolderOf(pid);
  return pid !== undefined && folder !== undefined && (await ask(folder, pid, false)) === undefined;
}

/** @returns undefined when it has done so; else why not */
async function ask(folder: string, pid: number, isHidden: boolean): Promise<Message | undefined> {
  const endpoint = runningEndpoint(folder);
  if (endpoint?.pid !== pid) return message('doesNotSayWhere');
  const connection = new Connection(endpoint, folder, AbortSignal.timeout(answerTimeout));
  const call: ApiCall = isHidden
    ? { method: 'GET', path: healthPath }
    : { method: 'POST', path: '/window', withKey: true };
  try {
    await connection.text(call);
    return undefined;
  } catch (error) {
    const isLate = error instanceof Error && 'code' in error && error.code === 'interrupted';
    return isLate || !(error instanceof Error) ? message('doesNotAnswer') : verbatim(error.message.replace(/\.$/, ''));
  } finally {
    connection.close();
  }
}

/**
 * Where the other one can be reached, by the files that its Chromium has open: its environment cannot be read, as Chromium
 * overwrites it (seen). Undefined when it is headless.
 */
function contactFolderOf(pid: number): string | undefined {
  try {
    const descriptors = `/proc/${pid}/fd`;
    for (const descriptor of readdirSync(descriptors)) {
      const folder = /^(\/.*)\/chromium\//.exec(readlinkSync(join(descriptors, descriptor)))?.[1];
      if (folder !== undefined && runningEndpoint(folder)?.pid === pid) return folder;
    }
  } catch {
    // It has gone, or has closed what it had.
  }
  return undefined;
}
