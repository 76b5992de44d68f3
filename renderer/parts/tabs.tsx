import type { Tab } from '../../preload/views/appView.ts';
import { texts } from './texts.ts';

const tabs: readonly Tab[] = ['account', 'programs', 'settings'];

/** Leads to each tab of the main window. */
export function Tabs({ tab, onTab }: { tab: Tab; onTab: (tab: Tab) => void }) {
  const { views } = texts;
  return (
    <nav class="views" aria-label={views.label}>
      {tabs.map((one) => (
        <button
          key={one}
          type="button"
          class="quiet"
          aria-current={one === tab ? 'page' : undefined}
          onClick={() => onTab(one)}
        >
          {views[one]}
        </button>
      ))}
    </nav>
  );
}
