import type { Place } from '../../preload/views/app.ts';
import { texts } from './texts.ts';

const places: readonly Place[] = ['account', 'programs', 'settings'];

export function Views({ place, onPlace }: { place: Place; onPlace: (place: Place) => void }) {
  const { views } = texts;
  return (
    <nav class="views" aria-label={views.label}>
      {places.map((one) => (
        <button
          key={one}
          type="button"
          class="quiet"
          aria-current={one === place ? 'page' : undefined}
          onClick={() => onPlace(one)}
        >
          {views[one]}
        </button>
      ))}
    </nav>
  );
}
