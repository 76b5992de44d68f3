import { useState } from 'preact/hooks';
import type { Actions, RegistrationPart } from '../../preload/contract.ts';
import type { SettingsView } from '../../preload/views/settings.ts';
import { texts } from '../parts/texts.ts';

interface RegistrationProps {
  settings: SettingsView;
  actions: Pick<Actions, 'copyRegistration'>;
  onAnnounce: (text: string) => void;
}

type Listed = Exclude<RegistrationPart, 'callback'>;
const parts: readonly Listed[] = ['callbacks', 'returnTo'];

/** The values that must be registered at the provider before the first sign-in, for the person to copy. */
export function Registration({ settings, actions, onAnnounce }: RegistrationProps) {
  const { registration } = texts;
  const [copied, setCopied] = useState<Listed>();

  function copy(part: Listed) {
    actions.copyRegistration(part);
    setCopied(part);
    onAnnounce(texts.announcements.copied);
  }

  return (
    <details class="registration">
      <summary>{registration.heading}</summary>
      <div class="card">
        <p class="muted small">{registration.text}</p>
        <dl>
          <dt>{registration.type}</dt>
          <dd>{registration.typeValue}</dd>
          {parts.map((part) => (
            <div key={part} class="addresses">
              <dt>{registration[part]}</dt>
              <dd>
                {settings[part].length === 0 ? (
                  registration.none
                ) : (
                  <>
                    <ul>
                      {settings[part].map((address) => (
                        <li key={address}>
                          <code>{address}</code>
                        </li>
                      ))}
                    </ul>
                    <button
                      type="button"
                      aria-label={registration.copyWhat(
                        copied === part ? registration.copied : registration.copy,
                        registration[part],
                      )}
                      onClick={() => copy(part)}
                    >
                      {copied === part ? registration.copied : registration.copy}
                    </button>
                  </>
                )}
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </details>
  );
}
