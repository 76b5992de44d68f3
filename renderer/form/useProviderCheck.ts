import { useEffect, useState } from 'preact/hooks';
import type { Bridge } from '../../preload/contract.ts';
import type { ProviderCheck } from '../../preload/views/settings.ts';
import { isWorthChecking } from './isWorthChecking.ts';

/** How long the person must pause before the provider is checked, in milliseconds. */
const pause = 400;

/**
 * Checks the provider while the person types its address. Results for an earlier text are not shown any more.
 * @param isWanted - false when there is nothing to check: the address is already in use, or cannot be changed
 */
export function useProviderCheck(
  bridge: Pick<Bridge, 'checkProvider'>,
  text: string,
  isWanted: boolean,
): ProviderCheck | 'checking' | undefined {
  const [found, setFound] = useState<ProviderCheck | 'checking'>();

  useEffect(() => {
    setFound(undefined);
    if (!isWanted || !isWorthChecking(text)) return;
    let isOver = false;
    const timer = setTimeout(() => {
      setFound('checking');
      bridge.checkProvider(text).then(
        (answer) => {
          if (!isOver && (answer.ok || answer.reason !== 'replaced')) setFound(answer);
        },
        () => !isOver && setFound(undefined),
      );
    }, pause);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [bridge, text, isWanted]);

  return found;
}
