import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { app, BrowserWindow, type BrowserWindowConstructorOptions, dialog, nativeTheme, screen } from 'electron';
import { languageArguments } from '../../../preload/contract.ts';
import { spoken } from '../../../preload/texts/index.ts';
import type { Tab } from '../../../preload/views/appView.ts';
import { dataPath } from '../../storage/dataFolder.ts';
import { replaceFile } from '../../storage/jsonFile.ts';
import type { TrayAvailability } from '../tray/trayAvailability.ts';
import { Crashes } from './crashes.ts';
import { pageAddresses } from './page.ts';
import { inView, type WindowBounds } from './windowBounds.ts';

/** The background colours of renderer/style.css, so that nothing flashes before the first paint. */
const ground = { light: '#f4f5f7', dark: '#1c1d20' } as const;

/** The options of every window: hidden at first, and locked down as Electron's security checklist demands. */
export function pageWindow(): BrowserWindowConstructorOptions {
  const { texts, locale = texts.language } = spoken();
  return {
    show: false,
    icon: join(__dirname, 'icons', 'app.png'),
    backgroundColor: nativeTheme.shouldUseDarkColors ? ground.dark : ground.light,
    autoHideMenuBar: true,
    fullscreenable: false,
    webPreferences: {
      preload: join(app.getAppPath(), 'out', 'preload', 'index.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      spellcheck: false,
      devTools: !app.isPackaged,
      // The page then has its texts before it draws, and need not ask for them.
      additionalArguments: [languageArguments.language + texts.language, languageArguments.locale + locale],
    },
  };
}

/** How long a page may take to paint before its window is shown anyway, in milliseconds. */
const paintTimeout = 10_000;

/**
 * Shows a window once its page has painted, so that no empty window flashes. If the page hangs, its window is shown too.
 * @param show - shows the window, once
 * @returns a function to call when the page has painted
 */
export function showOncePainted(window: BrowserWindow, show: () => void): () => void {
  let isShown = false;
  const reveal = () => {
    clearTimeout(timer);
    if (isShown || window.isDestroyed()) return;
    isShown = true;
    show();
  };
  const timer = setTimeout(reveal, paintTimeout);
  window.once('closed', () => clearTimeout(timer));
  return reveal;
}

/** Whether the person has read that closing the window only minimises it. */
export interface Explained {
  get(): boolean;
  set(): void;
}

/** Stores the answer in the data folder for later runs; if that is not writable, the next run explains it again. */
export function explainedIn(home: string): Explained {
  const file = dataPath(home, 'closingExplained');
  return {
    get: () => existsSync(file),
    set: () => {
      try {
        replaceFile(file, '');
      } catch {
        // Reading it twice does no harm.
      }
    },
  };
}

/**
 * The main window. It is created when it is opened and destroyed when it is closed, so that no renderer runs in between. If
 * the desktop shows no tray icons, closing only minimises it, because otherwise there would be no way back to it.
 */
export class MainWindow {
  readonly #trayAvailability: Pick<TrayAvailability, 'isThere'>;
  readonly #explained: Explained;
  readonly #windowBounds: WindowBounds;
  readonly #reopening: (tab: Tab) => void;
  readonly #crashes = new Crashes();
  #window: BrowserWindow | undefined;
  /** Called when the page has painted; undefined after that has shown the window. */
  #painted: (() => void) | undefined;
  #tab: Tab = 'account';
  #isQuitting = false;
  #isExplaining = false;

  /** @param reopening - called with the last tab before the window opens again after a crash of its page */
  constructor(
    trayAvailability: Pick<TrayAvailability, 'isThere'>,
    kept: { explained: Explained; windowBounds: WindowBounds },
    reopening: (tab: Tab) => void,
  ) {
    this.#trayAvailability = trayAvailability;
    this.#explained = kept.explained;
    this.#windowBounds = kept.windowBounds;
    this.#reopening = reopening;
    app.once('before-quit', () => {
      this.#isQuitting = true;
    });
  }

  /** Opens the window, or brings it to the front. */
  show(): void {
    if (this.#window) {
      // The window appears by itself once its page has painted.
      if (this.#painted) return;
      if (this.#window.isMinimized()) this.#window.restore();
      this.#window.show();
      this.#window.focus();
      return;
    }
    const window = new BrowserWindow({
      ...pageWindow(),
      width: 400,
      height: 600,
      ...this.#lastBounds(),
      minWidth: 320,
      minHeight: 400,
      title: 'Loopgate',
    });
    this.#window = window;
    this.#painted = showOncePainted(window, () => {
      this.#painted = undefined;
      window.show();
    });
    window.on('close', (event) => {
      this.#windowBounds.set(window.getNormalBounds());
      if (this.#isQuitting || this.#trayAvailability.isThere) return;
      event.preventDefault();
      void this.#closeWithoutTray(window);
    });
    window.once('closed', () => {
      this.#window = undefined;
      this.#painted = undefined;
      this.#tab = 'account';
    });
    // Reopening is safe even after a second crash: the state is in the main process.
    window.webContents.on('render-process-gone', (_event, { reason }) => {
      if (reason === 'clean-exit') return;
      const tab = this.#tab;
      this.#windowBounds.set(window.getNormalBounds());
      window.destroy();
      this.#reopening(tab);
      if (this.#crashes.count()) void this.#askWhetherToOpen();
      else this.show();
    });
    void window.loadURL(pageAddresses.main);
  }

  /** Sends a message to the page, if the window is open. */
  send(channel: string, content: unknown): void {
    this.#window?.webContents.send(channel, content);
  }

  /** The page has painted its first view. */
  painted(): void {
    this.#painted?.();
  }

  /** The page reports which tab it shows now. */
  tabShown(tab: Tab): void {
    this.#tab = tab;
  }

  /** The last position, moved onto a connected display if necessary. */
  #lastBounds(): Partial<Electron.Rectangle> {
    const bounds = this.#windowBounds.get();
    if (!bounds) return {};
    const primary = screen.getPrimaryDisplay();
    const others = screen.getAllDisplays().filter(({ id }) => id !== primary.id);
    return inView(
      bounds,
      [primary, ...others].map(({ workArea }) => workArea),
    );
  }

  /** A page that keeps crashing is not reopened without asking. */
  async #askWhetherToOpen(): Promise<void> {
    const { appName, crashes: words } = spoken().texts;
    const { response } = await dialog.showMessageBox({
      type: 'error',
      title: appName,
      message: words.message,
      detail: words.detail,
      buttons: [words.open, words.leave, words.quit],
      defaultId: 0,
      cancelId: 1,
      noLink: true,
    });
    if (response === 0) this.show();
    if (response === 2) app.quit();
  }

  async #closeWithoutTray(window: BrowserWindow): Promise<void> {
    if (this.#isExplaining) return;
    // If the window is already minimised, closing it means quit: there is no other way to quit. Do it after this event,
    // because Electron does not close a window again while it is being closed.
    if (window.isMinimized()) return void setImmediate(() => app.quit());
    if (!this.#explained.get() && (await this.#explain(window)) === 'quit') return app.quit();
    if (window.isDestroyed()) return;
    // A panel may have started while the person was reading.
    if (this.#trayAvailability.isThere) window.close();
    else window.minimize();
  }

  /** Explains once what closing does here, and how to quit. */
  async #explain(window: BrowserWindow): Promise<'minimise' | 'quit'> {
    this.#isExplaining = true;
    const { closing } = spoken().texts;
    const { response } = await dialog.showMessageBox(window, {
      type: 'info',
      title: 'Loopgate',
      message: closing.message,
      detail: closing.detail,
      buttons: [closing.minimise, closing.quit],
      defaultId: 0,
      cancelId: 0,
      noLink: true,
    });
    this.#isExplaining = false;
    this.#explained.set();
    return response === 1 ? 'quit' : 'minimise';
  }
}
