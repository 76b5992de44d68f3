import { useEffect, useState } from 'preact/hooks';
import type { Actions } from '../../preload/contract.ts';
import type { WaitingView } from '../../preload/views/appView.ts';
import { texts } from '../parts/texts.ts';

/** How long a login waits before this help appears, in milliseconds: a person who sees the login page does not need it. */
export const helpAfter = 15_000;

interface ErrorPageHelpProps {
  registration: NonNullable<WaitingView['registration']>;
  /** The provider's host. */
  provider: string | undefined;
  actions: Pick<Actions, 'copyRegistration'>;
  onAnnounce: (text: string) => void;
  onSettings: () => void;
}

/**
 * If a provider does not know the client ID or the callback, it shows its own error page and does not redirect the person
 * back, so Loopgate cannot notice. After a while this shows what to compare.
 */
export function ErrorPageHelp({ registration, provider, actions, onAnnounce, onSettings }: ErrorPageHelpProps) {
  const { waiting: words } = texts;
  const [isDue, setIsDue] = useState(false);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsDue(true), helpAfter);
    return () => clearTimeout(timer);
  }, []);
  if (!isDue) return null;

  function copy() {
    actions.copyRegistration('callback');
    setCopied(true);
    onAnnounce(texts.announcements.callbackCopied);
  }

  return (
    <details class="error-page">
      <summary>{words.errorPage}</summary>
      <p class="small">{words.errorPageText(provider ?? words.unnamedProvider)}</p>
      <dl>
        <dt>{words.clientId}</dt>
        <dd>
          <code>{registration.clientId}</code>
        </dd>
        <dt>{words.callback}</dt>
        <dd>
          <code>{registration.redirectUri}</code>
        </dd>
      </dl>
      <div class="buttons">
        <button type="button" onClick={copy}>
          {copied ? words.copied : words.copyCallback}
        </button>
        <button type="button" onClick={onSettings}>
          {words.openSettings}
        </button>
      </div>
    </details>
  );
}
