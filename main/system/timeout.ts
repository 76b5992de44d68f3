/** Calls back after a time; passed in so that tests control it. */
export interface Timer {
  /** Calls `callback` once after `milliseconds`. It does not keep the process alive. @returns the function that cancels it */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The machine's own timer. */
export const systemTimer: Timer = {
  after(milliseconds, callback) {
    let timer: NodeJS.Timeout;
    const wait = (left: number) => {
      // A longer timer would fire at once in Node.
      const part = Math.min(left, maxTimer);
      timer = setTimeout(() => (left > part ? wait(left - part) : callback()), part);
      timer.unref();
    };
    wait(milliseconds);
    return () => clearTimeout(timer);
  },
};

/** 2^31 − 1 milliseconds, a little under 25 days. */
const maxTimer = 2_147_483_647;

/**
 * Settles as `work` does, or as `late` does when the work takes longer than `milliseconds`. The work continues in any case.
 * @param late - called after the timeout; returns the result or throws the reason
 */
export function withTimeout<T, U = T>(
  timer: Timer,
  milliseconds: number,
  work: Promise<T>,
  late: () => U,
): Promise<T | U> {
  return new Promise((resolve, reject) => {
    const cancel = timer.after(milliseconds, () => {
      try {
        resolve(late());
      } catch (reason) {
        reject(reason);
      }
    });
    void work.then(resolve, reject).finally(cancel);
  });
}
