import pino, { type DestinationStream, type Logger } from 'pino';
import { standardError } from './standardStreams.ts';
import { terminalJson } from './terminal.ts';

/**
 * Names under which a secret could be logged by mistake. Loopgate never logs secrets (T9); this is the second lock. `code` is
 * not among them, because it is also the name of an error's code.
 */
const secrets = [
  'accessToken',
  'refreshToken',
  'idToken',
  'codeVerifier',
  'state',
  'nonce',
  'authorization',
  'vaultKey',
];

/** The lowest level that is written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * Creates the program's log, with one JSON line for each entry, which a terminal may show as it is.
 * @param destination - by default standard error, so that standard output stays free for people and scripts
 */
export function createLog(level: LogLevel, destination: DestinationStream = standardError()): Logger {
  const paths = secrets.flatMap((name) => [name, `*.${name}`]);
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: { paths, remove: true } },
    { write: (line) => destination.write(terminalJson(line)) },
  );
}
