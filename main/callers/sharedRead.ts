/**
 * Shares one read among all callers that waited when it began. Callers that come during the read share the next one, so
 * that no answer is older than its question. A failed read fails for all that shared it, and the next call reads again.
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
