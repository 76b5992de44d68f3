import type { Actions } from '../../preload/contract.ts';
import type { OriginView } from '../../preload/views/programs.ts';
import { texts } from '../parts/texts.ts';

interface OriginsProps {
  origins: readonly OriginView[];
  actions: Pick<Actions, 'allowOrigin' | 'removeOrigin'>;
}

/** Origins of apps and browser extensions. A web page's origin is never listed, because it can never be allowed. */
export function Origins({ origins, actions }: OriginsProps) {
  if (origins.length === 0) return null;
  const { programs } = texts;
  return (
    <section aria-labelledby="origins">
      <h2 id="origins">{programs.origins}</h2>
      <p class="small muted">{programs.originsText}</p>
      <ul class="card">
        {origins.map(({ origin, decision }) => (
          <li key={origin} class="origin">
            <p>
              <code>
                <bdi>{origin}</bdi>
              </code>
              <span class="small muted">{programs.origin[decision]}</span>
            </p>
            <div class="account-buttons">
              {decision === 'refused' && (
                <button
                  type="button"
                  aria-label={programs.ofWhom(programs.allow, origin)}
                  onClick={() => actions.allowOrigin(origin)}
                >
                  {programs.allow}
                </button>
              )}
              {decision === 'allowed' && (
                <button
                  type="button"
                  class="quiet"
                  aria-label={programs.ofWhom(programs.remove, origin)}
                  onClick={() => actions.removeOrigin(origin)}
                >
                  {programs.remove}
                </button>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
