import { readdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from '@playwright/test';
import { runToItsEnd, startDesktopApp, temporaryHome } from '../support/desktopApp.ts';
import { HeadlessFailed, startHeadless } from '../support/headless.ts';
import { askingWindow, asks, makeProgram } from '../support/program.ts';
import { onStage } from '../support/stage.ts';

test('the window: Open again opens the login once more, Cancel ends it, and the late login reads why', () =>
  onStage(async ({ browser, environment }) => {
    const { window, quit } = await startDesktopApp({ environment });
    const [first] = await Promise.all([browser.nextTab(), window.getByRole('button', { name: 'Sign in' }).click()]);
    const [second] = await Promise.all([browser.nextTab(), window.getByRole('button', { name: 'Open again' }).click()]);
    await expect(first.getByLabel('Your name')).toBeVisible();
    await expect(second.getByLabel('Your name')).toBeVisible();
    await window.getByRole('button', { name: 'Cancel' }).click();
    await expect(window.getByRole('heading', { name: 'You are signed out' })).toBeVisible();
    await expect(window.getByRole('alert')).toHaveCount(0);
    await second.getByLabel('Your name').fill('Grace Hopper');
    await second.getByRole('button', { name: 'Continue' }).click();
    await expect(second.getByRole('heading', { name: 'No sign-in was waiting' })).toBeVisible();
    await expect(window.getByRole('heading', { name: 'You are signed out' })).toBeVisible();
    await quit();
  }));

test('the window says that the provider is the demo on this machine', () =>
  onStage(async ({ environment }) => {
    const { window, quit } = await startDesktopApp({ environment: { ...environment, LOOPGATE_DEMO: '1' } });
    await expect(window.getByText('demo provider on this machine')).toBeVisible();
    await quit();
  }));

test('a port that is taken: the next one is used, and the window says why', () =>
  onStage(async ({ environment }) => {
    const [occupant, free] = [createServer(), createServer()];
    for (const server of [occupant, free]) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const [taken, next] = [occupant, free].map((server) => (server.address() as AddressInfo).port);
    await new Promise((resolve) => free.close(resolve));
    try {
      const ports = { LOOPGATE_PORT: '', LOOPGATE_PORTS: `${taken} ${next}` };
      const { window, address, quit } = await startDesktopApp({ environment: { ...environment, ...ports } });
      expect(address).toBe(`http://localhost:${next}`);
      await expect(window.getByRole('note')).toContainText(`Port ${taken} is taken by node`);
      await expect(window.getByRole('note')).toContainText(`port ${next}`);
      expect((await fetch(`${address}/pkce/challenge`)).status).toBe(200);
      await quit();
    } finally {
      occupant.close();
    }
  }));

test('denying in the browser is an error with its reason, in the browser and in the window [R13]', () =>
  onStage(async ({ browser, environment }) => {
    const { window, quit } = await startDesktopApp({ environment });
    const [tab] = await Promise.all([browser.nextTab(), window.getByRole('button', { name: 'Sign in' }).click()]);
    await tab.getByRole('button', { name: 'Deny' }).click();
    await expect(tab.getByRole('heading', { name: 'The sign-in was denied' })).toBeVisible();
    await expect(window.getByRole('alert')).toContainText('denied');
    await window.getByRole('button', { name: 'Dismiss' }).click();
    await expect(window.getByRole('alert')).toHaveCount(0);
    await quit();
  }));

test('a provider that cannot be reached is an error with its reason, and Try again works when it is back', () =>
  onStage(async ({ browser, provider, environment }) => {
    const lift = provider.fault('/.well-known/openid-configuration', { drop: true });
    const { window, quit } = await startDesktopApp({ environment });
    await window.getByRole('button', { name: 'Sign in' }).click();
    await expect(window.getByRole('alert')).toContainText('cannot be reached');
    lift();
    const [tab] = await Promise.all([browser.nextTab(), window.getByRole('button', { name: 'Try again' }).click()]);
    await tab.getByLabel('Your name').fill('Grace Hopper');
    await tab.getByRole('button', { name: 'Continue' }).click();
    await expect(window.getByRole('heading', { name: 'Grace Hopper' })).toBeVisible();
    await expect(window.getByRole('alert')).toHaveCount(0);
    await quit();
  }));

test('two hosts on one data folder: a second start shows the first window, and a headless host is refused', () =>
  onStage(async ({ environment, home }) => {
    const app = await startDesktopApp({ environment });
    await app.window.close();
    const [shown, second] = await Promise.all([app.electron.waitForEvent('window'), runToItsEnd(environment)]);
    expect(second).toMatchObject({ exitCode: 0, output: 'Loopgate already runs: its window is shown.\n' });
    await expect(shown.getByRole('heading', { name: 'You are signed out' })).toBeVisible();
    const failure: unknown = await startHeadless({ home }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(HeadlessFailed);
    expect(String(failure)).toContain('already runs');
    await app.quit();
    expect(await readdir(home)).not.toContain('lock.json');
  }));

test('two hosts on one data folder: the app is refused while a headless host holds it', () =>
  onStage(async ({ environment, home }) => {
    const host = await startHeadless({ home });
    const { exitCode, errors } = await runToItsEnd(environment);
    expect(exitCode).toBe(2);
    expect(errors).toContain(`Loopgate (headless, process ${host.pid}) already runs on ${home}`);
    expect((await fetch(`${host.address}/pkce/challenge`)).status).toBe(200);
    await host.stop();
  }));

test('a port that another Loopgate of the same user serves: its window is shown, and the second start ends [L9]', () =>
  onStage(async ({ environment }) => {
    const app = await startDesktopApp({ environment });
    const other = await temporaryHome();
    try {
      await app.window.close();
      const elsewhere = { ...environment, LOOPGATE_HOME: other.path, LOOPGATE_PORT: new URL(app.address).port };
      const [shown, second] = await Promise.all([app.electron.waitForEvent('window'), runToItsEnd(elsewhere)]);
      expect(second).toMatchObject({ exitCode: 0, output: 'Loopgate already runs: its window is shown.\n' });
      await expect(shown.getByRole('heading', { name: 'You are signed out' })).toBeVisible();
      expect(await readdir(other.path)).not.toContain('lock.json');
    } finally {
      await app.quit();
      await other.remove();
    }
  }));

test('a port that a headless Loopgate of the same user serves: the app says so and ends [L9]', () =>
  onStage(async ({ environment }) => {
    const host = await startHeadless();
    try {
      const { exitCode, errors } = await runToItsEnd({ ...environment, LOOPGATE_PORT: String(host.port) });
      expect(exitCode).toBe(3);
      expect(errors).toContain(`Loopgate already runs (process ${host.pid}) and serves port ${host.port}`);
      expect((await fetch(`${host.address}/pkce/challenge`)).status).toBe(200);
    } finally {
      await host.stop();
    }
  }));

test("the windows are Electron's security checklist: sandboxed, isolated, no Node, no way out", () =>
  onStage(async ({ environment, session }) => {
    const { LOOPGATE_GUARD: _, ...asking } = environment;
    const app = await startDesktopApp({ environment: asking });
    const asked = asks(makeProgram({ session }, 'acme-editor'), app);
    const consent = await askingWindow(app);
    await expect(consent.getByRole('button', { name: 'Deny' })).toBeVisible();
    // Not in Electron's types, but the only place that says what a window really got.
    const preferences = await app.electron.evaluate(({ webContents }) =>
      webContents
        .getAllWebContents()
        .map((contents) => (contents as unknown as { getLastWebPreferences(): object }).getLastWebPreferences()),
    );
    expect(preferences).toHaveLength(2);
    for (const one of preferences) {
      expect(one).toMatchObject({
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webSecurity: true,
        webviewTag: false,
      });
    }
    for (const [window, address] of [
      [app.window, 'app://loopgate/index.html'],
      [consent, 'app://loopgate/consent.html'],
    ] as const) {
      expect(await window.evaluate('typeof require + typeof process')).toBe('undefinedundefined');
      expect(window.url()).toBe(address);
      expect(await window.evaluate('window.open("https://attacker.example/")')).toBeNull();
      await window.evaluate('location.href = "https://attacker.example/"');
      expect(window.url()).toBe(address);
      expect(await window.evaluate('fetch("http://localhost:1/").then(() => "sent", () => "refused")')).toBe('refused');
      expect(await window.evaluate('Notification.requestPermission()')).toBe('denied');
    }
    await app.quit();
    expect(await asked).not.toBe('200');
  }));
