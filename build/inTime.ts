import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for something of a test's surroundings, and says what was waited for when it does not come: a test that just runs out of
 * time tells nobody anything.
 * @param what - e.g. `the end of the app`
 * @param timeout - in milliseconds
 * @throws Error that names it
 */
export async function inTime<T>(what: string, timeout: number, awaited: Promise<T>): Promise<T> {
  const watch = new AbortController();
  try {
    return await Promise.race([
      awaited,
      delay(timeout, undefined, { signal: watch.signal }).then((): never => {
        throw new Error(`Waited ${timeout} ms in vain for ${what}`);
      }),
    ]);
  } finally {
    watch.abort();
  }
}
