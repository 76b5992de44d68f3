import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright';

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'screenshots');

/** Renews a picture of the window, in light and in dark, when `npm run pictures` asks for it; a test run makes none. */
export async function renewPicture(window: Page, name: string): Promise<void> {
  if (!process.env.LOOPGATE_PICTURES) return;
  for (const colorScheme of ['light', 'dark'] as const) {
    await window.emulateMedia({ colorScheme });
    await window.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), animations: 'disabled' });
  }
  await window.emulateMedia({ colorScheme: null });
}
