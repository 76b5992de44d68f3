import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';

const cells = 5;
const cellSize = 20;
const margin = 14;
const size = cells * cellSize + 2 * margin;

type Colour = readonly [red: number, green: number, blue: number];

/** A PNG of 128 by 128 pixels: a mirrored pattern on a tinted ground, both derived from the name. */
export function avatar(name: string): Buffer {
  const digest = createHash('sha256').update(name).digest();
  const hue = digest.readUInt16BE(0) % 360;
  const ground = colour(hue, 0.45, 0.9);
  const ink = colour(hue, 0.55, 0.42);
  return png(size, (x, y) => (isInked(digest, x, y) ? ink : ground));
}

function isInked(digest: Buffer, x: number, y: number): boolean {
  const column = Math.floor((x - margin) / cellSize);
  const row = Math.floor((y - margin) / cellSize);
  if (column < 0 || row < 0 || column >= cells || row >= cells) return false;
  const mirrored = Math.min(column, cells - 1 - column);
  return ((digest[2 + row * 3 + mirrored] ?? 0) & 1) === 1;
}

/** @param hue - in degrees; saturation and lightness from 0 to 1 */
function colour(hue: number, saturation: number, lightness: number): Colour {
  const amplitude = saturation * Math.min(lightness, 1 - lightness);
  const channel = (offset: number): number => {
    const position = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - amplitude * Math.max(-1, Math.min(position - 3, 9 - position, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

/** A square true-colour PNG (PNG specification, §5 and §11): header, one block of image data, end. */
function png(width: number, colourAt: (x: number, y: number) => Colour): Buffer {
  const bytesPerRow = 1 + 3 * width;
  const pixels = Buffer.alloc(bytesPerRow * width);
  for (let y = 0; y < width; y++) {
    for (let x = 0; x < width; x++) pixels.set(colourAt(x, y), y * bytesPerRow + 1 + 3 * x);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(width, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
