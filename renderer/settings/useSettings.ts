import { useEffect, useRef, useState } from 'preact/hooks';
import type { Bridge } from '../../preload/contract.ts';
import type { AppView } from '../../preload/views/appView.ts';
import type { SettingsView } from '../../preload/views/settings.ts';

/**
 * The present settings, requested again whenever the view has changed.
 * @returns the settings, undefined until they are known; and a function that requests them again
 */
export function useSettings(
  bridge: Pick<Bridge, 'settings'>,
  view: AppView,
): { settings: SettingsView | undefined; askAgain: () => void } {
  const [settings, setSettings] = useState<SettingsView>();
  const asked = useRef(0);

  function askAgain() {
    asked.current += 1;
    const mine = asked.current;
    bridge.settings().then(
      // Answers can overtake each other; only the answer to the last request is up to date.
      (next) => mine === asked.current && setSettings(next),
      (reason: unknown) => console.warn('settings', reason),
    );
  }

  // A new view is the reason to ask again.
  useEffect(askAgain, [bridge, view]);
  return { settings, askAgain };
}
