/** An argument of a call: a text (`s`), a list of object paths (`ao`), or of another type: {@link busValue}. */
export type BusArgument = string | readonly string[] | BusValue;

/** A value with its type. */
export interface BusValue {
  readonly type: string;
  /** The bytes of the value. @param at - its offset in the message, aligned as the type requires */
  bytes(at: number): Buffer;
}

/** See {@link busValue}`.picture`. */
export interface BusPicture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Buffer;
}

/** Reads values one after the other, as D-Bus aligns them. @throws Error when the bytes end before the values do */
export class BusValues {
  readonly #bytes: Buffer;
  #at = 0;

  /** @param bytes - all values; they begin at a multiple of 8 in their message */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** `s`, and `o`. */
  text(): string {
    const text = this.#take(this.number()).toString('utf8');
    this.#take(1);
    return text;
  }

  /** `as`, and `ao`. */
  texts(): string[] {
    const length = this.number();
    const end = this.#at + length;
    const texts: string[] = [];
    while (this.#at < end) texts.push(this.text());
    if (this.#at > end) throw new Error('the session bus sends a list that is longer than it says');
    return texts;
  }

  /** A boolean in a variant, as of `Properties.Get`. */
  booleanVariant(): boolean {
    const type = this.signature();
    const value = type === 'b' ? this.number() : undefined;
    if (value !== 0 && value !== 1) throw new Error('the session bus sends no boolean');
    return value === 1;
  }

  /** `u` */
  number(): number {
    this.align(4);
    return this.#take(4).readUInt32LE();
  }

  /** `g` */
  signature(): string {
    const [length = 0] = this.#take(1);
    const signature = this.#take(length).toString('latin1');
    this.#take(1);
    return signature;
  }

  byte(): number {
    return this.#take(1)[0] ?? 0;
  }

  align(to: number): void {
    this.#at = aligned(this.#at, to);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Error('the session bus sends less than it says');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

/** A value that is neither a text nor a list of paths, for {@link BusCall.values}. */
export const busValue = {
  /** `u` */
  uint32: (value: number): BusValue => ({ type: 'u', bytes: () => number(value) }),
  /** `i` */
  int32: (value: number): BusValue => ({ type: 'i', bytes: () => number(value >>> 0) }),
  /** `b` */
  boolean: (value: boolean): BusValue => ({ type: 'b', bytes: () => number(Number(value)) }),
  /** `as` */
  texts: (values: readonly string[]): BusValue => ({ type: 'as', bytes: () => list(values) }),
  /** `(iiibiiay)`: a picture as in the Desktop Notifications Specification, four bytes a pixel: red, green, blue, alpha. */
  picture: ({ width, height, pixels }: BusPicture): BusValue => {
    const [bitsOfEach, channels] = [8, 4];
    const head = [width, height, width * channels, Number(true), bitsOfEach, channels, pixels.length].map(number);
    return { type: '(iiibiiay)', bytes: () => Buffer.concat([...head, pixels]) };
  },
  /** `a{sv}` */
  dictionary: (entries: Readonly<Record<string, BusArgument>>): BusValue => ({
    type: 'a{sv}',
    bytes: (at) => {
      // Its length does not include the padding before the first entry, which starts at a multiple of 8 in the message.
      const start = Buffer.alloc(aligned(at + 4, 8) - at);
      const content = Object.entries(entries).reduce<Buffer>((before, [key, value]) => {
        const { type, bytes } = typedValue(value);
        const head = [Buffer.alloc(aligned(before.length, 8) - before.length), text(key)];
        const variant = [Buffer.from(`${String.fromCharCode(type.length)}${type}\0`)];
        return appended(Buffer.concat([before, ...head, ...variant]), { type, bytes });
      }, Buffer.alloc(0));
      start.writeUInt32LE(content.length);
      return Buffer.concat([start, content]);
    },
  }),
} as const;

/** Adds the type to a plain text or list of paths. */
export function typedValue(value: BusArgument): BusValue {
  if (typeof value === 'string') return { type: 's', bytes: () => text(value) };
  return 'bytes' in value ? value : { type: 'ao', bytes: () => list(value) };
}

/** Appends a value. Of the types that we send, a structure starts at a multiple of 8, all others at a multiple of 4. */
export function appended(before: Buffer, value: BusValue): Buffer {
  const at = aligned(before.length, value.type.startsWith('(') ? 8 : 4);
  return Buffer.concat([before, Buffer.alloc(at - before.length), value.bytes(at)]);
}

export function text(value: string): Buffer {
  return Buffer.concat([number(Buffer.byteLength(value)), Buffer.from(`${value}\0`)]);
}

function list(values: readonly string[]): Buffer {
  const items = joined(4, values.map(text));
  return Buffer.concat([number(items.length), items]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Joins the parts, each aligned to a multiple of `alignment`. */
export function joined(alignment: number, parts: readonly Buffer[]): Buffer {
  return parts.reduce<Buffer>(
    (all, part) => Buffer.concat([all, Buffer.alloc(aligned(all.length, alignment) - all.length), part]),
    Buffer.alloc(0),
  );
}

/** The next multiple of `to`, starting at `offset`. */
export function aligned(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}
