import { useEffect, useState } from 'preact/hooks';
import type { Bridge } from '../../preload/contract.ts';
import type { ProviderCheck } from '../../preload/views/settings.ts';
import { isWorthChecking } from './isWorthChecking.ts';

/** How long nothing must be typed before the provider is looked for, in milliseconds. */
const pause = 400;

/**
 * Looks for the provider while its address is typed. What was found for an earlier text is not shown any more.
 *
 * @param isWanted - false where there is nothing to look for: the address is the one in use, or cannot be changed.
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
