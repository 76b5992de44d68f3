/**
 * One read serves everybody who waited when it began; those who come while it runs share the next one, so that nobody gets
 * an answer that is older than their question. A read that fails fails for those who shared it, and the next one is made.
 */
export function sharedRead<T>(read: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | undefined;
  let running: Promise<unknown> = Promise.resolve();
  return () => {
    next ??= running.then(() => {
      next = undefined;
      const current = read();
      running = current.catch(() => undefined);
      return current;
    });
    return next;
  };
}
