import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import { connect, createServer, Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it, type TestContext, vi } from 'vitest';
import { inEnglish, message, verbatim } from '../../preload/texts/messages.ts';
import { defaultPorts } from '../protocol/protocol.ts';
import type { ConnectionLimits } from './connections.ts';
import { type Listening, type ListenOptions, listen } from './listen.ts';
import { ListenError, OwnLoopgateError } from './listenErrors.ts';
import { type PortWorld, reasonsOf } from './refusedPorts.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const answering: Pick<ListenOptions, 'handler'> = {
  handler: (_request, response) => void response.end('hello'),
};

async function listening(options: Partial<ListenOptions>): Promise<Listening> {
  const started = await listen({ ...answering, ...options });
  closers.push(() => started.close());
  return started;
}

/** Another program on a port; 0 takes any. Undefined where this machine cannot. */
async function occupy(host: string, port = 0): Promise<number | undefined> {
  const server: Server = createServer((socket) => socket.destroy());
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  server.listen(port, host);
  const failed = await Promise.race([
    once(server, 'listening').then(() => false),
    once(server, 'error').then(() => true),
  ]);
  const address = server.address();
  return failed || typeof address !== 'object' ? undefined : address?.port;
}

/** Sends bytes and gives all that comes until the other side closes. */
async function exchange(port: number, bytes: string, host = '127.0.0.1'): Promise<string> {
  const socket = connect(port, host);
  socket.write(bytes);
  return await text(socket);
}

/** Another program may have the same port at that address, and answer: whoever connects there must not come to us. */
async function expectUnreachedAt(host: string): Promise<void> {
  const reached: Socket[] = [];
  const { port } = await listening({ port: 0, onConnection: (socket) => reached.push(socket) });
  await exchange(port, hello, host).catch(() => undefined);
  expect(reached).toEqual([]);
  expect(await exchange(port, hello)).toContain('hello');
  expect(reached).toHaveLength(1);
}

/** What is said of a port that this very process has. */
const takenHere = (port: number) => new RegExp(`Port ${port} is taken by [^.]*node.* \\(process ${process.pid}\\)\\.`);

/** The system refuses these addresses. */
function refuseOn(hosts: readonly string[]): void {
  const listenOf = Server.prototype.listen as (...given: unknown[]) => Server;
  const spy = vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...given: unknown[]) {
    const [options] = given as [{ host?: string }];
    if (options.host === undefined || !hosts.includes(options.host)) return listenOf.apply(this, given);
    process.nextTick(() => this.emit('error', Object.assign(new Error('refused'), { code: 'EACCES' })));
    return this;
  } as typeof Server.prototype.listen);
  closers.push(async () => spy.mockRestore());
}

const hello = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

async function hasIpv6(context: TestContext): Promise<void> {
  if ((await occupy('::1')) === undefined) context.skip('this machine has no ::1');
}

describe('where it listens [R8]', () => {
  it('on 127.0.0.1 and ::1, with the same port', async (context) => {
    await hasIpv6(context);
    const { port, refused } = await listening({ port: 0 });
    expect(port).toBeGreaterThan(0);
    expect(refused).toEqual([]);
    for (const host of ['127.0.0.1', '::1']) expect(await exchange(port, hello, host)).toMatch(/hello$/);
  });

  it.for<[string, string]>([
    ['127.0.0.1', '::1'],
    ['::1', '127.0.0.1'],
  ])('both families or neither: with %s taken, nothing listens on %s', async ([taken, other], context) => {
    await hasIpv6(context);
    const port = await occupy(taken);
    await expect(listen({ ...answering, port: port ?? -1 })).rejects.toThrow(ListenError);
    await expect(exchange(port ?? -1, hello, other)).rejects.toThrow('ECONNREFUSED');
  });

  it('not on any other address of loopback', async (context) => {
    if ((await occupy('127.0.0.2')) === undefined) return context.skip('this machine has no 127.0.0.2');
    await expectUnreachedAt('127.0.0.2');
  });

  it('not on an address that other machines reach', async (context) => {
    const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const outer = addresses.find(({ internal, family }) => !internal && family === 'IPv4');
    if (!outer) return context.skip('this machine has no address but loopback');
    await expectUnreachedAt(outer.address);
  });

  it('the first port that is free is taken, and each refusal says why [L9]', async () => {
    const taken = (await occupy('127.0.0.1')) ?? -1;
    const { port, refused } = await listening({ ports: [taken, 0] });
    expect(port).not.toBe(taken);
    expect(refused.map(({ port, reason }) => ({ port, reason: inEnglish(reason) }))).toEqual([
      { port: taken, reason: expect.stringMatching(takenHere(taken)) },
    ]);
  });

  it('a port that was set is the only one tried [L9]', async () => {
    const taken = (await occupy('127.0.0.1')) ?? -1;
    const failure = listen({ ...answering, port: taken, ports: [0] });
    await expect(failure).rejects.toThrow(new RegExp(`${takenHere(taken).source} LOOPGATE_PORT or "port" was set`));
  });

  it('when no port is free, the message names them all [L9]', async () => {
    const taken = [await occupy('127.0.0.1'), await occupy('127.0.0.1')].map((port) => port ?? -1);
    const failure = listen({ ...answering, ports: taken });
    await expect(failure).rejects.toThrow(ListenError);
    await expect(failure).rejects.toThrow(new RegExp(taken.map((port) => takenHere(port).source).join(' ')));
  });

  it('a port of another Loopgate of this user ends the search, whatever ports come after it [L9]', async () => {
    const taken = (await occupy('127.0.0.1')) ?? -1;
    const owner = { isOwnUser: true, pid: 4711, name: 'Loopgate', isLoopgate: true };
    const failure = listen({ ...answering, ports: [taken, 0], world: { portOwner: async () => owner } });
    await expect(failure).rejects.toThrow(OwnLoopgateError);
    await expect(failure).rejects.toThrow(`Loopgate already runs (process 4711) and serves port ${taken}.`);
  });

  it('the ports of Pieces OS are passed over where it is, and said once [L9]', async () => {
    const world = { piecesOs: async () => message('piecesInstalled', { path: '/there' }) };
    const { refused } = await listening({ ports: [39310, 39311, 0], world });
    expect(refused.map(({ port }) => port)).toEqual([39310, 39311]);
    expect(reasonsOf(refused).map(inEnglish)).toEqual([
      'The ports from 39300 on are left to Pieces OS: Pieces OS is installed (/there).',
    ]);
  });

  // Doubles: the refusals of the other systems, which cannot be had here.
  it.each<[NodeJS.Platform, Partial<PortWorld>, RegExp]>([
    ['win32', { excludedRange: async () => ({ first: 980, last: 1079 }) }, /reserved by Windows, with 980–1079.*netsh/],
    ['win32', { portOwner: async () => undefined }, /Port 1000 is taken by another program\./],
    ['linux', {}, /privileged on this system: .*sysctl -w net\.ipv4\.ip_unprivileged_port_start=1000.* Or so\./],
  ])('a forbidden port has the remedy of its system (%s) [L9]', async (platform, world, words) => {
    refuseOn(['127.0.0.1', '::1', '0.0.0.0', '::']);
    const nowhere = { portOwner: async () => undefined, excludedRange: async () => undefined, ...world };
    const failure = listen({ ...answering, port: 1000, platform, remedy: verbatim('Or so.'), world: nowhere });
    await expect(failure).rejects.toThrow(words);
  });

  it('the published clients’ ports, in their order [W11]', () => {
    expect(defaultPorts.slice(0, 3)).toEqual([1000, 5323, 39300]);
    expect(defaultPorts.every((port) => port <= 5323 || (port >= 39300 && port <= 39333))).toBe(true);
  });
});

describe('macOS, which gives a privileged port on the wildcard address only [R8]', () => {
  // A double: macOS's refusal of the two addresses. All else is real.
  it('it is taken there, both ends on loopback are served, and all others are ended unread', async (context) => {
    await hasIpv6(context);
    refuseOn(['127.0.0.1', '::1']);
    const asked: (string | undefined)[] = [];
    const { port } = await listening({
      port: 0,
      platform: 'darwin',
      handler: ({ url }, response) => {
        asked.push(url);
        response.end('hello');
      },
    });
    for (const host of ['127.0.0.1', '::1']) expect(await exchange(port, hello, host)).toMatch(/hello$/);
    const outer = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => address);
    // 127.0.0.2 stands for every address that is not ours alone; where there is another one, that too.
    for (const host of ['127.0.0.2', ...outer]) {
      await expect(exchange(port, 'GET /evil HTTP/1.1\r\n\r\n', host).catch(() => '')).resolves.toBe('');
    }
    expect(asked).toEqual(['/', '/']);
  });

  it('on no other system is the wildcard taken', async () => {
    refuseOn(['127.0.0.1', '::1']);
    await expect(listen({ ...answering, port: 0, platform: 'linux' })).rejects.toThrow('privileged');
  });
});

describe('quit [L11]', () => {
  it('close ends every socket: kept alive, silent, half a request, waiting for its answer', async () => {
    const events = new EventEmitter();
    const started = await listening({
      port: 0,
      handler: ({ url }, response) => {
        if (url === '/answered') response.end();
        else events.emit('waiting');
      },
    });
    const waiting = once(events, 'waiting');
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const sockets = [request('/answered'), '', 'GET / HT', request('/waits')].map((bytes) => {
      const socket = connect(started.port, '127.0.0.1').on('error', () => undefined);
      socket.write(bytes);
      return socket;
    });
    await Promise.all([waiting, ...sockets.slice(0, 1).map((socket) => once(socket, 'data'))]);
    const closed = Promise.all(sockets.map((socket) => once(socket.resume(), 'close')));
    await started.close();
    await closed;
    await expect(exchange(started.port, hello)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('what never reaches the handler [L6, L7]', () => {
  const filler = (size: number) =>
    `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Filler: ${'a'.repeat(size)}\r\n\r\n`;

  it.each<[string, string, string]>([
    ['no HTTP', 'hello\r\n\r\n', '400 Bad Request'],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: x\r\n evil\r\n\r\n', '400 Bad Request'],
    ['a space before the colon', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', '400 Bad Request'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', '400 Bad Request'],
    [
      'a length beside chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      '400 Bad Request',
    ],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400 Bad Request'],
    ['TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001', '400 Bad Request'],
    ['headers of 17 KiB', filler(17 * 1024), '431 Request Header Fields Too Large'],
    [
      'an address of 17 KiB',
      `GET /${'a'.repeat(17 * 1024)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      '431 Request Header Fields Too Large',
    ],
  ])('%s is answered with the one JSON error, and the connection ends', async (_name, bytes, status) => {
    const requests: string[] = [];
    const { port } = await listening({ port: 0, handler: ({ url }) => void requests.push(url ?? '') });
    const [head = '', body = ''] = (await exchange(port, bytes)).split('\r\n\r\n');
    expect(head.split('\r\n')[0]).toBe(`HTTP/1.1 ${status}`);
    expect(head).toMatch(/^Content-Type: application\/json/m);
    expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
    expect(JSON.parse(body)).toEqual({ error: 'invalid_request', error_description: expect.stringMatching(/\w/) });
    expect(requests).toEqual([]);
  });

  it('CONNECT is no request in origin form: 400 [L1]', async () => {
    const { port } = await listening({ port: 0 });
    expect(await exchange(port, 'CONNECT localhost:1 HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('headers of 9 KiB are no reason to refuse: cookies of other programs on localhost come along', async () => {
    const { port } = await listening({ port: 0 });
    expect(await exchange(port, filler(9 * 1024))).toMatch(/hello$/);
  });

  it('a missing Host reaches the handler, whose guard answers it [L1]', async () => {
    const { port } = await listening({ port: 0 });
    expect(await exchange(port, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(/hello$/);
  });

  it('a body that is no chunk ends the connection, though the handler waits for the body', async () => {
    const { port } = await listening({ port: 0, handler: (request) => void request.resume() });
    const bytes = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n';
    expect(await exchange(port, bytes)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('a request that was answered before its body went wrong gets one answer', async () => {
    const { port } = await listening({ port: 0 });
    const answer = await exchange(
      port,
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nnone\r\n',
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
  });

  it('what was asked before is answered whole and first, also when a second request has gone wrong', async () => {
    const events = new EventEmitter();
    const { port } = await listening({
      port: 0,
      handler: (request, response) => {
        if (request.url === '/waits') events.once('second', () => response.end('hello'));
        else events.emit('second');
      },
    });
    const first = 'GET /waits HTTP/1.1\r\nHost: x\r\n\r\n';
    const second = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n';
    const received = await exchange(port, first + second);
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  });

  it('the handler sees every header that fits, also the two thousandth [L1]', async () => {
    const seen: string[] = [];
    const { port } = await listening({
      port: 0,
      handler: ({ rawHeaders }, response) => {
        seen.push(...rawHeaders.slice(-2));
        response.end();
      },
    });
    const filler = 'x: y\r\n'.repeat(2000);
    await exchange(port, `GET / HTTP/1.1\r\nConnection: close\r\n${filler}Origin: evil\r\n\r\n`);
    expect(seen).toEqual(['Origin', 'evil']);
  });

  it('a pooled connection is kept for 65 s', async () => {
    const { port } = await listening({ port: 0 });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer]: Buffer[] = await once(socket, 'data');
    socket.destroy();
    expect(answer?.toString()).toMatch(/^Keep-Alive: timeout=65\r$/m);
  });
});

describe('connections that ask nothing [L6]', () => {
  const patient = { headers: 600_000, request: 600_000, keepAlive: 600_000, unread: 600_000, checking: 20 };
  const kept = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

  /** A connection whose caller never closes their side; `over` resolves with all that came. */
  function unclosed(port: number, bytes: string) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => undefined);
    closers.push(async () => void socket.destroy());
    socket.write(bytes);
    // Not by `text`, which closes this side too.
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
    });
    const over = new Promise<string>((resolve) => {
      for (const event of ['end', 'error']) socket.once(event, () => resolve(received));
    });
    return { socket, over };
  }

  const connectionsOf = (held: Set<Socket>) => expect.poll(() => held.size, { timeout: 10_000 });

  /** Every connection of the server that is open. */
  function heldConnections(): Set<Socket> {
    const held = new Set<Socket>();
    const seen = (message: unknown) => {
      const { socket } = message as { socket: Socket };
      held.add(socket);
      socket.once('close', () => held.delete(socket));
    };
    subscribe('net.server.socket', seen);
    closers.push(async () => void unsubscribe('net.server.socket', seen));
    return held;
  }

  it.for<[string, string, string, Partial<ConnectionLimits>]>([
    ['silent', '', '408', { headers: 50 }],
    ['blank lines', '\r\n\r\n', '408', { headers: 50 }],
    ['half a header', 'GET / HTTP/1.1\r\nHo', '408', { headers: 50 }],
    ['half a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab', '408', { headers: 50, request: 60 }],
    [
      'half a chunk',
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab',
      '408',
      { headers: 50, request: 60 },
    ],
    ['no HTTP', 'hello\r\n\r\n', '400', {}],
    ['CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', '400', {}],
    ['kept alive', kept, '200', { keepAlive: 50 }],
  ])('%s is let go, though the caller never closes their side', async ([, bytes, status, limits]) => {
    const held = heldConnections();
    const { port } = await listening({
      port: 0,
      limits: { ...patient, ...limits },
      handler: (request, response) => void request.resume().on('end', () => response.end()),
    });
    const { over } = unclosed(port, bytes);
    expect(await over).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    await connectionsOf(held).toBe(0);
  });

  it('an unread answer is not kept forever', async () => {
    const held = heldConnections();
    const events = new EventEmitter();
    const { port } = await listening({
      port: 0,
      limits: { ...patient, unread: 100 },
      handler: (_request, response) => {
        response.end(Buffer.alloc(64 * 1024 * 1024));
        events.emit('answered');
      },
    });
    const answered = once(events, 'answered');
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    closers.push(async () => void socket.destroy());
    socket.pause().write(kept);
    await answered;
    await connectionsOf(held).toBe(0);
  });

  it.for<[string, string]>([
    ['', ''],
    [', each with an Expect header', 'Expect: 100-continue\r\n'],
  ])(
    'a connection with more than a hundred requests and no answer is cut%s; a hundred are answered',
    async ([, header]) => {
      const begun: (() => void)[] = [];
      const { port } = await listening({
        port: 0,
        handler: (request, response) => {
          if (request.headers.expect) response.writeContinue();
          begun.push(() => response.end('hello'));
        },
      });
      const one = `GET / HTTP/1.1\r\nHost: x\r\n${header}`;
      const hundred = exchange(port, `${`${one}\r\n`.repeat(99)}${one}Connection: close\r\n\r\n`);
      await expect.poll(() => begun.length).toBe(100);
      const { over } = unclosed(port, `${one}\r\n`.repeat(5_000));
      expect(await over).not.toContain('hello');
      // What the parser had read of the rest begins no work.
      expect(begun).toHaveLength(200);
      for (const answer of begun) answer();
      expect((await hundred).match(/hello/g)).toHaveLength(100);
    },
  );

  it('an answer that is still being made waits as long as it takes', async () => {
    const events = new EventEmitter();
    const { port } = await listening({
      port: 0,
      limits: { ...patient, headers: 50, request: 50, keepAlive: 50, unread: 50 },
      handler: ({ url }, response) => {
        if (url === '/waits') events.once('answer', () => response.end('hello'));
        else response.end();
      },
    });
    const waiting = exchange(port, 'GET /waits HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    // Two that came later have run into both limits: so has the one that waits.
    await unclosed(port, '').over;
    await unclosed(port, kept).over;
    await unclosed(port, '').over;
    events.emit('answer');
    expect(await waiting).toMatch(/hello$/);
  });

  it('when there are too many, the idlest connection gives way, but none that waits for an answer', async () => {
    const events = new EventEmitter();
    const { port } = await listening({
      port: 0,
      limits: { ...patient, connections: 4 },
      handler: ({ url }, response) => {
        if (url !== '/waits') return void response.end('hello');
        events.once('answer', () => response.end('hello'));
        events.emit('waiting');
      },
    });
    const arrived = once(events, 'waiting');
    const waiting = exchange(port, 'GET /waits HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await arrived;
    const gone: number[] = [];
    for (let number = 0; number < 20; number += 1) {
      const { socket, over } = unclosed(port, '');
      void over.then(() => gone.push(number));
      await once(socket, 'connect');
    }
    expect(await exchange(port, hello)).toMatch(/hello$/);
    await expect.poll(() => gone.length).toBeGreaterThanOrEqual(17);
    expect(gone).toEqual([...gone.keys()]);
    expect(gone).not.toContain(19);
    events.emit('answer');
    expect(await waiting).toMatch(/hello$/);
  });

  it('a connection that asks for a WebSocket counts until it is one', async () => {
    const opening: (() => void)[] = [];
    const { port } = await listening({
      port: 0,
      limits: { ...patient, connections: 4 },
      onUpgrade: (_request, socket) => {
        closers.push(async () => void socket.destroy());
        return new Promise((resolve) => void opening.push(resolve));
      },
    });
    const handshake = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    const gone: number[] = [];
    const open = async (number: number) => {
      void unclosed(port, handshake).over.then(() => gone.push(number));
      await expect.poll(() => opening.length).toBe(number + 1);
    };
    for (let number = 0; number < 5; number += 1) await open(number);
    await expect.poll(() => gone).toEqual([0]);
    // Those that are open now leave their places to others.
    for (const open of opening) open();
    await setImmediate();
    for (let number = 5; number < 9; number += 1) await open(number);
    expect(gone).toEqual([0]);
  });

  it('close does not wait for callers who never close their side [L11]', async () => {
    const started = await listening({ port: 0, limits: patient });
    for (const bytes of ['hello\r\n\r\n', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n'])
      await unclosed(started.port, bytes).over;
    await started.close();
    await expect(exchange(started.port, hello)).rejects.toThrow('ECONNREFUSED');
  });
});
