import { createHash } from 'node:crypto';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, test } from '@playwright/test';
import { sandboxArguments } from '../../build/electronRuntime.ts';
import { pack } from '../../build/pack.ts';
import { type DesktopApp, heading, press, startDesktopApp } from '../support/desktopApp.ts';
import { renewPicture } from '../support/picture.ts';
import { onStage } from '../support/stage.ts';

const old = '#!/bin/sh\necho the one that runs\n';

/**
 * A folder of published versions, as electron-builder writes it. The AppImage is a script that notes that it was started: of the
 * real one nothing can be built here, and electron-updater does not look into it.
 */
async function startFeed(note: string) {
  const requested: string[] = [];
  const newer = `#!/bin/sh\necho "$APPIMAGE_EXIT_AFTER_INSTALL" > '${note}'\n`;
  const published = { version: '9.0.0', sha512: hashOf(newer) };
  const server = createServer(({ url = '' }, response) => {
    requested.push(url.split('?')[0] ?? '');
    if (url.startsWith('/latest-linux.yml')) response.end(description(published, newer.length));
    else if (url.startsWith('/Loopgate.AppImage')) response.end(newer);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    newer,
    published,
    requested,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  };
}

const hashOf = (content: string) => createHash('sha512').update(content).digest('base64');

function description({ version, sha512 }: { version: string; sha512: string }, size: number): string {
  const file = { url: 'Loopgate.AppImage', sha512, size };
  // JSON is YAML.
  return JSON.stringify({ version, files: [file], path: file.url, sha512, releaseDate: '2026-01-01T00:00:00.000Z' });
}

async function checkForUpdates(app: DesktopApp): Promise<void> {
  await press(app, 'Settings');
  await press(app, 'Check for updates');
}

test('updates: the packed app fetches a newer version and installs it at quit; no older one, no damaged one, none while a sign-in waits', () =>
  onStage(async ({ home, environment, signInAs, browser }) => {
    test.setTimeout(240_000);
    const executable = await pack({ test: true });
    const appImage = join(home, 'Loopgate.AppImage');
    const note = join(home, 'started');
    const configuration = join(dirname(executable), 'resources', 'app-update.yml');
    const feed = await startFeed(note);
    try {
      // As electron-builder writes it for a build that names a feed; only installers have it, and none can be built here.
      await writeFile(
        configuration,
        `provider: generic\nurl: ${feed.address}\nupdaterCacheDirName: loopgate-updater\n`,
      );
      await writeFile(appImage, old);
      await chmod(appImage, 0o755);
      const start = () =>
        startDesktopApp({
          environment: { ...environment, APPIMAGE: appImage },
          command: { executable, args: sandboxArguments() },
        });
      let app = await start();
      await signInAs('Grace Hopper', () => press(app, 'Sign in'));
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      const state = () => app.window.getByRole('status').filter({ hasText: 'Version' });

      feed.published.version = '0.0.1';
      await checkForUpdates(app);
      await expect(state()).toContainText('The newest one');
      feed.published.version = '9.0.0';
      feed.published.sha512 = hashOf('another file');
      await press(app, 'Check for updates');
      await expect(state()).toContainText('could not be looked for');
      feed.published.sha512 = hashOf(feed.newer);
      await press(app, 'Check for updates');
      await expect(state()).toContainText('Version 9.0.0 is installed when you quit Loopgate.');
      await state().scrollIntoViewIfNeeded();
      await renewPicture(app.window, '19-update-ready');
      // Fetched is not installed; and who quits while a login is open in the browser comes back to what they left.
      expect(await readFile(appImage, 'utf8')).toBe(old);
      await press(app, 'Account');
      await Promise.all([browser.nextTab(), press(app, 'Add another account')]);
      await expect(app.window.getByRole('button', { name: 'Cancel' })).toBeVisible();
      await app.quit();
      expect(await readFile(appImage, 'utf8')).toBe(old);

      // Fetched already: looked for once more, and installed at the next quit. The session is there.
      app = await start();
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      await checkForUpdates(app);
      await expect(state()).toContainText('Version 9.0.0 is installed');
      expect(feed.requested.filter((path) => path === '/Loopgate.AppImage')).toHaveLength(2);
      await app.quit();
      expect(await readFile(appImage, 'utf8')).toBe(feed.newer);
      expect(await readFile(note, 'utf8')).toBe('true\n');
    } finally {
      await rm(configuration, { force: true });
      await feed.close();
    }
  }));
