import { expect, test } from '@playwright/test';
import { type DesktopSession, startDesktopSession } from '../../build/testDisplay.ts';
import { type IdentityProvider, startIdentityProvider } from '../../demo/identity-provider/provider.ts';
import type { AppView } from '../../preload/views/appView.ts';
import { type SystemBrowser, startSystemBrowser } from '../support/chromium.ts';
import { providerEnvironment } from '../support/client.ts';
import { type CompanyNetwork, companyHost, startCompanyNetwork, trust } from '../support/companyNetwork.ts';
import { type DesktopApp, heading, press, startDesktopApp, temporaryHome } from '../support/desktopApp.ts';
import { onStage } from '../support/stage.ts';

/** A machine in a company: its provider is reached through the company's proxy alone, and is certified by its authority. */
interface CompanyStage {
  readonly session: DesktopSession;
  readonly network: CompanyNetwork;
  readonly provider: IdentityProvider;
  /** For the app and the browser, without the proxy's settings. */
  readonly environment: NodeJS.ProcessEnv;
  /** The person's browser, which has the same proxy. */
  startBrowser(proxySettings: NodeJS.ProcessEnv): Promise<SystemBrowser>;
}

async function inCompany(play: (stage: CompanyStage) => Promise<void>, accessTokenSeconds = 3600): Promise<void> {
  const session = await startDesktopSession();
  const provider = await startIdentityProvider({
    issuer: `https://${companyHost}/`,
    anyLoopbackCallback: true,
    accessTokenSeconds,
  });
  const network = await startCompanyNetwork(() => provider.port);
  const home = await temporaryHome();
  let browser: SystemBrowser | undefined;
  try {
    await play({
      session,
      network,
      provider,
      environment: {
        ...session.environment,
        ...providerEnvironment(provider),
        LOOPGATE_HOME: home.path,
        LOOPGATE_PORT: '0',
        LOOPGATE_GUARD: 'same-user',
      },
      async startBrowser(proxySettings) {
        browser = await startSystemBrowser({ ...session.environment, ...proxySettings }, 'light');
        return browser;
      },
    });
  } finally {
    await browser?.close();
    await network.stop();
    await provider.close();
    await session.stop();
    await home.remove();
  }
}

async function signIn(app: DesktopApp, browser: SystemBrowser): Promise<void> {
  const [tab] = await Promise.all([browser.nextTab(), press(app, 'Sign in')]);
  await tab.getByLabel('Your name').fill('Grace Hopper');
  await tab.getByRole('button', { name: 'Continue' }).click();
  await expect(tab.getByRole('heading', { name: 'You are signed in' })).toBeVisible();
  await expect(heading(app, 'Grace Hopper')).toBeVisible();
}

/** Renews the session as a program asks for it. */
async function renew(
  { address }: DesktopApp,
  { clientId }: IdentityProvider,
): Promise<{ status: number; body: string }> {
  const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: clientId });
  const answer = await fetch(`${address}/oauth/token`, { method: 'POST', body });
  return { status: answer.status, body: await answer.text() };
}

for (const way of ['environment', 'automatic'] as const) {
  test(`proxy: provider yes, loopback no: sign-in, picture and renewal by the system's proxy (${way})`, () =>
    inCompany(async ({ session, network, provider, environment, startBrowser }) => {
      await trust(session.home, network.authority);
      const proxySettings = network[way];
      const browser = await startBrowser(proxySettings);
      const app = await startDesktopApp({ environment: { ...environment, ...browser.environment, ...proxySettings } });
      await signIn(app, browser);
      await expect(app.window.locator('img[src^="data:image/png"]')).toBeVisible();
      expect((await renew(app, provider)).status).toBe(200);
      expect(provider.requests.filter(({ parameters }) => parameters.grant_type === 'refresh_token')).toHaveLength(1);
      await app.quit();
      // The browser asks for pages of its own now and then; never for this machine's.
      expect(network.record).toContain(`CONNECT ${companyHost}:443`);
      expect(network.record.filter((line) => /localhost|127\.|\[::1\]/.test(line))).toEqual([]);
    }));
}

test('proxy: loopback never goes by it, even where the system’s settings say so', () =>
  onStage(async ({ environment, provider, signInAs }) => {
    const network = await startCompanyNetwork(() => provider.port);
    try {
      // Chromium's word for: loopback is no exception.
      const proxySettings = { ...network.environment, no_proxy: '<-loopback>' };
      const app = await startDesktopApp({ environment: { ...environment, ...proxySettings } });
      const asked = await app.electron.evaluate(
        ({ session }, url) => session.defaultSession.resolveProxy(url),
        provider.issuer,
      );
      expect(asked).toBe(`PROXY ${network.proxy}`);
      await signInAs('Grace Hopper', () => press(app, 'Sign in'));
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      await expect(app.window.locator('img[src^="data:image/png"]')).toBeVisible();
      expect((await renew(app, provider)).status).toBe(200);
      await app.quit();
      // And nobody else is called: no dictionary of a spell checker, no update of Chromium's own.
      expect(network.record).toEqual([]);
    } finally {
      await network.stop();
    }
  }));

test('proxy: a certificate that the system does not trust is refused, and it says what to do', () =>
  inCompany(async ({ network, provider, environment }) => {
    const app = await startDesktopApp({ environment: { ...environment, ...network.environment } });
    await press(app, 'Sign in');
    const alert = app.window.getByRole('alert');
    await expect(alert).toContainText(
      `The certificate of the identity provider at ${companyHost} is not trusted by this system (net::ERR_CERT_AUTHORITY_INVALID).`,
    );
    await expect(alert).toContainText("have the company's certificate authority installed");
    expect(provider.requests).toEqual([]);
    await app.quit();
  }));

test('a proxy that wants a password, or is gone, is named with what to do; the session is kept and goes on [T5]', () =>
  inCompany(async ({ session, network, provider, environment, startBrowser }) => {
    await trust(session.home, network.authority);
    const browser = await startBrowser(network.environment);
    const app = await startDesktopApp({
      environment: { ...environment, ...browser.environment, ...network.environment },
    });
    await signIn(app, browser);
    const { window } = app;

    network.wantPassword(true);
    // As long as its token lives, a session serves without the provider.
    const { expiresAt = 0 }: AppView = await window.evaluate('window.loopgate.view()');
    await expect.poll(() => Date.now()).toBeGreaterThan(expiresAt);
    const refused = await renew(app, provider);
    expect(refused.status).toBe(502);
    expect(refused.body).toContain(`The proxy ${network.proxy} wants a user name and a password for ${companyHost}`);
    expect(refused.body).toContain(`Ask whoever runs the proxy to let ${companyHost} through without them.`);
    // The window says it too, beside the person, who stays.
    await expect(window.getByRole('note')).toContainText(`The proxy ${network.proxy} wants a user name`);
    await expect(heading(app, 'Grace Hopper')).toBeVisible();

    await network.leave();
    await press(app, 'Try now');
    await expect(window.getByRole('note')).toContainText(
      `The proxy ${network.proxy}, by which this system goes to ${companyHost}, cannot be used (net::ERR_PROXY_CONNECTION_FAILED).`,
    );
    await expect(window.getByRole('note')).toContainText('Connect to the network or VPN that the proxy is in');

    network.wantPassword(false);
    await network.comeBack();
    await press(app, 'Try now');
    await expect(window.getByRole('note')).toHaveCount(0);
    await expect(window.getByText('Verified')).toBeVisible();
    expect((await renew(app, provider)).status).toBe(200);
    expect(provider.count('/authorize')).toBe(1);
    await app.quit();
  }, 2));
