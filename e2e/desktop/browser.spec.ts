import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { BrowserDouble } from '../../demo/identity-provider/person.ts';
import { loginPageBehind } from '../../testing/loginAddress.ts';
import { heading, press, startDesktopApp, watchNotifications } from '../support/desktopApp.ts';
import { onStage } from '../support/stage.ts';

/** A desktop whose xdg-open does this, in the place of the real one. */
async function withXdgOpen(body: string | undefined, play: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'loopgate-path-'));
  try {
    if (body !== undefined) {
      await writeFile(join(folder, 'xdg-open'), `#!/bin/sh\n${body}\n`);
      await chmod(join(folder, 'xdg-open'), 0o755);
    }
    await play(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

for (const [what, body, path] of [
  ['ends with 3', 'exit 3', (folder: string) => `${folder}:${process.env.PATH}`],
  // Nothing else is looked for by its name.
  ['is not there', undefined, (folder: string) => folder],
] as const)
  test(`an xdg-open that ${what}: window, notification and tray say so, and the address can be copied`, () =>
    withXdgOpen(body, (folder) =>
      onStage(async ({ environment, session }) => {
        const app = await startDesktopApp({ environment: { ...environment, PATH: path(folder) } });
        const notices = await watchNotifications(app, session);
        const asked = fetch(`${app.address}/pkce/code`, { method: 'POST' });
        await expect(heading(app, 'No browser could be opened')).toBeVisible();
        await expect(app.window.getByText('has opened')).toHaveCount(0);
        await expect.poll(notices).toEqual(['No browser could be opened to sign you in. Click here to go on.']);
        await press(app, 'Copy address');
        const address = await app.electron.evaluate(({ clipboard }) => clipboard.readText());
        await new BrowserDouble().signInAs((await loginPageBehind(address)) ?? '', 'Ada Lovelace');
        expect((await asked).status).toBe(200);
        await app.quit();
      }),
    ));

test('a page that shows an error of the provider: after a while the window says what to compare there', () =>
  onStage(async ({ environment, browser, provider }) => {
    const app = await startDesktopApp({ environment: { ...environment, LOOPGATE_CLIENT_ID: 'wrong-client' } });
    await app.window.clock.install();
    const [tab] = await Promise.all([browser.nextTab(), press(app, 'Sign in')]);
    await expect(tab.getByText('invalid_client')).toBeVisible();
    await expect(heading(app, 'Continue in your browser')).toBeVisible();
    const help = app.window.getByText('The page shows an error?');
    await app.window.clock.runFor(5_000);
    await expect(help).toHaveCount(0);
    await app.window.clock.runFor(10_000);
    await help.click();
    await expect(app.window.getByText(new URL(provider.issuer).host)).toBeVisible();
    await expect(app.window.getByText('wrong-client', { exact: true })).toBeVisible();
    const callback = `${app.address}/pkce/response/code`;
    await expect(app.window.getByText(callback, { exact: true })).toBeVisible();
    await press(app, 'Copy callback');
    expect(await app.electron.evaluate(({ clipboard }) => clipboard.readText())).toBe(callback);
    await press(app, 'Open settings');
    await expect(heading(app, 'Settings')).toBeVisible();
    await app.quit();
  }));
