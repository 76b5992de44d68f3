import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  answerTo,
  type BusProgram,
  booleanValue,
  busMessage,
  joinBus,
  numberValue,
  type PrivateBus,
  padded,
  startBusDouble,
  startPrivateBus,
  textValue,
  whyNoBus,
} from '../../testing/privateBus.ts';
import { UnusableBus } from './dbusMessages.ts';
import { busValue } from './dbusValues.ts';
import { deferred } from './deferred.ts';
import { type BusSignal, hasSessionBus, SessionBus } from './sessionBus.ts';

/** Long enough that only what is broken reaches it; in milliseconds. */
const timeout = 15_000;
async function openBus(environment: NodeJS.ProcessEnv, answerTimeout = timeout): Promise<SessionBus> {
  const bus = await SessionBus.open(environment, answerTimeout);
  onTestFinished(() => bus.close());
  return bus;
}

const daemon = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  target: 'org.freedesktop.DBus',
} as const;
const test = { destination: 'org.example.Test', path: '/test', target: 'org.example.Test', member: 'Try' } as const;

describe.skipIf((await whyNoBus()) !== undefined)('over a real bus', () => {
  async function privateBus(listen?: string): Promise<PrivateBus> {
    const bus = await startPrivateBus(listen === undefined ? {} : { listen });
    onTestFinished(() => bus.stop());
    return bus;
  }
  async function program(bus: PrivateBus, answer: Parameters<typeof joinBus>[1]): Promise<BusProgram> {
    const joined = await joinBus(bus, answer);
    onTestFinished(() => joined.leave());
    await joined.own(test.destination);
    return joined;
  }

  it('asks the bus itself, and an error is thrown by its name', async () => {
    const bus = await openBus((await privateBus()).environment);
    const ask = (name: string) => bus.call({ ...daemon, member: 'GetNameOwner', values: [name], answer: 's' });
    expect((await ask('org.freedesktop.DBus')).text()).toBe('org.freedesktop.DBus');
    await expect(ask('org.example.Missing')).rejects.toThrow('org.freedesktop.DBus.Error.NameHasNoOwner');
    await expect(bus.call(test)).rejects.toThrow('org.freedesktop.DBus.Error.ServiceUnknown');
  });

  it('texts of every length and lists arrive as they were, there and back', async () => {
    const real = await privateBus();
    const heard: string[] = [];
    await program(real, ({ values, member }) => {
      const texts = member === 'List' ? values.texts() : [values.text(), values.text()];
      heard.push(...texts);
      const all = texts.reduce((bytes, one) => Buffer.concat([padded(bytes, 4), textValue(one)]), Buffer.alloc(0));
      return member === 'List' ? ['ao', Buffer.concat([numberValue(all.length), all])] : ['ss', all];
    });
    const bus = await openBus(real.environment);
    for (const one of ['', 'a', 'ab', 'abc', 'abcd', 'Schlüssel', '鍵']) {
      const answer = await bus.call({ ...test, values: [one, 'end'], answer: 'ss' });
      expect([answer.text(), answer.text()]).toEqual([one, 'end']);
    }
    const paths = ['/', '/a', '/ab', '/abc', '/abcd'];
    expect((await bus.call({ ...test, member: 'List', values: [paths], answer: 'ao' })).texts()).toEqual(paths);
    expect((await bus.call({ ...test, member: 'List', values: [[]], answer: 'ao' })).texts()).toEqual([]);
    expect(heard.slice(-5)).toEqual(paths);
  });

  it('many questions at once: each gets its own answer', async () => {
    const real = await privateBus();
    const waiting: (() => void)[] = [];
    // In the reverse order.
    await program(real, async ({ values }) => {
      const text = values.text();
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (waiting.length === 5) for (const answer of waiting.reverse()) answer();
      });
      return ['s', textValue(text)];
    });
    const bus = await openBus(real.environment);
    const all = ['0', '1', '2', '3', '4'];
    const answers = await Promise.all(all.map((one) => bus.call({ ...test, values: [one], answer: 's' })));
    expect(answers.map((answer) => answer.text())).toEqual(all);
  });

  it('an answer of other types is an error', async () => {
    const real = await privateBus();
    await program(real, () => ['s', textValue('/a')]);
    const bus = await openBus(real.environment);
    await expect(bus.call({ ...test, answer: 'o' })).rejects.toThrow('the answer is of the types "s"');
  });

  it('who does not answer in time is given up, and its late answer is taken for no other', async () => {
    const real = await privateBus();
    const late = deferred();
    await program(real, async ({ member }) => {
      if (member === 'Late') await late.promise;
      return ['s', textValue(member)];
    });
    const bus = await openBus(real.environment, 300);
    await expect(bus.call({ ...test, member: 'Late', answer: 's' })).rejects.toThrow(
      'nothing on the session bus answers',
    );
    late.resolve();
    expect((await bus.call({ ...test, member: 'Next', answer: 's' })).text()).toBe('Next');
  });

  it('signals: those that are matched and those to itself are heard, no others', async () => {
    const real = await privateBus();
    let sender = '';
    const other = await program(real, (asked) => {
      sender = asked.sender;
      return ['', Buffer.alloc(0)];
    });
    const bus = await openBus(real.environment);
    const heard: BusSignal[] = [];
    bus.onSignal((signal) => heard.push(signal));
    await bus.match("type='signal',interface='org.example.Test',member='Matched'");
    await bus.call(test);
    other.signal('/test', test.target, 'Unmatched');
    other.signal('/test', test.target, 'Matched');
    other.signal('/other', test.target, 'Alone', sender);
    await expect.poll(() => heard.at(-1)?.member, { timeout }).toBe('Alone');
    expect(heard).toMatchObject([
      { path: '/test', target: test.target, member: 'Matched', types: '' },
      { path: '/other', target: test.target, member: 'Alone', types: '' },
    ]);
    await expect(bus.match('no rule')).rejects.toThrow('org.freedesktop.DBus.Error.MatchRuleInvalid');
  });

  it('signals carry their values, and the name of whoever sent them', async () => {
    const real = await privateBus();
    let sender = '';
    const other = await program(real, (asked) => {
      sender = asked.sender;
      return ['', Buffer.alloc(0)];
    });
    const bus = await openBus(real.environment);
    const heard: BusSignal[] = [];
    bus.onSignal((signal) => heard.push(signal));
    await bus.match("type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.example.Second'");
    await bus.call(test);
    const ownerOf = async (name: string) =>
      (await bus.call({ ...daemon, member: 'GetNameOwner', values: [name], answer: 's' })).text();
    const owner = await ownerOf(test.destination);
    other.signal('/test', test.target, 'Pressed', sender, ['us', Buffer.concat([numberValue(7), textValue('undo')])]);
    await other.own('org.example.Second');
    await expect.poll(() => heard, { timeout }).toHaveLength(2);
    const [pressed, changed] = heard;
    expect(pressed).toMatchObject({ sender: owner, member: 'Pressed', types: 'us' });
    const values = pressed?.values();
    expect([values?.number(), values?.text()]).toEqual([7, 'undo']);
    // Each who listens reads from the first on.
    expect(pressed?.values().number()).toBe(7);
    expect(changed).toMatchObject({ sender: 'org.freedesktop.DBus', types: 'sss' });
    const names = changed?.values();
    expect([names?.text(), names?.text(), names?.text()]).toEqual(['org.example.Second', '', owner]);
  });

  it('what another program sends that is larger than anything here is passed over, and the connection goes on', async () => {
    const real = await privateBus();
    let sender = '';
    const other = await program(real, (asked) => {
      sender = asked.sender;
      return ['', Buffer.alloc(0)];
    });
    const bus = await openBus(real.environment);
    const heard: string[] = [];
    bus.onSignal(({ member }) => heard.push(member));
    await bus.call(test);
    for (const [member, size] of [
      ['Before', 10],
      ['Large', 64 * 1024],
      ['Huge', 2_000_000],
      ['After', 10],
    ] as const) {
      other.signal(test.path, test.target, member, sender, ['s', textValue('x'.repeat(size))]);
    }
    await bus.call(test);
    expect(heard).toEqual(['Before', 'After']);
  });

  it('numbers, lists of texts and dictionaries arrive as they were, whatever stands before them', async () => {
    const real = await privateBus();
    const heard: unknown[] = [];
    // The bus between ends a connection whose values are not what their types say.
    await program(real, ({ values }) => {
      const before = [values.text(), values.number(), values.texts()];
      const length = values.number();
      values.align(8);
      const key = length > 0 ? values.text() : '';
      const type = length > 0 ? values.signature() : '';
      const value = type === '' ? '' : type === 's' ? values.text() : values.number();
      const second = type === 'i' ? [values.align(8), values.text(), values.signature(), values.text()].slice(1) : [];
      heard.push([...before, key, type, value, ...second, values.number(), values.isAtEnd]);
      return ['', Buffer.alloc(0)];
    });
    const bus = await openBus(real.environment);
    const { uint32, int32, boolean, texts, dictionary } = busValue;
    const send = (text: string, list: string[], entries: Parameters<typeof dictionary>[0]) =>
      bus.call({ ...test, values: [text, uint32(2 ** 32 - 1), texts(list), dictionary(entries), int32(-1)] });
    for (const text of ['', 'abc', 'abcd', 'abcdefgh']) {
      await send(text, [], {});
      await send(text, ['a', 'abcd'], { name: 'Schlüssel' });
      await send(text, ['a'], { flag: boolean(true) });
      await send(text, [], { count: int32(5), name: 'end' });
      const number = 2 ** 32 - 1;
      expect(heard.splice(0)).toEqual([
        [text, number, [], '', '', '', number, true],
        [text, number, ['a', 'abcd'], 'name', 's', 'Schlüssel', number, true],
        [text, number, ['a'], 'flag', 'b', 1, number, true],
        [text, number, [], 'count', 'i', 5, 'name', 's', 'end', number, true],
      ]);
    }
  });

  it('a picture in a dictionary arrives as it was, whatever stands before it', async () => {
    const real = await privateBus();
    const heard: unknown[] = [];
    await program(real, ({ values }) => {
      values.text();
      values.number();
      values.align(8);
      const [key, type] = [values.text(), values.signature()];
      values.align(8);
      const numbers = Array.from({ length: 7 }, () => values.number());
      heard.push([key, type, ...numbers, ...Array.from({ length: 8 }, () => values.byte()), values.isAtEnd]);
      return ['', Buffer.alloc(0)];
    });
    const bus = await openBus(real.environment);
    const picture = busValue.picture({ width: 2, height: 1, pixels: Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]) });
    const keys = ['a', 'abcde', 'abcdefgh'];
    for (const key of keys) {
      await bus.call({ ...test, values: [key, busValue.dictionary({ [key]: picture })] });
    }
    const parts = [2, 1, 8, 1, 8, 4, 8, 1, 2, 3, 4, 5, 6, 7, 8, true];
    expect(heard).toEqual(keys.map((key) => [key, '(iiibiiay)', ...parts]));
  });

  it('a call may have a timeout of its own', async () => {
    const real = await privateBus();
    await program(real, () => 'silence');
    const bus = await openBus(real.environment);
    await expect(bus.call({ ...test, timeout: 50 })).rejects.toThrow('nothing on the session bus answers');
  });

  it('when the bus ends, who waits is told so, and whoever asks later', async () => {
    const real = await privateBus();
    const other = await program(real, () => 'silence');
    const bus = await openBus(real.environment);
    const asked = bus.call(test);
    asked.catch(() => undefined);
    await expect.poll(() => other.asked, { timeout }).toHaveLength(1);
    await real.stop();
    await expect(asked).rejects.toThrow('the session bus has hung up');
    expect((await bus.ended).message).toBe('the session bus has hung up');
    await expect(bus.call(test)).rejects.toThrow('the session bus has hung up');
  });

  it('closed, it answers nobody any more', async () => {
    const real = await privateBus();
    await program(real, () => 'silence');
    const bus = await openBus(real.environment);
    const asked = bus.call(test);
    bus.close();
    await expect(asked).rejects.toThrow('closed');
    expect((await bus.ended).message).toContain('closed');
  });

  it('the address: escaped letters, one of several, and without one the socket of the user', async () => {
    const { address, folder } = await privateBus();
    const escaped = address.replaceAll('bus', '%62us');
    for (const given of [escaped, `tcp:host=localhost,port=1;${address}`]) {
      await openBus({ DBUS_SESSION_BUS_ADDRESS: given });
    }
    await openBus({ XDG_RUNTIME_DIR: folder, DBUS_SESSION_BUS_ADDRESS: '' });
    // An environment that names another bus does not mean this one.
    const elsewhere = { XDG_RUNTIME_DIR: folder, DBUS_SESSION_BUS_ADDRESS: 'autolaunch:' };
    await expect(SessionBus.open(elsewhere, timeout)).rejects.toThrow(UnusableBus);
  });

  it('an abstract socket is reached, or where Node cannot reach it, said to be unusable and not taken for absent', async () => {
    const { address, environment } = await privateBus(`unix:abstract=loopgate-${randomUUID()}`);
    expect(address).toMatch(/^unix:abstract=/);
    const failure = await openBus(environment).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure !== undefined) expect(failure).toBeInstanceOf(UnusableBus);
  });
});

/** A double of the bus: a real one sends none of this. */
describe.skipIf(process.platform === 'win32')('a bus that is none', () => {
  const hello = (socket: Socket, serial: number) => socket.write(answerTo(serial, 's', textValue(':1.1')));
  async function double(welcome: string | undefined, answer: (socket: Socket, serial: number) => void) {
    const bus = await startBusDouble(welcome, answer);
    onTestFinished(() => bus.stop());
    return bus.environment;
  }
  const welcome = 'OK 0123456789abcdef\r\n';

  it.each<[string, string, RegExp]>([
    ['refuses', 'REJECTED EXTERNAL\r\n', /refuses/],
    ['sends no line', 'OK '.repeat(30_000), /refuses/],
  ])('one that %s', async (_what, says, error) => {
    await expect(SessionBus.open(await double(says, hello), timeout)).rejects.toThrow(error);
  });

  it('one that says nothing is given up', async () => {
    await expect(SessionBus.open(await double(undefined, hello), 200)).rejects.toThrow('answers');
    await expect(SessionBus.open(await double(welcome, () => undefined), 200)).rejects.toThrow('answers');
  });

  it('one that hangs up', async () => {
    const hangsUp = await double(welcome, (socket) => socket.destroy());
    await expect(SessionBus.open(hangsUp, timeout)).rejects.toThrow('hung up');
  });

  it('an answer in single bytes, and several messages at once', async () => {
    const environment = await double(welcome, (socket, serial) => {
      if (serial === 1) for (const byte of answerTo(serial, 's', textValue(':1.1'))) socket.write(Buffer.from([byte]));
      if (serial === 3)
        socket.write(Buffer.concat([answerTo(3, 's', textValue('c')), answerTo(2, 's', textValue('b'))]));
    });
    const bus = await openBus(environment);
    const [b, c] = await Promise.all([2, 3].map(() => bus.call({ ...test, answer: 's' })));
    expect([b?.text(), c?.text()]).toEqual(['b', 'c']);
  });

  const changed = (message: Buffer, change: (message: Buffer) => void) => {
    change(message);
    return message;
  };
  const bigEndian = (message: Buffer) => message.writeUInt8(0x42, 0);
  const header = (type: string, value: Buffer) => {
    const field = Buffer.concat([Buffer.from([5, 1, type.charCodeAt(0), 0]), value]);
    const head = Buffer.concat([
      Buffer.from([0x6c, 2, 0, 1]),
      numberValue(0),
      numberValue(9),
      numberValue(field.length),
    ]);
    return padded(Buffer.concat([head, field]));
  };

  it.each<[string, (serial: number) => Buffer, RegExp]>([
    [
      'a body of 4 GB',
      (serial) => changed(answerTo(serial), (bytes) => bytes.writeUInt32LE(2 ** 32 - 1, 4)),
      /too much/,
    ],
    [
      'fields of 4 GB',
      (serial) => changed(answerTo(serial), (bytes) => bytes.writeUInt32LE(2 ** 32 - 1, 12)),
      /too much/,
    ],
    ['a field that is longer than all of them', () => header('s', numberValue(1_000)), /less than it says/],
    ['half a field', () => header('u', Buffer.alloc(1)), /less than it says/],
  ])('%s ends the connection', async (_what, sent, error) => {
    const environment = await double(welcome, (socket, serial) => {
      if (serial === 1) hello(socket, serial);
      else socket.write(sent(serial));
    });
    const bus = await openBus(environment);
    await expect(bus.call({ ...test, answer: 's' })).rejects.toThrow(error);
    expect((await bus.ended).message).toMatch(error);
  });

  it.each<[string, string, Buffer, RegExp]>([
    ['a text that is longer than the message', 's', numberValue(1_000), /less than it says/],
    ['a text without its end', 's', Buffer.concat([numberValue(1), Buffer.from('a')]), /less than it says/],
    ['nothing', 's', Buffer.alloc(0), /less than it says/],
    ['a list that is longer than the message', 'ao', numberValue(2 ** 32 - 1), /less than it says/],
    ['a list that ends in a text', 'ao', Buffer.concat([numberValue(3), textValue('/a')]), /longer than it says/],
    ['a boolean that is 2', 'v', booleanValue(2), /no boolean/],
    ['a variant of a text', 'v', Buffer.concat([Buffer.from([1, 0x73, 0, 0]), textValue('true')]), /no boolean/],
  ])('an answer with %s is an error when it is read, and the connection goes on', async (_what, type, body, error) => {
    const environment = await double(welcome, (socket, serial) => {
      if (serial === 1) hello(socket, serial);
      else if (serial === 2) socket.write(answerTo(serial, type, body));
      else socket.write(answerTo(serial, 'v', booleanValue(true)));
    });
    const bus = await openBus(environment);
    const answer = await bus.call({ ...test, answer: type });
    expect(() => (type === 's' ? answer.text() : type === 'ao' ? answer.texts() : answer.booleanVariant())).toThrow(
      error,
    );
    expect((await bus.call({ ...test, answer: 'v' })).booleanVariant()).toBe(true);
  });

  it('the other byte order in the first answer: the bus is unusable, not absent', async () => {
    const environment = await double(welcome, (socket, serial) =>
      socket.write(changed(answerTo(serial, 's', textValue(':1.1')), bigEndian)),
    );
    await expect(SessionBus.open(environment, timeout)).rejects.toThrow(UnusableBus);
  });

  it('64 KB in the first answer: the bus is none', async () => {
    const environment = await double(welcome, (socket, serial) =>
      socket.write(answerTo(serial, 's', textValue('a'.repeat(64 * 1024)))),
    );
    await expect(SessionBus.open(environment, timeout)).rejects.toThrow('too much');
  });

  // A program writes in the byte order of its own, and the bus hands that on.
  it('later, a message in the other byte order is passed over, in one piece or in several', async () => {
    const foreign = Buffer.alloc(16 + 8 + 1000);
    foreign.set([0x42, 4, 0, 1]);
    foreign.writeUInt32BE(1000, 4);
    foreign.writeUInt32BE(5, 12);
    const environment = await double(welcome, (socket, serial) => {
      if (serial === 1) return void hello(socket, serial);
      const sent = Buffer.concat([foreign, foreign, answerTo(serial, 's', textValue('yes'))]);
      for (let at = 0; at < sent.length; at += 700) socket.write(sent.subarray(at, at + 700));
    });
    const bus = await openBus(environment);
    expect((await bus.call({ ...test, answer: 's' })).text()).toBe('yes');
  });

  it('a message with a header of an unknown type is passed over', async () => {
    const environment = await double(welcome, (socket, serial) => {
      if (serial === 1) return void hello(socket, serial);
      socket.write(Buffer.concat([header('d', Buffer.alloc(12)), answerTo(serial, 's', textValue('yes'))]));
    });
    const bus = await openBus(environment);
    expect((await bus.call({ ...test, answer: 's' })).text()).toBe('yes');
  });

  it('an answer of 64 KB is an error, and the connection goes on', async () => {
    const environment = await double(welcome, (socket, serial) => {
      if (serial === 1) hello(socket, serial);
      else socket.write(answerTo(serial, 's', textValue('a'.repeat(serial === 2 ? 64 * 1024 : 1))));
    });
    const bus = await openBus(environment);
    await expect(bus.call({ ...test, answer: 's' })).rejects.toThrow('too much');
    expect((await bus.call({ ...test, answer: 's' })).text()).toBe('a');
  });

  it('what nobody waits for is passed over: an answer to nothing, a call, a message of no type', async () => {
    const call = { serial: 7, fields: [], signature: '', body: Buffer.alloc(0) } as const;
    const environment = await double(welcome, (socket, serial) => {
      if (serial === 1) return void hello(socket, serial);
      const strange = [
        answerTo(999, 's', textValue('no')),
        ...[0, 1, 3, 9].map((type) => busMessage({ ...call, type })),
      ];
      socket.write(Buffer.concat([...strange, answerTo(serial, 's', textValue('yes'))]));
    });
    const bus = await openBus(environment);
    expect((await bus.call({ ...test, answer: 's' })).text()).toBe('yes');
  });

  it('where nobody listens, and where none is known, none is opened and none is started', async () => {
    const { DBUS_SESSION_BUS_ADDRESS: address = '' } = await double(welcome, hello);
    const nobody = { DBUS_SESSION_BUS_ADDRESS: `${address}-missing` };
    expect(hasSessionBus(nobody)).toBe(true);
    await expect(SessionBus.open(nobody, timeout)).rejects.toThrow('ENOENT');
    const folder = address.replace('unix:path=', '').replace(/\/bus$/, '');
    for (const none of [{}, { DBUS_SESSION_BUS_ADDRESS: '' }, { XDG_RUNTIME_DIR: join(folder, 'missing') }]) {
      expect(hasSessionBus(none)).toBe(false);
      await expect(SessionBus.open(none, timeout)).rejects.toThrow('there is no session bus');
    }
    for (const unusable of ['unixexec:path=/bin/false', 'autolaunch:', 'tcp:host=localhost,port=1', 'unix:path=%ff']) {
      await expect(SessionBus.open({ DBUS_SESSION_BUS_ADDRESS: unusable }, timeout)).rejects.toThrow(UnusableBus);
    }
    writeFileSync(join(folder, 'no-bus'), '');
    await expect(SessionBus.open({ DBUS_SESSION_BUS_ADDRESS: `unix:path=${folder}/no-bus` }, timeout)).rejects.toThrow(
      'ECONNREFUSED',
    );
  });
});
