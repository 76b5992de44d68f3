import type { AccessView } from '../../preload/views/programs.ts';
import { Path } from '../parts/path.tsx';
import { pointInTime } from '../parts/pointInTime.ts';
import { locale, texts } from '../parts/texts.ts';

/** Which program asked for what, and whether it was allowed. It is folded, because people rarely look at it. */
export function History({ accesses, onClear }: { accesses: readonly AccessView[]; onClear: () => void }) {
  if (accesses.length === 0) return null;
  const { programs, permissionNames } = texts;
  const now = Date.now();
  return (
    <details class="history">
      <summary>{programs.history(accesses.length)}</summary>
      <ol class="card">
        {accesses.map(({ at, name, path, permission, outcome }, index) => (
          <li key={index}>
            <p>
              <bdi class="account-name">{name}</bdi>
            </p>
            <p class="small">
              {permissionNames[permission]}: {programs.outcomes[outcome]}
              <time class="muted" dateTime={new Date(at).toISOString()}>
                {' '}
                {pointInTime(at, now, locale)}
              </time>
            </p>
            {path !== '' && (
              <p class="small muted">
                <Path path={path} />
              </p>
            )}
          </li>
        ))}
      </ol>
      <button type="button" class="quiet" onClick={onClear}>
        {programs.clear}
      </button>
    </details>
  );
}
