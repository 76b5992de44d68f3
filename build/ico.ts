/** One picture of an icon file: square, `size` pixels wide. */
export interface IconPicture {
  readonly size: number;
  readonly png: Buffer;
}

/**
 * A Windows icon file with several sizes of one icon, of which Windows takes the one that fits its display. Every picture is a
 * PNG as it is, which Windows reads since Vista.
 *
 * @throws RangeError for a picture larger than 256 pixels, which the format has no number for.
 */
export function icoFile(pictures: readonly IconPicture[]): Buffer {
  const header = Buffer.alloc(6);
  header.writeUInt16LE(1, 2); // An icon, not a cursor.
  header.writeUInt16LE(pictures.length, 4);
  let offset = header.length + 16 * pictures.length;
  const directory = pictures.map(({ size, png }) => {
    if (size > 256) throw new RangeError(`${size} pixels are too many for an icon file`);
    const entry = Buffer.alloc(16);
    // 0 stands for 256.
    entry.writeUInt8(size % 256, 0);
    entry.writeUInt8(size % 256, 1);
    entry.writeUInt16LE(1, 4); // Colour planes.
    entry.writeUInt16LE(32, 6); // Bits of a pixel.
    entry.writeUInt32LE(png.length, 8);
    entry.writeUInt32LE(offset, 12);
    offset += png.length;
    return entry;
  });
  return Buffer.concat([header, ...directory, ...pictures.map(({ png }) => png)]);
}
