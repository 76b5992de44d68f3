/**
 * `npm run icons`: draws the tray's icons from `build/icons/tray.svg` and the app's from `loopgate.svg`, in Chromium. The results
 * are committed, so that a build needs no browser; `drawn.json` records from what they were drawn, and a test holds them together.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium, type Page } from 'playwright';
import { icoFile } from './ico.ts';

export const iconFolder = join(dirname(fileURLToPath(import.meta.url)), 'icons');

/** What the tray can say. */
export const trayStates = ['signed-out', 'signed-in', 'busy', 'attention'] as const;

/** The sizes of one file for Windows: its tray at 100, 125, 150, 200 and 300 %. Pixels. */
export const icoSizes = [16, 20, 24, 32, 48] as const;

/** The sizes of the program's own file for Windows: its lists, its taskbar and its large icons. Pixels. */
export const appIcoSizes = [16, 24, 32, 48, 64, 128, 256] as const;

/** The height of Linux's and macOS's tray in pixels, at 100 %. */
export const traySize = 22;

/** The record of what was drawn from what: SHA-256 in hexadecimal by file name. */
export const recordFile = 'drawn.json';

/** The hash of every file in the folder of icons but the record itself, as the record has them. */
export async function hashIcons(): Promise<Record<string, string>> {
  const names = (await readdir(iconFolder)).filter((name) => name !== recordFile).sort();
  const hash = async (name: string) =>
    createHash('sha256')
      .update(await readFile(join(iconFolder, name)))
      .digest('hex');
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await hash(name)] as const)));
}

async function drawIcons(): Promise<void> {
  for (const name of await readdir(iconFolder)) {
    if (/\.(png|ico)$/.test(name)) await rm(join(iconFolder, name));
  }
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const tray = await readFile(join(iconFolder, 'tray.svg'), 'utf8');
    for (const state of trayStates) {
      const tile = variantOf(tray, { state, as: 'tile' });
      const template = variantOf(tray, { state, as: 'template' });
      for (const [suffix, scale] of [
        ['', 1],
        ['@2x', 2],
      ] as const) {
        await save(`tray-${state}${suffix}.png`, await draw(page, tile, traySize * scale));
        await save(`tray-${state}Template${suffix}.png`, await draw(page, template, traySize * scale));
      }
      const pictures = [];
      for (const size of icoSizes) pictures.push({ size, png: await draw(page, tile, size) });
      await save(`tray-${state}.ico`, icoFile(pictures));
    }
    const app = await readFile(join(iconFolder, 'loopgate.svg'), 'utf8');
    await save('app.png', await draw(page, app, 512));
    const pictures = [];
    for (const size of appIcoSizes) pictures.push({ size, png: await draw(page, app, size) });
    await save('app.ico', icoFile(pictures));
  } finally {
    await browser.close();
  }
  await save(recordFile, `${JSON.stringify(await hashIcons(), undefined, 2)}\n`);
}

/** The outline with the attributes of its root that its own style sheet chooses by. */
function variantOf(svg: string, attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes).reduce((text, [name, value]) => {
    const pattern = new RegExp(`(<svg [^>]*data-${name}=")[^"]*`);
    if (!pattern.test(text)) throw new Error(`The outline has no data-${name}`);
    return text.replace(pattern, `$1${value}`);
  }, svg);
}

/** Draws an outline as a PNG with nothing behind it. @param size - its width and height in pixels */
async function draw(page: Page, svg: string, size: number): Promise<Buffer> {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<body style="margin:0;display:grid">${svg.replace('<svg ', `<svg width="${size}" `)}</body>`);
  return await page.screenshot({ omitBackground: true });
}

async function save(name: string, content: Buffer | string): Promise<void> {
  await writeFile(join(iconFolder, name), content);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await drawIcons();
