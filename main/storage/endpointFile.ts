import { rmSync } from 'node:fs';
import { z } from 'zod';
import { readText } from '../system/readText.ts';
import { dataPath } from './dataFolder.ts';
import { isAlive, processStart, unknownStart } from './folderLock.ts';
import { writeStore } from './jsonFile.ts';

/** The content of `<home>/endpoint.json` (rule L10): where the API of the Loopgate with this data folder listens. */
const endpoint = z.object({
  /** Such as `http://localhost:1000`: 127.0.0.1 and, where the machine has IPv6, ::1 too. */
  address: z.url({ protocol: /^http$/, hostname: /^localhost$/ }),
  port: z.int().min(1).max(65535),
  /** The process that listens. */
  pid: z.int().positive(),
  version: z.string(),
  /** When that process started, as the system writes it. Comparing the text shows whether a later process has its pid. */
  started: z.string(),
  /** `/.well-known/health` returns it after `ok:`; each run has a new one. */
  instance: z.string(),
});
export type Endpoint = z.infer<typeof endpoint>;

/**
 * Writes the file, complete and with mode 0600. Call it only when the API answers: a program that finds the file may use it
 * at once.
 * @returns a function that removes the file again, unless another run has replaced it
 * @throws when it could not be written
 */
export function publishEndpoint(home: string, listening: Omit<Endpoint, 'pid' | 'started'>): () => void {
  const started = processStart(process.pid) ?? unknownStart;
  writeStore(home, 'endpoint', { ...listening, pid: process.pid, started });
  return () => {
    if (readEndpoint(home)?.instance === listening.instance) rmSync(dataPath(home, 'endpoint'), { force: true });
  };
}

/** The content of the file; undefined when there is none, or it is not valid. */
export function readEndpoint(home: string): Endpoint | undefined {
  try {
    const parsed = endpoint.safeParse(JSON.parse(readText(dataPath(home, 'endpoint')) ?? ''));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether the process that wrote the file still runs. It compares the start too, because another process may have the pid by
 * now.
 */
export function isEndpointCurrent({ pid, started }: Endpoint): boolean {
  return isAlive({ pid, startedAt: started });
}
