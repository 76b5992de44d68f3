import { expect, test } from '@playwright/test';
import { sandboxArguments } from '../../build/electronRuntime.ts';
import { pack } from '../../build/pack.ts';
import { startDesktopApp } from '../support/desktopApp.ts';
import { onStage } from '../support/stage.ts';

test('the packed app starts and passes the same first sign-in', () =>
  onStage(async ({ session, browser, environment, trayLabels }) => {
    test.setTimeout(180_000);
    // With the inspector's fuse on, or Playwright could not attach; the others are as in a release.
    const executable = await pack({ test: true });
    const app = await startDesktopApp({ environment, command: { executable, args: sandboxArguments() } });
    expect(await app.electron.evaluate(({ app: running }) => running.isPackaged)).toBe(true);
    await session.tray.waitForItem();
    const [tab] = await Promise.all([browser.nextTab(), session.tray.click('Sign in')]);
    await tab.getByLabel('Your name').fill('Grace Hopper');
    await tab.getByRole('button', { name: 'Continue' }).click();
    await expect(tab.getByRole('heading', { name: 'You are signed in' })).toBeVisible();
    await expect(app.window.getByRole('heading', { name: 'Grace Hopper' })).toBeVisible();
    await expect(app.window.locator('img[src^="data:image/png"]')).toBeVisible();
    await expect.poll(trayLabels).toContain('Signed in as Grace Hopper');
    const token = await fetch(`${app.address}/userinfo`);
    expect(await token.json()).toMatchObject({ name: 'Grace Hopper' });
    await app.quit();
  }));
