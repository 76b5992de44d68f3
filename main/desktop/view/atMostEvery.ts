/**
 * Limits how often something is called: at once, and once more after the interval if it was asked for again in between.
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
