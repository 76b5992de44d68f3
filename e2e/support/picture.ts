import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright';
import type { DesktopApp } from './desktopApp.ts';

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'screenshots');

/**
 * Renews a picture of the window, in light and in dark, when `npm run pictures` asks for it; a test run makes none.
 * @param drawn - waits until a window that needs a while shows itself in these colours
 */
export async function renewPicture(
  window: Page,
  name: string,
  drawn: (colorScheme: 'light' | 'dark') => Promise<void> = async () => {},
): Promise<void> {
  if (!process.env.LOOPGATE_PICTURES) return;
  for (const colorScheme of ['light', 'dark'] as const) {
    await window.emulateMedia({ colorScheme });
    await drawn(colorScheme);
    await window.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), animations: 'disabled' });
  }
  await window.emulateMedia({ colorScheme: null });
}

/** The same of a window that is zoomed: Electron's own picture of it, for Playwright's shows only a part of it then. */
export async function renewZoomedPicture({ electron }: DesktopApp, window: Page, name: string): Promise<void> {
  if (!process.env.LOOPGATE_PICTURES) return;
  for (const colorScheme of ['light', 'dark'] as const) {
    await window.emulateMedia({ colorScheme });
    await window.evaluate(
      'scrollTo(0, 0); new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))',
    );
    const picture = await electron.evaluate(async ({ webContents }, url) => {
      const contents = webContents.getAllWebContents().find((one) => one.getURL() === url);
      return (await contents?.capturePage())?.toPNG().toString('base64') ?? '';
    }, window.url());
    await writeFile(join(folder, `${name}-${colorScheme}.png`), picture, 'base64');
  }
  await window.emulateMedia({ colorScheme: null });
}
