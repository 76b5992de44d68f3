import { aligned, appended, type BusArgument, BusValues, joined, text, typedValue } from './dbusValues.ts';

/** The maximum size of a message that Loopgate reads, in bytes. */
export const maxMessageBytes = 64 * 1024;
/** The maximum size of any message (D-Bus Specification, "Message Format"), in bytes. */
const protocolMaxBytes = 2 ** 27;

/** One call of a method of an object on the bus. */
export interface BusCall {
  /** The bus name of the program to ask; the bus starts that program if it knows how. */
  readonly destination: string;
  /** The object. */
  readonly path: string;
  /** The interface, e.g. `org.freedesktop.DBus.Properties`. */
  readonly target: string;
  readonly member: string;
  /** Each is a text (`s`), a list of object paths (`ao`), or of another type: {@link busValue}. */
  readonly values?: readonly BusArgument[];
  /** The types of the values in its answer, e.g. `o`; by default none. */
  readonly answer?: string;
  /** How long the answer may take, in milliseconds; by default as the connection was opened. */
  readonly timeout?: number;
}

/** There may be a session bus, but it cannot be used from here. */
export class UnusableBus extends Error {}

/** `l`: the first byte of a message in our byte order. */
const littleEndian = 0x6c;
/** The size of the header before its fields, in bytes. */
const fixedHeader = 16;
export const messageTypes = { call: 1, answer: 2, error: 3, signal: 4 } as const;

/** A message from the bus. */
export interface Message {
  readonly type: number | undefined;
  readonly fields: HeaderFields;
  /** Undefined when the message is larger than {@link maxMessageBytes}. */
  readonly body: Buffer | undefined;
}

interface HeaderFields {
  readonly sender: string;
  readonly path: string;
  readonly target: string;
  readonly member: string;
  readonly error: string;
  readonly answerTo: number;
  readonly signature: string;
}

/** Splits the bytes of the connection into messages. */
export class MessageReader {
  #received: Buffer = Buffer.alloc(0);
  /** True after the first message of the bus itself. */
  #isGreeted = false;
  /** How many bytes of a skipped message are still to come. */
  #toSkip = 0;

  add(data: Buffer): void {
    const rest = data.subarray(this.#toSkip);
    this.#toSkip -= data.length - rest.length;
    this.#received = Buffer.concat([this.#received, rest]);
  }

  /**
   * The next complete message. Every program on the bus can send us anything, in its own byte order: we skip what we cannot
   * read.
   * @throws UnusableBus when the bus itself uses the other byte order; Error when a message breaks the protocol
   */
  next(): Message | undefined {
    while (this.#received.length >= fixedHeader) {
      const isOurs = this.#received[0] === littleEndian;
      const sizeAt = (at: number) => (isOurs ? this.#received.readUInt32LE(at) : this.#received.readUInt32BE(at));
      const fieldsEnd = fixedHeader + sizeAt(12);
      const bodyStart = aligned(fieldsEnd, 8);
      const end = bodyStart + sizeAt(4);
      if (!isOurs && !this.#isGreeted) throw new UnusableBus('the session bus speaks another byte order');
      if (end > (this.#isGreeted ? protocolMaxBytes : maxMessageBytes))
        throw new Error('the session bus sends too much');
      const isReadable = isOurs && bodyStart <= maxMessageBytes;
      const isTooLarge = end > maxMessageBytes;
      if (isReadable && this.#received.length < (isTooLarge ? bodyStart : end)) return undefined;
      const [type, whole] = [this.#received[1], this.#received.subarray(0, end)];
      this.#toSkip = Math.max(0, end - this.#received.length);
      this.#received = this.#received.subarray(end);
      if (!isReadable) continue;
      this.#isGreeted = true;
      const fields = headerFields(whole.subarray(0, fieldsEnd));
      if (!fields) continue;
      return { type, fields, body: isTooLarge ? undefined : whole.subarray(bodyStart) };
    }
    return undefined;
  }
}

/**
 * The fields of the header: all known ones are texts and numbers. Undefined if a field has another type, which the bus may
 * pass on from any program. @throws Error when the header is shorter than its fields
 */
function headerFields(header: Buffer): HeaderFields | undefined {
  const fields = new Map<number, string | number>();
  const values = new BusValues(header.subarray(fixedHeader));
  while (!values.isAtEnd) {
    values.align(8);
    const code = values.byte();
    const type = values.signature();
    if (type === 'u') fields.set(code, values.number());
    else if (type === 'g') fields.set(code, values.signature());
    else if (type === 's' || type === 'o') fields.set(code, values.text());
    else return undefined;
  }
  const text = (code: number) => String(fields.get(code) ?? '');
  const answerTo = Number(fields.get(5) ?? 0);
  const names = { path: text(1), target: text(2), member: text(3), sender: text(7) };
  return { ...names, error: text(4), answerTo, signature: text(8) };
}

/** The bytes of a call. @param serial - the answer refers to it */
export function methodCall(serial: number, { destination, path, target, member, values = [] }: BusCall): Buffer {
  const typed = values.map(typedValue);
  const body = typed.reduce<Buffer>((before, value) => appended(before, value), Buffer.alloc(0));
  const signature = typed.map(({ type }) => type).join('');
  const fields = joined(8, [
    field(1, 'o', text(path)),
    field(2, 's', text(target)),
    field(3, 's', text(member)),
    field(6, 's', text(destination)),
    ...(signature === '' ? [] : [field(8, 'g', Buffer.from(`${String.fromCharCode(signature.length)}${signature}\0`))]),
  ]);
  const head = Buffer.alloc(fixedHeader);
  // Without flags, so that the bus starts the called program; version 1 of the protocol.
  head.set([littleEndian, messageTypes.call, 0, 1]);
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(serial, 8);
  head.writeUInt32LE(fields.length, 12);
  return joined(8, [Buffer.concat([head, fields]), body]);
}

function field(code: number, type: string, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([code, 1, type.charCodeAt(0), 0]), value]);
}
