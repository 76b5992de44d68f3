import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import { type DesktopSession, type DesktopSessionOptions, startDesktopSession } from '../../build/testDisplay.ts';
import {
  type IdentityProvider,
  type IdentityProviderOptions,
  startIdentityProvider,
} from '../../demo/identity-provider/provider.ts';
import { type SystemBrowser, startSystemBrowser } from './chromium.ts';
import { providerEnvironment } from './client.ts';
import { temporaryHome } from './desktopApp.ts';

/** All that a person's machine has before Loopgate starts: a desktop, a browser, a provider, an empty data folder. */
export interface Stage {
  readonly session: DesktopSession;
  readonly browser: SystemBrowser;
  /** The one that runs, or ran last. */
  readonly provider: IdentityProvider;
  readonly home: string;
  /** For the app: this desktop, this browser, this provider, this folder, any free port. */
  readonly environment: NodeJS.ProcessEnv;
  /** The entries of the tray's menu, without separators. */
  trayLabels(): Promise<string[]>;
  /** Signs a person in: what `press` presses opens the provider's page in the browser, where they type their name. */
  signInAs(name: string, press: () => Promise<unknown>): Promise<void>;
  /** The provider cannot be reached any more, as when the network is gone. */
  loseProvider(): Promise<void>;
  /** It is back at the same address, and remembers all that it had granted. */
  regainProvider(): Promise<void>;
}

export interface StageOptions extends Pick<DesktopSessionOptions, 'panelColours' | 'notifications' | 'keyring'> {
  readonly colorScheme?: 'light' | 'dark';
  readonly provider?: IdentityProviderOptions;
  /** True where the provider goes and comes back: it then keeps in a file what it has granted. */
  readonly losesProvider?: boolean;
}

/** Sets the stage, plays, and clears it away whatever happened. */
export async function onStage(
  play: (stage: Stage) => Promise<void>,
  { colorScheme = 'light', provider: asked = {}, losesProvider = false, ...desktop }: StageOptions = {},
): Promise<void> {
  const session = await startDesktopSession(desktop);
  const options: IdentityProviderOptions = {
    anyLoopbackCallback: true,
    ...asked,
    ...(losesProvider && { stateFile: join(session.home, 'provider.json') }),
  };
  let provider = await startIdentityProvider(options);
  let isProviderRunning = true;
  const home = await temporaryHome();
  try {
    const browser = await startSystemBrowser(session.environment, colorScheme);
    try {
      await play({
        session,
        browser,
        get provider() {
          return provider;
        },
        home: home.path,
        environment: {
          ...session.environment,
          ...browser.environment,
          ...providerEnvironment(provider),
          LOOPGATE_HOME: home.path,
          LOOPGATE_PORT: '0',
          // The tests' own requests are programs too. What is asked about them has tests of its own.
          LOOPGATE_GUARD: 'same-user',
        },
        trayLabels: async () => (await session.tray.menu()).map(({ label }) => label).filter((label) => label !== ''),
        signInAs: (name, press) => signInAs(browser, name, press),
        async loseProvider() {
          isProviderRunning = false;
          await provider.close();
        },
        async regainProvider() {
          provider = await startIdentityProvider({ ...options, port: provider.port });
          isProviderRunning = true;
        },
      });
    } finally {
      await browser.close();
    }
  } finally {
    if (isProviderRunning) await provider.close();
    await session.stop();
    await home.remove();
  }
}

/** Nothing of the provider, the port or the guard comes from the environment. */
export function unconfigured({ environment }: Pick<Stage, 'environment'>): NodeJS.ProcessEnv {
  const { LOOPGATE_ISSUER, LOOPGATE_CLIENT_ID, LOOPGATE_AUDIENCE, LOOPGATE_PORT, LOOPGATE_GUARD, ...rest } =
    environment;
  // Whoever has a Loopgate running on the usual ports can test all the same.
  return { ...rest, LOOPGATE_PORTS: somePorts() };
}

/** An order of ports below those that systems give out by themselves; one of them will be free. */
function somePorts(): string {
  return Array.from({ length: 5 }, () => randomInt(20_000, 32_000)).join(' ');
}

async function signInAs(browser: SystemBrowser, name: string, press: () => Promise<unknown>): Promise<void> {
  const [tab] = await Promise.all([browser.nextTab(), press()]);
  await tab.getByLabel('Your name').fill(name);
  await tab.getByRole('button', { name: 'Continue' }).click();
  await expect(tab.getByRole('heading', { name: 'You are signed in' })).toBeVisible();
  await tab.close();
}
