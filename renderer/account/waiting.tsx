import { useEffect, useState } from 'preact/hooks';
import type { Actions, Bridge } from '../../preload/contract.ts';
import type { WaitingView } from '../../preload/views/appView.ts';
import { Countdown } from '../consent/countdown.tsx';
import { Mark } from '../parts/icons.tsx';
import { texts } from '../parts/texts.ts';
import { ErrorPageHelp } from './errorPageHelp.tsx';

/** How long the button shows "Copied", in milliseconds: long enough to read, short enough to copy again. */
const copiedFor = 2_500;

interface WaitingProps {
  waiting: WaitingView;
  /** The provider's host. */
  provider: string | undefined;
  /** No account is signed in: the login is all there is to show, in place of the signed-out screen. */
  alone: boolean;
  actions: Pick<Actions, 'openAgain' | 'copyAddress' | 'copyRegistration' | 'cancelSignIn'> &
    Pick<Bridge, 'providerAddress'>;
  onAnnounce: (text: string) => void;
  onSettings: () => void;
}

/** A waiting login: what to do in the browser, if it did not open, and if its page shows an error. */
export function Waiting({ waiting, provider, alone, actions, onAnnounce, onSettings }: WaitingProps) {
  const { waiting: words } = texts;
  const { id, page, requestedBy, registration, deadline } = waiting;
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), copiedFor);
    return () => clearTimeout(timer);
  }, [copied]);

  function copy() {
    actions.copyAddress(id);
    setCopied(true);
    onAnnounce(texts.announcements.copied);
  }

  const hasFailed = page === 'failed';
  return (
    <section class={alone ? 'welcome waiting' : 'card waiting'} aria-labelledby="waiting">
      {alone && <Mark />}
      <h2 id="waiting" tabIndex={-1}>
        {words.headings[page]}
      </h2>
      <p>{words.texts[page]}</p>
      {requestedBy === 'program' && <p>{words.byProgram}</p>}
      {(page === 'opening' || page === 'opened') && <p class="small muted">{words.notOpened}</p>}
      {page !== 'elsewhere' && (
        <div class="buttons">
          <button type="button" onClick={() => actions.openAgain(id)}>
            {hasFailed ? words.tryAgain : words.openAgain}
          </button>
          <button type="button" class={hasFailed ? 'primary' : undefined} onClick={copy}>
            {copied ? words.copied : words.copyAddress}
          </button>
        </div>
      )}
      {page !== 'elsewhere' && <Elsewhere id={id} actions={actions} />}
      {registration && (
        <ErrorPageHelp
          registration={registration}
          provider={provider}
          actions={actions}
          onAnnounce={onAnnounce}
          onSettings={onSettings}
        />
      )}
      <div class="waiting-end">
        <Countdown deadline={deadline} />
        <button type="button" onClick={() => actions.cancelSignIn(id)}>
          {words.cancel}
        </button>
      </div>
    </section>
  );
}

/** R16: the provider's own address contains the login's state. This shows it only on request, and never copies it. */
function Elsewhere({ id, actions }: { id: string; actions: Pick<Bridge, 'providerAddress'> }) {
  const { waiting: words } = texts;
  const [address, setAddress] = useState<string>();

  function show() {
    actions.providerAddress(id).then(
      (found) => setAddress(found ?? words.loginOver),
      () => setAddress(words.loginOver),
    );
  }

  return (
    <details class="small">
      <summary>{words.elsewhere}</summary>
      <p class="muted">{words.elsewhereText}</p>
      {address === undefined ? (
        <button type="button" onClick={show}>
          {words.showProviders}
        </button>
      ) : (
        <p>
          <code class="claim login-address">{address}</code>
        </p>
      )}
    </details>
  );
}
