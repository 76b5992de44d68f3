import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import {
  type BusCall,
  type Message,
  MessageReader,
  maxMessageBytes,
  messageTypes,
  methodCall,
  UnusableBus,
} from './dbusMessages.ts';
import { type BusArgument, BusValues } from './dbusValues.ts';
import { deferred } from './deferred.ts';
import { errorCode } from './errorCode.ts';
import { systemTimer, withTimeout } from './timeout.ts';

const bus = 'org.freedesktop.DBus';

/** A signal from the bus. */
export interface BusSignal {
  /** The connection that sent it, e.g. `:1.5`. The bus writes it; in its own signals it is the bus's name. */
  readonly sender: string;
  readonly path: string;
  readonly target: string;
  readonly member: string;
  /** The types of its values, e.g. `us`. */
  readonly types: string;
  /** Reads its values from the first one on. */
  values(): BusValues;
}

interface Waiting {
  readonly answer: string;
  readonly resolve: (values: BusValues) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A connection to the session bus, with only the parts of the D-Bus protocol (D-Bus Specification, version 1) for calls and
 * signals. It runs in this process, because starting a program such as `dbus-send` blocks a main process as large as
 * Electron's.
 */
export class SessionBus {
  readonly #socket: Socket;
  readonly #timeout: number;
  readonly #answers = new Map<number, Waiting>();
  readonly #listeners = new Set<(signal: BusSignal) => void>();
  readonly #end = deferred<Error>();
  #failure: Error | undefined;
  #serial = 0;
  readonly #messages = new MessageReader();
  #isAuthenticated = false;
  /** The answer to the authentication, as far as it has arrived. */
  #authentication: Buffer = Buffer.alloc(0);
  /** The first call; it waits for the authentication. */
  #greeting: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket, timeout: number) {
    this.#socket = socket;
    this.#timeout = timeout;
    socket.on('data', (data) => this.#receive(data));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the session bus has hung up')));
  }

  /** Resolves with the reason when the connection has ended, also after {@link close}. */
  get ended(): Promise<Error> {
    return this.#end.promise;
  }

  /**
   * Opens a connection; never starts a bus.
   * @param timeout - how long the bus, and each program called over it, may take to answer; in milliseconds
   * @throws UnusableBus if Node cannot connect to its socket, or it uses the other byte order; Error if there is no bus, or
   * it does not accept this user
   */
  static async open(environment: NodeJS.ProcessEnv, timeout: number): Promise<SessionBus> {
    if (!hasSessionBus(environment)) throw new Error('there is no session bus');
    const path = socketPath(environment);
    if (path === undefined) throw new UnusableBus('the session bus does not listen at a socket of this machine');
    const opened = new SessionBus(connect(path), timeout);
    const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
    opened.#socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
    try {
      await opened.#callBus('Hello', [], 's');
    } catch (error) {
      opened.close();
      // Node 20 can connect only to abstract names of full length, which no bus has: the error looks as if there were no
      // listener.
      const isRefused = errorCode(error) === 'ECONNREFUSED';
      if (path.startsWith('\0') && isRefused) throw new UnusableBus('the session bus listens at an abstract socket');
      throw error;
    }
    return opened;
  }

  /**
   * @returns the values of the answer. @throws Error with the name of the error in the answer; when the answer has other
   * types; when it does not come in time; when the bus has hung up
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
    return await inTime(answer, call.timeout ?? this.#timeout).finally(() => this.#answers.delete(serial));
  }

  /**
   * A property of an object (org.freedesktop.DBus.Properties.Get).
   * @param target - the interface that defines it
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

  /** Subscribes to the signals of a match rule. Call it before calling a program, so that none of its signals is missed. */
  async match(rule: string): Promise<void> {
    await this.#callBus('AddMatch', [rule], '');
  }

  /** Calls `listener` for every signal that arrives: the subscribed ones, and those that are sent only to this connection. */
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
    try {
      if (this.#isAuthenticated) this.#messages.add(data);
      else this.#authenticate(data);
      while (!this.#failure) {
        const message = this.#messages.next();
        if (!message) return;
        this.#take(message);
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #authenticate(data: Buffer): void {
    this.#authentication = Buffer.concat([this.#authentication, data]);
    const answer = this.#authentication;
    const end = answer.indexOf('\r\n');
    if (end === -1 && answer.length <= maxMessageBytes) return;
    if (end === -1 || answer.toString('latin1', 0, 3) !== 'OK ') throw new Error('the session bus refuses');
    this.#isAuthenticated = true;
    this.#messages.add(answer.subarray(end + 2));
    this.#socket.write(Buffer.concat([Buffer.from('BEGIN\r\n'), this.#greeting]));
  }

  #take({ type, fields, body }: Message): void {
    if (type === messageTypes.signal) {
      if (!body) return;
      const { sender, path, target, member, signature: types } = fields;
      // The bus tells each connection its own name: ignore it.
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
    this.#end.resolve(error);
  }
}

/** Whether a session bus is known. If not, the library that asks for it would start its own bus, or wait for a screen. */
export function hasSessionBus({
  DBUS_SESSION_BUS_ADDRESS: address = '',
  XDG_RUNTIME_DIR: folder = '',
}: NodeJS.ProcessEnv): boolean {
  return address !== '' || (folder !== '' && existsSync(join(folder, 'bus')));
}

/** The path of the session bus's socket, for Node's `connect`; undefined when it is not a socket of this machine. */
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
      // The name is not UTF-8.
    }
  }
  return undefined;
}

/** @param timeout - in milliseconds. @throws Error when it takes longer */
export function inTime<T>(answer: Promise<T>, timeout: number): Promise<T> {
  return withTimeout(systemTimer, timeout, answer, () => {
    throw new Error('nothing on the session bus answers');
  });
}
