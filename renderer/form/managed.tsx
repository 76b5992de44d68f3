import type { FixedBy, SettingsView } from '../../preload/views/settings.ts';
import { Path } from '../parts/path.tsx';
import { texts } from '../parts/texts.ts';

/** Why a setting cannot be changed here. */
export function fixedText(by: FixedBy): string {
  const { settings: words } = texts;
  return by === 'policy' ? words.managed : words.fixed(by);
}

/** Everything that the administrator has decided, including settings without a field in the window. */
export function Managed({ managed: { source, settings } }: { managed: NonNullable<SettingsView['managed']> }) {
  const { settings: words } = texts;
  return (
    <section class="card" aria-labelledby="settings-managed">
      <h3 id="settings-managed">{words.managedHeading}</h3>
      <p>{words.managedText}</p>
      <p>
        <code>{settings.join(', ')}</code>
      </p>
      <p class="muted small">
        {words.managedPlace} <Path path={source} />
      </p>
    </section>
  );
}
