import type { Clock } from './clock.ts';

/**
 * Settles as `work` does, or as `late` does when the work takes longer than `milliseconds`. The work continues in any case.
 * @param late - called after the timeout; returns the result or throws the reason
 */
export function withTimeout<T, U = T>(
  clock: Clock,
  milliseconds: number,
  work: Promise<T>,
  late: () => U,
): Promise<T | U> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(milliseconds, () => {
      try {
        resolve(late());
      } catch (reason) {
        reject(reason);
      }
    });
    void work.then(resolve, reject).finally(cancel);
  });
}
