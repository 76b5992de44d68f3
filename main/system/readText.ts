import { readFileSync } from 'node:fs';
import { errorCode } from './errorCode.ts';

/** A file's text; undefined when it is not there. @throws when it cannot be read */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
