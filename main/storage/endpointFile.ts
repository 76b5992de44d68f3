import { readFileSync, rmSync } from 'node:fs';
import { z } from 'zod';
import { dataPath } from './dataFolder.ts';
import { isAlive, processStart, unknownStart } from './folderLock.ts';
import { writeStore } from './jsonFile.ts';

/** What `<home>/endpoint.json` holds (rule L10): where the API of the Loopgate that runs on this data folder is. */
const endpoint = z.object({
  /** Such as `http://localhost:1000`: 127.0.0.1 and, where the machine has IPv6, ::1 too. */
  address: z.url({ protocol: /^http$/, hostname: /^localhost$/ }),
  port: z.int().min(1).max(65535),
  /** The process that listens. */
  pid: z.int().positive(),
  version: z.string(),
  /** When that process started, in the system's own words: compared as text, it tells it from a later one with its pid. */
  started: z.string(),
  /** What `/.well-known/health` answers behind `ok:`: new with every run. */
  instance: z.string(),
});
export type Endpoint = z.infer<typeof endpoint>;

/**
 * Writes the file, whole and mode 0600. Call it only when the API answers: a program that finds the file may use it at once.
 * @returns removes it again, unless another run has written its own meanwhile
 * @throws when it could not be written
 */
export function publishEndpoint(home: string, listening: Omit<Endpoint, 'pid' | 'started'>): () => void {
  const started = processStart(process.pid) ?? unknownStart;
  writeStore(home, 'endpoint', { ...listening, pid: process.pid, started });
  return () => {
    if (readEndpoint(home)?.instance === listening.instance) rmSync(dataPath(home, 'endpoint'), { force: true });
  };
}

/** What the file says; undefined when there is none, or none of this form. */
export function readEndpoint(home: string): Endpoint | undefined {
  try {
    const parsed = endpoint.safeParse(JSON.parse(readFileSync(dataPath(home, 'endpoint'), 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the process that wrote the file still runs: by its pid and its start, as a pid may be another process's by now. */
export function isEndpointCurrent({ pid, started }: Endpoint): boolean {
  return isAlive({ pid, startedAt: started });
}
