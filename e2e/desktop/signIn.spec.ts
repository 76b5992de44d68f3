import { expect, test } from '@playwright/test';
import { startDesktopApp } from '../support/desktopApp.ts';
import { pictureFile } from '../support/picture.ts';
import { onStage } from '../support/stage.ts';

/**
 * The story of docs/start/sign-in.md, on the real thing: a tray in a real panel, a real browser, a real provider, a real keyring.
 * It makes its pictures once in light and once in dark.
 */
for (const colorScheme of ['light', 'dark'] as const) {
  test(`a person signs in from the tray, stays signed in over a restart, and signs out (${colorScheme})`, () =>
    onStage(
      async ({ session, browser, provider, environment, trayLabels }) => {
        const picture = (name: string) => pictureFile(`${name}-${colorScheme}`);

        // Started: an item in the panel, a window that says signed out, an API that agrees.
        let app = await startDesktopApp({ environment, colorScheme });
        await session.tray.waitForItem();
        await expect(app.window.getByRole('heading', { name: 'You are signed out' })).toBeVisible();
        await app.window.screenshot({ path: picture('1-signed-out') });
        expect((await fetch(`${app.address}/userinfo`)).status).toBe(401);
        await expect.poll(trayLabels).toEqual(['Signed out', 'Sign in', 'Open Loopgate', 'Settings…', 'Quit']);

        // Sign in, in the tray's menu: the login page opens in the person's own browser.
        const [tab] = await Promise.all([browser.nextTab(), session.tray.click('Sign in')]);
        await expect(app.window.getByRole('heading', { name: 'Continue in your browser' })).toBeVisible();
        await app.window.screenshot({ path: picture('2-waiting') });
        await expect.poll(trayLabels).toContain('Cancel Sign-in');
        await tab.waitForURL((url) => url.origin === new URL(provider.issuer).origin);
        await tab.getByLabel('Your name').fill('Grace Hopper');
        await tab.screenshot({ path: picture('3-login') });
        await tab.getByRole('button', { name: 'Continue' }).click();

        // The page says one can return to the editor; window, tray and API show the same person.
        await expect(tab.getByRole('heading', { name: 'You are signed in' })).toBeVisible();
        await expect(tab.getByText('return to your editor')).toBeVisible();
        await tab.screenshot({ path: picture('4-return') });
        await expect(app.window.getByRole('heading', { name: 'Grace Hopper' })).toBeVisible();
        await expect(app.window.getByText('grace-hopper@example.test')).toBeVisible();
        await expect(app.window.locator('img[src^="data:image/png"]')).toBeVisible();
        // The keyring protects the session, so the window has nothing to warn of.
        await expect(app.window.getByRole('note')).toHaveCount(0);
        await app.window.screenshot({ path: picture('5-signed-in') });
        // There is no window manager here that would place the two windows side by side.
        await app.electron.evaluate(({ BrowserWindow }) =>
          BrowserWindow.getAllWindows()[0]?.setBounds({ x: 860, y: 60 }),
        );
        await session.screenshot(picture('6-desktop'));
        expect(await (await fetch(`${app.address}/userinfo`)).json()).toMatchObject({
          user_id: 'auth0|grace-hopper',
          name: 'Grace Hopper',
          email: 'grace-hopper@example.test',
          email_verified: true,
        });
        await expect
          .poll(trayLabels)
          .toEqual([
            'Signed in as Grace Hopper',
            'Add another account…',
            'Sign out',
            'Open Loopgate',
            'Settings…',
            'Quit',
          ]);

        // Closing the window leaves the app in the tray; the tray brings the window back.
        await app.window.close();
        expect((await fetch(`${app.address}/userinfo`)).status).toBe(200);
        const [reopened] = await Promise.all([
          app.electron.waitForEvent('window'),
          session.tray.click('Open Loopgate'),
        ]);
        await expect(reopened.getByRole('heading', { name: 'Grace Hopper' })).toBeVisible();

        // Restarted: still signed in, without a login.
        await app.quit();
        const logins = provider.count('/authorize');
        app = await startDesktopApp({ environment, colorScheme });
        await expect(app.window.getByRole('heading', { name: 'Grace Hopper' })).toBeVisible();
        expect((await fetch(`${app.address}/userinfo`)).status).toBe(200);
        expect(provider.count('/authorize')).toBe(logins);

        // Sign out, in the tray's menu: wiped here, revoked there, and the provider's own session ended in the browser.
        await session.tray.waitForItem();
        const [farewell] = await Promise.all([browser.nextTab(), session.tray.click('Sign out')]);
        await expect(app.window.getByRole('heading', { name: 'You are signed out' })).toBeVisible();
        await app.window.screenshot({ path: picture('7-signed-out-again') });
        expect((await fetch(`${app.address}/userinfo`)).status).toBe(401);
        await provider.waitFor(({ path }) => path === '/oauth/revoke');
        await farewell.waitForURL(/\/v2\/logout/);
        await expect.poll(trayLabels).toEqual(['Signed out', 'Sign in', 'Open Loopgate', 'Settings…', 'Quit']);
        await app.quit();
      },
      { colorScheme },
    ));
}
