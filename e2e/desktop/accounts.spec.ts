import { expect, test } from '@playwright/test';
import { heading, press, startDesktopApp, watchNotifications } from '../support/desktopApp.ts';
import { renewPicture } from '../support/picture.ts';
import { onStage } from '../support/stage.ts';

test('two accounts: added and switched by the person, switched by a program and said, signed out one by one [T18]', () =>
  onStage(async ({ session, environment, signInAs, trayLabels, provider, browser }) => {
    const app = await startDesktopApp({ environment });
    const all = await watchNotifications(app, session);
    // What the tray's menu did is told too, which busStranger.spec.ts is about.
    const notifications = async () => (await all()).filter((text) => !text.includes('from the tray'));
    const { tray } = session;
    await tray.waitForItem();
    const active = async () => {
      const answer: unknown = await (await fetch(`${app.address}/userinfo`)).json();
      return answer;
    };
    const labelsAs = (name: string, other: string) => [
      `Signed in as ${name}`,
      `Use ${other}`,
      'Add another account…',
      `Sign out ${name}`,
      `Sign out ${other}`,
      'Open Loopgate',
      'Settings…',
      'Quit',
    ];
    await signInAs('Grace Hopper', () => press(app, 'Sign in'));
    await expect(heading(app, 'Grace Hopper')).toBeVisible();

    // Added: the provider asks who it is, although it knows the browser; whoever was asked for here is the active one.
    await expect.poll(trayLabels).toContain('Add another account…');
    provider.clearRequests();
    await signInAs('Ada Lovelace', () => tray.click('Add another account…'));
    expect(provider.requests.find(({ path }) => path === '/authorize')?.parameters).toMatchObject({ prompt: 'login' });
    await expect(heading(app, 'Ada Lovelace')).toBeVisible();
    await expect(heading(app, 'Other accounts')).toBeVisible();
    await expect(app.window.getByRole('listitem')).toContainText('Grace Hopper');
    await expect.poll(trayLabels).toEqual(labelsAs('Ada Lovelace', 'Grace Hopper'));
    expect(await active()).toMatchObject({ user_id: 'auth0|ada-lovelace' });
    await renewPicture(app.window, '12-two-accounts');

    // Switched by the person, in the tray and in the window: at once and without the browser.
    provider.clearRequests();
    const tabs = browser.context.pages().length;
    await tray.click('Use Grace Hopper');
    await expect(app.window.getByRole('listitem')).toContainText('Ada Lovelace');
    await expect.poll(trayLabels).toEqual(labelsAs('Grace Hopper', 'Ada Lovelace'));
    expect(await active()).toMatchObject({ user_id: 'auth0|grace-hopper' });
    await press(app, 'Use Ada Lovelace, ada-lovelace@example.test');
    await expect(app.window.getByRole('listitem')).toContainText('Grace Hopper');
    expect(await active()).toMatchObject({ user_id: 'auth0|ada-lovelace' });
    expect(browser.context.pages()).toHaveLength(tabs);
    expect(await notifications()).toEqual([]);

    // Switched by a program: said in the window, the tray and one notification, with a way back.
    const select = (id: string) =>
      fetch(`${app.address}/user/select`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ user_id: id }),
      });
    expect((await select('auth0|grace-hopper')).status).toBe(200);
    await expect(heading(app, 'A program switched to Grace Hopper')).toBeVisible();
    expect(await active()).toMatchObject({ user_id: 'auth0|grace-hopper' });
    await expect.poll(trayLabels).toContain('A program switched to Grace Hopper');
    await expect.poll(notifications).toEqual(['A program switched to Grace Hopper.']);
    await renewPicture(app.window, '13-switched');
    await press(app, 'Back to Ada Lovelace');
    await expect(heading(app, 'A program switched to Grace Hopper')).toHaveCount(0);
    await expect.poll(trayLabels).toEqual(labelsAs('Ada Lovelace', 'Grace Hopper'));
    expect(await active()).toMatchObject({ user_id: 'auth0|ada-lovelace' });
    // Kept: there is nothing left to say.
    await select('auth0|grace-hopper');
    await press(app, 'Keep');
    await expect.poll(trayLabels).toEqual(labelsAs('Grace Hopper', 'Ada Lovelace'));
    await expect.poll(notifications).toHaveLength(2);
    expect(provider.count('/authorize')).toBe(0);

    // Signed out: the other one alone and revoked, then the one in use; nobody takes a place by themselves.
    await tray.click('Sign out Ada Lovelace');
    await provider.waitFor(({ path }) => path === '/oauth/revoke', 15_000);
    await expect(heading(app, 'Other accounts')).toHaveCount(0);
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    await signInAs('Ada Lovelace', () => press(app, 'Add another account'));
    await expect(heading(app, 'Ada Lovelace')).toBeVisible();
    await expect.poll(trayLabels).toEqual(labelsAs('Ada Lovelace', 'Grace Hopper'));
    await Promise.all([browser.nextTab(), tray.click('Sign out Ada Lovelace')]);
    await expect(heading(app, 'You are signed out')).toBeVisible();
    await expect(app.window.getByRole('listitem')).toContainText('Grace Hopper');
    expect((await fetch(`${app.address}/userinfo`)).status).toBe(401);
    await press(app, 'Sign out Grace Hopper, grace-hopper@example.test');
    await expect(heading(app, 'Other accounts')).toHaveCount(0);
    await expect.poll(() => provider.count('/oauth/revoke')).toBe(3);
    await expect.poll(trayLabels).toEqual(['Signed out', 'Sign in', 'Open Loopgate', 'Settings…', 'Quit']);
    expect(await (await fetch(`${app.address}/users`)).json()).toEqual({ iterable: [] });
    await expect.poll(notifications).toHaveLength(2);
    await app.quit();
  }));

test('a program signs somebody in: what is copied is an address of ours, and who came is said, and undone [T18, R16]', () =>
  onStage(async ({ session, environment, browser, provider }) => {
    const app = await startDesktopApp({ environment });
    const notifications = await watchNotifications(app, session);
    const opened = browser.nextTab();
    const asked = fetch(`${app.address}/os/sign_in`, { method: 'POST' }).then(
      ({ status }) => status,
      // The app ends with a test that has failed.
      String,
    );
    const tab = await opened;
    await expect(heading(app, 'Continue in your browser')).toBeVisible();
    await expect(app.window.getByText('If you did not expect this, cancel.')).toBeVisible();
    await press(app, 'Copy address');
    const copied = await app.electron.evaluate(({ clipboard }) => clipboard.readText());
    expect(copied).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/login\/[\w-]{32}$/);
    // The provider's own, which has the state, is shown when somebody asks for it, and not before.
    const providers = app.window.getByText(`${provider.issuer}authorize?`);
    await expect(providers).toHaveCount(0);
    await app.window.getByText('My browser runs elsewhere').click();
    await press(app, 'Show the provider’s address');
    await expect(providers).toContainText('state=');
    expect(await app.electron.evaluate(({ clipboard }) => clipboard.readText())).toBe(copied);
    // It is good in another browser, too.
    const other = await browser.context.newPage();
    await other.goto(copied);
    expect(other.url()).toContain(provider.issuer);
    await tab.getByLabel('Your name').fill('Ada Lovelace');
    await tab.getByRole('button', { name: 'Continue' }).click();
    expect(await asked).toBe(200);
    await expect(heading(app, 'A program signed you in as Ada Lovelace')).toBeVisible();
    await expect.poll(notifications).toEqual(['A program signed you in as Ada Lovelace. Not you?']);
    await press(app, 'Not you? Undo');
    await expect(heading(app, 'A program signed you in as Ada Lovelace')).toHaveCount(0);
    expect((await fetch(`${app.address}/userinfo`)).status).toBe(401);
    await provider.waitFor(({ path }) => path === '/oauth/revoke');
  }));
