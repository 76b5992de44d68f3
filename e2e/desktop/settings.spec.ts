import { readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { Locator } from 'playwright';
import { startIdentityProvider } from '../../demo/identity-provider/provider.ts';
import { freePort } from '../../testing/freePort.ts';
import { type DesktopApp, heading, press, startDesktopApp } from '../support/desktopApp.ts';
import { renewPicture } from '../support/picture.ts';
import { onStage, unconfigured } from '../support/stage.ts';

/** A server of this machine that is none of ours, on a port that nobody else has. */
async function startOccupant(): Promise<{ server: Server; port: number }> {
  const server = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

const keep = (home: string, settings: object) => writeFile(join(home, 'settings.json'), JSON.stringify(settings));
const kept = async (home: string) => JSON.parse(await readFile(join(home, 'settings.json'), 'utf8'));
const field = ({ window }: DesktopApp, name: string): Locator => window.getByLabel(name, { exact: true });
/** What stands below a field. */
const saidOf = ({ window }: DesktopApp, id: string): Locator => window.locator(`#${id}-said`);
const issuerField = 'Auth0 domain or issuer';
/** The card with this name. */
const saveIn = ({ window }: DesktopApp, inside: Locator): Locator =>
  window.locator('form').filter({ has: inside }).getByRole('button', { name: 'Save' });
const isServed = async (address: string) => (await fetch(`${address}/.well-known/health`)).status === 200;

test('Welcome: from nothing configured to signed in, with a wrong address said while it is typed', () =>
  onStage(async (stage) => {
    const { provider, home, signInAs, session, trayLabels } = stage;
    const occupant = await startOccupant();
    const closed = await freePort();
    const environment = unconfigured(stage);
    const app = await startDesktopApp({ environment });
    try {
      await session.tray.waitForItem();
      await expect(heading(app, 'Welcome to Loopgate')).toBeVisible();
      await expect(app.window.getByText('demo', { exact: false })).toHaveCount(0);
      await renewPicture(app.window, '16-welcome');

      const issuer = field(app, issuerField);
      await issuer.fill('http://tenant.example');
      await expect(saidOf(app, 'issuer')).toHaveText(/^This is not an address\. Expected an https address/);
      await expect(issuer).toHaveAttribute('aria-invalid', 'true');
      await issuer.fill(`http://localhost:${closed}`);
      await expect(saidOf(app, 'issuer')).toHaveText(/^Nothing answers there\. .*cannot be reached/);
      await issuer.fill(`http://localhost:${occupant.port}`);
      await expect(saidOf(app, 'issuer')).toHaveText(/^This is not an OpenID provider\. .*status 404/);

      // Pressed all the same: refused, and nothing is kept.
      await field(app, 'Client ID').fill(provider.clientId);
      await press(app, 'Continue');
      await expect(saidOf(app, 'issuer')).toHaveText('The identity provider answered with status 404.');
      await expect(heading(app, 'Welcome to Loopgate')).toBeVisible();
      expect(readdirSync(home)).not.toContain('settings.json');

      await issuer.fill(provider.issuer);
      await expect(saidOf(app, 'issuer')).toHaveText(`${new URL(provider.issuer).host} is an OpenID provider.`);
      await app.window.getByText('What to register at the provider').click();
      await expect(app.window.getByText(`${app.address}/pkce/response/code`)).toBeVisible();
      await app.window.getByRole('button', { name: 'Copy: Allowed Callback URLs' }).click();
      const copied = await app.electron.evaluate(({ clipboard }) => clipboard.readText());
      // That of the port in use first, and those of the others that may be tried another time.
      const [first, ...others] = copied.split(', ');
      expect(first).toBe(`${app.address}/pkce/response/code`);
      const ports = environment.LOOPGATE_PORTS?.split(' ') ?? [];
      expect([first, ...others].sort()).toEqual(
        ports.map((port) => `http://localhost:${port}/pkce/response/code`).sort(),
      );

      // By keyboard: Enter sends the form.
      await field(app, 'Client ID').press('Enter');
      await expect(heading(app, 'You are signed out')).toBeVisible();
      await expect(heading(app, 'You are signed out')).toBeFocused();
      expect(await kept(home)).toEqual({ issuer: provider.issuer, clientId: provider.clientId });
      await expect.poll(trayLabels).toContain('Sign in');
      await signInAs('Ada Lovelace', () => press(app, 'Sign in'));
      await expect(heading(app, 'Ada Lovelace')).toBeVisible();
    } finally {
      occupant.server.close();
    }
    await app.quit();
  }));

test('Settings: a port that is taken is refused and the old one still serves; a free one is moved to', () =>
  onStage(async (stage) => {
    const { home, provider } = stage;
    const occupant = await startOccupant();
    const [first, second] = [await freePort(), await freePort()];
    await keep(home, { issuer: provider.issuer, clientId: provider.clientId, port: first });
    const app = await startDesktopApp({ environment: unconfigured(stage) });
    try {
      const windowBefore = await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.id);
      await press(app, 'Settings');
      const port = field(app, 'Port');
      await expect(port).toHaveValue(String(first));
      await port.fill(String(occupant.port));
      await saveIn(app, port).click();
      await expect(saidOf(app, 'port')).toContainText(`Port ${occupant.port} is taken by node`);
      expect(await isServed(`http://localhost:${first}`)).toBe(true);
      expect((await kept(home)).port).toBe(first);

      await port.fill('70000');
      await saveIn(app, port).click();
      await expect(saidOf(app, 'port')).toContainText('Expected a whole number from 0 to 65535');

      await port.fill(String(second));
      await saveIn(app, port).click();
      await expect(app.window.getByText('Saved.', { exact: true })).toBeVisible();
      await expect(app.window.getByText(`http://localhost:${second}`, { exact: true })).toBeVisible();
      expect(await isServed(`http://localhost:${second}`)).toBe(true);
      await expect(isServed(`http://localhost:${first}`)).rejects.toThrow();
      expect((await kept(home)).port).toBe(second);
      const windowAfter = await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.id);
      expect(windowAfter).toBe(windowBefore);
    } finally {
      occupant.server.close();
    }
    await app.quit();
  }));

test('Settings: a client ID that the provider does not know is said, kept only when that is chosen, and can be tried', () =>
  onStage(async (stage) => {
    const { home, provider, browser } = stage;
    const before = { issuer: provider.issuer, clientId: provider.clientId };
    await keep(home, before);
    const app = await startDesktopApp({ environment: unconfigured(stage) });
    await press(app, 'Settings');
    const clientId = field(app, 'Client ID');
    await clientId.fill('wrong-client');
    await saveIn(app, clientId).click();
    await expect(saidOf(app, 'clientId')).toHaveText(
      `${new URL(provider.issuer).host} does not know the client ID “wrong-client”. It must be that of a native (public) application there.`,
    );
    await expect(app.window.getByText('It works')).toHaveCount(0);
    expect(await kept(home)).toEqual(before);
    await renewPicture(app.window, '23-wrong-client');
    await press(app, 'Save it anyway');
    await expect(app.window.getByText('Saved.', { exact: true })).toBeVisible();
    expect(await kept(home)).toEqual({ ...before, clientId: 'wrong-client' });
    await clientId.fill(provider.clientId);
    await saveIn(app, clientId).click();
    await expect(app.window.getByText('Saved. The provider knows this client ID.')).toBeVisible();
    await renewPicture(app.window, '23-saved');
    const [tab] = await Promise.all([browser.nextTab(), press(app, 'Sign in to test it')]);
    await expect(tab.getByLabel('Your name')).toBeVisible();
    await app.quit();
  }));

test('Settings: another provider and back signs nobody out, and who was signed in is there again', () =>
  onStage(async (stage) => {
    const { home, provider, signInAs } = stage;
    const other = await startIdentityProvider({ anyLoopbackCallback: true });
    await keep(home, { issuer: provider.issuer, clientId: provider.clientId, port: await freePort() });
    const app = await startDesktopApp({ environment: unconfigured(stage) });
    try {
      await signInAs('Ada Lovelace', () => press(app, 'Sign in'));
      await expect(heading(app, 'Ada Lovelace')).toBeVisible();
      await press(app, 'Settings');
      // The test's own requests are a program's too.
      const guard = field(app, 'All of mine, except those I have denied');
      await guard.check();
      await saveIn(app, guard).click();
      await expect(app.window.getByText('Saved.', { exact: true })).toBeVisible();
      expect((await kept(home)).guard).toBe('same-user');
      const issuer = field(app, issuerField);
      await issuer.fill(other.issuer);
      await expect(saidOf(app, 'issuer')).toContainText('is an OpenID provider');
      await saveIn(app, issuer).click();
      await expect(app.window.getByText('Saved. The provider knows this client ID.')).toBeVisible();
      await press(app, 'Account');
      await expect(heading(app, 'You are signed out')).toBeVisible();
      await expect(app.window.getByText(`Your browser opens ${new URL(other.issuer).host}.`)).toBeVisible();
      await signInAs('Grace Hopper', () => press(app, 'Sign in'));
      await expect(heading(app, 'Grace Hopper')).toBeVisible();

      await press(app, 'Settings');
      await field(app, issuerField).fill(provider.issuer);
      await saveIn(app, field(app, issuerField)).click();
      await expect(app.window.getByText('Saved. The provider knows this client ID.')).toBeVisible();
      await press(app, 'Account');
      await expect(heading(app, 'Ada Lovelace')).toBeVisible();
      expect(await (await fetch(`${app.address}/userinfo`)).json()).toMatchObject({ name: 'Ada Lovelace' });
      await expect(app.window.getByRole('alert')).toHaveCount(0);
    } finally {
      await other.close();
    }
    await app.quit();
  }));

test('Settings: the theme is used at once and at the next start; what the environment sets is shown as fixed', () =>
  onStage(async ({ environment, home }) => {
    let app = await startDesktopApp({ environment: { ...environment, LOOPGATE_PORT: '0' } });
    const theme = () => app.electron.evaluate(({ nativeTheme }) => nativeTheme.themeSource);
    await press(app, 'Settings');
    await expect(field(app, 'Port')).toHaveValue('0');
    for (const name of [issuerField, 'Client ID', 'Port']) {
      await expect(field(app, name)).toHaveAttribute('readonly', '');
    }
    await expect(saidOf(app, 'issuer')).toHaveText('Set by LOOPGATE_ISSUER; it cannot be changed here.');
    await expect(saidOf(app, 'port')).toHaveText('Set by LOOPGATE_PORT; it cannot be changed here.');
    await expect(field(app, 'Ask me about each one')).toBeDisabled();
    // The main process refuses it too.
    const refused = await app.window.evaluate(
      "window.loopgate.changeSettings({ setting: 'provider', issuer: 'https://other.example/' })",
    );
    expect(refused).toMatchObject({ ok: false, field: 'issuer' });
    expect(await theme()).toBe('system');
    await field(app, 'Dark').check();
    await expect.poll(theme).toBe('dark');
    expect(await kept(home)).toEqual({ theme: 'dark' });
    await app.quit();

    app = await startDesktopApp({ environment });
    expect(await theme()).toBe('dark');
    await app.window.emulateMedia({ colorScheme: null });
    expect(await app.window.evaluate('matchMedia("(prefers-color-scheme: dark)").matches')).toBe(true);
    // The page that asks whether a program is allowed has the same bridge, and none of this.
    await app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.loadURL('app://loopgate/consent.html'),
    );
    // Playwright may hear of the new page after Electron has loaded it.
    await app.window.waitForURL('app://loopgate/consent.html');
    for (const asked of [
      'settings()',
      "changeSettings({ setting: 'theme', theme: 'light' })",
      "removeEverything('anyway')",
    ]) {
      const answer = app.window.evaluate(`window.loopgate.${asked}`);
      await expect(answer).rejects.toThrow('This page may not ask.');
    }
    expect(await kept(home)).toEqual({ theme: 'dark' });
    await app.quit();
  }));

test('Settings: every screen fits 400 × 600, 320 wide and 200 %, and Escape leaves it', () =>
  onStage(async (stage) => {
    const { home, provider } = stage;
    const port = await freePort();
    await keep(home, { issuer: provider.issuer, clientId: provider.clientId, port, audience: provider.audience });
    const app = await startDesktopApp({ environment: unconfigured(stage) });
    await press(app, 'Settings');
    await app.window.getByText('What to register at the provider').click();
    await expect(app.window.getByRole('button', { name: 'Remove everything…' })).toBeVisible();
    const overflow = () =>
      app.window.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    for (const width of [400, 320, 200]) {
      await app.window.setViewportSize({ width, height: 600 });
      expect([width, await overflow()]).toEqual([width, 0]);
    }
    await app.window.setViewportSize({ width: 400, height: 600 });
    await app.window.getByText('What to register at the provider').click();
    await renewPicture(app.window, '17-settings');
    await app.window.keyboard.press('Escape');
    await expect(heading(app, 'You are signed out')).toBeVisible();
    await app.quit();
  }));

test('Settings: a window that is closed while something is typed leaves everything as it was', () =>
  onStage(async (stage) => {
    const { home, provider, session } = stage;
    const before = { issuer: provider.issuer, clientId: provider.clientId, port: await freePort() };
    await keep(home, before);
    const app = await startDesktopApp({ environment: unconfigured(stage) });
    await press(app, 'Settings');
    await field(app, 'Port').fill('1');
    await field(app, 'Client ID').fill('other');
    // Where no panel shows the icon, closing would only minimise.
    await session.tray.waitForItem();
    await app.window.close();
    const [window] = await Promise.all([
      app.electron.waitForEvent('window'),
      app.electron.evaluate(({ app: running }) => void running.emit('activate')),
    ]);
    const again = { ...app, window };
    await press(again, 'Settings');
    await expect(field(again, 'Port')).toHaveValue(String(before.port));
    await expect(field(again, 'Client ID')).toHaveValue(before.clientId);
    expect(await kept(home)).toEqual(before);
    expect(await isServed(app.address)).toBe(true);
    await app.quit();
  }));

test('Remove everything: asked twice, refused while a sign-in cannot be revoked, then revoked, removed and quit', () =>
  onStage(
    async (stage) => {
      const { home, provider, signInAs, loseProvider, regainProvider } = stage;
      await keep(home, { issuer: provider.issuer, clientId: provider.clientId, port: await freePort() });
      const app = await startDesktopApp({ environment: unconfigured(stage) });
      await signInAs('Ada Lovelace', () => press(app, 'Sign in'));
      await expect(heading(app, 'Ada Lovelace')).toBeVisible();
      await press(app, 'Settings');
      await press(app, 'Remove everything…');
      await expect(app.window.getByRole('button', { name: 'Cancel' })).toBeFocused();
      await press(app, 'Cancel');
      expect(readdirSync(home)).toContain('settings.json');

      await loseProvider();
      await press(app, 'Remove everything…');
      await press(app, 'Yes, remove everything');
      await expect(app.window.getByRole('alert')).toContainText('One sign-in could not be revoked, and is kept.');
      await press(app, 'Account');
      await expect(heading(app, 'Ada Lovelace')).toBeVisible();
      expect(readdirSync(home)).toContain('settings.json');

      await regainProvider();
      const gone = app.electron.waitForEvent('close');
      await press(app, 'Settings');
      await press(app, 'Remove everything…');
      await press(app, 'Yes, remove everything');
      await gone;
      const revoked = stage.provider.requests.filter(({ path }) => path.includes('revo'));
      expect(revoked).toHaveLength(1);
      expect(readdirSync(home).filter((name) => !['chromium', 'logs'].includes(name))).toEqual([]);
    },
    { losesProvider: true },
  ));

test('Help: a report to copy, with the state and without a name; the licences and the log, whatever opens them, and however long', () =>
  onStage(async ({ session, environment, signInAs }) => {
    // Shows a file as long as the test lasts, and leaves the browser to the real one.
    const opened = join(session.home, 'opened');
    await writeFile(opened, '');
    const opener = join(session.home, 'bin', 'xdg-open');
    await mkdir(dirname(opener));
    const script = `#!/bin/sh
      case "$1" in http*) PATH="${environment.PATH}" exec xdg-open "$1" ;; esac
      echo "$1" >> ${opened}
      while [ -e ${opened} ]; do sleep 0.1; done`;
    await writeFile(opener, script, { mode: 0o755 });
    const app = await startDesktopApp({
      environment: { ...environment, PATH: `${dirname(opener)}:${environment.PATH}` },
    });
    await signInAs('Ada Lovelace', () => press(app, 'Sign in'));
    await press(app, 'Settings');
    await press(app, 'Copy a report');
    const copied = () => app.electron.evaluate(({ clipboard }) => clipboard.readText());
    await expect.poll(copied).toMatch(/^Loopgate \d/);
    expect(await copied()).toContain('Signed in: yes; accounts: 1');
    expect(await copied()).not.toMatch(/Ada|Lovelace|@|\/home|\/root|\/tmp/);
    const paths = async () => (await readFile(opened, 'utf8')).split('\n').filter((path) => path !== '');
    await press(app, 'Licences');
    await expect.poll(paths).toHaveLength(1);
    const signal = AbortSignal.timeout(1_000);
    expect((await fetch(`${app.address}/.well-known/health`, { signal })).status).toBe(200);
    await press(app, 'Open the log folder');
    await expect.poll(paths).toHaveLength(2);
    const [licences = '', logs = ''] = await paths();
    expect(await readFile(licences, 'utf8')).toContain('openid-client');
    expect(await readFile(join(logs, 'loopgate.log'), 'utf8')).toContain('listening');
    await app.quit();
  }));
