import type { AppView } from '../../preload/views/appView.ts';
import { pointInTime } from '../parts/pointInTime.ts';
import { type Press, PressButton } from '../parts/pressButton.tsx';
import { locale, texts } from '../parts/texts.ts';
import { doubtfulFreshness } from './reachability.ts';

/** Shows that the provider has not confirmed the card's content, and when it was read. Confirmed content needs no note. */
export function Freshness({ view, press }: { view: AppView; press: Press }) {
  const { freshness } = texts;
  const doubt = doubtfulFreshness(view);
  if (doubt === undefined) return null;
  const shown = (time: number | undefined) => (time === undefined ? undefined : pointInTime(time, Date.now(), locale));
  const readAt = shown(view.profileReadAt);
  const away = shown(view.unreachableSince);
  return (
    <div class="freshness" role="note">
      <p>{view.isOffline ? freshness.offline(readAt) : freshness[doubt](away, readAt)}</p>
      {view.obstacle !== undefined && <p>{view.obstacle}</p>}
      <PressButton press={press} action="renew" label={freshness.tryNow} busy={freshness.trying} class="quiet" />
    </div>
  );
}
