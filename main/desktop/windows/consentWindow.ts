import { BrowserWindow } from 'electron';
import { spoken } from '../../../preload/texts/index.ts';
import { Crashes } from './crashes.ts';
import { pageWindow, showOncePainted } from './mainWindow.ts';
import { pageAddresses } from './page.ts';

/**
 * The window that asks whether a program may use the sign-in: there as long as something is asked. Closed without an
 * answer, it means no.
 */
export class ConsentWindow {
  readonly #closed: () => void;
  readonly #crashes = new Crashes();
  #window: BrowserWindow | undefined;
  /** Called when the page has painted; undefined once that has shown the window. */
  #painted: (() => void) | undefined;

  /** @param closed - called when the person has closed it without an answer */
  constructor(closed: () => void) {
    this.#closed = closed;
  }

  /** Follows what is asked. @param count - how many questions wait */
  show(count: number): void {
    if (count > 0) {
      if (!this.#window) this.#open();
      return;
    }
    const window = this.#window;
    // Forgotten first: this is no answer of the person's.
    this.#window = undefined;
    this.#painted = undefined;
    window?.destroy();
  }

  /** The page has painted its question. */
  painted(): void {
    this.#painted?.();
  }

  /** Brings it to the front, when it is there. */
  focus(): void {
    // It comes by itself, with something to read.
    if (this.#painted) return;
    this.#window?.show();
    this.#window?.focus();
  }

  /** Sends a message to the page, when the window is open. */
  send(channel: string, content: unknown): void {
    this.#window?.webContents.send(channel, content);
  }

  #open(): void {
    const window = new BrowserWindow({
      ...pageWindow(),
      width: 440,
      height: 480,
      minWidth: 360,
      minHeight: 360,
      maximizable: false,
      minimizable: false,
      // A question that lies under the editor that caused it is never answered.
      alwaysOnTop: true,
      title: spoken().texts.windows.consent,
    });
    this.#window = window;
    this.#painted = showOncePainted(window, () => {
      this.#painted = undefined;
      window.center();
      window.show();
    });
    const isOver = () => this.#window !== window;
    window.once('closed', () => {
      if (isOver()) return;
      this.#window = undefined;
      this.#painted = undefined;
      this.#closed();
    });
    // What was asked is asked again. But whoever could make the page crash over and over could keep the question from being
    // asked at all: then no answer is no.
    window.webContents.on('render-process-gone', () => {
      if (isOver()) return;
      if (this.#crashes.count()) return void window.destroy();
      this.#window = undefined;
      window.destroy();
      this.#open();
    });
    void window.loadURL(pageAddresses.consent);
  }
}
