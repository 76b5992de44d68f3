/**
 * Limits how often `call` runs: at once, and once more after the interval if it was requested again in between.
 * @param milliseconds - the interval
 */
export function atMostEvery(milliseconds: number, call: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isWanted = false;
  const run = () => {
    isWanted = false;
    call();
    timer = setTimeout(() => {
      timer = undefined;
      if (isWanted) run();
    }, milliseconds);
    timer.unref();
  };
  return () => {
    if (timer === undefined) run();
    else isWanted = true;
  };
}
