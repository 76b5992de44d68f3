import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect, test } from '@playwright/test';
import { projectFolder } from '../support/headless.ts';
import { onStage } from '../support/stage.ts';

/** `npm start` as a person types it. `lines` are what the terminal shows. */
function npmStart(environment: NodeJS.ProcessEnv): {
  child: ChildProcess;
  lines: readonly string[];
  lineThat: (pattern: RegExp) => Promise<string>;
} {
  const child = spawn('npm', ['start'], {
    cwd: projectFolder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const watcher of watchers) watcher();
    });
  }
  const lineThat = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const line = lines.find((one) => pattern.test(one));
        if (line === undefined) return;
        watchers.delete(look);
        resolve(line);
      };
      watchers.add(look);
      look();
      child.once('close', (code) => reject(new Error(`npm start ended with ${code}: ${lines.join('\n')}`)));
    });
  return { child, lines, lineThat };
}

async function stop(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once('close', resolve));
  if (child.pid !== undefined && child.exitCode === null) {
    process.kill(-child.pid, 'SIGTERM');
    await closed;
  }
}

/** Nothing configured: only the desktop, the browser, and a data folder. */
function unconfigured(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { LOOPGATE_ISSUER, LOOPGATE_CLIENT_ID, LOOPGATE_AUDIENCE, ...rest } = environment;
  // The runtime that npm test has found is in the cache of whoever runs it, not of the stage's person.
  return { ...rest, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? `${process.env.HOME}/.cache` };
}

test('npm start with nothing configured: the demo provider, a first sign-in that works, and signed in again at the next start', () =>
  onStage(async ({ session, browser, environment, trayLabels }) => {
    const { child, lineThat } = npmStart({ ...unconfigured(environment), LOOPGATE_ELECTRON_FALLBACK: '1' });
    try {
      const address = (await lineThat(/^Loopgate \S+ listening on /)).replace(/^.* on /, '');
      await lineThat(/^The demo identity provider runs at /);
      if (process.getuid?.() === 0) await lineThat(/started as root.*--no-sandbox/);
      await session.tray.waitForItem();
      const [tab] = await Promise.all([browser.nextTab(), session.tray.click('Sign in')]);
      await tab.getByLabel('Your name').fill('Katherine Johnson');
      await tab.getByRole('button', { name: 'Continue' }).click();
      await expect(tab.getByRole('heading', { name: 'You are signed in' })).toBeVisible();
      await expect.poll(trayLabels).toContain('Signed in as Katherine Johnson');
      expect(await (await fetch(`${address}/userinfo`)).json()).toMatchObject({ name: 'Katherine Johnson' });
    } finally {
      await stop(child);
    }
    // Started again: the demo provider remembers what it gave, so the person is still signed in.
    const again = npmStart({ ...unconfigured(environment), LOOPGATE_ELECTRON_FALLBACK: '1' });
    try {
      await again.lineThat(/^Loopgate \S+ listening on /);
      await session.tray.waitForItem();
      await expect.poll(trayLabels).toContain('Signed in as Katherine Johnson');
    } finally {
      await stop(again.child);
    }
  }));

test('npm start where Electron cannot be had: headless, with one line why, and no other build is offered', () =>
  onStage(async ({ environment }) => {
    // No runtime lies there, and nothing answers where it would be downloaded from.
    const noElectron = { ELECTRON_OVERRIDE_DIST_PATH: environment.HOME, ELECTRON_MIRROR: 'http://127.0.0.1:9/' };
    const { child, lines, lineThat } = npmStart({ ...unconfigured(environment), ...noElectron });
    try {
      await lineThat(/^Loopgate \S+ listening on /);
      const about = lines.filter((line) => /electron|fallback|window/i.test(line) && !line.startsWith('>'));
      expect(about).toEqual([
        expect.stringMatching(/^Starting without a window: Electron cannot be downloaded here\. /),
      ]);
    } finally {
      await stop(child);
    }
  }));

test('npm start without a display: headless, said, with curl lines that work when pasted', () =>
  onStage(async ({ environment, browser }) => {
    const { child, lineThat } = npmStart({ ...unconfigured(environment), DISPLAY: '' });
    try {
      await lineThat(/no display/);
      const address = (await lineThat(/^Loopgate \S+ listening on /)).replace(/^.* on /, '');
      const paste = async (pattern: RegExp) => {
        const line = await lineThat(pattern);
        const shell = spawn('bash', ['-c', line.replace('curl', 'curl --silent --show-error --fail')]);
        let printed = '';
        for await (const chunk of shell.stdout) printed += String(chunk);
        return printed;
      };
      const [tab, person] = await Promise.all([
        browser.nextTab().then(async (page) => {
          await page.getByLabel('Your name').fill('Katherine Johnson');
          await page.getByRole('button', { name: 'Continue' }).click();
          return page;
        }),
        paste(/curl -X POST \S+\/os\/sign_in/).then((printed) => JSON.parse(printed)),
      ]);
      await expect(tab.getByRole('heading', { name: 'You are signed in' })).toBeVisible();
      expect(person).toMatchObject({ name: 'Katherine Johnson' });
      expect(await paste(/curl \S+\/user\/access_token/)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
      expect(JSON.parse(await paste(/curl \S+\/userinfo/))).toMatchObject({ name: 'Katherine Johnson' });
      expect(address).toMatch(/^http:\/\/localhost:\d+$/);
    } finally {
      await stop(child);
    }
  }));
