import { useEffect, useRef, useState } from 'preact/hooks';
import type { Bridge } from '../../preload/contract.ts';
import type { AppView, Tab } from '../../preload/views/appView.ts';
import type { Press, Pressed } from './pressButton.tsx';
import { watchView } from './watchView.ts';

/** How long a pressed button may show that it works if there is no result, in milliseconds. */
const pressedFor = 5_000;

/** What the main window shows at the moment. */
export interface Shown {
  /** The last view that the main process sent; undefined until the first one. */
  readonly view: AppView | undefined;
  /** True when the main process does not answer. */
  readonly isSilent: boolean;
  readonly tab: Tab;
  readonly go: (tab: Tab) => void;
  readonly press: Press;
}

/**
 * Follows the view. Apart from that the window only remembers its tab and the button that was pressed last.
 * @param onChange - called with the view before a change, if there was one, and the view after it
 */
export function useShown(bridge: Bridge, onChange: (before: AppView | undefined, now: AppView) => void): Shown {
  const [view, setView] = useState<AppView>();
  const [isSilent, setSilent] = useState(false);
  const [pressed, setPressed] = useState<Pressed>();
  const [tab, setTab] = useState<Tab>('account');

  const go = (next: Tab) => {
    setTab(next);
    bridge.tabShown(next);
  };

  const before = useRef<AppView>(undefined);
  useEffect(() => {
    function show(next: AppView) {
      onChange(before.current, next);
      before.current = next;
      setPressed(undefined);
      setView(next);
      if (next.wantedTab !== undefined) go(next.wantedTab);
    }
    return watchView(bridge, show, () => setSilent(true));
  }, [bridge]);

  useEffect(() => {
    if (pressed === undefined) return;
    const timer = setTimeout(() => setPressed(undefined), pressedFor);
    return () => clearTimeout(timer);
  }, [pressed]);

  useEffect(() => {
    if (tab === 'account') return;
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && go('account');
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [tab]);

  const press: Press = {
    pressed,
    onPress(action) {
      setPressed(action);
      bridge[action]();
    },
  };
  return { view, isSilent, tab, go, press };
}
