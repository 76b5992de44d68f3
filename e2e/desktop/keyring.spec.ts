import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { type DesktopApp, heading, press, startDesktopApp } from '../support/desktopApp.ts';
import { renewPicture } from '../support/picture.ts';
import { onStage } from '../support/stage.ts';

const inKeyring = 'session.gnome_libsecret.json';
const inFile = 'session.file.json';
const keyOfFile = 'session.file-key';
/** Chromium's own switch: as on a machine whose desktop has no keyring. */
const withoutKeyring = ['--password-store=basic'];
const question = 'No keyring protects your sign-in on this system';

const storageNote = ({ window }: DesktopApp) => window.getByRole('note', { name: 'Where your sign-in is kept' });
const userInfo = async ({ address }: DesktopApp) => (await fetch(`${address}/userinfo`)).status;
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

/** The token that programs get: whoever finds it in a file is signed in. */
async function accessToken({ address }: DesktopApp): Promise<string> {
  return await (await fetch(`${address}/user/access_token`)).text();
}

async function filesOfSession(home: string): Promise<string[]> {
  return (await readdir(home)).filter((name) => name.startsWith('session.')).sort();
}

test('the keyring: the session outlives a restart, a locked keyring is waited for, and a damaged session is kept aside and said', () =>
  onStage(async ({ session, environment, home, signInAs, trayLabels, provider }) => {
    const stored = join(home, inKeyring);
    let app = await startDesktopApp({ environment });
    await signInAs('Grace Hopper', () => press(app, 'Sign in'));
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    const token = await accessToken(app);
    await app.quit();
    expect(await modeOf(stored)).toBe('600');
    const content = await readFile(stored, 'utf8');
    for (const part of [...token.split('.'), 'Grace', 'accessToken']) expect(content).not.toContain(part);
    expect(await filesOfSession(home)).toEqual([inKeyring]);

    // Locked when it starts: the API answers all the same, and everything says what is waited for.
    await session.lockKeyring();
    const logins = provider.count('/authorize');
    app = await startDesktopApp({ environment });
    const health = await fetch(`${app.address}/.well-known/health`, { signal: AbortSignal.timeout(1_000) });
    expect(health.status).toBe(200);
    await expect(heading(app, 'The keyring is locked')).toBeVisible();
    await session.tray.waitForItem();
    await expect.poll(trayLabels).toContain('Waiting for the keyring');
    expect(await session.tray.property('ToolTip')).toContain(
      'Loopgate – Waiting for the keyring – The keyring is locked',
    );
    await renewPicture(app.window, '8-keyring-locked');
    await session.unlockKeyring();
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    expect(await userInfo(app)).toBe(200);
    expect(provider.count('/authorize')).toBe(logins);
    expect(await filesOfSession(home)).toEqual([inKeyring]);
    await app.quit();

    // Damaged: signed out, and not in silence. Nothing is thrown away.
    const damaged = `${(await readFile(stored, 'utf8')).slice(0, -40)}`;
    await writeFile(stored, damaged);
    app = await startDesktopApp({ environment });
    await expect(heading(app, 'You are signed out')).toBeVisible();
    const [aside = ''] = await filesOfSession(home);
    expect(aside).toMatch(/^session\.gnome_libsecret\.unreadable-\d+\.json$/);
    await expect(app.window.getByRole('alert')).toContainText(
      `the stored sign-in is damaged; it was kept as ${join(home, aside)}`,
    );
    expect(await readFile(join(home, aside), 'utf8')).toBe(damaged);
    expect(await userInfo(app)).toBe(401);
    await app.quit();
  }));

test('no keyring: the window asks once where to keep the session, keeps nothing before, and the answer can be changed', () =>
  onStage(async ({ environment, home, signInAs, session, trayLabels }) => {
    const start = () => startDesktopApp({ environment, switches: withoutKeyring });
    let app = await start();
    await expect(heading(app, question)).toBeVisible();
    await session.tray.waitForItem();
    await expect.poll(trayLabels).toContain('Choose where your sign-in is kept');
    await signInAs('Grace Hopper', () => press(app, 'Sign in'));
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    await renewPicture(app.window, '9-no-keyring');
    expect(await filesOfSession(home)).toEqual([]);

    // For this run only: after the next start nobody is signed in, and nothing is asked.
    await press(app, 'Keep it until Loopgate closes');
    await expect(heading(app, question)).toHaveCount(0);
    await expect.poll(trayLabels).not.toContain('Choose where your sign-in is kept');
    await app.quit();
    expect(await filesOfSession(home)).toEqual([]);
    app = await start();
    await expect(heading(app, 'You are signed out')).toBeVisible();
    await expect(heading(app, question)).toHaveCount(0);
    await expect(app.window.getByRole('alert')).toHaveCount(0);

    // Changed: kept in a file that only its mode protects, which the window goes on saying.
    // The provider still knows the browser, and asks for no name.
    await press(app, 'Sign in');
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    await expect(storageNote(app)).toContainText('kept in memory');
    await press(app, 'Change');
    await press(app, 'Keep it in a file');
    await expect(storageNote(app)).toContainText(`kept in a file in ${home}`);
    await app.quit();
    expect(await filesOfSession(home)).toEqual([keyOfFile, inFile].sort());
    for (const name of [keyOfFile, inFile]) expect(await modeOf(join(home, name))).toBe('600');
    app = await start();
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    await expect(heading(app, question)).toHaveCount(0);
    await expect(storageNote(app)).toContainText('kept in a file');

    // Changed back: the file and its key are gone at once, and the person stays signed in for this run.
    await press(app, 'Change');
    await press(app, 'Keep it until Loopgate closes');
    await expect.poll(() => filesOfSession(home)).toEqual([]);
    expect(await userInfo(app)).toBe(200);
    await app.quit();
  }));

test('a keyring that comes takes the session over from the weaker file; one that goes keeps it, and it is there again with it', () =>
  onStage(async ({ environment, home, signInAs, provider }) => {
    let app = await startDesktopApp({ environment, switches: withoutKeyring });
    await press(app, 'Keep it in a file');
    await signInAs('Grace Hopper', () => press(app, 'Sign in'));
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    await app.quit();
    expect(await filesOfSession(home)).toEqual([keyOfFile, inFile].sort());

    // The keyring is there now.
    const logins = provider.count('/authorize');
    app = await startDesktopApp({ environment });
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    await expect(app.window.getByRole('note')).toHaveCount(0);
    expect(await userInfo(app)).toBe(200);
    await app.quit();
    expect(await filesOfSession(home)).toEqual([inKeyring]);

    // And gone again: what it keeps is left to it, and the window says why nobody is signed in.
    const kept = await readFile(join(home, inKeyring));
    app = await startDesktopApp({ environment, switches: withoutKeyring });
    await expect(heading(app, 'You are signed out')).toBeVisible();
    await expect(app.window.getByRole('alert')).toContainText(
      'the sign-in is stored under the keyring of the desktop (Secret Service), which cannot be reached from here; it was left as it is',
    );
    expect(await userInfo(app)).toBe(401);
    // Read and put away: that is no wish to be signed out.
    await press(app, 'Dismiss');
    await expect(app.window.getByRole('alert')).toHaveCount(0);
    await app.quit();
    expect(await readFile(join(home, inKeyring))).toEqual(kept);

    app = await startDesktopApp({ environment });
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    await expect(app.window.getByRole('alert')).toHaveCount(0);
    expect(await userInfo(app)).toBe(200);
    expect(provider.count('/authorize')).toBe(logins);
    expect(existsSync(join(home, inFile))).toBe(false);
    await app.quit();
  }));

/** What desktops call themselves: Chromium by itself knows the last three alone. The Secret Service of all is the same one. */
const desktops: readonly NodeJS.ProcessEnv[] = [
  ...['sway', 'Hyprland', 'i3', 'niri', 'COSMIC', 'LXQt', 'Enlightenment'].map((name) => ({
    XDG_CURRENT_DESKTOP: name,
  })),
  { XDG_CURRENT_DESKTOP: undefined },
  { XDG_CURRENT_DESKTOP: 'KDE', KDE_SESSION_VERSION: '5' },
  { XDG_CURRENT_DESKTOP: 'KDE', KDE_SESSION_VERSION: '6' },
  { XDG_CURRENT_DESKTOP: 'XFCE' },
];

test('a keyring that runs is used whatever the desktop calls itself, and a change of desktop signs nobody out', () => {
  // Two starts for each of them.
  test.setTimeout(400_000);
  return onStage(async ({ environment, home, signInAs }) => {
    const startOn = (desktop: NodeJS.ProcessEnv) => startDesktopApp({ environment: { ...environment, ...desktop } });
    // Nothing is stored yet.
    for (const desktop of desktops) {
      const app = await startOn(desktop);
      await expect(heading(app, 'You are signed out'), JSON.stringify(desktop)).toBeVisible();
      await expect(heading(app, question), JSON.stringify(desktop)).toHaveCount(0);
      await expect(storageNote(app), JSON.stringify(desktop)).toHaveCount(0);
      await app.quit();
    }
    const first = await startOn({ XDG_CURRENT_DESKTOP: 'XFCE' });
    await signInAs('Grace Hopper', () => press(first, 'Sign in'));
    await expect(heading(first, 'Grace Hopper')).toBeVisible();
    await first.quit();
    for (const desktop of desktops) {
      const app = await startOn(desktop);
      await expect(heading(app, 'Grace Hopper'), JSON.stringify(desktop)).toBeVisible();
      await expect(app.window.getByRole('alert'), JSON.stringify(desktop)).toHaveCount(0);
      expect(await userInfo(app)).toBe(200);
      await app.quit();
      expect(await filesOfSession(home)).toEqual([inKeyring]);
    }
  });
});

const toBeMade = ({ window }: DesktopApp) => window.getByRole('note', { name: 'Your sign-in needs a keyring' });
/** The API answers at once, whatever stands on the screen. */
async function answers({ address }: DesktopApp): Promise<void> {
  expect((await fetch(`${address}/.well-known/health`, { signal: AbortSignal.timeout(1_000) })).status).toBe(200);
}

test('no keyring yet: nothing is asked before there is something to keep; then the window says what comes, and the API goes on', () =>
  onStage(
    async ({ environment, home, session, signInAs, trayLabels }) => {
      let app = await startDesktopApp({ environment });
      await answers(app);
      await expect(heading(app, 'You are signed out')).toBeVisible();
      await expect(app.window.getByRole('note')).toHaveCount(0);
      await expect(heading(app, question)).toHaveCount(0);

      await signInAs('Grace Hopper', () => press(app, 'Sign in'));
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      await expect(toBeMade(app)).toContainText('Your system will ask you to choose a password');
      await expect.poll(trayLabels).toContain('Make a keyring for your sign-in');
      expect(await session.isPrompted()).toBe(false);
      expect(await filesOfSession(home)).toEqual([]);
      expect(await userInfo(app)).toBe(200);

      await press(app, 'Make a keyring');
      await expect.poll(() => session.isPrompted()).toBe(true);
      await answers(app);
      await session.answerNewKeyringPrompt();
      await expect(toBeMade(app)).toHaveCount(0);
      await expect(app.window.getByRole('note')).toHaveCount(0);
      await expect.poll(trayLabels).not.toContain('Make a keyring for your sign-in');
      expect(await filesOfSession(home)).toEqual([inKeyring]);
      await app.quit();

      app = await startDesktopApp({ environment });
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      expect(await userInfo(app)).toBe(200);
      await app.quit();
    },
    { keyring: 'new' },
  ));

test('no keyring yet, and none wanted: the sign-in is kept in a file, and nobody asks for one any more', () =>
  onStage(
    async ({ environment, home, session, signInAs }) => {
      let app = await startDesktopApp({ environment });
      await signInAs('Grace Hopper', () => press(app, 'Sign in'));
      await expect(toBeMade(app)).toBeVisible();
      await press(app, 'Keep it without one');
      await press(app, 'Keep it in a file');
      await expect(storageNote(app)).toContainText(`kept in a file in ${home}`);
      await expect(toBeMade(app)).toHaveCount(0);
      await app.quit();
      app = await startDesktopApp({ environment });
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      await expect(toBeMade(app)).toHaveCount(0);
      expect(await session.isPrompted()).toBe(false);
      expect(await filesOfSession(home)).toEqual([keyOfFile, inFile].sort());
      await app.quit();
    },
    { keyring: 'new' },
  ));
