import { BrowserWindow } from 'electron';
import { spoken } from '../../../preload/texts/index.ts';
import { Crashes } from './crashes.ts';
import { pageWindow, showOncePainted } from './mainWindow.ts';
import { pageAddresses } from './page.ts';

/**
 * The window that asks whether a program may use the sign-in. It is open while a question waits. If the person closes it
 * without an answer, that means no.
 */
export class ConsentWindow {
  readonly #closed: () => void;
  readonly #crashes = new Crashes();
  #window: BrowserWindow | undefined;
  /** Called when the page has painted; undefined after that has shown the window. */
  #painted: (() => void) | undefined;

  /** @param closed - called when the person has closed the window without an answer */
  constructor(closed: () => void) {
    this.#closed = closed;
  }

  /** Opens or closes the window as needed. @param count - the number of waiting questions */
  show(count: number): void {
    if (count > 0) {
      if (!this.#window) this.#open();
      return;
    }
    const window = this.#window;
    // Forget the window first: this close is not the person's answer.
    this.#window = undefined;
    this.#painted = undefined;
    window?.destroy();
  }

  /** The page has painted its question. */
  painted(): void {
    this.#painted?.();
  }

  /** Brings the window to the front, if it is open. */
  focus(): void {
    // The window appears by itself once its page has painted.
    if (this.#painted) return;
    this.#window?.show();
    this.#window?.focus();
  }

  /** Sends a message to the page, if the window is open. */
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
      // A question must not lie hidden under the editor that caused it.
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
    // Ask again. But a program that crashes the page again and again could prevent the question: then no answer means no.
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
