import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pino, { type DestinationStream } from 'pino';
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
  if (existsSync(file(0)) && statSync(file(0)).size > maxLogBytes) {
    for (let number = keptLogs - 1; number > 0; number -= 1) {
      if (existsSync(file(number - 1))) renameSync(file(number - 1), file(number));
    }
  }
  const destination = pino.destination({ dest: file(0), mode: 0o600, sync: true });
  // Without a listener, an entry that does not fit on the disk would end the program.
  destination.on('error', () => undefined);
  return destination;
}
