import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashIcons, iconFolder, icoSizes, recordFile, traySize, trayStates } from './drawIcons.ts';

const read = (name: string) => readFileSync(join(iconFolder, name));

/** Width and height from a PNG's header, and whether every pixel has an opacity of its own. */
function sizeOf(png: Buffer): { width: number; height: number; hasAlpha: boolean } {
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20), hasAlpha: png[25] === 6 };
}

it('the icons are those that the outlines give: `npm run icons` was run after the last change, and nothing was drawn by hand', async () => {
  expect(await hashIcons()).toEqual(JSON.parse(read(recordFile).toString()));
});

describe.each(trayStates)('%s', (state) => {
  it.each(['', 'Template'])('Linux and macOS: at 100 %% and at 200 %% %s', (kind) => {
    expect(sizeOf(read(`tray-${state}${kind}.png`))).toEqual({ width: traySize, height: traySize, hasAlpha: true });
    const double = { width: 2 * traySize, height: 2 * traySize, hasAlpha: true };
    expect(sizeOf(read(`tray-${state}${kind}@2x.png`))).toEqual(double);
  });

  it('Windows: every size in one file', () => {
    const file = read(`tray-${state}.ico`);
    const sizes = Array.from({ length: file.readUInt16LE(4) }, (_, index) => {
      const entry = file.subarray(6 + 16 * index, 22 + 16 * index);
      const offset = entry.readUInt32LE(12);
      const { width } = sizeOf(file.subarray(offset, offset + entry.readUInt32LE(8)));
      expect(width).toBe(entry[0]);
      return width;
    });
    expect(sizes).toEqual(icoSizes);
  });
});
