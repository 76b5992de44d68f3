import { type DesktopSession, startDesktopSession } from '../../build/testDisplay.ts';
import { type IdentityProvider, startIdentityProvider } from '../identity-provider/provider.ts';
import { type SystemBrowser, startSystemBrowser } from './chromium.ts';
import { providerEnvironment } from './client.ts';
import { temporaryHome } from './desktopApp.ts';

/** All that a person's machine has before Loopgate starts: a desktop, a browser, a provider, an empty data folder. */
export interface Stage {
  readonly session: DesktopSession;
  readonly browser: SystemBrowser;
  readonly provider: IdentityProvider;
  readonly home: string;
  /** For the app: this desktop, this browser, this provider, this folder, any free port. */
  readonly environment: NodeJS.ProcessEnv;
  /** The entries of the tray's menu, without separators. */
  trayLabels(): Promise<string[]>;
}

/** Sets the stage, plays, and clears it away whatever happened. */
export async function onStage(
  play: (stage: Stage) => Promise<void>,
  { colorScheme = 'light' }: { colorScheme?: 'light' | 'dark' } = {},
): Promise<void> {
  const session = await startDesktopSession();
  const provider = await startIdentityProvider({ anyLoopbackCallback: true });
  const home = await temporaryHome();
  try {
    const browser = await startSystemBrowser(session.environment, colorScheme);
    try {
      await play({
        session,
        browser,
        provider,
        home: home.path,
        environment: {
          ...session.environment,
          ...browser.environment,
          ...providerEnvironment(provider),
          LOOPGATE_HOME: home.path,
          LOOPGATE_PORT: '0',
        },
        trayLabels: async () => (await session.tray.menu()).map(({ label }) => label).filter((label) => label !== ''),
      });
    } finally {
      await browser.close();
    }
  } finally {
    await provider.close();
    await session.stop();
    await home.remove();
  }
}
