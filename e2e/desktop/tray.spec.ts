import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { Page } from 'playwright';
import { testApp } from '../../build/testApp.ts';
import { startDesktopSession } from '../../build/testDisplay.ts';
import { type DesktopApp, startDesktopApp, temporaryHome } from '../support/desktopApp.ts';
import { answerQuestion } from '../support/program.ts';
import { onStage, type Stage } from '../support/stage.ts';
import { coloursInPanel, photographIcon } from '../support/trayPicture.ts';

/** The tile of each state, as build/icons/tray.svg has it. */
const tiles = { 'signed-out': '#6B7280', 'signed-in': '#24698F', busy: '#6D5BB0', attention: '#B8500F' } as const;

const isMain = (page: Page) => page.url().endsWith('/index.html');
const isConsent = (page: Page) => page.url().endsWith('/consent.html');

/** A window of the app that is there or comes. */
async function windowThat({ electron }: DesktopApp, is: (page: Page) => boolean): Promise<Page> {
  return electron.windows().find(is) ?? (await electron.waitForEvent('window', is));
}

/** As the desktop's close button does it. */
async function closeByHand({ electron }: DesktopApp, page: 'index' | 'consent'): Promise<void> {
  await electron.evaluate(({ BrowserWindow }, name) => {
    BrowserWindow.getAllWindows()
      .find((one) => one.webContents.getURL().endsWith(`/${name}.html`))
      ?.close();
  }, page);
}

/** A program of its own, a copy of Node's executable. It asks for a path, or posts a form there, and gives the status. */
function programThat(
  { session }: Pick<Stage, 'session'>,
  name: string,
): (app: DesktopApp, path: string, form?: Record<string, string>) => Promise<string> {
  const program = join(session.home, name);
  copyFileSync(process.execPath, program);
  chmodSync(program, 0o755);
  const script = `const [address, form] = process.argv.slice(1);
    const options = form ? { method: 'POST', body: new URLSearchParams(JSON.parse(form)) } : {};
    process.stdout.write(String((await fetch(address, options)).status));`;
  return (app, path, form) =>
    new Promise((resolve) => {
      const given = [`${app.address}${path}`, ...(form ? [JSON.stringify(form)] : [])];
      const argv = ['--input-type=module', '-e', script, ...given];
      const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
      let printed = '';
      child.stdout.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
      });
      child.once('close', () => resolve(printed));
    });
}

/** Starts it once more, which leaves to the first, and gives the exit code. */
async function startSecond(environment: NodeJS.ProcessEnv): Promise<number | null> {
  const { executable, args } = await testApp();
  const child = spawn(executable, [...args], { env: environment, stdio: 'ignore' });
  return await new Promise((resolve) => child.once('close', resolve));
}

for (const panelColours of ['light', 'dark'] as const) {
  test(`the icon of each state is seen in a ${panelColours} panel`, () =>
    onStage(
      async ({ session, browser, environment, provider }) => {
        const app = await startDesktopApp({ environment });
        const { tray } = session;
        await tray.waitForItem();
        const seen = async (state: keyof typeof tiles) => {
          await expect.poll(() => coloursInPanel(session)).toContain(tiles[state]);
          await photographIcon(session, `16-tray-${state}-${panelColours}`);
          // The mark on it, and no other state's tile.
          const colours = await coloursInPanel(session);
          for (const [name, tile] of Object.entries(tiles)) expect(colours.includes(tile)).toBe(name === state);
        };
        await seen('signed-out');
        const [tab] = await Promise.all([browser.nextTab(), tray.click('Sign in')]);
        await seen('busy');
        await tab.getByLabel('Your name').fill('Grace Hopper');
        await tab.getByRole('button', { name: 'Continue' }).click();
        await expect(tab.getByRole('heading', { name: 'You are signed in' })).toBeVisible();
        await seen('signed-in');
        provider.revokeAll();
        const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: provider.clientId });
        expect((await fetch(`${app.address}/oauth/token`, { method: 'POST', body })).status).toBe(401);
        await seen('attention');
        await app.quit();
      },
      { panelColours },
    ));
}

test('what macOS is given is black and nothing else, so that it can colour it by itself', () =>
  onStage(async ({ environment }) => {
    const app = await startDesktopApp({ environment });
    const coloured = await app.electron.evaluate(({ app: running, nativeImage }, states) => {
      const folder = `${running.getAppPath()}/out/main/icons`;
      return states.flatMap((state) => {
        const image = nativeImage.createFromPath(`${folder}/tray-${state}Template.png`);
        const bitmap = image.toBitmap({ scaleFactor: 2 });
        let opaque = 0;
        let colour = 0;
        for (let at = 0; at < bitmap.length; at += 4) {
          opaque += bitmap[at + 3] === 255 ? 1 : 0;
          colour += (bitmap[at] ?? 0) + (bitmap[at + 1] ?? 0) + (bitmap[at + 2] ?? 0);
        }
        const isDouble = image.getScaleFactors().includes(2);
        return colour === 0 && opaque > 50 && isDouble ? [] : [`${state}: ${colour} ${opaque} ${isDouble}`];
      });
    }, Object.keys(tiles));
    expect(coloured).toEqual([]);
    await app.quit();
  }));

test('every entry of the menu does what it says, and a notification says what happens while the window is shut', () =>
  onStage(async (stage) => {
    const { session, browser, environment, signInAs, trayLabels, provider } = stage;
    const { LOOPGATE_GUARD: _, ...asking } = environment;
    const app = await startDesktopApp({ environment: asking });
    const { tray, notifications } = session;
    await tray.waitForItem();
    await expect.poll(trayLabels).toEqual(['Signed out', 'Sign in', 'Open Loopgate', 'Settings…', 'Quit']);
    await closeByHand(app, 'index');
    await expect.poll(() => app.electron.windows().length).toBe(0);

    // Sign in and Cancel, without any window.
    await Promise.all([browser.nextTab(), tray.click('Sign in')]);
    await expect.poll(trayLabels).toContain('Cancel Sign-in');
    await tray.click('Cancel Sign-in');
    await expect.poll(trayLabels).toEqual(['Signed out', 'Sign in', 'Open Loopgate', 'Settings…', 'Quit']);

    await signInAs('Grace Hopper', () => tray.click('Sign in'));
    await expect.poll(trayLabels).toContain('Signed in as Grace Hopper');

    // Accounts.
    await signInAs('Ada Lovelace', () => tray.click('Add another account…'));
    await expect.poll(trayLabels).toContain('Use Grace Hopper');
    await tray.click('Use Grace Hopper');
    await expect.poll(trayLabels).toContain('Signed in as Grace Hopper');
    await tray.click('Sign out Ada Lovelace');
    await expect
      .poll(trayLabels)
      .toEqual(['Signed in as Grace Hopper', 'Add another account…', 'Sign out', 'Open Loopgate', 'Settings…', 'Quit']);
    // What the menu did was said, which busStranger.spec.ts is about.
    await expect.poll(() => notifications.texts()).toHaveLength(4);
    await notifications.dismiss();
    await expect.poll(() => notifications.count()).toBe(0);
    const texts = async () => (await notifications.texts()).slice(4);

    // A program asks: said by name, in the tray and in one notification; both lead to the question. Its name is shown as it is.
    const rAndD = programThat(stage, 'r&d_tool');
    const first = rAndD(app, '/user/access_token');
    const question = await windowThat(app, isConsent);
    await expect.poll(trayLabels).toContain('r&d_tool waits for your answer');
    await expect.poll(() => coloursInPanel(session)).toContain(tiles.attention);
    await expect.poll(texts).toEqual(['r&d_tool asks to use your sign-in.']);
    const focused = await app.electron.evaluateHandle(({ BrowserWindow }) => {
      const titles: string[] = [];
      for (const window of BrowserWindow.getAllWindows()) {
        window.focus = () => void titles.push(window.webContents.getURL());
      }
      return titles;
    });
    await tray.click('r&d_tool waits for your answer');
    await notifications.click();
    await expect.poll(() => focused.jsonValue()).toEqual([question.url(), question.url()]);
    expect(app.electron.windows()).toHaveLength(1);
    await answerQuestion(question, 'Allow');
    expect(await first).toBe('200');
    await expect.poll(trayLabels).not.toContain('r&d_tool waits for your answer');
    expect(await texts()).toHaveLength(1);
    await expect.poll(() => notifications.count()).toBe(0);

    // Not answered, because the person closed the question: it waits in the tray, and nothing more is said.
    const other = programThat(stage, 'acme-other');
    const second = other(app, '/user/access_token');
    await (await windowThat(app, isConsent)).getByRole('button', { name: 'Deny' }).waitFor();
    await closeByHand(app, 'consent');
    expect(await second).toBe('403');
    await expect.poll(trayLabels).toContain('A program was not answered');
    await expect.poll(texts).toEqual(['r&d_tool asks to use your sign-in.', 'acme-other asks to use your sign-in.']);
    // It was taken back with the question.
    await expect.poll(() => notifications.count()).toBe(0);
    let [window] = await Promise.all([app.electron.waitForEvent('window'), tray.click('A program was not answered')]);
    await expect(window.getByRole('heading', { name: 'Programs', exact: true })).toBeVisible();
    await closeByHand(app, 'index');
    await expect.poll(() => app.electron.windows().length).toBe(0);

    // The session ends: said once, and the tray leads to the reason.
    provider.revokeAll();
    const form = { grant_type: 'refresh_token', client_id: provider.clientId };
    expect(await rAndD(app, '/oauth/token', form)).toBe('401');
    await expect.poll(trayLabels).toContain('The session has ended: sign in again');
    await expect
      .poll(async () => (await texts()).slice(2))
      .toEqual(['Your sign-in has ended. Sign in again when you need it.']);
    [window] = await Promise.all([app.electron.waitForEvent('window'), notifications.click()]);
    await expect(window.getByRole('alert')).toContainText('The session has ended');
    await closeByHand(app, 'index');
    await expect.poll(() => app.electron.windows().length).toBe(0);
    [window] = await Promise.all([
      app.electron.waitForEvent('window'),
      tray.click('The session has ended: sign in again'),
    ]);
    await expect(window.getByRole('button', { name: 'Sign in again' })).toBeVisible();
    await closeByHand(app, 'index');

    // A sign-in that a program asked for, while the window is shut. The provider still knows the browser.
    expect(await rAndD(app, '/pkce/code', {})).toBe('200');
    expect(await rAndD(app, '/pkce/token', {})).toBe('200');
    await expect.poll(trayLabels).toContain('Signed in as Ada Lovelace');
    await expect
      .poll(async () => (await texts()).slice(3))
      .toEqual(['A program signed you in as Ada Lovelace. Not you?']);

    await Promise.all([browser.nextTab(), tray.click('Sign out')]);
    await expect.poll(trayLabels).toContain('Sign in');
    [window] = await Promise.all([app.electron.waitForEvent('window', isMain), tray.click('Open Loopgate')]);
    const settings = window.getByRole('heading', { name: 'Settings', exact: true });
    await expect(window.getByRole('heading', { name: 'You are signed out' })).toBeVisible();
    await tray.click('Settings…');
    await expect(settings).toBeVisible();
    // It is where the person goes from there, and not led back.
    await window.getByRole('button', { name: 'Account', exact: true }).click();
    await tray.click('Open Loopgate');
    await expect(settings).toHaveCount(0);
    await window.close();
    const [again] = await Promise.all([app.electron.waitForEvent('window', isMain), tray.click('Settings…')]);
    await expect(again.getByRole('heading', { name: 'Settings', exact: true })).toBeVisible();
    await Promise.all([app.electron.waitForEvent('close'), tray.click('Quit')]);
  }));

/** What the app does with its main window, which no window manager is there to do: minimising is only noted. */
async function watchWindow({ electron }: DesktopApp, answer: 'minimise' | 'quit') {
  const seen = await electron.evaluateHandle(
    ({ BrowserWindow, dialog }, response) => {
      const happened: string[] = [];
      let isMinimized = false;
      const [window] = BrowserWindow.getAllWindows();
      if (!window) throw new Error('No window');
      window.minimize = () => {
        isMinimized = true;
        happened.push('minimised');
      };
      window.restore = () => {
        isMinimized = false;
        happened.push('restored');
      };
      window.isMinimized = () => isMinimized;
      // A person's answer to the question of the system's own dialog.
      dialog.showMessageBox = (async (_window: unknown, { message }: Electron.MessageBoxOptions) => {
        happened.push(message);
        return { response, checkboxChecked: false };
      }) as typeof dialog.showMessageBox;
      return happened;
    },
    answer === 'quit' ? 1 : 0,
  );
  return () => seen.jsonValue();
}

const explanation = 'Loopgate goes on in the background';

test('a desktop without a tray: closing minimises, the first time says so; with a panel the icon is there and closing closes', async () => {
  const session = await startDesktopSession({ panel: false });
  const home = await temporaryHome();
  try {
    const environment = { ...session.environment, LOOPGATE_HOME: home.path, LOOPGATE_PORT: '0' };
    let app = await startDesktopApp({ environment });
    let happened = await watchWindow(app, 'minimise');
    // Kept in the page, which a window made anew would not have.
    await app.window.evaluate('window.mark = 1');
    await closeByHand(app, 'index');
    await expect.poll(happened).toEqual([explanation, 'minimised']);
    expect((await fetch(`${app.address}/.well-known/health`)).status).toBe(200);

    // The way back: starting it again.
    const second = await startSecond(environment);
    expect(second).toBe(0);
    await expect.poll(happened).toEqual([explanation, 'minimised', 'restored']);
    expect(await app.window.evaluate('window.mark')).toBe(1);
    // Said once, also after a restart.
    await closeByHand(app, 'index');
    await expect.poll(happened).toEqual([explanation, 'minimised', 'restored', 'minimised']);
    // Quit is not kept from quitting.
    await app.quit();
    app = await startDesktopApp({ environment });
    happened = await watchWindow(app, 'minimise');
    await closeByHand(app, 'index');
    await expect.poll(happened).toEqual(['minimised']);
    // Closed once more, from the bar of windows: that is Quit, which nothing else here offers.
    await Promise.all([app.electron.waitForEvent('close'), closeByHand(app, 'index').catch(() => undefined)]);

    // A panel comes: the icon is in it at once, and closing closes.
    app = await startDesktopApp({ environment });
    happened = await watchWindow(app, 'minimise');
    await session.startPanel();
    await session.tray.waitForItem();
    await expect.poll(async () => (await session.tray.menu()).map(({ label }) => label)).toContain('Open Loopgate');
    await expect.poll(() => coloursInPanel(session)).toContain(tiles['signed-out']);
    await Promise.all([app.window.waitForEvent('close'), closeByHand(app, 'index')]);
    expect(app.electron.windows()).toHaveLength(0);
    expect(await happened()).toEqual([]);
    const [window] = await Promise.all([app.electron.waitForEvent('window'), session.tray.click('Open Loopgate')]);
    await expect(window.getByRole('heading').first()).toBeVisible();

    // The panel is started anew, as people do: the icon finds its way back, once.
    await session.stopPanel();
    await session.startPanel();
    await session.tray.waitForItem();
    expect(await session.tray.items()).toHaveLength(1);
    await session.stopPanel();
    // Gone for good: the window is minimised again, once the app has heard of it. Until then it closes, and is opened anew.
    happened = await watchWindow(app, 'minimise');
    await expect
      .poll(async () => {
        if (!(await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length > 0))) {
          await Promise.all([app.electron.waitForEvent('window'), startSecond(environment)]);
          happened = await watchWindow(app, 'minimise');
        }
        await closeByHand(app, 'index');
        return await happened();
      })
      .toContain('minimised');
  } finally {
    await session.stop();
    await home.remove();
  }
});

test('on a desktop without a tray the first close offers to quit', async () => {
  const session = await startDesktopSession({ panel: false });
  const home = await temporaryHome();
  try {
    const app = await startDesktopApp({
      environment: { ...session.environment, LOOPGATE_HOME: home.path, LOOPGATE_PORT: '0' },
    });
    await watchWindow(app, 'quit');
    await Promise.all([app.electron.waitForEvent('close'), closeByHand(app, 'index').catch(() => undefined)]);
  } finally {
    await session.stop();
    await home.remove();
  }
});
