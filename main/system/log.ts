import pino, { type DestinationStream, type Logger } from 'pino';
import { standardError } from './standardStreams.ts';

/**
 * Names under which a secret could be logged by mistake; T9 is kept by never logging them, this is the second lock. Not `code`:
 * that is also the name of an error's.
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

/** From which on an entry is written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * The program's log, one JSON line an entry.
 * @param destination - where it goes; standard error by default, so that standard output stays for people and scripts
 */
export function createLog(level: LogLevel, destination: DestinationStream = standardError()): Logger {
  const paths = secrets.flatMap((name) => [name, `*.${name}`]);
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: { paths, remove: true } },
    destination,
  );
}
