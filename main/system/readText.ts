import { readOwnFile } from './ownership.ts';

/** A file's text; undefined when it is not there. @throws when it cannot be read, or is another user's */
export function readText(path: string): string | undefined {
  return readOwnFile(path)?.toString('utf8');
}
