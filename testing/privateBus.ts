/**
 * A test's own session bus (a real dbus-daemon), a program on it whose answers the test controls, and, for messages that a
 * real bus never sends, a double that sends any bytes.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTime } from '../build/inTime.ts';
import { whyNoProgram } from '../build/systemPackages.ts';
import { BusValues } from '../main/system/dbusValues.ts';

/** Generous, because it is reached only when something is broken. In milliseconds. */
const timeout = 15_000;

/** Why a private bus is impossible here; undefined when it is possible. */
export async function whyNoBus(): Promise<string | undefined> {
  return process.platform === 'linux' ? await whyNoProgram('dbus-daemon') : 'There is no D-Bus on this system';
}

export interface PrivateBus {
  readonly address: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Removed at the end. */
  readonly folder: string;
  /** Kills the bus, and every program that it has started. */
  stop(): Promise<void>;
}

export interface PrivateBusOptions {
  /**
   * The commands that the bus starts when a name is requested, with full paths. It starts no program installed on the
   * machine.
   */
  readonly starts?: Readonly<Record<string, string>>;
  /** By default a socket in the folder. */
  readonly listen?: string;
}

export async function startPrivateBus({ starts = {}, listen }: PrivateBusOptions = {}): Promise<PrivateBus> {
  const folder = mkdtempSync(join(tmpdir(), 'loopgate-bus-'));
  chmodSync(folder, 0o700);
  mkdirSync(join(folder, 'services'));
  for (const [name, command] of Object.entries(starts)) {
    writeFileSync(join(folder, 'services', `${name}.service`), `[D-BUS Service]\nName=${name}\nExec=${command}\n`);
  }
  const configuration = join(folder, 'bus.conf');
  writeFileSync(
    configuration,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
      "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
    <busconfig>
      <type>session</type>
      <listen>${listen ?? `unix:path=${folder}/bus`}</listen>
      <servicedir>${folder}/services</servicedir>
      <policy context="default">
        <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
      </policy>
    </busconfig>`,
  );
  const argv = [`--config-file=${configuration}`, '--nofork', '--nopidfile', '--print-address=1'];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'dbus-daemon', ...argv], {
    // Programs that it starts use the folder as their home.
    env: { PATH: process.env.PATH, HOME: folder, XDG_RUNTIME_DIR: folder },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = once(child, 'close');
  const [printed] = await inTime('the start of dbus-daemon', timeout, once(child.stdout, 'data'));
  const address = String(printed).trim();
  return {
    address,
    environment: { PATH: process.env.PATH, DBUS_SESSION_BUS_ADDRESS: address },
    folder,
    async stop() {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        process.kill(-child.pid, 'SIGKILL');
      }
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

// --- who answers ----------------------------------------------------------------------------------------------------------

export interface Asked {
  readonly sender: string;
  readonly path: string;
  readonly target: string;
  readonly member: string;
  readonly values: BusValues;
}

/** The values of an answer with their types; an error with that name; or no answer. */
export type Reply = readonly [signature: string, body: Buffer] | { readonly error: string } | 'silence';

export interface BusProgram {
  /** `path interface member` of all calls that it got. */
  readonly asked: readonly string[];
  own(name: string): Promise<void>;
  release(name: string): Promise<void>;
  /** Sends a signal to all listeners, or to one connection; with values of those types, or without any. */
  signal(path: string, target: string, member: string, destination?: string, values?: readonly [string, Buffer]): void;
  leave(): void;
}

/** A program on the bus whose answers the test controls: it is not a Secret Service or a panel, but the bus between is real. */
export async function joinBus(
  { address }: Pick<PrivateBus, 'address'>,
  answer: (asked: Asked) => Reply | Promise<Reply>,
): Promise<BusProgram> {
  const [, path = ''] = /^unix:path=([^,]+)/.exec(address) ?? [];
  const socket = connect(path);
  socket.on('error', () => undefined);
  const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
  socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
  await inTime('the bus', timeout, once(socket, 'data'));
  socket.write('BEGIN\r\n');
  const asked: string[] = [];
  const answers = new Map<number, () => void>();
  let serial = 0;
  const send = (type: number, fields: readonly Field[], signature = '', body: Buffer = Buffer.alloc(0)) => {
    serial += 1;
    socket.write(busMessage({ type, serial, fields, signature, body }));
    return serial;
  };
  readMessages(socket, (message) => {
    const { type, sender = '', path = '', target = '', member = '', serial: theirs, answerTo, body } = message;
    if (type === 2) answers.get(answerTo ?? 0)?.();
    if (type !== 1) return;
    asked.push(`${path} ${target} ${member}`);
    void Promise.resolve(answer({ sender, path, target, member, values: new BusValues(body) })).then((reply) => {
      if (reply === 'silence') return;
      const address: Field[] = [
        [5, 'u', theirs],
        [6, 's', sender],
      ];
      if ('error' in reply) send(3, [...address, [4, 's', reply.error]]);
      else send(2, address, ...reply);
    });
  });
  const bus = 'org.freedesktop.DBus';
  const callBus = async (member: string, signature = '', body?: Buffer) => {
    const fields: Field[] = [
      [1, 'o', '/org/freedesktop/DBus'],
      [2, 's', bus],
      [3, 's', member],
      [6, 's', bus],
    ];
    const answered = new Promise<void>((resolve) => answers.set(serial + 1, resolve));
    send(1, fields, signature, body);
    await inTime(`the bus's answer to ${member}`, timeout, answered);
  };
  await callBus('Hello');
  return {
    asked,
    own: (name) => callBus('RequestName', 'su', Buffer.concat([padded(textValue(name), 4), Buffer.alloc(4)])),
    release: (name) => callBus('ReleaseName', 's', textValue(name)),
    signal(path, target, member, destination, values = ['', Buffer.alloc(0)]) {
      const to: Field[] = destination === undefined ? [] : [[6, 's', destination]];
      send(4, [[1, 'o', path], [2, 's', target], [3, 's', member], ...to], ...values);
    },
    leave: () => void socket.destroy(),
  };
}

/** A fake bus: whatever it receives, it sends what the test says. */
export interface BusDouble {
  readonly environment: NodeJS.ProcessEnv;
  stop(): void;
}

/**
 * @param welcome - its answer to AUTH; undefined for none
 * @param answer - called for each message, the first of which is Hello
 */
export async function startBusDouble(
  welcome: string | undefined,
  answer: (socket: Socket, serial: number) => void,
): Promise<BusDouble> {
  const folder = mkdtempSync(join(tmpdir(), 'loopgate-bus-'));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      if (welcome !== undefined) socket.write(welcome);
      socket.once('data', (data: Buffer) => {
        const begin = 'BEGIN\r\n';
        socket.unshift(data.subarray(begin.length));
        readMessages(socket, ({ serial }) => answer(socket, serial));
      });
    });
  });
  server.listen(join(folder, 'bus'));
  await once(server, 'listening');
  return {
    environment: { DBUS_SESSION_BUS_ADDRESS: `unix:path=${folder}/bus` },
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// --- bytes: written for the tests alone, so that what is tested does not answer itself -------------------------------------

/** A field of a header: its code, its type and its value. */
export type Field =
  | readonly [code: number, type: 'o' | 's', value: string]
  | readonly [code: number, type: 'u', value: number];

export interface BusMessage {
  readonly type: number;
  readonly serial: number;
  readonly fields: readonly Field[];
  readonly signature: string;
  readonly body: Buffer;
}

export function busMessage({ type, serial, fields, signature, body }: BusMessage): Buffer {
  let header: Buffer = Buffer.alloc(0);
  const add = (code: number, fieldType: string, value: Buffer) => {
    header = Buffer.concat([padded(header), Buffer.from([code, 1, fieldType.charCodeAt(0), 0]), value]);
  };
  for (const [code, fieldType, value] of fields) {
    add(code, fieldType, typeof value === 'number' ? numberValue(value) : textValue(value));
  }
  if (signature !== '') add(8, 'g', Buffer.from(`${String.fromCharCode(signature.length)}${signature}\0`));
  const start = Buffer.from([0x6c, type, 0, 1]);
  const numbers = [body.length, serial, header.length].map(numberValue);
  return Buffer.concat([padded(Buffer.concat([start, ...numbers, header])), body]);
}

/** The answer to a call, as a bus sends it. */
export function answerTo(call: number, signature = '', body: Buffer = Buffer.alloc(0)): Buffer {
  return busMessage({ type: 2, serial: call + 1000, fields: [[5, 'u', call]], signature, body });
}

export function numberValue(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function textValue(value: string): Buffer {
  return Buffer.concat([numberValue(Buffer.byteLength(value)), Buffer.from(`${value}\0`)]);
}

/** A variant with a boolean; numbers other than 0 and 1 are not valid booleans. */
export function booleanValue(value: boolean | number): Buffer {
  return Buffer.concat([Buffer.from([1, 0x62, 0, 0]), numberValue(Number(value))]);
}

/** Pads to a multiple of 8, or of 4. */
export function padded(bytes: Buffer, to = 8): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((to - (bytes.length % to)) % to)]);
}

interface ReceivedMessage {
  readonly type: number;
  readonly serial: number;
  readonly path?: string | undefined;
  readonly target?: string | undefined;
  readonly member?: string | undefined;
  readonly sender?: string | undefined;
  readonly answerTo?: number;
  readonly body: Buffer;
}

function readMessages(socket: Socket, take: (message: ReceivedMessage) => void): void {
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    received = Buffer.concat([received, data]);
    while (received.length >= 16) {
      const fieldsEnd = 16 + received.readUInt32LE(12);
      const start = Math.ceil(fieldsEnd / 8) * 8;
      const end = start + received.readUInt32LE(4);
      if (received.length < end) return;
      const message = received.subarray(0, end);
      received = received.subarray(end);
      const texts = new Map<number, string>();
      const numbers = new Map<number, number>();
      for (let at = 16; at < fieldsEnd; ) {
        at = Math.ceil(at / 8) * 8;
        const [code = 0, type] = [message[at], String.fromCharCode(message[at + 2] ?? 0)];
        const length = type === 'g' ? (message[at + 4] ?? 0) : message.readUInt32LE(at + 4);
        if (type === 'u') numbers.set(code, length);
        if (type === 's' || type === 'o') texts.set(code, message.toString('utf8', at + 8, at + 8 + length));
        at += type === 'u' ? 8 : type === 'g' ? 6 + length : 9 + length;
      }
      take({
        type: message[1] ?? 0,
        serial: message.readUInt32LE(8),
        path: texts.get(1),
        target: texts.get(2),
        member: texts.get(3),
        sender: texts.get(7),
        answerTo: numbers.get(5) ?? 0,
        body: message.subarray(start),
      });
    }
  });
}
