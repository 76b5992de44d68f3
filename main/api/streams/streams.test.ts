import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  ada,
  FakeClock,
  type ScriptedWorld,
  scriptedWorld,
  signInAs,
  TestVault,
  type WorldOptions,
} from '../../../testing/brokerWorld.ts';
import { latch } from '../../../testing/latch.ts';
import { testGate } from '../../../testing/testGate.ts';
import type { GuardMode } from '../../access/decisions.ts';
import type { Gate } from '../../access/gate.ts';
import { buildProgram, type Caller, type Program, type ProgramKind } from '../../access/program.ts';
import type { ConsentAnswer } from '../../access/questions.ts';
import { callerWith } from '../../callers/caller.ts';
import { type Listening, listen } from '../../listener/listen.ts';
import { type Api, createApi } from '../server.ts';
import { reasonsProtocol } from './sockets.ts';

const listed = 'https://tool.example';
/** What a listener may leave unread, in bytes. */
const maxUnread = 256 * 1024;

afterEach(() => {
  vi.useRealTimers();
});

interface Stage {
  readonly world: ScriptedWorld;
  readonly api: Api;
  readonly listening: Listening;
  /** The server's ends of the connections that asked for an upgrade, in their order. */
  readonly sockets: readonly Duplex[];
  /** As the host closes: both at once. */
  close(): Promise<unknown>;
}

/** The real API and broker behind a listening server; the provider is a double, and the caller is whoever the test says. */
async function stage(
  options: WorldOptions & { find?: () => Promise<Caller | undefined>; gate?: Gate } = {},
): Promise<Stage> {
  const world = await scriptedWorld(options);
  const api = createApi({
    broker: world.broker,
    gate: options.gate ?? testGate('same-user', { clock: world.clock }, [listed]),
    callers: { find: options.find ?? (async () => callerWith(async () => undefined)), mayBringLogin: async () => true },
    now: () => world.clock.now(),
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    instance: { id: randomUUID(), version: '1.2.3', compatibleVersion: '12.3.4' },
    commandKey: 'unused',
    docsFolder: 'unused',
  });
  const sockets: Duplex[] = [];
  const listening = await listen({
    port: 0,
    handler: api.handler,
    onConnection: api.onConnection,
    onUpgrade: (request, socket, head) => {
      sockets.push(socket);
      return api.onUpgrade(request, socket, head);
    },
  });
  let closed: Promise<unknown> | undefined;
  const close = () => {
    closed ??= Promise.all([api.close(), listening.close()]);
    return closed;
  };
  onTestFinished(async () => void (await close()));
  return { world, api, listening, sockets, close };
}

/** A real WebSocket client, with everything that it was sent. */
class Listener {
  readonly socket: WebSocket;
  readonly frames: string[] = [];
  readonly #waiters: (() => void)[] = [];

  constructor(
    { listening }: Stage,
    headers: Record<string, string> = {},
    protocols: string[] = [],
    path = '/user/stream',
  ) {
    this.socket = new WebSocket(`ws://127.0.0.1:${listening.port}${path}`, protocols, {
      headers: { Host: `localhost:${listening.port}`, ...headers },
      perMessageDeflate: false,
    });
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data) => {
      this.frames.push(String(data));
      for (const wake of this.#waiters.splice(0)) wake();
    });
  }

  /** Frame number `index` (the first is 0), once it has come. */
  async frame(index: number): Promise<string> {
    for (let frame = this.frames[index]; ; frame = this.frames[index]) {
      if (frame !== undefined) return frame;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  /** The code that the connection was closed with. */
  async closed(): Promise<number> {
    const [code]: number[] = await once(this.socket, 'close');
    return code ?? -1;
  }
}

async function listenerOf(on: Stage, headers?: Record<string, string>, protocols?: string[]): Promise<Listener> {
  const listener = new Listener(on, headers, protocols);
  await listener.frame(0);
  return listener;
}

function handshake(port: number, changes: Record<string, string | undefined> = {}, path = '/user/stream'): string {
  const headers = {
    Host: `localhost:${port}`,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    ...changes,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** Everything that the server had sent before has come: a ping goes there and back, on the same connection. */
async function there({ socket }: Listener): Promise<void> {
  const pong = once(socket, 'pong');
  socket.ping();
  await pong;
}

/** A program that upgrades and reads nothing from then on: neither frames nor pings. */
async function silentListener({ listening }: Stage, path?: string): Promise<Socket> {
  const socket = connect(listening.port, '127.0.0.1');
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  socket.write(handshake(listening.port, {}, path));
  await once(socket, 'data');
  socket.pause();
  return socket;
}

/** Sends a handshake that must be refused; gives the status, and the answer's JSON. */
async function refusal(port: number, bytes: string): Promise<{ status: number; answer: unknown }> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(bytes);
  await once(socket, 'close');
  const received = Buffer.concat(chunks).toString();
  expect(received).toContain('\r\nContent-Type: application/json');
  return { status: Number(received.split(' ')[1]), answer: JSON.parse(received.slice(received.indexOf('\r\n\r\n'))) };
}

/** The provider knows the person under another name from now on, and the broker reads it. */
async function rename({ broker, provider }: ScriptedWorld, name: string): Promise<void> {
  provider.profile = { name };
  await broker.refreshProfile();
}

const nameIn = (frame: string): unknown => (JSON.parse(frame) as { name?: unknown }).name;

describe('what listeners are sent', () => {
  test('the person at once, as a UserProfile [W11]', async () => {
    const on = await stage();
    await signInAs(on.world);
    const listener = await listenerOf(on);
    expect(JSON.parse(await listener.frame(0))).toMatchObject({ id: ada, name: 'Ada Lovelace', aesthetics: {} });
  });

  test('signed out, an empty frame at once; then a frame for the sign-in, and an empty one for the sign-out [W11]', async () => {
    const on = await stage();
    const listener = await listenerOf(on);
    expect(listener.frames).toEqual(['']);
    await signInAs(on.world);
    expect(JSON.parse(await listener.frame(1))).toMatchObject({ id: ada });
    await on.world.broker.signOut();
    await there(listener);
    const [first, ...later] = listener.frames;
    expect([first, later.at(-1)]).toEqual(['', '']);
    for (const frame of later.slice(0, -1)) expect(JSON.parse(frame)).toMatchObject({ id: ada });
  });

  test('before the stored session was read there is no frame; then it is the stored person, never an empty one', async () => {
    const evening = await scriptedWorld();
    await signInAs(evening);
    const { opened, open } = latch();
    const vault = new TestVault(evening.vault.state);
    const load = vault.load.bind(vault);
    vault.load = () => opened.then(load);
    const on = await stage({ vault, ready: false });
    const listener = new Listener(on);
    await once(listener.socket, 'open');
    await there(listener);
    expect(listener.frames).toEqual([]);
    open();
    expect(JSON.parse(await listener.frame(0))).toMatchObject({ id: ada });
  });

  test('equal states send nothing: logins that come and go, and a profile that was read again and is the same', async () => {
    const on = await stage();
    const { broker, browser } = on.world;
    await signInAs(on.world);
    const listener = await listenerOf(on);
    browser.person = undefined;
    void broker.authorize('somebody', {}).catch(() => undefined);
    await browser.tab(1);
    broker.clear('somebody');
    await broker.refreshProfile();
    await broker.refreshProfile();
    await rename(on.world, 'Ada King');
    await listener.frame(1);
    expect(listener.frames.map(nameIn)).toEqual(['Ada Lovelace', 'Ada King']);
  });

  test('200 listeners get every one of 50 changes, in their order, while one of them never reads', async () => {
    const on = await stage();
    await signInAs(on.world);
    await silentListener(on);
    const listeners = await Promise.all(Array.from({ length: 199 }, () => listenerOf(on)));
    const names = Array.from({ length: 50 }, (_, index) => `Ada ${index}`);
    for (const name of names) await rename(on.world, name);
    await on.world.broker.signOut();
    await Promise.all(listeners.map((listener) => listener.frame(51)));
    for (const { frames } of listeners) {
      expect(frames.slice(0, 51).map(nameIn)).toEqual(['Ada Lovelace', ...names]);
      expect(frames.slice(51)).toEqual(['']);
    }
  });

  test('one that does not read is let go when too much is unread: what is kept for it is bounded, and the others get all', async () => {
    const on = await stage();
    await signInAs(on.world);
    const silent = await silentListener(on);
    const [serverEnd] = on.sockets;
    if (!serverEnd) throw new Error('nobody has upgraded');
    const others = await Promise.all([listenerOf(on), listenerOf(on)]);
    // The kernel's own buffers, of some megabytes, come before those of the process.
    const largest = 400 * 1024;
    let changes = 0;
    let maxKept = 0;
    while (!serverEnd.destroyed && changes < 100) {
      changes += 1;
      await rename(on.world, `${changes}-${'x'.repeat(largest)}`);
      maxKept = Math.max(maxKept, serverEnd.writableLength);
      await Promise.all(others.map((other) => other.frame(changes)));
    }
    expect(serverEnd.destroyed).toBe(true);
    expect(maxKept).toBeGreaterThan(maxUnread);
    expect(maxKept).toBeLessThan(maxUnread + 2 * largest);
    for (const { frames } of others) {
      expect(frames.slice(1).map((frame) => String(nameIn(frame)).split('-')[0])).toEqual(
        Array.from({ length: changes }, (_, index) => String(index + 1)),
      );
    }
    silent.destroy();
  });
});

describe('what listeners say', () => {
  test('one that pings without end and reads nothing is let go: no more than 256 KiB are kept for it [L6]', async () => {
    const on = await stage();
    const silent = await silentListener(on);
    const [serverEnd] = on.sockets;
    if (!serverEnd) throw new Error('nobody has upgraded');
    const ping = Buffer.concat([Buffer.from([0x89, 0x80 | 125, 0, 0, 0, 0]), Buffer.alloc(125)]);
    const pings = Buffer.concat(Array.from({ length: 500 }, () => ping));
    let maxKept = 0;
    // The kernel's own buffers, of some megabytes, come before those of the process.
    while (!serverEnd.destroyed) {
      if (!silent.destroyed) silent.write(pings);
      await new Promise((resolve) => setImmediate(resolve));
      maxKept = Math.max(maxKept, serverEnd.writableLength);
    }
    expect(maxKept).toBeLessThan(maxUnread);
  });

  test('means nothing: text and bytes are ignored, and the listener stays', async () => {
    const on = await stage();
    await signInAs(on.world);
    const listener = await listenerOf(on);
    for (const message of ['', 'hello', '{"user":null}', Buffer.from([0, 1, 2]), 'x'.repeat(1024)]) {
      listener.socket.send(message);
    }
    await rename(on.world, 'Ada King');
    await listener.frame(1);
    await there(listener);
    expect(listener.frames.map(nameIn)).toEqual(['Ada Lovelace', 'Ada King']);
  });

  test.each([
    ['in one frame', [{ fin: true, size: 1025 }]],
    [
      'in many frames',
      [
        { fin: false, size: 600 },
        { fin: true, size: 600 },
      ],
    ],
  ])('a message above 1 KiB, %s, ends that listener alone [L6]', async (_how, parts) => {
    const on = await stage();
    await signInAs(on.world);
    const other = await listenerOf(on);
    const talker = await listenerOf(on);
    const closed = talker.closed();
    for (const { fin, size } of parts) talker.socket.send('x'.repeat(size), { fin });
    expect(await closed).toBe(1009);
    await rename(on.world, 'Ada King');
    expect(nameIn(await other.frame(1))).toBe('Ada King');
  });

  test('bytes that are not a WebSocket frame end that listener alone', async () => {
    const on = await stage();
    await signInAs(on.world);
    const other = await listenerOf(on);
    const noise = await silentListener(on);
    noise.resume();
    noise.write('GET /user HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(noise, 'close');
    await rename(on.world, 'Ada King');
    expect(nameIn(await other.frame(1))).toBe('Ada King');
  });
});

describe('a listener that is gone without a word', () => {
  test('is let go after two pings; one that answers them stays', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const on = await stage();
    await signInAs(on.world);
    await silentListener(on);
    const alive = await listenerOf(on);
    const [goneEnd, aliveEnd] = on.sockets;
    const letGo = new Promise((resolve) => goneEnd?.once('close', resolve));
    for (let round = 0; round < 3; round += 1) {
      const pinged = once(alive.socket, 'ping');
      vi.advanceTimersByTime(30_000);
      await pinged;
      // Its pong has arrived when the answer to a later ping has.
      await there(alive);
      if (round === 0) expect(goneEnd?.destroyed).toBe(false);
    }
    await letGo;
    expect(aliveEnd?.destroyed).toBe(false);
    await rename(on.world, 'Ada King');
    expect(nameIn(await alive.frame(1))).toBe('Ada King');
  });
});

describe('how many', () => {
  test('1,000 listeners are taken, and one more when another has gone: what a process may open is left for the rest [L6]', async () => {
    const on = await stage();
    const path = '/.well-known/stream/health';
    const open = async () => {
      const listener = new Listener(on, {}, [], path);
      await listener.frame(0);
      return listener;
    };
    const listeners: Listener[] = [];
    while (listeners.length < 1_000) listeners.push(...(await Promise.all(Array.from({ length: 50 }, open))));
    for (const one of [path, '/user/stream']) {
      const { status, answer } = await refusal(on.listening.port, handshake(on.listening.port, {}, one));
      expect(status).toBe(429);
      expect(answer).toMatchObject({ error: 'rate_limited' });
    }
    const [first] = listeners;
    const [serverEnd] = on.sockets;
    const gone = serverEnd && once(serverEnd, 'close');
    first?.socket.close();
    await gone;
    await open();
  });
});

describe('/.well-known/stream/health', () => {
  const path = '/.well-known/stream/health';

  test('is a frame `ok` at once, also before the stored session was read, and nothing more [W11]', async () => {
    const { opened, open } = latch();
    const vault = new TestVault();
    const load = vault.load.bind(vault);
    vault.load = () => opened.then(load);
    const on = await stage({ vault, ready: false });
    const listener = new Listener(on, {}, [], path);
    expect(await listener.frame(0)).toBe('ok');
    open();
    await signInAs(on.world);
    await there(listener);
    expect(listener.frames).toEqual(['ok']);
  });

  test('one that is gone without a word is let go after two pings; one that answers them stays', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const on = await stage();
    await silentListener(on, path);
    const alive = new Listener(on, {}, [], path);
    await alive.frame(0);
    const [goneEnd, aliveEnd] = on.sockets;
    const letGo = new Promise((resolve) => goneEnd?.once('close', resolve));
    for (let round = 0; round < 3; round += 1) {
      const pinged = once(alive.socket, 'ping');
      vi.advanceTimersByTime(30_000);
      await pinged;
      await there(alive);
    }
    await letGo;
    expect(aliveEnd?.destroyed).toBe(false);
    expect(alive.frames).toEqual(['ok']);
  });

  test('needs no consent; another user’s program is refused [C10, L5]', async () => {
    const editor = buildProgram({ path: '/usr/bin/editor', kind: 'program', name: 'editor', process: '1@1' });
    const gate = testGate('listed', { clock: new FakeClock() });
    const allowed = await stage({ gate, find: async () => callerWith(async () => editor) });
    expect(await new Listener(allowed, {}, [], path).frame(0)).toBe('ok');
    const refusing = await stage({ find: async () => undefined });
    expect(await refusal(refusing.listening.port, handshake(refusing.listening.port, {}, path))).toMatchObject({
      status: 403,
      answer: { error: 'forbidden_origin' },
    });
  });

  test('a page of another site, and a malformed handshake, are refused with JSON [L2, L7]', async () => {
    const { listening } = await stage();
    const asked = (changes: Record<string, string>) =>
      refusal(listening.port, handshake(listening.port, changes, path));
    expect(await asked({ Origin: 'https://evil.example' })).toMatchObject({ status: 403 });
    const { status, answer } = await asked({ 'Sec-WebSocket-Key': 'short' });
    expect([status, answer]).toEqual([
      400,
      { error: 'invalid_request', error_description: expect.stringContaining('or ask GET /.well-known/health') },
    ]);
  });

  test('at the end it gets 1001 (going away) [L11]', async () => {
    const on = await stage();
    const listener = new Listener(on, {}, [], path);
    await listener.frame(0);
    const closed = listener.closed();
    await on.close();
    expect(await closed).toBe(1001);
  });
});

describe('who may listen', () => {
  test.for<[string, number, string, Record<string, string | undefined>, string?]>([
    ['a foreign Origin', 403, 'forbidden_origin', { Origin: 'https://evil.example' }],
    ['the Origin null', 403, 'forbidden_origin', { Origin: 'null' }],
    [
      'a page of another site',
      403,
      'forbidden_origin',
      { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'websocket' },
    ],
    [
      'a page of a sister site',
      403,
      'forbidden_origin',
      { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'websocket' },
    ],
    ['a wrong Host', 403, 'forbidden_origin', { Host: 'evil.example' }],
    ['no Host', 400, 'invalid_request', { Host: undefined }],
    ['another path', 404, 'not_found', {}, '/user'],
    ['a path that is not there', 404, 'not_found', {}, '/user/stream/'],
    ['a wrong key', 400, 'invalid_request', { 'Sec-WebSocket-Key': 'short' }],
    ['a version that is not spoken', 400, 'invalid_request', { 'Sec-WebSocket-Version': '7' }],
  ])(
    '%s is refused with JSON, and the connection ends [L1, L2, L3, L7]',
    async ([_what, status, error, headers, path]) => {
      const { listening } = await stage();
      const refused = await refusal(listening.port, handshake(listening.port, headers, path));
      expect(refused).toEqual({ status, answer: { error, error_description: expect.stringMatching(/[\w)]\. \w/) } });
    },
  );

  test.for<[string, () => Promise<undefined>]>([
    ['a program of another user', async () => undefined],
    ['one whose owner could not be looked up', () => Promise.reject(new Error('no table'))],
  ])('%s is refused [L5]', async ([_who, find]) => {
    const { listening } = await stage({ find });
    expect(await refusal(listening.port, handshake(listening.port))).toMatchObject({
      status: 403,
      answer: { error: 'forbidden_origin' },
    });
  });

  test('a page of a listed origin may, as a browser asks [L3c]', async () => {
    const on = await stage();
    const listener = await listenerOf(on, {
      Origin: listed,
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'websocket',
      'Sec-Fetch-Dest': 'websocket',
    });
    expect(listener.frames).toEqual(['']);
  });

  test('with a query, and with a subprotocol that is not spoken, a program may too', async () => {
    const on = await stage();
    const address = `ws://localhost:${on.listening.port}/user/stream?application=1`;
    const socket = new WebSocket(address, { family: 4 });
    const [first]: Buffer[] = await once(socket, 'message');
    expect(String(first)).toBe('');
  });
});

describe('a listener whose program is not allowed [C10]', () => {
  const program = (name: string, kind: ProgramKind = 'program') =>
    buildProgram({ path: `/usr/bin/${name}`, kind, name, process: '1@1' });
  const [editor, viewer, browser] = [program('editor'), program('viewer'), program('chromium', 'browser')];

  /** Somebody is signed in; the callers are these programs, in the order in which they connect. */
  async function asked(mode: GuardMode, callers: Program[], origins: string[] = []) {
    const clock = new FakeClock();
    const gate = testGate(mode, { clock }, origins);
    const find = async () => {
      const next = callers.shift();
      return next && callerWith(async () => next);
    };
    const on = await stage({ clock, gate, find });
    await signInAs(on.world);
    /** The program asks for something, and the person answers. */
    const decide = async (about: Program, answer: ConsentAnswer) => {
      const required = gate.require({ caller: callerWith(async () => about) }, 'tokens').catch(() => undefined);
      await vi.waitFor(() => expect(gate.questions).toHaveLength(1));
      gate.answer(gate.questions[0]?.id ?? '', answer);
      await required;
    };
    return { on, gate, clock, decide };
  }

  const errorOf = (frame: string): unknown => (JSON.parse(frame) as { error?: unknown }).error;

  test('gets “signed out”, never asks the person, and hears of no change', async () => {
    const { on, gate } = await asked('ask', [editor, editor]);
    const [plain, why] = [await listenerOf(on), await listenerOf(on, {}, [reasonsProtocol])];
    for (const name of ['Ada King', 'Ada Byron']) await rename(on.world, name);
    await on.world.broker.signOut();
    await Promise.all([there(plain), there(why)]);
    expect(plain.frames).toEqual(['']);
    expect(why.frames.map(errorOf)).toEqual(['consent_denied']);
    expect(why.frames[0]).not.toContain('Ada');
    expect(gate.questions).toEqual([]);
  });

  test('gets the profile by itself with Allow, and the empty frame with Deny and Remove; another program nothing', async () => {
    const { on, gate, decide } = await asked('ask', [editor, editor, viewer]);
    const [plain, why] = [await listenerOf(on), await listenerOf(on, {}, [reasonsProtocol])];
    const other = await listenerOf(on);
    await decide(editor, 'allow');
    gate.deny(editor.id);
    await Promise.all([plain.frame(2), why.frame(2)]);
    gate.allow(editor.id);
    await Promise.all([plain.frame(3), why.frame(3)]);
    gate.remove(editor.id);
    await Promise.all([plain.frame(4), why.frame(4)]);
    expect(plain.frames.map((frame) => frame && nameIn(frame))).toEqual(['', 'Ada Lovelace', '', 'Ada Lovelace', '']);
    expect(why.frames.map((frame) => errorOf(frame) ?? nameIn(frame))).toEqual([
      'consent_denied',
      'Ada Lovelace',
      'consent_denied',
      'Ada Lovelace',
      'consent_denied',
    ]);
    await there(other);
    expect(other.frames).toEqual(['']);
  });

  test('with Allow once it gets frames for an hour, by itself', async () => {
    const { on, clock, decide } = await asked('ask', [editor]);
    const listener = await listenerOf(on);
    await decide(editor, 'once');
    expect(nameIn(await listener.frame(1))).toBe('Ada Lovelace');
    clock.advance(60 * 60_000);
    for (let index = 2; (await listener.frame(index)) !== ''; ) index += 1;
  });

  test('holds at most 100, on both streams together; others get in beside it, and so does it once it is allowed [L6]', async () => {
    const { on, decide } = await asked('ask', [
      ...Array.from({ length: 101 }, () => editor),
      ...Array.from({ length: 401 }, (_, index) => program(`other${Math.floor(index / 100)}`)),
      ...[editor, viewer, editor],
    ]);
    const open = async (index: number) => {
      const listener = new Listener(on, {}, [], index % 2 === 0 ? '/user/stream' : '/.well-known/stream/health');
      await listener.frame(0);
      return listener;
    };
    const take = async (count: number) => {
      for (let index = 0; index < count; index += 50) {
        await Promise.all(Array.from({ length: 50 }, (_, next) => open(index + next)));
      }
    };
    const isRefused = async (words: string) => {
      const { status, answer } = await refusal(on.listening.port, handshake(on.listening.port));
      expect(status).toBe(429);
      expect(answer).toMatchObject({ error: 'rate_limited', error_description: expect.stringContaining(words) });
    };
    await take(100);
    await isRefused('This program has 100 WebSockets open');
    await take(400);
    await isRefused('500 WebSockets are open');
    await decide(editor, 'allow');
    await open(0);
    await isRefused('500 WebSockets are open');
    await open(1);
  }, 60_000);

  test('signed out and allowed, the reason is “not signed in”', async () => {
    const { on, decide } = await asked('ask', [editor]);
    const why = await listenerOf(on, {}, [reasonsProtocol]);
    await on.world.broker.signOut();
    await decide(editor, 'allow');
    expect(errorOf(await why.frame(1))).toBe('not_signed_in');
  });

  test('who uses what is no news: a decision alone is', async () => {
    const { on, gate, decide } = await asked('ask', [editor]);
    const listener = await listenerOf(on);
    await decide(editor, 'allow');
    await listener.frame(1);
    await gate.require({ caller: callerWith(async () => editor) }, 'profile');
    await decide(viewer, 'deny');
    await there(listener);
    expect(listener.frames).toHaveLength(2);
  });

  test.for<GuardMode>(['ask', 'same-user', 'listed'])(
    'a browser without a listed origin is never told, with the guard %s [C5]',
    async (mode) => {
      const { on } = await asked(mode, [browser]);
      const listener = await listenerOf(on);
      await rename(on.world, 'Ada King');
      await there(listener);
      expect(listener.frames).toEqual(['']);
    },
  );

  test('a page of an origin gets frames for as long as the origin is listed; what the settings list stays [L2]', async () => {
    const { on, gate } = await asked('ask', [browser, browser], [listed]);
    gate.refusedOrigin('app://notes');
    gate.allowOrigin('app://notes');
    const fixed = await listenerOf(on, { Origin: listed });
    const allowed = await listenerOf(on, { Origin: 'app://notes' });
    expect([fixed, allowed].map(({ frames }) => nameIn(frames[0] ?? ''))).toEqual(['Ada Lovelace', 'Ada Lovelace']);
    gate.removeOrigin('app://notes');
    expect(await allowed.frame(1)).toBe('');
    await rename(on.world, 'Ada King');
    expect(nameIn(await fixed.frame(1))).toBe('Ada King');
    await there(allowed);
    expect(allowed.frames).toHaveLength(2);
  });
});

describe('at the end [L11]', () => {
  test('every listener gets 1001 (going away), and nothing is left open', async () => {
    const on = await stage();
    const listeners = await Promise.all(Array.from({ length: 20 }, () => listenerOf(on)));
    const codes = listeners.map((listener) => listener.closed());
    await on.close();
    expect(await Promise.all(codes)).toEqual(listeners.map(() => 1001));
    expect(on.sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });

  test('one that does not read does not hold it up', async () => {
    const on = await stage();
    await silentListener(on);
    const reader = await listenerOf(on);
    const code = reader.closed();
    await on.close();
    expect(await code).toBe(1001);
    expect(on.sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });

  test.each([
    ['while another one that does not read is waited for', 2],
    ['', 1],
  ])(
    'one that is still being looked up is not let in, and does not hold it up, %s',
    { timeout: 10_000 },
    async (_when, late) => {
      const [asked, answer] = [latch(), latch()];
      let looked = 0;
      const find = async () => {
        looked += 1;
        if (looked === late) {
          asked.open();
          await answer.opened;
        }
        return callerWith(async () => undefined);
      };
      const on = await stage({ find });
      if (late === 2) await silentListener(on);
      const socket = connect(on.listening.port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', () => undefined);
      const closed = once(socket, 'close');
      socket.write(handshake(on.listening.port));
      await asked.opened;
      const closing = on.close();
      answer.open();
      await Promise.all([closing, closed]);
      expect(Buffer.concat(chunks).toString()).not.toContain(' 101 ');
      expect(on.sockets.every(({ destroyed }) => destroyed)).toBe(true);
    },
  );
});
