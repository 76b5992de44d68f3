import type { DestinationStream } from 'pino';
import SonicBoom from 'sonic-boom';

/** The size of unread log that is kept, in bytes; later entries are dropped. */
const maxUnread = 256 * 1024;
/** How often the end waits for a reader that does not read, a tenth of a second each time. */
const maxWaits = 10;

/**
 * Keeps the program running when standard output or standard error cannot be written: their reader has ended (`| head`), or
 * the terminal was closed. Otherwise the next line would end the program.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/**
 * A log on standard error that never ends or blocks the program: neither with a full disk behind a redirect, nor with a
 * reader that is gone or does not read.
 */
export function standardError(): DestinationStream {
  let waits = Number.NEGATIVE_INFINITY;
  const retryEAGAIN = () => {
    waits += 1;
    return waits < maxWaits;
  };
  const destination = new SonicBoom({ fd: 2, maxLength: maxUnread, retryEAGAIN });
  destination.on('error', () => undefined);
  process.once('exit', () => {
    waits = 0;
    try {
      destination.flushSync();
    } catch {
      // There is no place to report it.
    }
  });
  return destination;
}
