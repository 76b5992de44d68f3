import type { AppView } from '../preload/contract.ts';
import { pointInTime } from './pointInTime.ts';
import { type Press, PressButton } from './pressButton.tsx';
import { doubtfulFreshness } from './reachability.ts';
import { locale, texts } from './texts.ts';

/** Says that what the card shows is not confirmed by the provider now, and from when it is. A confirmed one needs no word. */
export function Freshness({ view, press }: { view: AppView; press: Press }) {
  const { freshness } = texts;
  const doubt = doubtfulFreshness(view);
  if (doubt === undefined) return null;
  const readAt = view.profileReadAt;
  const since = readAt === undefined ? undefined : pointInTime(readAt, Date.now(), locale);
  return (
    <div class="freshness" role="note">
      <p>{freshness[doubt](since)}</p>
      {view.obstacle !== undefined && <p>{view.obstacle}</p>}
      <PressButton press={press} action="renew" label={freshness.tryNow} busy={freshness.trying} class="quiet" />
    </div>
  );
}
