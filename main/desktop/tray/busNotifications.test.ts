import { randomUUID } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { findMissing } from '../../../build/systemPackages.ts';
import { startDesktopSession } from '../../../build/testDisplay.ts';
import {
  type Asked,
  answerTo,
  type BusProgram,
  busMessage,
  joinBus,
  numberValue,
  type PrivateBus,
  padded,
  type Reply,
  startBusDouble,
  startPrivateBus,
  textValue,
  whyNoBus,
} from '../../../testing/privateBus.ts';
import { deferred } from '../../system/deferred.ts';
import { BusNotifications } from './busNotifications.ts';
import type { NotificationContent } from './shownNotification.ts';

/** Only reached when something is broken. */
const within = { timeout: 15_000 };
const name = 'org.freedesktop.Notifications';
const path = '/org/freedesktop/Notifications';

/** The notifications that the service got. */
interface Shown {
  readonly program: string;
  readonly replaces: number;
  readonly icon: string;
  readonly title: string;
  readonly text: string;
  readonly actions: readonly string[];
}

const texts = (list: readonly string[]): Buffer => {
  const all = list.reduce((bytes, one) => Buffer.concat([padded(bytes, 4), textValue(one)]), Buffer.alloc(0));
  return Buffer.concat([numberValue(all.length), all]);
};
const capabilities = (...list: string[]): Reply => ['as', texts(list)];
const usual = capabilities('actions', 'body', 'body-markup');
const never = new Promise<Reply>(() => undefined);

/**
 * The bus is real. The service on it is a double, which hangs, lies and goes when the test says so; a real one is in
 * e2e/desktop/notifications.spec.ts.
 */
class Service {
  readonly shown: Shown[] = [];
  readonly closed: number[] = [];
  /** The sender of the last call. */
  sender = '';
  capabilities: Reply | Promise<Reply> = usual;
  /** The answer of `Notify` instead of the next ID. */
  notify: Reply | Promise<Reply> | undefined;
  program!: BusProgram;

  static async on(bus: PrivateBus): Promise<Service> {
    const service = new Service();
    service.program = await joinBus(bus, (asked) => service.answer(asked));
    onTestFinished(() => service.program.leave());
    await service.program.own(name);
    return service;
  }

  async answer({ sender, member, values }: Asked): Promise<Reply> {
    this.sender = sender;
    if (member === 'GetCapabilities') return this.capabilities;
    if (member === 'CloseNotification') {
      this.closed.push(values.number());
      return ['', Buffer.alloc(0)];
    }
    const [program, replaces, icon, title] = [values.text(), values.number(), values.text(), values.text()];
    this.shown.push({ program, replaces, icon, title, text: values.text(), actions: values.texts() });
    return this.notify ?? ['u', numberValue(this.shown.length)];
  }

  /** To all, as dunst does it, or to one alone, as GNOME does it. */
  invoke(id: number, action: string, destination?: string): void {
    const values = [numberValue(id), textValue(action)];
    this.program.signal(path, name, 'ActionInvoked', destination, ['us', Buffer.concat(values)]);
  }

  /** 1: it has been shown long enough. 2: the person has closed it. */
  hasClosed(id: number, reason: number): void {
    const values: [string, Buffer] = ['uu', Buffer.concat([id, reason].map(numberValue))];
    this.program.signal(path, name, 'NotificationClosed', undefined, values);
  }
}

function notificationsOn({ environment }: Pick<PrivateBus, 'environment'>, timeout = within.timeout) {
  const changes: boolean[] = [];
  const system = new BusNotifications({ environment, timeout, onChange: () => changes.push(system.isMissing) });
  onTestFinished(() => system.close());
  return { system, changes };
}

const content = (text: string, more: Pick<NotificationContent, 'actions'> = {}) => ({ text, click: vi.fn(), ...more });

describe.skipIf((await whyNoBus()) !== undefined)('over D-Bus', () => {
  let bus: PrivateBus;
  beforeEach(async () => {
    bus = await startPrivateBus();
  });
  afterEach(() => bus.stop());

  test('what is shown: the text, the click by its name, and the buttons', async () => {
    const service = await Service.on(bus);
    const { system } = notificationsOn(bus);
    system.show(content('Signed in.', { actions: [{ id: 'undo', label: 'Undo', run: vi.fn() }] }));
    await expect.poll(() => service.shown, within).toHaveLength(1);
    expect(service.shown).toEqual([
      {
        program: 'Loopgate',
        replaces: 0,
        icon: '',
        title: 'Loopgate',
        text: 'Signed in.',
        actions: ['default', 'Open Loopgate', 'undo', 'Undo'],
      },
    ]);
  });

  test.each<[string, Reply, string]>([
    ['that reads markup is told that there is none', usual, '&lt;b&gt;Tom&lt;/b&gt; &amp; _Jerry_ &amp;amp; co'],
    ['that reads none is given it as it is', capabilities('actions', 'body'), '<b>Tom</b> & _Jerry_ &amp; co'],
  ])('a service %s', async (_what, can, text) => {
    const service = await Service.on(bus);
    service.capabilities = can;
    notificationsOn(bus).system.show(content('<b>Tom</b> & _Jerry_ &amp; co'));
    await expect.poll(() => service.shown[0]?.text, within).toBe(text);
  });

  test('a service without buttons is given none: some would show a dialog instead', async () => {
    const service = await Service.on(bus);
    service.capabilities = capabilities('body');
    notificationsOn(bus).system.show(content('a', { actions: [{ id: 'undo', label: 'Undo', run: vi.fn() }] }));
    await expect.poll(() => service.shown[0]?.actions, within).toEqual([]);
  });

  test('a text that D-Bus cannot hold costs neither the connection nor the notification', async () => {
    const service = await Service.on(bus);
    const { system } = notificationsOn(bus);
    system.show(content('To\0m \ud800'));
    system.show(content('next'));
    await expect.poll(() => service.shown.map(({ text }) => text), within).toEqual(['Tom \ufffd', 'next']);
  });

  test('a click and a button do what they are for, once, and settle it', async () => {
    const service = await Service.on(bus);
    const { system } = notificationsOn(bus);
    const undo = { id: 'undo', label: 'Undo', run: vi.fn() };
    const [first, second] = [content('a'), content('b', { actions: [undo] })];
    system.show(first);
    system.show(second);
    await expect.poll(() => service.shown, within).toHaveLength(2);
    service.invoke(1, 'default');
    service.invoke(1, 'default');
    service.invoke(2, 'undo', service.sender);
    service.invoke(2, 'default');
    await expect.poll(() => service.closed, within).toEqual([1, 2]);
    expect(first.click).toHaveBeenCalledOnce();
    expect(undo.run).toHaveBeenCalledOnce();
    expect(second.click).not.toHaveBeenCalled();
  });

  test('nobody but the service can click, and no signal that is wrong does anything', async () => {
    const service = await Service.on(bus);
    const other = await joinBus(bus, () => 'silence');
    onTestFinished(() => other.leave());
    const { system } = notificationsOn(bus);
    const one = content('a', { actions: [{ id: 'undo', label: 'Undo', run: vi.fn() }] });
    system.show(one);
    await expect.poll(() => service.shown, within).toHaveLength(1);
    const { sender } = service;
    const press = Buffer.concat([numberValue(1), textValue('default')]);
    other.signal(path, name, 'ActionInvoked', sender, ['us', press]);
    const gone = Buffer.concat([padded(textValue(name), 4), padded(textValue(''), 4), textValue('')]);
    other.signal(path, 'org.freedesktop.DBus', 'NameOwnerChanged', sender, ['sss', gone]);
    // The bus has passed them on once it has answered this.
    await other.own('org.example.Other');
    service.program.signal(path, name, 'ActionInvoked', sender, ['s', textValue('default')]);
    service.program.signal(path, name, 'ActionInvoked', sender);
    service.program.signal(path, name, 'NotificationClosed', sender, ['us', press]);
    service.program.signal(path, 'org.example.Other', 'ActionInvoked', sender, ['us', press]);
    service.invoke(2 ** 32 - 1, 'default', sender);
    service.invoke(1, 'unknown', sender);
    // The service's messages arrive in order.
    system.show(content('b'));
    await expect.poll(() => service.shown, within).toHaveLength(2);
    expect(one.click).not.toHaveBeenCalled();
    service.invoke(1, 'default');
    await expect.poll(() => one.click.mock.calls, within).toHaveLength(1);
  });

  test('one that the person has closed is settled; one that has expired can still be clicked in the desktop’s list', async () => {
    const service = await Service.on(bus);
    const { system } = notificationsOn(bus);
    const [closed, expired] = [content('a'), content('b')];
    system.show(closed);
    system.show(expired);
    await expect.poll(() => service.shown, within).toHaveLength(2);
    service.hasClosed(1, 2);
    service.hasClosed(2, 1);
    service.invoke(1, 'default');
    service.invoke(2, 'default');
    await expect.poll(() => expired.click.mock.calls, within).toHaveLength(1);
    expect(closed.click).not.toHaveBeenCalled();
  });

  test('taken back: once it is shown, also where that was late; before it was sent it never is', async () => {
    const service = await Service.on(bus);
    const { system } = notificationsOn(bus);
    const first = system.show(content('a'));
    await expect.poll(() => service.shown, within).toHaveLength(1);
    const answer = deferred<Reply>();
    service.notify = answer.promise;
    const late = system.show(content('b'));
    await expect.poll(() => service.shown, within).toHaveLength(2);
    late.close();
    answer.resolve(['u', numberValue(7)]);
    await expect.poll(() => service.closed, within).toEqual([7]);
    first.close();
    first.close();
    await expect.poll(() => service.closed, within).toEqual([7, 1]);
    service.notify = undefined;
    system.show(content('never')).close();
    system.show(content('c'));
    await expect.poll(() => service.shown.at(-1)?.text, within).toBe('c');
    expect(service.shown.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
  });

  test('at the end all are taken back', async () => {
    const service = await Service.on(bus);
    const { system } = notificationsOn(bus);
    for (const text of ['a', 'b']) system.show(content(text));
    await expect.poll(() => service.shown, within).toHaveLength(2);
    // Both answers have come when a third one's has.
    system.show(content('c'));
    await expect.poll(() => service.shown, within).toHaveLength(3);
    system.close();
    system.show(content('d'));
    await expect.poll(() => service.closed.slice(0, 2), within).toEqual([1, 2]);
    expect(service.shown).toHaveLength(3);
  });

  test('without a service there are none, and that is known; one that comes shows the next, one that goes is missed', async () => {
    const { system, changes } = notificationsOn(bus);
    await expect.poll(() => changes, within).toEqual([true]);
    system.show(content('lost'));
    const first = await Service.on(bus);
    await expect.poll(() => changes, within).toEqual([true, false]);
    const one = content('a');
    const shown = system.show(one);
    await expect.poll(() => first.shown, within).toHaveLength(1);
    // Another service has other notifications, though by the same numbers.
    await first.program.release(name);
    await expect.poll(() => changes, within).toEqual([true, false, true]);
    const second = await Service.on(bus);
    await expect.poll(() => changes, within).toEqual([true, false, true, false]);
    second.shown.push({ program: 'Other', replaces: 0, icon: '', title: '', text: '', actions: [] });
    second.invoke(1, 'default');
    shown.close();
    second.capabilities = capabilities('body');
    system.show(content('<b>'));
    await expect.poll(() => second.shown.at(-1)?.text, within).toBe('<b>');
    expect(one.click).not.toHaveBeenCalled();
    expect(second.closed).toEqual([]);
  });

  test('one that answers nothing: that is known in time, and few are under way', async () => {
    const service = await Service.on(bus);
    const answer = deferred<Reply>();
    service.capabilities = answer.promise;
    const { system, changes } = notificationsOn(bus, 100);
    const shown = Array.from({ length: 20 }, (_, at) => system.show(content(String(at))));
    await expect.poll(() => changes, within).toEqual([true]);
    shown[3]?.close();
    // It comes to itself: what is still wanted of those is shown late, and the next one at once.
    answer.resolve(usual);
    await expect.poll(() => service.shown.map(({ text }) => text), within).toEqual(['0', '1', '2', '4', '5', '6', '7']);
    await expect.poll(() => changes, within).toEqual([true, false]);
    system.show(content('next'));
    await expect.poll(() => service.shown.at(-1)?.text, within).toBe('next');
  });

  test('one that is killed while it hangs is not held against the next', async () => {
    const first = await Service.on(bus);
    first.capabilities = never;
    const { system, changes } = notificationsOn(bus, 100);
    system.show(content('lost'));
    await expect.poll(() => changes, within).toEqual([true]);
    await first.program.release(name);
    first.program.leave();
    const second = await Service.on(bus);
    await expect.poll(() => changes, within).toEqual([true, false]);
    system.show(content('a'));
    await expect.poll(() => second.shown, within).toHaveLength(1);
    expect(system.isMissing).toBe(false);
  });

  test.each<[string, (service: Service) => void]>([
    ['an error', (service) => (service.notify = { error: 'org.example.Error.Broken' })],
    ['nothing', (service) => (service.notify = ['', Buffer.alloc(0)])],
    ['a text for a number', (service) => (service.notify = ['s', textValue('1')])],
    ['a number for its abilities', (service) => (service.capabilities = ['u', numberValue(1)])],
    ['an error for its abilities', (service) => (service.capabilities = { error: 'org.example.Error.Broken' })],
    ['far too much', (service) => (service.capabilities = ['as', texts(['a'.repeat(100_000)])])],
  ])('one that answers %s: that is known, and the next is tried again', async (_what, breaks) => {
    const service = await Service.on(bus);
    const { system, changes } = notificationsOn(bus);
    breaks(service);
    system.show(content('lost'));
    await expect.poll(() => changes, within).toEqual([true]);
    service.capabilities = usual;
    service.notify = undefined;
    const one = content('a');
    system.show(one);
    await expect.poll(() => service.shown.at(-1)?.text, within).toBe('a');
    await expect.poll(() => changes, within).toEqual([true, false]);
    service.invoke(service.shown.length, 'default');
    await expect.poll(() => one.click.mock.calls, within).toHaveLength(1);
  });
});

describe.skipIf((await whyNoBus()) !== undefined)('the last text', () => {
  test('stays when the app has ended, and the service is given it before that', async () => {
    const bus = await startPrivateBus();
    onTestFinished(() => bus.stop());
    const service = await Service.on(bus);
    const { system } = notificationsOn(bus);
    system.show(content('a'));
    await expect.poll(() => service.shown, within).toHaveLength(1);
    await system.showLast('Loopgate has quit.');
    system.close();
    await expect.poll(() => service.shown.at(-1), within).toMatchObject({ text: 'Loopgate has quit.', actions: [] });
    await expect.poll(() => service.closed, within).toEqual([1]);
  });

  test.each<[string, Reply | Promise<Reply>]>([
    ['hangs', never],
    ['fails', { error: 'org.example.No' }],
  ])('of a service that %s holds nobody up', async (_what, answer) => {
    const bus = await startPrivateBus();
    onTestFinished(() => bus.stop());
    const service = await Service.on(bus);
    service.notify = answer;
    const { system } = notificationsOn(bus);
    await system.showLast('Loopgate has quit.');
    await expect.poll(() => service.shown.map(({ text }) => text), within).toEqual(['Loopgate has quit.']);
  });

  test('without a bus holds nobody up', async () => {
    const { system } = notificationsOn({ environment: {} });
    await system.showLast('Loopgate has quit.');
  });
});

describe.skipIf((await whyNoBus()) !== undefined)('a service that the bus can start', () => {
  test('is not missed, and not started before there is something to show; one that never comes is known in time', async () => {
    const mark = join(tmpdir(), `loopgate-started-${randomUUID()}`);
    onTestFinished(() => rmSync(mark, { force: true }));
    const bus = await startPrivateBus({ starts: { [name]: `/bin/sh -c "touch ${mark}; exec sleep 1000"` } });
    onTestFinished(() => bus.stop());
    const { system, changes } = notificationsOn(bus, 100);
    // A name that comes and goes shows that all was asked by then.
    const passing = await Service.on(bus);
    await passing.program.release(name);
    await expect.poll(() => system.isMissing, within).toBe(false);
    expect(existsSync(mark)).toBe(false);
    system.show(content('late'));
    await expect.poll(() => existsSync(mark), within).toBe(true);
    await expect.poll(() => changes.at(-1), within).toBe(true);
    // It comes at last, and what was wanted is shown.
    const service = await Service.on(bus);
    await expect.poll(() => service.shown.map(({ text }) => text), within).toEqual(['late']);
    expect(system.isMissing).toBe(false);
  });

  test('that cannot be started is missed, and tried again', async () => {
    const bus = await startPrivateBus({ starts: { [name]: '/bin/false' } });
    onTestFinished(() => bus.stop());
    const { system, changes } = notificationsOn(bus);
    system.show(content('lost'));
    await expect.poll(() => changes, within).toEqual([true]);
    const service = await Service.on(bus);
    system.show(content('a'));
    await expect.poll(() => service.shown.at(-1)?.text, within).toBe('a');
    expect(changes).toEqual([true, false]);
  });
});

const missing = process.platform === 'linux' ? await findMissing() : ['Linux'];

test.skipIf(missing.length > 0)('a real service: the text, a click, a button, and what is taken back', async () => {
  const session = await startDesktopSession({ panel: false });
  onTestFinished(() => session.stop());
  const { notifications } = session;
  const pixels = Buffer.alloc(64 * 64 * 4, 200);
  const { environment } = session;
  const system = new BusNotifications({ environment, picture: () => ({ width: 64, height: 64, pixels }) });
  const undo = { id: 'undo', label: 'Undo', run: vi.fn() };
  const [first, second] = [content('<b>Tom</b> & _Jerry_ &amp;'), content('b', { actions: [undo] })];
  system.show(first);
  await expect.poll(() => notifications.texts(), within).toEqual([first.text]);
  await notifications.click();
  await expect.poll(() => first.click.mock.calls, within).toHaveLength(1);
  system.show(second);
  await expect.poll(() => notifications.count(), within).toBe(1);
  await notifications.choose('Undo');
  await expect.poll(() => undo.run.mock.calls, within).toHaveLength(1);
  await expect.poll(() => notifications.count(), within).toBe(0);
  const third = system.show(content('c'));
  await expect.poll(() => notifications.count(), within).toBe(1);
  third.close();
  await expect.poll(() => notifications.count(), within).toBe(0);
  system.show(content('d'));
  await expect.poll(() => notifications.count(), within).toBe(1);
  system.close();
  await expect.poll(() => notifications.count(), within).toBe(0);
  expect(second.click).not.toHaveBeenCalled();
});

describe.skipIf((await whyNoBus()) !== undefined)('the bus', () => {
  test('that is gone, and back: the next is shown over it', async () => {
    const listen = `unix:path=${join(tmpdir(), `loopgate-bus-${randomUUID()}`)}`;
    let bus = await startPrivateBus({ listen });
    onTestFinished(() => bus.stop());
    const first = await Service.on(bus);
    const { system, changes } = notificationsOn(bus);
    const one = content('a');
    const shown = system.show(one);
    await expect.poll(() => first.shown, within).toHaveLength(1);
    await bus.stop();
    await expect.poll(() => changes, within).toEqual([true]);
    system.show(content('lost'));
    shown.close();
    rmSync(listen.slice('unix:path='.length), { force: true });
    bus = await startPrivateBus({ listen });
    const second = await Service.on(bus);
    system.show(content('b'));
    await expect.poll(() => second.shown.map(({ text }) => text), within).toEqual(['b']);
    await expect.poll(() => changes, within).toEqual([true, false]);
  });

  // No real bus hands on such a signal.
  test.each(['us', 'uu'])('that sends less of a signal (%s) than it says is left', async (signature) => {
    const owner = ':1.5';
    const none = Buffer.alloc(0);
    const bus = await startBusDouble('OK 0123456789abcdef\r\n', (socket, serial) => {
      // Hello, three rules, who owns the name, who can be started.
      const answers: [string, Buffer][] = [
        ['s', textValue(':1.1')],
        ['', none],
        ['', none],
        ['', none],
      ];
      socket.write(
        answerTo(serial, ...(answers[serial - 1] ?? (serial === 5 ? ['s', textValue(owner)] : ['as', texts([])]))),
      );
      if (serial < 6) return;
      const member = signature === 'us' ? 'ActionInvoked' : 'NotificationClosed';
      const fields = [
        [1, 'o', path],
        [2, 's', name],
        [3, 's', member],
        [7, 's', owner],
      ] as const;
      socket.write(busMessage({ type: 4, serial: 9, fields, signature, body: numberValue(1) }));
    });
    onTestFinished(() => bus.stop());
    const { changes } = notificationsOn(bus);
    await expect.poll(() => changes, within).toEqual([true]);
  });

  test.each<[string, NodeJS.ProcessEnv]>([
    ['there is none', {}],
    ['nobody listens', { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/loopgate/missing' }],
    ['it cannot be spoken with', { DBUS_SESSION_BUS_ADDRESS: 'tcp:host=localhost,port=1' }],
  ])('where %s there are no notifications, and that is known', async (_what, environment) => {
    const { system, changes } = notificationsOn({ environment });
    await expect.poll(() => changes, within).toEqual([true]);
    system.show(content('lost')).close();
  });
});
