import { join } from 'node:path';
import { app, BrowserWindow, type BrowserWindowConstructorOptions, nativeTheme } from 'electron';
import { pageAddresses } from './page.ts';

/** The colours of the page's ground in renderer/style.css, so that nothing flashes before the first paint. */
const ground = { light: '#f4f5f7', dark: '#1c1d20' } as const;

/** What every window of a page has: not shown yet, and shut in as Electron's security checklist says. */
export function pageWindow(): BrowserWindowConstructorOptions {
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
    },
  };
}

/** The one small window: made when it is first opened and destroyed when it is closed, so that no renderer lives meanwhile. */
export class MainWindow {
  #window: BrowserWindow | undefined;

  /** Opens the window, or brings it to the front. */
  show(): void {
    if (this.#window) {
      if (this.#window.isMinimized()) this.#window.restore();
      this.#window.show();
      this.#window.focus();
      return;
    }
    const window = new BrowserWindow({
      ...pageWindow(),
      width: 400,
      height: 600,
      minWidth: 320,
      minHeight: 400,
      title: 'Loopgate',
    });
    this.#window = window;
    window.once('ready-to-show', () => window.show());
    window.once('closed', () => {
      this.#window = undefined;
    });
    // A page that crashed is made anew; the state lives in the main process.
    window.webContents.on('render-process-gone', (_event, { reason }) => {
      if (reason === 'clean-exit') return;
      window.destroy();
      this.show();
    });
    void window.loadURL(pageAddresses.main);
  }

  /** Sends a message to the page, when the window is open. */
  send(channel: string, content: unknown): void {
    this.#window?.webContents.send(channel, content);
  }
}
