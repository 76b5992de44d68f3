import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DesktopSession } from '../../build/testDisplay.ts';
import { pictureFile } from './picture.ts';

const execute = promisify(execFile);

/** The left end of the panel, where its icons are: width, height and place in pixels. */
const leftEnd = '64x32+0+0';

/**
 * The colours that can be seen in the panel where the icons are, such as `#24698F`, photographed from the screen. An icon that
 * is drawn at another size than its own has its plain surfaces in their own colours all the same.
 */
export async function coloursInPanel(session: DesktopSession): Promise<string[]> {
  const file = join(session.home, 'panel.png');
  await session.screenshot(file);
  const { stdout } = await execute('convert', [file, '-crop', leftEnd, '-depth', '8', '-unique-colors', 'txt:-']);
  return [...stdout.matchAll(/#[0-9A-F]{6}/g)].map(([colour]) => colour);
}

/** Photographs the panel's icons, four times as large, beside the other pictures. */
export async function photographIcon(session: DesktopSession, name: string): Promise<void> {
  const file = pictureFile(name);
  await session.screenshot(file);
  await execute('convert', [file, '-crop', leftEnd, '+repage', '-filter', 'point', '-resize', '400%', '-strip', file]);
}
