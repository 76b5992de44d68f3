import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';

/** No message that is waited for here is larger; in bytes. */
const largestMessage = 64 * 1024;
/** D-Bus Specification, "Message Format": what no message exceeds, in bytes. */
const largestPossible = 2 ** 27;

const bus = 'org.freedesktop.DBus';

/** What a method of an object on the bus is asked. */
export interface BusCall {
  /** The name on the bus of whoever is asked; the bus starts it if it knows how. */
  readonly destination: string;
  /** The object. */
  readonly path: string;
  /** The interface, e.g. `org.freedesktop.DBus.Properties`. */
  readonly target: string;
  readonly member: string;
  /** Each a text (`s`), a list of objects' paths (`ao`), or of another type: {@link busValue}. */
  readonly values?: readonly BusArgument[];
  /** The types of the values that it answers with, e.g. `o`; nothing by itself. */
  readonly answer?: string;
  /** How long it may take to answer, in milliseconds, where that is not what the connection was opened with. */
  readonly patience?: number;
}

export type BusArgument = string | readonly string[] | BusValue;

/** A value with its type. */
export interface BusValue {
  readonly type: string;
  /** The bytes, for a place that is that many bytes into its message; `at` is aligned as the type wants it. */
  bytes(at: number): Buffer;
}

/** See {@link busValue}`.picture`. */
export interface BusPicture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Buffer;
}

export interface BusSignal {
  /** The connection that sent it, e.g. `:1.5`; the bus writes it there, and signs its own by its name. */
  readonly sender: string;
  readonly path: string;
  readonly target: string;
  readonly member: string;
  /** The types of its values, e.g. `us`. */
  readonly types: string;
  /** Its values, from the first on. */
  values(): BusValues;
}

interface Waiting {
  readonly answer: string;
  readonly resolve: (values: BusValues) => void;
  readonly reject: (error: Error) => void;
}

/** A session bus that may well be there, but that cannot be asked from here. */
export class UnusableBus extends Error {}

/**
 * A connection to the session bus, with as much of the D-Bus protocol (D-Bus Specification, version 1) as it takes to ask and
 * to listen. In this process: starting a program such as `dbus-send` holds up a main process that is as large as Electron's.
 */
export class SessionBus {
  /** Resolves when the connection has ended, with why; also after {@link close}. */
  readonly ended: Promise<Error>;
  readonly #socket: Socket;
  readonly #patience: number;
  readonly #answers = new Map<number, Waiting>();
  readonly #listeners = new Set<(signal: BusSignal) => void>();
  #end: (why: Error) => void = () => undefined;
  #failure: Error | undefined;
  #serial = 0;
  #received: Buffer = Buffer.alloc(0);
  #isAuthenticated = false;
  /** The bus itself has said something. */
  #isGreeted = false;
  /** How many bytes are still to come of a message that is passed over. */
  #passedOver = 0;
  /** The first call, until it may be sent. */
  #greeting: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket, patience: number) {
    this.#socket = socket;
    this.#patience = patience;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    socket.on('data', (data) => this.#receive(data));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the session bus has hung up')));
  }

  /**
   * Never starts a bus.
   * @param patience - how long the bus, and whoever is asked over it, may take to answer; in milliseconds
   * @throws UnusableBus where it listens at no socket that Node can connect to, or speaks the other byte order; Error where there
   * is none, or it does not let this user in
   */
  static async open(environment: NodeJS.ProcessEnv, patience: number): Promise<SessionBus> {
    if (!hasSessionBus(environment)) throw new Error('there is no session bus');
    const path = socketPath(environment);
    if (path === undefined) throw new UnusableBus('the session bus does not listen at a socket of this machine');
    const opened = new SessionBus(connect(path), patience);
    const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
    opened.#socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
    try {
      await opened.#callBus('Hello', [], 's');
    } catch (error) {
      opened.close();
      // Node 20 connects to abstract names of full length alone, which no bus has: it then looks as if nobody listened.
      const isRefused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
      if (path.startsWith('\0') && isRefused) throw new UnusableBus('the session bus listens at an abstract socket');
      throw error;
    }
    return opened;
  }

  /**
   * @returns what it answers. @throws Error with the name of the error that came instead; when the answer is of other types; when
   * none comes in time; when the bus has hung up
   */
  async call(call: BusCall): Promise<BusValues> {
    if (this.#failure) throw this.#failure;
    this.#serial += 1;
    const serial = this.#serial;
    const message = methodCall(serial, call);
    const answer = new Promise<BusValues>((resolve, reject) =>
      this.#answers.set(serial, { answer: call.answer ?? '', resolve, reject }),
    );
    if (this.#isAuthenticated) this.#socket.write(message);
    else this.#greeting = message;
    return await inTime(answer, call.patience ?? this.#patience).finally(() => this.#answers.delete(serial));
  }

  /**
   * A property of an object (org.freedesktop.DBus.Properties.Get).
   * @param target - the interface that has it
   * @throws Error as {@link call} does
   */
  async booleanProperty(destination: string, path: string, target: string, name: string): Promise<boolean> {
    const value = await this.call({
      destination,
      path,
      target: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      values: [target, name],
      answer: 'v',
    });
    return value.booleanVariant();
  }

  /** Has the bus send the signals of that match rule. Whoever is asked after this call was made cannot signal unheard. */
  async match(rule: string): Promise<void> {
    await this.#callBus('AddMatch', [rule], '');
  }

  /** Calls back at every signal that comes in: those that were matched, and those that somebody sends to this connection alone. */
  onSignal(listener: (signal: BusSignal) => void): void {
    this.#listeners.add(listener);
  }

  close(): void {
    this.#listeners.clear();
    this.#fail(new Error('the connection to the session bus is closed'));
  }

  #callBus(member: string, values: readonly BusArgument[], answer: string): Promise<BusValues> {
    return this.call({ destination: bus, path: '/org/freedesktop/DBus', target: bus, member, values, answer });
  }

  #receive(data: Buffer): void {
    if (this.#failure) return;
    const rest = data.subarray(this.#passedOver);
    this.#passedOver -= data.length - rest.length;
    this.#received = Buffer.concat([this.#received, rest]);
    try {
      if (!this.#isAuthenticated) this.#authenticate();
      if (!this.#isAuthenticated) return;
      for (let message = this.#nextMessage(); message; message = this.#nextMessage()) this.#take(message);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #authenticate(): void {
    const end = this.#received.indexOf('\r\n');
    if (end === -1 && this.#received.length <= largestMessage) return;
    if (end === -1 || this.#received.toString('latin1', 0, 3) !== 'OK ') throw new Error('the session bus refuses');
    this.#received = this.#received.subarray(end + 2);
    this.#isAuthenticated = true;
    this.#socket.write(Buffer.concat([Buffer.from('BEGIN\r\n'), this.#greeting]));
  }

  /** Every program on the bus can send us what it likes, in its own byte order: what we cannot read ends nothing. */
  #nextMessage(): Message | undefined {
    while (!this.#failure && this.#received.length >= fixedHeader) {
      const isOurs = this.#received[0] === littleEndian;
      const sizeAt = (at: number) => (isOurs ? this.#received.readUInt32LE(at) : this.#received.readUInt32BE(at));
      const fieldsEnd = fixedHeader + sizeAt(12);
      const bodyStart = aligned(fieldsEnd, 8);
      const end = bodyStart + sizeAt(4);
      if (!isOurs && !this.#isGreeted) throw new UnusableBus('the session bus speaks another byte order');
      if (end > (this.#isGreeted ? largestPossible : largestMessage)) throw new Error('the session bus sends too much');
      const isReadable = isOurs && bodyStart <= largestMessage;
      const isTooLarge = end > largestMessage;
      if (isReadable && this.#received.length < (isTooLarge ? bodyStart : end)) return undefined;
      const [type, whole] = [this.#received[1], this.#received.subarray(0, end)];
      this.#passedOver = Math.max(0, end - this.#received.length);
      this.#received = this.#received.subarray(end);
      if (!isReadable) continue;
      this.#isGreeted = true;
      const fields = headerFields(whole.subarray(0, fieldsEnd));
      if (!fields) continue;
      return { type, fields, body: isTooLarge ? undefined : whole.subarray(bodyStart) };
    }
    return undefined;
  }

  #take({ type, fields, body }: Message): void {
    if (type === messageTypes.signal) {
      if (!body) return;
      const { sender, path, target, member, signature: types } = fields;
      // The bus tells each connection its own name, which nobody here wants to know.
      if (target === bus && member === 'NameAcquired') return;
      const values = () => new BusValues(body);
      for (const listener of this.#listeners) listener({ sender, path, target, member, types, values });
      return;
    }
    const waiting = this.#answers.get(fields.answerTo);
    if (type === messageTypes.error) waiting?.reject(new Error(fields.error));
    if (type !== messageTypes.answer) return;
    if (!body) waiting?.reject(new Error('the session bus sends too much'));
    else if (fields.signature === waiting?.answer) waiting.resolve(new BusValues(body));
    else waiting?.reject(new Error(`the answer is of the types ${JSON.stringify(fields.signature)}`));
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#socket.destroy();
    for (const { reject } of this.#answers.values()) reject(error);
    this.#end(error);
  }
}

/** Whether a session bus is known. Where none is, the library that asks for it would start one of its own, or wait for a screen. */
export function hasSessionBus({
  DBUS_SESSION_BUS_ADDRESS: address = '',
  XDG_RUNTIME_DIR: folder = '',
}: NodeJS.ProcessEnv): boolean {
  return address !== '' || (folder !== '' && existsSync(join(folder, 'bus')));
}

/** Where the known session bus listens, as Node's `connect` takes it; undefined where that is no socket of this machine. */
function socketPath({
  DBUS_SESSION_BUS_ADDRESS: address = '',
  XDG_RUNTIME_DIR: folder = '',
}: NodeJS.ProcessEnv): string | undefined {
  if (address === '') return join(folder, 'bus');
  for (const one of address.split(';')) {
    const [, kind, path] = /^unix:(?:.*,)?(path|abstract)=([^,]+)/.exec(one) ?? [];
    if (path === undefined) continue;
    try {
      return `${kind === 'abstract' ? '\0' : ''}${decodeURIComponent(path)}`;
    } catch {
      // A name that is no UTF-8.
    }
  }
  return undefined;
}

// --- messages -------------------------------------------------------------------------------------------------------------

/** `l` */
const littleEndian = 0x6c;
/** What every message begins with, up to the header's fields; in bytes. */
const fixedHeader = 16;
const messageTypes = { call: 1, answer: 2, error: 3, signal: 4 } as const;

interface Message {
  readonly type: number | undefined;
  readonly fields: HeaderFields;
  /** Undefined where it is larger than anything that is waited for. */
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

/** Reads values one after the other, as D-Bus aligns them. @throws Error when there is not as much as they say */
export class BusValues {
  readonly #bytes: Buffer;
  #at = 0;

  /** @param bytes - all that they may take, from a multiple of 8 in their message */
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

/**
 * The header's fields: texts and numbers, which is all that the known ones are. Undefined where there is another one, which a bus
 * may hand on from any program. @throws Error when there is less than they say
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

function methodCall(serial: number, { destination, path, target, member, values = [] }: BusCall): Buffer {
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
  // No flags, so that the bus starts whoever is asked; version 1 of the protocol.
  head.set([littleEndian, messageTypes.call, 0, 1]);
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(serial, 8);
  head.writeUInt32LE(fields.length, 12);
  return joined(8, [Buffer.concat([head, fields]), body]);
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
  /** `(iiibiiay)`: a picture as the Desktop Notifications Specification wants it, four bytes a pixel: red, green, blue, opacity. */
  picture: ({ width, height, pixels }: BusPicture): BusValue => {
    const [bitsOfEach, channels] = [8, 4];
    const head = [width, height, width * channels, Number(true), bitsOfEach, channels, pixels.length].map(number);
    return { type: '(iiibiiay)', bytes: () => Buffer.concat([...head, pixels]) };
  },
  /** `a{sv}` */
  dictionary: (entries: Readonly<Record<string, BusArgument>>): BusValue => ({
    type: 'a{sv}',
    bytes: (at) => {
      // Its length does not count what aligns the first entry, which begins at a multiple of 8 in the message.
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

function typedValue(value: BusArgument): BusValue {
  if (typeof value === 'string') return { type: 's', bytes: () => text(value) };
  return 'bytes' in value ? value : { type: 'ao', bytes: () => list(value) };
}

/** Of the types that are sent from here a structure begins at a multiple of 8, each other one at a multiple of 4. */
function appended(before: Buffer, value: BusValue): Buffer {
  const at = aligned(before.length, value.type.startsWith('(') ? 8 : 4);
  return Buffer.concat([before, Buffer.alloc(at - before.length), value.bytes(at)]);
}

function field(code: number, type: string, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([code, 1, type.charCodeAt(0), 0]), value]);
}

function text(value: string): Buffer {
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

/** One after the other, each from a multiple of `alignment`. */
function joined(alignment: number, parts: readonly Buffer[]): Buffer {
  return parts.reduce<Buffer>(
    (all, part) => Buffer.concat([all, Buffer.alloc(aligned(all.length, alignment) - all.length), part]),
    Buffer.alloc(0),
  );
}

function aligned(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}

/** @param patience - in milliseconds. @throws Error when it takes longer */
export async function inTime<T>(answer: Promise<T>, patience: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('nothing on the session bus answers')), patience);
    timer.unref();
  });
  return await Promise.race([answer, tooLate]).finally(() => clearTimeout(timer));
}
