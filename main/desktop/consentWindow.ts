import { BrowserWindow } from 'electron';
import { spoken } from '../../preload/texts/index.ts';
import { pageAddresses } from './page.ts';
import { pageWindow } from './window.ts';

/**
 * The window that asks whether a program may use the sign-in: there as long as something is asked. Closed without an
 * answer, it means no.
 */
export class ConsentWindow {
  readonly #closed: () => void;
  #window: BrowserWindow | undefined;

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
    window?.destroy();
  }

  /** Brings it to the front, when it is there. */
  focus(): void {
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
    window.once('ready-to-show', () => {
      window.center();
      window.show();
    });
    const isOver = () => this.#window !== window;
    window.once('closed', () => {
      if (isOver()) return;
      this.#window = undefined;
      this.#closed();
    });
    // Whoever could make the page crash could otherwise keep the question from being asked: no answer is no.
    window.webContents.on('render-process-gone', () => {
      if (!isOver()) window.destroy();
    });
    void window.loadURL(pageAddresses.consent);
  }
}
