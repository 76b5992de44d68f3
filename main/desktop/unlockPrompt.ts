import { connect, type Socket } from 'node:net';
import { join } from 'node:path';

/** How long the bus and the Secret Service may take to answer, and how long a person may take at the prompt. Milliseconds. */
const answerPatience = 10_000;
const personPatience = 5 * 60_000;
/** No message that is waited for here is larger; in bytes. */
const largestMessage = 64 * 1024;

const secrets = 'org.freedesktop.secrets';
const service = '/org/freedesktop/secrets';

/**
 * Has the Secret Service ask the person for the password of its default keyring, in its own window (freedesktop.org's Secret
 * Service API, Unlock and Prompt). Over a connection of its own: the prompt belongs to it and goes with it, so that
 * `dbus-send`, which hangs up at once, cannot do it; and safeStorage of older Electrons would hold up the whole main process.
 * Resolves when the person has answered, or nothing was locked. @throws Error when nobody could be asked
 */
export async function promptToUnlock(environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  const bus = await Bus.open(busPath(environment));
  try {
    const collection = readText(
      await bus.call(service, 'org.freedesktop.Secret.Service', 'ReadAlias', 's', ['default']),
    );
    if (collection === '/') throw new Error('there is no keyring');
    const unlocked = await bus.call(service, 'org.freedesktop.Secret.Service', 'Unlock', 'ao', [[collection]]);
    const prompt = readText(unlocked.subarray(aligned(4 + unlocked.readUInt32LE(0), 4)));
    if (prompt === '/') return;
    const answered = bus.signal('Completed');
    await bus.call(prompt, 'org.freedesktop.Secret.Prompt', 'Prompt', 's', ['']);
    await inTime(answered, personPatience);
  } finally {
    bus.close();
  }
}

/** Where the session bus listens, as Node's `connect` takes it. @throws Error where it is no socket of this machine */
function busPath({ DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: folder }: NodeJS.ProcessEnv): string {
  for (const one of (address ?? '').split(';')) {
    const [, kind, path] = /^unix:(?:.*,)?(path|abstract)=([^,]+)/.exec(one) ?? [];
    if (path !== undefined) return `${kind === 'abstract' ? '\0' : ''}${decodeURIComponent(path)}`;
  }
  if (folder) return join(folder, 'bus');
  throw new Error('there is no session bus');
}

type Argument = string | readonly string[];

/** As much of the D-Bus protocol as it takes: method calls with texts, their answers, and signals. */
class Bus {
  readonly #socket: Socket;
  readonly #answers = new Map<number, { resolve: (body: Buffer) => void; reject: (error: Error) => void }>();
  readonly #signals = new Map<string, () => void>();
  #serial = 0;
  #received: Buffer = Buffer.alloc(0);
  #isAuthenticated = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(path: string): Promise<Bus> {
    const bus = new Bus(connect(path));
    bus.#socket.on('data', (data) => bus.#receive(data));
    const fail = (error: Error) => bus.#fail(error);
    bus.#socket.on('error', fail);
    bus.#socket.on('close', () => fail(new Error('the session bus has hung up')));
    const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
    bus.#socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
    // Sent after BEGIN, which the answer to AUTH brings.
    try {
      await bus.call('/org/freedesktop/DBus', 'org.freedesktop.DBus', 'Hello', '', [], 'org.freedesktop.DBus');
    } catch (error) {
      bus.close();
      throw error;
    }
    return bus;
  }

  /** @returns the body of the answer. @throws Error with the name of the one that came instead */
  call(
    path: string,
    target: string,
    member: string,
    signature: '' | 's' | 'ao',
    values: readonly Argument[],
    destination = secrets,
  ): Promise<Buffer> {
    this.#serial += 1;
    const serial = this.#serial;
    const message = methodCall(serial, { path, target, member, destination, signature, values });
    const answer = new Promise<Buffer>((resolve, reject) => this.#answers.set(serial, { resolve, reject }));
    if (this.#isAuthenticated) this.#socket.write(message);
    else this.#waiting = message;
    return inTime(answer, answerPatience);
  }

  /** Resolves at the next signal of that name. */
  signal(member: string): Promise<void> {
    return new Promise((resolve) => this.#signals.set(member, resolve));
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The first call, until it may be sent. */
  #waiting: Buffer = Buffer.alloc(0);

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data]);
    if (!this.#isAuthenticated) {
      const end = this.#received.indexOf('\r\n');
      if (end === -1) return;
      if (!this.#received.toString('latin1').startsWith('OK '))
        return void this.#fail(new Error('the session bus refuses'));
      this.#received = this.#received.subarray(end + 2);
      this.#isAuthenticated = true;
      this.#socket.write(Buffer.concat([Buffer.from('BEGIN\r\n'), this.#waiting]));
    }
    try {
      for (let message = this.#nextMessage(); message; message = this.#nextMessage()) this.#take(message);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #nextMessage(): Buffer | undefined {
    if (this.#received.length < 16) return undefined;
    if (this.#received[0] !== 0x6c) throw new Error('the session bus speaks another byte order');
    const length = aligned(16 + this.#received.readUInt32LE(12), 8) + this.#received.readUInt32LE(4);
    if (length > largestMessage) throw new Error('the session bus sends too much');
    if (this.#received.length < length) return undefined;
    const message = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return message;
  }

  #take(message: Buffer): void {
    const fields = headerFields(message);
    const body = message.subarray(message.length - message.readUInt32LE(4));
    const waiting = this.#answers.get(Number(fields.get(5)));
    // 2: an answer; 3: an error, whose name is field 4; 4: a signal, whose name is field 3.
    if (message[1] === 2) waiting?.resolve(body);
    if (message[1] === 3) waiting?.reject(new Error(String(fields.get(4))));
    if (message[1] === 4) this.#signals.get(String(fields.get(3)))?.();
  }

  #fail(error: Error): void {
    for (const { reject } of this.#answers.values()) reject(error);
    this.#socket.destroy();
  }
}

interface Call {
  readonly path: string;
  readonly target: string;
  readonly member: string;
  readonly destination: string;
  readonly signature: string;
  readonly values: readonly Argument[];
}

function methodCall(serial: number, { path, target, member, destination, signature, values }: Call): Buffer {
  const body = Buffer.concat(values.map((value) => (typeof value === 'string' ? text(value) : list(value))));
  const given: [number, string, string][] = [
    [1, 'o', path],
    [2, 's', target],
    [3, 's', member],
    [6, 's', destination],
  ];
  if (signature !== '') given.push([8, 'g', signature]);
  let fields: Buffer = Buffer.alloc(0);
  for (const [code, type, value] of given) {
    const written = type === 'g' ? Buffer.from(`${String.fromCharCode(value.length)}${value}\0`) : text(value);
    const field = Buffer.concat([Buffer.from([code, 1, type.charCodeAt(0), 0]), written]);
    fields = Buffer.concat([padded(fields, 8), field]);
  }
  const head = Buffer.alloc(16);
  // Little-endian, a method call, no flags, protocol 1.
  head.set([0x6c, 1, 0, 1]);
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(serial, 8);
  head.writeUInt32LE(fields.length, 12);
  return Buffer.concat([padded(Buffer.concat([head, fields]), 8), body]);
}

function text(value: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(value));
  return Buffer.concat([length, Buffer.from(`${value}\0`)]);
}

function list(values: readonly string[]): Buffer {
  const items = values.reduce<Buffer>((all, value) => Buffer.concat([padded(all, 4), text(value)]), Buffer.alloc(0));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(items.length);
  return Buffer.concat([length, items]);
}

/** The header's fields by their codes: texts and numbers, which is all that the known ones are. */
function headerFields(message: Buffer): Map<number, string | number> {
  const fields = new Map<number, string | number>();
  const end = 16 + message.readUInt32LE(12);
  let at = 16;
  while (at < end) {
    at = aligned(at, 8);
    const [code = 0, type] = [message[at], String.fromCharCode(message[at + 2] ?? 0)];
    at += 4;
    if (type === 'u') {
      fields.set(code, message.readUInt32LE(at));
      at += 4;
    } else if (type === 'g') at += 2 + (message[at] ?? 0);
    else {
      fields.set(code, readText(message.subarray(at)));
      at += 5 + message.readUInt32LE(at);
    }
  }
  return fields;
}

function readText(bytes: Buffer): string {
  return bytes.toString('utf8', 4, 4 + bytes.readUInt32LE(0));
}

function aligned(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}

function padded(bytes: Buffer, to: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length, to) - bytes.length)]);
}

async function inTime<T>(answer: Promise<T>, patience: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the keyring does not answer')), patience);
    timer.unref();
  });
  return await Promise.race([answer, tooLate]).finally(() => clearTimeout(timer));
}
