import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from '@playwright/test';
import { testApp } from '../../build/testApp.ts';
import type { Endpoint } from '../../main/storage/endpointFile.ts';
import { heading, press, runToItsEnd, startDesktopApp } from '../support/desktopApp.ts';
import { onStage } from '../support/stage.ts';

const shown = { exitCode: 0, output: 'Loopgate already runs: its window is shown.\n' };
const health = async (address: string) => (await fetch(`${address}/.well-known/health`)).status;
/** The app that serves a data folder, once it answers. */
const runningApp = async (home: string) => {
  const endpoint = JSON.parse(await readFile(join(home, 'endpoint.json'), 'utf8')) as Endpoint;
  expect(await health(endpoint.address)).toBe(200);
  return endpoint;
};

test('started where nothing can be kept among the temporary files, it starts: nobody else is said to run', () =>
  onStage(async ({ environment, session, home }) => {
    const file = join(session.home, 'file');
    await writeFile(file, '');
    const long = join(session.home, 'x'.repeat(130));
    await mkdir(long);
    // Nobody can make anything in /proc, not even root.
    for (const TMPDIR of [file, long, '/proc', join(session.home, 'missing')]) {
      const app = await startDesktopApp({ environment: { ...environment, TMPDIR } });
      expect(await health(app.address), TMPDIR).toBe(200);
      // And a second start there reaches it.
      await app.window.close();
      const [, second] = await Promise.all([
        app.electron.waitForEvent('window'),
        runToItsEnd({ ...environment, TMPDIR }),
      ]);
      expect(second, TMPDIR).toMatchObject(shown);
      // What the person's programs get is what the person has set.
      expect(await app.electron.evaluate(() => process.env.TMPDIR)).toBe(TMPDIR);
      await app.quit();
    }
    // A file in the place of the folder that Chromium needs.
    await rm(join(home, 'chromium'), { recursive: true });
    await writeFile(join(home, 'chromium'), '');
    const app = await startDesktopApp({ environment });
    expect(await health(app.address)).toBe(200);
    await app.quit();
  }));

test('where no folder takes anything at all, it says which ones, and ends with 2', () =>
  onStage(async ({ environment }) => {
    const nowhere = { LOOPGATE_HOME: '/proc', TMPDIR: '/proc', XDG_RUNTIME_DIR: '/proc' };
    const { exitCode, errors } = await runToItsEnd({ ...environment, ...nowhere });
    expect(exitCode).toBe(2);
    expect(errors).toContain('Nothing can be written to /proc or /proc');
  }));

test('the app starts in no data folder of another user, and says what to type; its log follows no link [L12]', () =>
  onStage(async ({ environment, session, home }) => {
    test.skip(process.getuid?.() !== 0, 'only root can make a folder of another user');
    const theirs = join(session.home, 'theirs');
    await mkdir(theirs);
    await writeFile(join(theirs, 'settings.json'), '{"guard": "same-user", "origins": ["https://evil.example"]}');
    await chown(theirs, 65534, 65534);
    const { exitCode, errors } = await runToItsEnd({ ...environment, LOOPGATE_HOME: theirs });
    expect([exitCode, errors]).toEqual([2, expect.stringContaining(`${theirs} belongs to another user`)]);
    expect(errors).toContain(`sudo chown -R 0 ${theirs}`);
    expect(await readdir(theirs)).toEqual(['settings.json']);

    const precious = join(session.home, 'precious');
    await writeFile(precious, 'as it was');
    await mkdir(join(home, 'logs'), { recursive: true });
    await symlink(precious, join(home, 'logs', 'loopgate.log'));
    await chmod(home, 0o777);
    const app = await startDesktopApp({ environment });
    expect(await readFile(join(home, 'logs', 'loopgate.log'), 'utf8')).toContain(`Other users could write to ${home}`);
    await app.quit();
    expect(await readFile(precious, 'utf8')).toBe('as it was');
    expect((await stat(home)).mode & 0o022).toBe(0);
  }));

test('a second start shows the window of the first when the temporary files were cleaned up, or are others', () =>
  onStage(async ({ environment, session }) => {
    const [first, other] = [await mkdtemp(join(session.home, 'first-')), await mkdtemp(join(session.home, 'other-'))];
    const app = await startDesktopApp({ environment: { ...environment, TMPDIR: first } });
    for (const name of await readdir(first)) await rm(join(first, name), { recursive: true, force: true });
    // Twice: the first of them must not take anything over.
    for (const TMPDIR of [other, first]) {
      await app.window.close().catch(() => undefined);
      await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
      const [window, second] = await Promise.all([
        app.electron.waitForEvent('window'),
        runToItsEnd({ ...environment, TMPDIR }),
      ]);
      expect(second).toMatchObject(shown);
      await expect(window.getByRole('heading', { name: 'You are signed out' })).toBeVisible();
    }
    await app.quit();
  }));

test('a data folder that nothing can be written to: a second start shows the window all the same', () =>
  onStage(async ({ environment }) => {
    const unwritable = { ...environment, LOOPGATE_HOME: '/proc' };
    const app = await startDesktopApp({ environment: unwritable });
    await app.window.close();
    const [, second] = await Promise.all([
      app.electron.waitForEvent('window'),
      runToItsEnd({ ...unwritable, LOOPGATE_PORT: new URL(app.address).port }),
    ]);
    expect(second).toMatchObject(shown);
    await app.quit();
  }));

test('several starts at once are one app', () =>
  onStage(async ({ environment, home }) => {
    const { executable, args } = await testApp();
    // Which of them becomes the app is luck: all are started in the same way, and any may stay.
    const starts = [1, 2, 3, 4].map(() => {
      const child = spawn(executable, [...args, '--hidden'], { env: environment, stdio: ['ignore', 'pipe', 'ignore'] });
      const output = text(child.stdout);
      const end = once(child, 'close').then(async ([exitCode]) => ({ exitCode, output: await output }));
      return { child, end };
    });
    try {
      await expect.poll(() => runningApp(home).catch(() => undefined)).toBeDefined();
      const running = await runningApp(home);
      const stays = starts.filter(({ child }) => child.pid === running.pid);
      expect(stays).toHaveLength(1);
      for (const { child, end } of starts) {
        if (child.pid !== running.pid) expect(await end).toEqual({ exitCode: 0, output: 'Loopgate already runs.\n' });
      }
    } finally {
      for (const { child } of starts) child.kill();
      await Promise.all(starts.map(({ end }) => end));
    }
  }));

test('an app that does not answer: the second start says so and what to do, and does not end with 0', () =>
  onStage(async ({ environment, home }) => {
    const app = await startDesktopApp({ environment });
    const { pid } = JSON.parse(await readFile(join(home, 'lock.json'), 'utf8')) as { pid: number };
    process.kill(pid, 'SIGSTOP');
    try {
      const { exitCode, output, errors } = await runToItsEnd(environment);
      expect(exitCode).toBe(2);
      expect(output).toBe('');
      expect(errors).toContain(
        `Loopgate (desktop, process ${pid}) already runs on ${home}. Its window could not be shown: it does not answer. End that process, then start Loopgate again.`,
      );
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect(await health(app.address)).toBe(200);
    await app.quit();
  }));

test('quit while a renewal hangs and started again at once: it runs in the end', () =>
  onStage(
    async ({ environment, signInAs, provider, home }) => {
      const app = await startDesktopApp({ environment });
      await signInAs('Grace Hopper', () => press(app, 'Sign in'));
      await expect(heading(app, 'Grace Hopper')).toBeVisible();
      const renewing = new Promise<void>((resolve) => {
        // Never answered.
        provider.fault('/oauth/token', { respond: () => resolve() });
      });
      void fetch(`${app.address}/user/access_token`).catch(() => undefined);
      await renewing;
      const ended = app.quit();
      await expect.poll(() => existsSync(join(home, 'endpoint.json'))).toBe(false);
      // By hand, as the helper would start it once more.
      const { executable, args } = await testApp();
      const next = spawn(executable, [...args, '--hidden'], { env: environment, stdio: 'ignore' });
      const over = once(next, 'close');
      await ended;
      await expect.poll(() => runningApp(home).catch(() => undefined)).toMatchObject({ pid: next.pid });
      next.kill();
      await over;
    },
    { provider: { accessTokenSeconds: 1 } },
  ));
