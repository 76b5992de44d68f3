import type { Bridge } from '../../preload/contract.ts';
import type { AppView } from '../../preload/views/appView.ts';
import { ProviderForm } from '../form/providerForm.tsx';
import { Mark } from '../parts/icons.tsx';
import { texts } from '../parts/texts.ts';
import { Registration } from '../settings/registration.tsx';
import { useSettings } from '../settings/useSettings.ts';

interface WelcomeProps {
  bridge: Bridge;
  view: AppView;
  onAnnounce: (text: string) => void;
}

/** The screen before a provider is configured. A sign-in button could only fail, so this asks for the provider. */
export function Welcome({ bridge, view, onAnnounce }: WelcomeProps) {
  const { welcome } = texts;
  const { settings, askAgain } = useSettings(bridge, view);
  return (
    <section class="first" aria-labelledby="welcome">
      <Mark />
      <h2 id="welcome" tabIndex={-1}>
        {welcome.heading}
      </h2>
      <p>{welcome.text}</p>
      {settings && (
        <>
          <ProviderForm bridge={bridge} settings={settings} label={welcome.save} onSaved={askAgain} primary />
          <Registration settings={settings} actions={bridge} onAnnounce={onAnnounce} />
        </>
      )}
    </section>
  );
}
