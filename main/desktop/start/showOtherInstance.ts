import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { app } from 'electron';
import { type Message, message, sentences, verbatim } from '../../../preload/texts/messages.ts';
import { type ApiCall, Connection, runningEndpoint } from '../../cli/connection.ts';
import { healthPath } from '../../protocol/protocol.ts';
import { type Lock, LockedError, takeLock } from '../../storage/folderLock.ts';
import { deferred } from '../../system/deferred.ts';
import { say } from '../../system/terminal.ts';
import type { Desktop } from '../desktop.ts';
import { startsHidden } from '../settings/startAtLogin.ts';

/** How long the app that holds the data folder may take to start, to end, or to answer once; in milliseconds. */
const timeout = 20_000;
const answerTimeout = 5_000;
/** How often it is asked during that time, in milliseconds. */
const askEvery = 200;

/**
 * Takes the data folder for this app. If another app holds it, this asks that app over its API to show its window. Unlike
 * Chromium's own way this needs no temporary folder, and the answer is reliable. If the other app is just starting or ending,
 * this waits for it.
 * @param isHidden - true for a start without a window: then it only asks whether the other app is there
 * @returns undefined when the other app has answered
 * @throws LockedError when it does not answer, and when a headless host holds the folder
 */
export async function takeLockOrHandOver(home: string, isHidden: boolean): Promise<Lock | undefined> {
  // Only for the focus, which macOS and Windows hand over this way. Only the other app's own answer shows whether it runs.
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

/** Ends this app because the other one has answered. */
export function leaveToFirst(isHidden: boolean): void {
  say(isHidden ? 'Loopgate already runs.' : 'Loopgate already runs: its window is shown.');
  app.exit(0);
}

/** The window of this app, which may be requested before the desktop has started. */
export class WindowToCome {
  readonly #desktop = deferred<Desktop>();

  /** Resolves when the window is open. */
  readonly show = async (): Promise<void> => (await this.#desktop.promise).open();

  /** From now on a second start shows this window, and closing the window does not end the app. */
  isIn(desktop: Desktop): void {
    this.#desktop.resolve(desktop);
    app.on('second-instance', (_event, argv) => startsHidden(argv, process.platform) || desktop.open());
    app.on('activate', desktop.open);
    app.on('window-all-closed', () => undefined); // It lives in the tray.
  }
}

/**
 * L9: shows the window of another Loopgate of this user, which serves the port from its own data folder.
 * @param pid - the other Loopgate's process
 * @returns false when it has no window, or the system does not report where its data is (only Linux does)
 */
export async function showWindowOf(pid: number | undefined): Promise<boolean> {
  const folder = pid === undefined ? undefined : contactFolderOf(pid);
  return pid !== undefined && folder !== undefined && (await ask(folder, pid, false)) === undefined;
}

/** Asks the other app to show its window. @returns undefined when it has, otherwise the reason */
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
 * The folder through which the other app can be reached. It is found by the files that its Chromium has open: its environment
 * is useless, because Chromium overwrites it. Undefined when it is headless.
 */
function contactFolderOf(pid: number): string | undefined {
  try {
    const descriptors = `/proc/${pid}/fd`;
    for (const descriptor of readdirSync(descriptors)) {
      const folder = /^(\/.*)\/chromium\//.exec(readlinkSync(join(descriptors, descriptor)))?.[1];
      if (folder !== undefined && runningEndpoint(folder)?.pid === pid) return folder;
    }
  } catch {
    // The process has ended, or has closed the file.
  }
  return undefined;
}
