import { existsSync, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright';
import type { DesktopApp } from './desktopApp.ts';
import { projectFolder } from './headless.ts';

/** The pictures that documents show. */
const shownFolder = join(projectFolder, 'docs', 'pictures');
/** All others, to be looked at after a change. */
const otherFolder = join(projectFolder, 'test-results', 'pictures');

/**
 * Where a picture is written. `npm run pictures` renews those that a document shows; a test run leaves them as they are.
 * @param name - such as `5-signed-in-light`
 */
export function pictureFile(name: string): string {
  const shown = join(shownFolder, `${name}.png`);
  if (process.env.LOOPGATE_PICTURES && existsSync(shown)) return shown;
  mkdirSync(otherFolder, { recursive: true });
  return join(otherFolder, `${name}.png`);
}

/**
 * Makes a picture of the window, in light and in dark, when `npm run pictures` asks for it; a test run makes none.
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
    await window.screenshot({ path: pictureFile(`${name}-${colorScheme}`), animations: 'disabled' });
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
    await writeFile(pictureFile(`${name}-${colorScheme}`), picture, 'base64');
  }
  await window.emulateMedia({ colorScheme: null });
}
