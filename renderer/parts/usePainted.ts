import { useEffect } from 'preact/hooks';
import type { Bridge } from '../../preload/contract.ts';

/**
 * Tells the main process when the page has painted. Only then it shows the window, so that no empty window flashes.
 * @param isThere - whether the page shows its real content
 */
export function usePainted(bridge: Pick<Bridge, 'painted'>, isThere: boolean): void {
  useEffect(() => {
    if (!isThere) return;
    // A second frame begins only after the first one was painted.
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => bridge.painted());
    });
    return () => cancelAnimationFrame(frame);
  }, [bridge, isThere]);
}
