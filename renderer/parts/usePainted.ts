import { useEffect } from 'preact/hooks';
import type { Bridge } from '../../preload/contract.ts';

/**
 * Tells the main process when there is something to see: only then is the window shown, so that nothing empty flashes.
 *
 * @param isThere - whether the page shows what it is for
 */
export function usePainted(bridge: Pick<Bridge, 'painted'>, isThere: boolean): void {
  useEffect(() => {
    if (!isThere) return;
    // A second frame begins when the first one has been painted.
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => bridge.painted());
    });
    return () => cancelAnimationFrame(frame);
  }, [bridge, isThere]);
}
