import { type ChildProcess, spawn } from 'node:child_process';
import { link, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@playwright/test';
import { testApp } from '../../build/testApp.ts';
import type { AppView } from '../../preload/views/appView.ts';
import { axeFindingsInBothThemes } from '../support/axe.ts';
import { type DesktopApp, heading, press, startDesktopApp } from '../support/desktopApp.ts';
import { renewPicture } from '../support/picture.ts';
import { makeProgram } from '../support/program.ts';
import { onStage } from '../support/stage.ts';

const alertOf = ({ window }: DesktopApp) => window.getByRole('alert');
const viewOf = ({ window }: DesktopApp): Promise<AppView> => window.evaluate('window.loopgate.view()');
const button = ({ window }: DesktopApp, name: string) => window.getByRole('button', { name, exact: true });

/** A program that listens on a port; undefined where it cannot have it now. */
async function occupy(program: string, port: number): Promise<ChildProcess | undefined> {
  const script = `require('node:net').createServer().on('error', () => process.exit(1))
    .listen(Number(process.argv[1]), '127.0.0.1', () => console.log('listens'));`;
  const child = spawn(program, ['-e', script, String(port)], { stdio: ['ignore', 'pipe', 'ignore'] });
  const listens = await new Promise<boolean>((resolve) => {
    child.stdout?.once('data', () => resolve(true));
    child.once('close', () => resolve(false));
  });
  return listens ? child : undefined;
}

test('a clock that is wrong is named as that, and Try again heals it when it is right [T15]', () =>
  onStage(async ({ session, environment, trayLabels, browser }) => {
    const app = await startDesktopApp({ environment });
    // The clock of the app alone: the machine's is not a test's to set. Everything in the app goes by this one.
    const setClock = (minutes: number) =>
      app.electron.evaluate((_electron, by) => {
        const clock = globalThis as { rightTime?: () => number };
        clock.rightTime ??= Date.now;
        const { rightTime } = clock;
        Date.now = () => rightTime() + by * 60_000;
      }, minutes);
    await session.tray.waitForItem();

    // At a sign-in: ahead.
    await setClock(12);
    const [tab] = await Promise.all([browser.nextTab(), press(app, 'Sign in')]);
    await tab.getByLabel('Your name').fill('Grace Hopper');
    await tab.getByRole('button', { name: 'Continue' }).click();
    await expect(alertOf(app)).toContainText('The clock of this computer is wrong by about 12 minutes');
    await expect(alertOf(app)).toContainText('It is ahead of the provider’s. Set it right, then try again.');
    await expect.poll(trayLabels).toContain('The clock is wrong by about 12 minutes');
    await expect(button(app, 'Try again')).toHaveCount(1);
    expect(await axeFindingsInBothThemes(app.window)).toEqual([]);
    await renewPicture(app.window, '18-clock');
    await setClock(0);
    await press(app, 'Try again');
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    await expect(alertOf(app)).toHaveCount(0);

    // At a renewal: behind. Nobody is signed out by it.
    await setClock(-30);
    const renewal = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: environment.LOOPGATE_CLIENT_ID ?? '',
    });
    await fetch(`${app.address}/oauth/token`, { method: 'POST', body: renewal });
    await expect(alertOf(app)).toContainText('The clock of this computer is wrong by about 30 minutes');
    await expect(alertOf(app)).toContainText('It is behind the provider’s.');
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    await expect(button(app, 'Try again')).toHaveCount(1);
    await setClock(0);
    await press(app, 'Try again');
    await expect(alertOf(app)).toHaveCount(0);
    await expect.poll(trayLabels).not.toContainEqual(expect.stringContaining('clock'));
    await app.quit();
  }));

test('offline is told apart from a provider that cannot be reached, and passes by itself', () =>
  onStage(
    async ({ session, environment, signInAs, trayLabels, loseProvider, regainProvider }) => {
      const app = await startDesktopApp({ environment });
      // The system of a test cannot be taken off the network: what it says of it is all that is not the real thing.
      const setOnline = (isOnline: boolean) =>
        app.electron.evaluate(({ net }, online) => {
          net.isOnline = () => online;
        }, isOnline);
      await session.tray.waitForItem();
      await signInAs('Grace Hopper', () => press(app, 'Sign in'));
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      const note = app.window.getByRole('note');

      // The provider has stopped: since now, and not since the profile was read.
      const { profileReadAt = 0 } = await viewOf(app);
      await loseProvider();
      const lostAt = Date.now();
      expect((await fetch(`${app.address}/user/refresh`)).status).toBe(502);
      await expect(note).toContainText('The provider cannot be reached since');
      const { unreachableSince = 0 } = await viewOf(app);
      expect(unreachableSince).toBeGreaterThanOrEqual(lostAt);
      expect(unreachableSince).toBeGreaterThan(profileReadAt);
      await expect.poll(trayLabels).toContainEqual(expect.stringMatching(/^Provider not reached since .*\d/));

      // No network at all.
      await setOnline(false);
      await expect(note).toContainText('This computer is offline. Your sign-in is kept');
      await expect.poll(trayLabels).toContain('This computer is offline');
      await expect(app.window.getByRole('status')).toHaveText('This computer is offline.');
      await expect(note.getByRole('button')).toHaveText(['Try now']);
      expect(await axeFindingsInBothThemes(app.window)).toEqual([]);
      await renewPicture(app.window, '19-offline');

      // It is back: all is well, and nobody has pressed anything.
      await regainProvider();
      await setOnline(true);
      await expect(note).toHaveCount(0);
      await expect.poll(trayLabels).not.toContain('This computer is offline');
      expect((await viewOf(app)).unreachableSince).toBeUndefined();
      await app.quit();
    },
    { losesProvider: true },
  ));

test('a taken port: the window names the program that has it, and goes back to the port with nobody signed out', () =>
  onStage(async ({ session, environment, signInAs, trayLabels }) => {
    const acme = makeProgram({ session }, 'acme-server');
    // Other programs of this machine may have it for a while; who has it in the end is this one.
    let occupant: ChildProcess | undefined;
    await expect(async () => {
      occupant = await occupy(acme, 1000);
      expect(occupant).toBeDefined();
    }).toPass({ timeout: 60_000 });
    const ended = new Promise((resolve) => occupant?.once('close', resolve));
    try {
      const app = await startDesktopApp({ environment: { ...environment, LOOPGATE_PORT: '' } });
      await session.tray.waitForItem();
      expect(app.address).not.toBe('http://localhost:1000');
      const note = app.window.getByRole('note', { name: 'Port 1000 is taken by acme-server' });
      await expect(note).toBeVisible();
      await expect(note).toContainText(`port ${new URL(app.address).port}`);
      await expect(note.getByRole('button')).toHaveText(['Try port 1000 again']);
      await expect.poll(trayLabels).toContain('Port 1000 is taken by acme-server');
      await signInAs('Grace Hopper', () => press(app, 'Sign in'));
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      expect(await axeFindingsInBothThemes(app.window)).toEqual([]);
      await renewPicture(app.window, '20-port-taken');

      // Still taken: said, and nothing is closed.
      await press(app, 'Try port 1000 again');
      await expect(alertOf(app)).toContainText('Port 1000 still cannot be had.');
      expect((await fetch(`${app.address}/userinfo`)).status).toBe(200);

      occupant?.kill();
      await ended;
      await expect(async () => {
        if ((await viewOf(app)).portNotice !== undefined) await press(app, 'Try port 1000 again');
        await expect(note).toHaveCount(0, { timeout: 5_000 });
      }).toPass({ timeout: 60_000 });
      await expect(app.window.getByRole('status')).toHaveText('Programs find Loopgate on port 1000 again.');
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      expect(await (await fetch('http://localhost:1000/userinfo')).json()).toMatchObject({ name: 'Grace Hopper' });
      await expect(fetch(`${app.address}/.well-known/health`)).rejects.toThrow();
      await expect.poll(trayLabels).not.toContain('Port 1000 is taken by acme-server');
      await app.quit();
    } finally {
      occupant?.kill();
    }
  }));

test('a locked keyring: the window has the system ask for its password, and goes on with the sign-in', () =>
  onStage(async ({ session, environment, signInAs }) => {
    let app = await startDesktopApp({ environment });
    await signInAs('Grace Hopper', () => press(app, 'Sign in'));
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    await app.quit();
    await session.lockKeyring();
    app = await startDesktopApp({ environment });
    await expect(heading(app, 'The keyring is locked')).toBeVisible();
    await press(app, 'Unlock the keyring');
    await session.answerKeyringPrompt();
    await expect(heading(app, 'Grace Hopper')).toBeVisible();
    await app.quit();
  }));

test('start at login is asked once, after the first sign-in, in a packed app', () =>
  onStage(async ({ session, environment, signInAs }) => {
    const { executable, args } = await testApp();
    // By the name of its program Electron knows whether it is packed.
    const packed = join(dirname(executable), `loopgate-${process.pid}`);
    await link(executable, packed);
    const start = () => startDesktopApp({ environment, command: { executable: packed, args } });
    const question = 'Start Loopgate when you log in?';
    try {
      let app = await start();
      await session.tray.waitForItem();
      await expect(heading(app, 'You are signed out')).toBeVisible();
      await expect(heading(app, question)).toHaveCount(0);
      await signInAs('Grace Hopper', () => press(app, 'Sign in'));
      await expect(heading(app, question)).toBeVisible();
      expect(await axeFindingsInBothThemes(app.window)).toEqual([]);
      await renewPicture(app.window, '21-start-at-login');
      await press(app, 'Not now');
      await expect(heading(app, question)).toHaveCount(0);
      await app.quit();
      app = await start();
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      await expect(heading(app, question)).toHaveCount(0);
      await app.quit();
    } finally {
      await rm(packed, { force: true });
    }
  }));
