import { constants, lstatSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pino, { type DestinationStream } from 'pino';
import { isTrusted } from '../../system/ownership.ts';
import { standardError } from '../../system/standardStreams.ts';

/** Bytes. */
const maxLogBytes = 1024 * 1024;
const keptLogs = 5;

/**
 * Opens the log in a folder: five files of about 1 MB, the newest without a number; a start moves a full one. If the folder
 * is not writable, the log goes to standard error, and Loopgate runs all the same.
 */
export function openLogFile(folder: string): DestinationStream {
  try {
    return open(folder);
  } catch {
    return standardError();
  }
}

function open(folder: string): DestinationStream {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = (number: number) => join(folder, number === 0 ? 'loopgate.log' : `loopgate.${number}.log`);
  if ((lstatSync(file(0), { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) {
    for (let number = keptLogs - 1; number > 0; number -= 1) {
      if (lstatSync(file(number - 1), { throwIfNoEntry: false })) renameSync(file(number - 1), file(number));
    }
  }
  const destination = pino.destination({ fd: openToAppend(file(0)), sync: true });
  // Without a listener, an entry that does not fit on the disk would end the program.
  destination.on('error', () => undefined);
  return destination;
}

/** Opens a plain file of this user. Anything else under its name, such as a link or a pipe, is removed and not written to. */
function openToAppend(path: string): number {
  const { O_APPEND, O_CREAT, O_EXCL, O_WRONLY } = constants;
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() && isTrusted(path, found)) return openSync(path, O_APPEND | O_WRONLY);
  rmSync(path, { force: true });
  // O_EXCL follows no link.
  return openSync(path, O_APPEND | O_WRONLY | O_CREAT | O_EXCL, 0o600);
}
