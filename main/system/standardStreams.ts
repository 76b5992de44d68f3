import type { DestinationStream } from 'pino';
import SonicBoom from 'sonic-boom';

/** What nobody has read yet of the log is kept up to here, in bytes; what comes then is left out. */
const maxUnread = 256 * 1024;
/** How often a reader that is there and takes nothing is waited for at the end, a tenth of a second each time. */
const maxWaits = 10;

/**
 * Standard output and standard error may lead to a program that has ended (`| head`), or to a terminal that was closed. Nobody
 * reads then, and nothing else changes: without this the next line ends the program.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/**
 * A log on standard error that ends and holds up nothing: neither a full disk behind a redirect, nor a reader that has gone or
 * does not read.
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
      // Nobody is there to be told.
    }
  });
  return destination;
}
