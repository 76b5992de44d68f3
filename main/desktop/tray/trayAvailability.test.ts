import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  answerTo,
  type BusProgram,
  booleanValue,
  joinBus,
  type PrivateBus,
  type Reply,
  startBusDouble,
  startPrivateBus,
  textValue,
  whyNoBus,
} from '../../../testing/privateBus.ts';
import { deferred } from '../../system/deferred.ts';
import { TrayAvailability } from './trayAvailability.ts';

/** Only reached when something is broken. */
const within = { timeout: 15_000 };
const watcher = 'org.kde.StatusNotifierWatcher';

/** The panel on the bus, and its answers from now on. */
function availabilityOn(environment: NodeJS.ProcessEnv): { availability: TrayAvailability; said: boolean[] } {
  const availability = new TrayAvailability({ platform: 'linux', environment });
  onTestFinished(() => availability.close());
  const said: boolean[] = [];
  availability.follow((isThere) => said.push(isThere));
  return { availability, said };
}

test('on macOS and Windows there always is one', () => {
  for (const platform of ['darwin', 'win32'] as const) {
    const listener = vi.fn();
    const always = new TrayAvailability({ platform, environment: {} });
    always.follow(listener);
    expect(listener.mock.calls).toEqual([[true]]);
    expect(always.isThere).toBe(true);
  }
});

test('without a session bus there is none', () => {
  expect(new TrayAvailability({ platform: 'linux', environment: { PATH: process.env.PATH } }).isThere).toBe(false);
});

test('on a bus that cannot be asked it is not known, and taken for there', async () => {
  const { availability, said } = availabilityOn({ DBUS_SESSION_BUS_ADDRESS: 'tcp:host=localhost,port=1' });
  expect(availability.isThere).toBe(true);
  await expect.poll(() => said, within).toEqual([true]);
});

/** The bus is real, the watcher is a double that says what the test wants; the real panel is in e2e/desktop/tray.spec.ts. */
describe.skipIf((await whyNoBus()) !== undefined)('over D-Bus', () => {
  let bus: PrivateBus;
  let watching: BusProgram;
  /** The watcher's answers about its property, one after the other; the last one repeats. */
  let says: (Reply | Promise<Reply>)[];
  const boolean = (value: boolean): Reply => ['v', booleanValue(value)];
  beforeEach(async () => {
    says = [boolean(false)];
    bus = await startPrivateBus();
    onTestFinished(() => bus.stop());
    watching = await joinBus(bus, () => (says.length > 1 ? says.shift() : says[0]) ?? 'silence');
    onTestFinished(() => watching.leave());
  });
  const happens = (member: 'StatusNotifierHostRegistered' | 'StatusNotifierHostUnregistered') =>
    watching.signal('/StatusNotifierWatcher', watcher, member);

  test.each<[string, Reply, boolean]>([
    ['true', boolean(true), true],
    ['false', boolean(false), false],
    ['an error', { error: 'org.example.No' }, false],
    ['something else', ['v', Buffer.concat([Buffer.from([1, 0x73, 0, 0]), textValue('true')])], false],
  ])('a watcher that says %s', async (_what, reply, expected) => {
    says = [reply];
    await watching.own(watcher);
    const { availability, said } = availabilityOn(bus.environment);
    expect(availability.isThere).toBe(true);
    await expect.poll(() => said, within).toEqual([expected]);
    expect(availability.isThere).toBe(expected);
    expect(watching.asked[0]).toBe('/StatusNotifierWatcher org.freedesktop.DBus.Properties Get');
  });

  test('one that comes and goes is followed, and nothing is said twice', async () => {
    const { said } = availabilityOn(bus.environment);
    await expect.poll(() => said, within).toEqual([false]);
    says = [boolean(true)];
    await watching.own(watcher);
    await expect.poll(() => said, within).toEqual([false, true]);
    // A second panel, which changes nothing; then all are gone, and one comes back, while the watcher stays.
    const asked = watching.asked.length;
    happens('StatusNotifierHostRegistered');
    await expect.poll(() => watching.asked.length, within).toBeGreaterThan(asked);
    says = [boolean(false)];
    happens('StatusNotifierHostUnregistered');
    await expect.poll(() => said, within).toEqual([false, true, false]);
    says = [boolean(true)];
    happens('StatusNotifierHostRegistered');
    await expect.poll(() => said, within).toEqual([false, true, false, true]);
    await watching.release(watcher);
    await expect.poll(() => said, within).toEqual([false, true, false, true, false]);
  });

  test('what changes while it asks is not missed', async () => {
    // The first answer is old by the time it arrives.
    const first = deferred<Reply>();
    says = [first.promise, boolean(true)];
    await watching.own(watcher);
    const { said } = availabilityOn(bus.environment);
    await expect.poll(() => watching.asked, within).toHaveLength(1);
    happens('StatusNotifierHostRegistered');
    first.resolve(boolean(false));
    await expect.poll(() => said.at(-1), within).toBe(true);
    expect(watching.asked).toHaveLength(2);
  });

  test('closed, it says nothing more; also when it is closed before it has reached the bus', async () => {
    const { availability, said } = availabilityOn(bus.environment);
    const early = availabilityOn(bus.environment);
    early.availability.close();
    await expect.poll(() => said, within).toEqual([false]);
    const other = availabilityOn(bus.environment);
    await expect.poll(() => other.said, within).toEqual([false]);
    availability.close();
    says = [boolean(true)];
    await watching.own(watcher);
    await expect.poll(() => other.said.at(-1), within).toBe(true);
    expect(said).toEqual([false]);
    expect(early.said).toEqual([]);
    // Of the three, one is left to ask.
    expect(watching.asked).toHaveLength(1);
  });

  test('when the bus ends there is no more news, and what was known stays', async () => {
    says = [boolean(true)];
    await watching.own(watcher);
    const { availability, said } = availabilityOn(bus.environment);
    await expect.poll(() => said, within).toEqual([true]);
    await bus.stop();
    const later = availabilityOn(bus.environment);
    await expect.poll(() => later.said, within).toEqual([false]);
    expect(said).toEqual([true]);
    expect(availability.isThere).toBe(true);
  });
});

/** A double of the bus: a real one does neither. */
describe.skipIf(process.platform === 'win32')('a bus that fails', () => {
  test('one that refuses rules gives one answer; one that hangs up before it has answered has no panel', async () => {
    const refusing = await startBusDouble('OK 0\r\n', (socket, serial) => {
      // Hello, three rules without an answer, and the question.
      if (serial === 1) socket.write(answerTo(serial, 's', textValue(':1.1')));
      if (serial === 5) socket.write(answerTo(serial, 'v', booleanValue(true)));
    });
    onTestFinished(() => refusing.stop());
    const { said } = availabilityOn(refusing.environment);
    await expect.poll(() => said, within).toEqual([true]);
    const ending = await startBusDouble('OK 0\r\n', (socket, serial) => {
      if (serial === 1) socket.write(answerTo(serial, 's', textValue(':1.1')));
      if (serial === 5) socket.destroy();
    });
    onTestFinished(() => ending.stop());
    const ended = availabilityOn(ending.environment);
    await expect.poll(() => ended.said, within).toEqual([false]);
  });
});
