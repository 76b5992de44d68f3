import { expect, it } from 'vitest';
import { icoFile } from './ico.ts';

it('every picture is found where the directory says, with its size', () => {
  const pictures = [16, 48, 256].map((size) => ({ size, png: Buffer.from(`picture of ${size}`) }));
  const file = icoFile(pictures);
  expect([file.readUInt16LE(0), file.readUInt16LE(2), file.readUInt16LE(4)]).toEqual([0, 1, 3]);
  pictures.forEach(({ size, png }, index) => {
    const entry = file.subarray(6 + 16 * index, 22 + 16 * index);
    expect([entry[0] || 256, entry[1] || 256]).toEqual([size, size]);
    const offset = entry.readUInt32LE(12);
    expect(file.subarray(offset, offset + entry.readUInt32LE(8))).toEqual(png);
  });
});

it('refuses a picture that the format has no number for', () => {
  expect(() => icoFile([{ size: 512, png: Buffer.alloc(1) }])).toThrow(RangeError);
});
