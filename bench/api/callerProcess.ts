/** The process of the callers: gets orders as messages, one after the other, and answers each. See callers.ts. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { opened, openedMany } from '../sockets.ts';
import { type Fired, type Loaded, type Order, type OrderTo, order, sharedClock } from './callers.ts';

const healthPath = '/.well-known/health';
const probeEvery = 10;

/** Everything that is open beyond one order. */
const open = new Set<Socket>();
let gathered: Connection[] = [];
let frames: Promise<number> | undefined;
let isLeaving = false;

process.on('message', (message) => {
  carryOut(order.parse(message)).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ failure: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit());

async function carryOut(asked: Order): Promise<unknown> {
  switch (asked.do) {
    case 'load':
      return await load(asked);
    case 'gather':
      return await gather(asked);
    case 'fire':
      return await fire(asked);
    case 'dawdle':
      return await dawdleAll(asked);
    case 'probe':
      return await probe(asked);
    case 'listen':
      return await listen(asked);
    case 'nextFrame':
      return await frames;
    case 'leave':
      isLeaving = true;
      for (const socket of open) socket.destroy();
      gathered = [];
      return undefined;
  }
}

/** Plain sockets: a generator that makes an object of every answer is slower than the server that it measures. */
async function load({ port, path, connections: count, seconds, requests }: OrderTo<'load'>): Promise<Loaded> {
  const callers = await connections(port, count);
  // Not counted: with its first request the host finds out who is at the other end, once for a connection that is kept.
  const [answer] = await Promise.all(callers.map((caller) => caller.ask(path)));
  if (!answer) throw new Error('A load needs a connection.');
  const latencies = new Latencies();
  let left = requests ?? Number.POSITIVE_INFINITY;
  const timer = seconds === undefined ? undefined : setTimeout(() => (left = 0), seconds * 1000);
  const before = process.cpuUsage();
  const began = performance.now();
  const call = async (caller: Connection) => {
    await caller.askAgain(path, (milliseconds) => {
      latencies.add(milliseconds);
      left -= 1;
      return left > 0;
    });
  };
  try {
    await Promise.all(callers.map(call));
  } finally {
    clearTimeout(timer);
    for (const { socket } of callers) socket.destroy();
  }
  const took = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(before);
  return {
    perSecond: latencies.count / took,
    p50: latencies.below(0.5),
    p99: latencies.below(0.99),
    processor: (user + system) / 1e6 / took,
    answer,
  };
}

async function gather({ port, connections: count }: OrderTo<'gather'>): Promise<void> {
  gathered = await connections(port, count);
  for (const { socket } of gathered) keepOpen(socket);
  // Who they are is looked up with their first request.
  await Promise.all(gathered.map((one) => one.ask(healthPath)));
}

async function fire({ path }: OrderTo<'fire'>): Promise<Fired> {
  const began = performance.now();
  const times: number[] = [];
  const bodies = new Set<string>();
  const ask = async (one: Connection) => {
    const { body } = await one.ask(path);
    times.push(performance.now() - began);
    bodies.add(body);
  };
  await Promise.all(gathered.map(ask));
  return { first: Math.min(...times), last: Math.max(...times), bodies: [...bodies] };
}

async function dawdleAll({ port, connections: count }: OrderTo<'dawdle'>): Promise<void> {
  isLeaving = false;
  await Promise.all(Array.from({ length: count }, () => dawdle(port)));
}

/** Resolves when the first byte is on its way. */
async function dawdle(port: number): Promise<void> {
  const socket = await opened(port);
  keepOpen(socket);
  socket.write(`GET ${healthPath} HTTP/1.1\r\nHost: localhost:${port}\r\nX-Slow: `);
  const timer = setInterval(() => socket.write('a'), 1000);
  socket.on('error', () => undefined);
  socket.resume();
  socket.once('close', () => {
    clearInterval(timer);
    if (!isLeaving) dawdle(port).catch(() => undefined);
  });
}

async function probe({ port, path, isKept, seconds }: OrderTo<'probe'>): Promise<number[]> {
  const times: number[] = [];
  const connection = async () => new Connection(await opened(port), port);
  const kept = isKept ? await connection() : undefined;
  await kept?.ask(path);
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    await after(probeEvery);
    const began = performance.now();
    const asker = kept ?? (await connection());
    await asker.ask(path);
    times.push(performance.now() - began);
    if (!isKept) asker.socket.destroy();
  }
  kept?.socket.destroy();
  return times;
}

/** RFC 6455 §5.5: an empty ping as a server sends it, and the answer to it, masked with zeros. */
const ping = Buffer.from([0x89, 0]);
const pong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

/** Every frame that is sent here is short and comes in one piece: a chunk is a frame, or a ping and perhaps a frame behind it. */
async function listen({ port, connections: count }: OrderTo<'listen'>): Promise<void> {
  let missing = count;
  let allTold: (at: number) => void = () => undefined;
  frames = new Promise((resolve) => {
    allTold = resolve;
  });
  const told = () => {
    missing -= 1;
    if (missing === 0) allTold(sharedClock());
  };
  await openedMany(count, () => listener(port, told));
}

/**
 * Resolves with the first frame.
 * @param told - called with the second one
 */
async function listener(port: number, told: () => void): Promise<void> {
  const socket = await opened(port);
  keepOpen(socket);
  await new Promise<void>((resolve, reject) => {
    let isGreeted = false;
    let received = '';
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`The server has closed a WebSocket: ${received}`)));
    socket.on('data', (chunk) => {
      if (isGreeted) {
        // Opening thousands takes as long as a server waits between two pings.
        const isPing = chunk.subarray(0, ping.length).equals(ping);
        if (isPing) socket.write(pong);
        if (!isPing || chunk.length > ping.length) told();
        return;
      }
      received += chunk.toString('latin1');
      const end = received.indexOf('\r\n\r\n') + 4;
      if (end < 4 || received.length === end) return;
      if (!received.startsWith('HTTP/1.1 101')) return reject(new Error(`No WebSocket: ${received}`));
      isGreeted = true;
      resolve();
    });
    const lines = [
      'GET /user/stream HTTP/1.1',
      `Host: localhost:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  });
}

/** A kept connection that asks one thing after the other. */
class Connection {
  readonly socket: Socket;
  readonly #host: string;
  #received: Buffer = Buffer.alloc(0);
  #take: (chunk: Buffer) => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;

  constructor(socket: Socket, port: number) {
    this.socket = socket;
    this.#host = `localhost:${port}`;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('The server has closed a connection.')));
  }

  /** @throws Error for an answer that is not 200 */
  ask(path: string): Promise<{ head: string; body: string }> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#received = Buffer.alloc(0);
      this.#take = (chunk) => {
        this.#received = Buffer.concat([this.#received, chunk]);
        const end = this.#received.indexOf('\r\n\r\n') + 4;
        if (end < 4) return;
        const head = this.#received.toString('latin1', 0, end);
        const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Number.NaN);
        if (this.#received.length < end + length) return;
        const body = this.#received.toString('utf8', end);
        if (head.startsWith('HTTP/1.1 200 ')) resolve({ head, body });
        else reject(new Error(`An answer that is not 200: ${head}${body}`));
      };
      this.socket.write(this.#request(path));
    });
  }

  /**
   * Asks the same again and again; all answers must be 200 and as long as the first one.
   * @param answered - gets how long one took, in milliseconds; false ends it
   */
  async askAgain(path: string, answered: (milliseconds: number) => boolean): Promise<void> {
    const { head, body } = await this.ask(path);
    const length = Buffer.byteLength(head, 'latin1') + Buffer.byteLength(body);
    const request = this.#request(path);
    await new Promise<void>((resolve, reject) => {
      this.#fail = reject;
      let received = 0;
      let sentAt = 0;
      const send = () => {
        sentAt = performance.now();
        this.socket.write(request);
      };
      this.#take = (chunk) => {
        // `HTTP/1.1 200`
        const isAsExpected = received > 0 || chunk[9] === 0x32;
        received += chunk.length;
        if (!isAsExpected || received > length) reject(new Error(`An answer that differs: ${String(chunk)}`));
        if (received < length) return;
        received = 0;
        if (answered(performance.now() - sentAt)) send();
        else resolve();
      };
      send();
    });
  }

  #request(path: string): Buffer {
    return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nConnection: keep-alive\r\n\r\n`, 'latin1');
  }
}

/** Counts in steps of a microsecond: the usual tools count in milliseconds, and most answers take less than one. */
class Latencies {
  readonly #steps = new Uint32Array(2_000_000);
  count = 0;

  /** @param milliseconds - two seconds at most are told apart */
  add(milliseconds: number): void {
    const step = Math.min(Math.round(milliseconds * 1000), this.#steps.length - 1);
    this.#steps[step] = (this.#steps[step] ?? 0) + 1;
    this.count += 1;
  }

  /** The time within which this share of all was answered, in milliseconds. */
  below(share: number): number {
    let left = this.count * share;
    for (const [step, count] of this.#steps.entries()) {
      left -= count;
      if (left <= 0) return step / 1000;
    }
    return Number.NaN;
  }
}

function connections(port: number, count: number): Promise<Connection[]> {
  return openedMany(count, async () => new Connection(await opened(port), port));
}

function keepOpen(socket: Socket): void {
  open.add(socket);
  socket.once('close', () => open.delete(socket));
}
