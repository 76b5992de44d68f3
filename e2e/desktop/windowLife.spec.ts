import { existsSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import type { Page } from 'playwright';
import { type DesktopApp, heading, press, startDesktopApp } from '../support/desktopApp.ts';
import { askingWindow, asks, makeProgram } from '../support/program.ts';
import { onStage } from '../support/stage.ts';

/** What a window was like in the moment in which it came up. */
interface Shown {
  readonly url: string;
  readonly text: string;
  readonly background: string;
  /** How many colours its picture has; one is an empty window. */
  readonly colours: number;
  /** Red, green and blue at its edge. */
  readonly ground: readonly number[];
}

interface ShownWatch {
  /** The windows that came up since. */
  shown(): Promise<Shown[]>;
  /** Their pages wait for their first view, as on a busy machine; gives what lets them have it. */
  holdViews(): Promise<() => Promise<void>>;
  /** How many windows could have been shown, by Chromium's own word, and how many are. */
  counts(): Promise<{ ready: number; visible: number }>;
}

/** Writes down each window that comes up from now on. */
async function watchShown({ electron }: DesktopApp): Promise<ShownWatch> {
  const watch = await electron.evaluateHandle(({ app, ipcMain }) => {
    const all: Shown[] = [];
    const state = { ready: 0, release: (): void => undefined };
    type Handler = (...call: unknown[]) => unknown;
    const { _invokeHandlers: handlers } = ipcMain as unknown as { _invokeHandlers: Map<string, Handler> };
    const answer = handlers.get('loopgate:view');
    const hold = () => {
      const released = new Promise<void>((resolve) => {
        state.release = resolve;
      });
      handlers.set('loopgate:view', (...call) => released.then(() => answer?.(...call)));
    };
    app.on('browser-window-created', (_event, window) => {
      window.once('ready-to-show', () => {
        state.ready += 1;
      });
      window.once('show', async () => {
        const { webContents } = window;
        const pixels = (await webContents.capturePage()).toBitmap();
        const colours = new Set<number>();
        for (let offset = 0; offset < pixels.length; offset += 4) colours.add(pixels.readUInt32LE(offset));
        all.push({
          url: webContents.getURL(),
          text: await webContents.executeJavaScript('document.body.innerText'),
          background: window.getBackgroundColor(),
          colours: colours.size,
          ground: [...pixels.subarray(0, 3)].reverse(),
        });
      });
    });
    return { all, state, hold };
  });
  return {
    shown: () => watch.evaluate(({ all }) => all),
    async holdViews() {
      await watch.evaluate(({ hold }) => hold());
      return () => watch.evaluate(({ state }) => state.release());
    },
    counts: async () => ({
      ready: await watch.evaluate(({ state }) => state.ready),
      visible: await electron.evaluate(
        ({ BrowserWindow }) => BrowserWindow.getAllWindows().filter((one) => one.isVisible()).length,
      ),
    }),
  };
}

/** The processes that render, as Electron counts them. */
const renderers = ({ electron }: DesktopApp): Promise<number[]> =>
  electron.evaluate(({ app }) =>
    app
      .getAppMetrics()
      .filter(({ type }) => type === 'Tab')
      .map(({ pid }) => pid),
  );

/** As the desktop does it when the program is started once more on macOS: opens the window, or brings it to the front. */
const open = ({ electron }: DesktopApp) => electron.evaluate(({ app }) => void app.emit('activate'));

async function mainWindow({ electron }: DesktopApp, before?: Page): Promise<Page> {
  const isMain = (page: Page) => page !== before && !page.isClosed() && page.url().endsWith('/index.html');
  return electron.windows().find(isMain) ?? (await electron.waitForEvent('window', isMain));
}

/** Kills the process that renders a window, as the system does when memory runs out. */
async function killRenderer({ electron }: DesktopApp, page: 'index' | 'consent'): Promise<void> {
  const pid = await electron.evaluate(
    ({ webContents }, name) =>
      webContents
        .getAllWebContents()
        .find((contents) => contents.getURL().endsWith(`/${name}.html`))
        ?.getOSProcessId() ?? 0,
    page,
  );
  expect(pid).toBeGreaterThan(1);
  process.kill(pid, 'SIGKILL');
}

const asking = ({ LOOPGATE_GUARD: _, ...environment }: NodeJS.ProcessEnv): NodeJS.ProcessEnv => environment;

test('a window comes up with its content in it, in its own colours; closed, it leaves no process behind', () =>
  onStage(async ({ environment, session }) => {
    const dark = { ...asking(environment), LOOPGATE_THEME: 'dark' };
    // Playwright would have its pages light.
    const app = await startDesktopApp({ environment: dark, colorScheme: 'dark' });
    const watch = await watchShown(app);
    await session.tray.waitForItem();
    const first = await renderers(app);
    await app.window.close();
    await expect.poll(() => renderers(app)).toEqual([]);
    await expect.poll(() => first.some((pid) => existsSync(`/proc/${pid}`))).toBe(false);

    let release = await watch.holdViews();
    await open(app);
    await expect.poll(() => watch.counts()).toEqual({ ready: 1, visible: 0 });
    await release();
    await expect.poll(async () => (await watch.shown()).length).toBe(1);
    release = await watch.holdViews();
    const asked = asks(makeProgram({ session }, 'acme-editor'), app);
    const question = await askingWindow(app);
    await expect.poll(() => watch.counts()).toEqual({ ready: 2, visible: 1 });
    await release();
    await expect.poll(async () => (await watch.shown()).length).toBe(2);
    const [main, consent] = await watch.shown();
    expect(main?.url).toBe('app://loopgate/index.html');
    expect(main?.text).toContain('You are signed out');
    expect(consent?.url).toBe('app://loopgate/consent.html');
    expect(consent?.text).toContain('acme-editor');
    for (const one of [main, consent]) {
      expect(one?.background.toLowerCase()).toBe('#1c1d20');
      expect(one?.ground).toEqual([0x1c, 0x1d, 0x20]);
      expect(one?.colours).toBeGreaterThan(10);
    }

    expect(await renderers(app)).toHaveLength(2);
    const deny = question.getByRole('button', { name: 'Deny' });
    await expect(deny).toHaveAttribute('aria-disabled', 'false');
    await deny.click();
    expect(await asked).toBe('403 consent_denied');
    await expect.poll(() => renderers(app)).toHaveLength(1);
    await app.quit();
  }));

test('a page that crashes is made anew where it was, with its question; over and over it is not', () =>
  onStage(async ({ environment, session }) => {
    const app = await startDesktopApp({ environment: asking(environment) });
    const dialogs = await app.electron.evaluateHandle(({ dialog }) => {
      // Nobody could press its buttons here: that it is asked for is all that is not the real thing.
      const said: string[] = [];
      const answers: ((response: number) => void)[] = [];
      dialog.showMessageBox = ((options: Electron.MessageBoxOptions) => {
        said.push(options.message);
        return new Promise((resolve) => answers.push((response) => resolve({ response, checkboxChecked: false })));
      }) as typeof dialog.showMessageBox;
      return { said, answers };
    });
    await press(app, 'Settings');
    await expect(heading(app, 'Settings')).toBeVisible();

    // The window that asks: the same question, which nobody has answered.
    const asked = asks(makeProgram({ session }, 'acme-editor'), app);
    const question = await askingWindow(app);
    await expect(question.getByRole('button', { name: 'Deny' })).toBeVisible();
    await killRenderer(app, 'consent');
    const again = await askingWindow(app, question);
    const allow = again.getByRole('button', { name: 'Allow', exact: true });
    await expect(again.getByRole('alertdialog', { name: /^acme-editor wants to/ })).toBeVisible();
    await expect(allow).toHaveAttribute('aria-disabled', 'false');
    await allow.click();
    // Allowed; that nobody is signed in is another matter.
    expect(await asked).toBe('401 not_signed_in');

    // The window: with what it showed.
    await killRenderer(app, 'index');
    const second = await mainWindow(app, app.window);
    await expect(second.getByRole('heading', { name: 'Settings', exact: true })).toBeVisible();
    await killRenderer(app, 'index');
    const third = await mainWindow(app, second);
    await expect(third.getByRole('heading', { name: 'Settings', exact: true })).toBeVisible();
    await killRenderer(app, 'index');
    await expect.poll(() => dialogs.evaluate(({ said }) => said)).toEqual(['The window of Loopgate keeps failing']);
    expect(await renderers(app)).toEqual([]);
    expect((await fetch(`${app.address}/.well-known/health`)).status).toBe(200);
    await dialogs.evaluate(({ answers }) => answers[0]?.(0));
    await expect((await mainWindow(app, third)).getByRole('heading', { name: 'Settings', exact: true })).toBeVisible();

    // A page that crashes over and over cannot keep a question from being asked: no answer is no.
    const other = asks(makeProgram({ session }, 'acme-other'), app);
    let page = await askingWindow(app, again);
    for (const _ of [1, 2]) {
      await expect(page.getByRole('button', { name: 'Deny' })).toBeVisible();
      await killRenderer(app, 'consent');
      if (_ === 1) page = await askingWindow(app, page);
    }
    expect(await other).toBe('403 consent_denied');
    await app.quit();
  }));

test('the window comes back where it was, and into view when its display is gone', () =>
  onStage(async ({ environment, session }) => {
    const bounds = ({ electron }: DesktopApp) =>
      electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getNormalBounds());
    const moveTo = ({ electron }: DesktopApp, place: Electron.Rectangle) =>
      electron.evaluate(({ BrowserWindow }, to) => BrowserWindow.getAllWindows()[0]?.setBounds(to), place);
    let app = await startDesktopApp({ environment });
    await session.tray.waitForItem();
    const place = { x: 60, y: 80, width: 440, height: 500 };
    await moveTo(app, place);
    await expect.poll(() => bounds(app)).toEqual(place);
    // As the desktop's close button does it.
    await app.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await expect.poll(() => renderers(app)).toEqual([]);
    await open(app);
    await mainWindow(app, app.window);
    await expect.poll(() => bounds(app)).toEqual(place);
    // By a start, too; this time it was beside all displays.
    await moveTo(app, { ...place, x: 9_000, y: 9_000 });
    await expect.poll(async () => (await bounds(app))?.x).toBe(9_000);
    await app.quit();
    app = await startDesktopApp({ environment });
    const display = await app.electron.evaluate(({ screen }) => screen.getPrimaryDisplay().workArea);
    await expect
      .poll(() => bounds(app))
      .toEqual({
        ...place,
        x: display.x + display.width - place.width,
        y: display.y + display.height - place.height,
      });
    await app.quit();
  }));
