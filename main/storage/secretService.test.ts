import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { whyNoProgram } from '../../build/systemPackages.ts';
import {
  answerTo,
  booleanValue,
  joinBus,
  type Reply,
  startBusDouble,
  startPrivateBus,
  textValue,
  whyNoBus,
} from '../../testing/privateBus.ts';
import { SessionBus } from '../system/sessionBus.ts';
import { secretServiceState } from './secretService.ts';

const whyNoKeyring = await whyNoProgram('gnome-keyring-daemon');
async function privateBus(starts: Readonly<Record<string, string>> = {}) {
  const bus = await startPrivateBus({ starts });
  onTestFinished(() => bus.stop());
  return bus;
}

const secrets = 'org.freedesktop.secrets';
const login = '/org/freedesktop/secrets/collection/login';

describe.skipIf((await whyNoBus()) !== undefined)('secretServiceState', () => {
  /** A double of the Secret Service, on a real bus: the real one cannot be made to fail on cue. */
  async function serviceThat(answer: (member: string) => Reply) {
    const bus = await privateBus();
    const program = await joinBus(bus, ({ member }) => answer(member));
    onTestFinished(() => program.leave());
    await program.own(secrets);
    return { ...bus, program };
  }
  const failed = { error: 'org.freedesktop.DBus.Error.Failed' } as const;
  const says = (alias: Reply, locked: Reply) => (member: string) => (member === 'ReadAlias' ? alias : locked);
  const path = (value: string): Reply => ['o', textValue(value)];
  const boolean = (value: boolean): Reply => ['v', booleanValue(value)];

  it.each<[string, Reply, Reply]>([
    ['unlocked', path(login), boolean(false)],
    ['locked', path(login), boolean(true)],
    ['empty', path('/'), failed],
    ['absent', failed, failed],
    ['absent', path(login), failed],
    ['absent', path(login), ['v', Buffer.concat([Buffer.from([1, 0x73, 0, 0]), textValue('false')])]],
  ])('vault: %s', async (state, alias, locked) => {
    const { environment } = await serviceThat(says(alias, locked));
    expect(await secretServiceState(environment)).toBe(state);
  });

  it('vault: a locked keyring is looked at and nothing else, so that no prompt comes', async () => {
    const { environment, program } = await serviceThat(says(path(login), boolean(true)));
    expect(await secretServiceState(environment)).toBe('locked');
    expect(program.asked).toEqual([
      '/org/freedesktop/secrets org.freedesktop.Secret.Service ReadAlias',
      `${login} org.freedesktop.DBus.Properties Get`,
    ]);
  });

  it('vault: one that does not answer is absent', async () => {
    const { environment } = await serviceThat(says('silence', 'silence'));
    expect(await secretServiceState(environment, 200)).toBe('absent');
    const half = await serviceThat(says(path(login), 'silence'));
    expect(await secretServiceState(half.environment, 200)).toBe('absent');
  });

  it('vault: without a session bus nothing is asked and none is started; the one of the user is found', async () => {
    const { folder } = await serviceThat(says(path(login), boolean(false)));
    expect(await secretServiceState({ PATH: process.env.PATH })).toBe('absent');
    expect(await secretServiceState({ XDG_RUNTIME_DIR: join(folder, 'services'), DBUS_SESSION_BUS_ADDRESS: '' })).toBe(
      'absent',
    );
    expect(await secretServiceState({ DBUS_SESSION_BUS_ADDRESS: `unix:path=${folder}/none` })).toBe('absent');
    expect(await secretServiceState({ XDG_RUNTIME_DIR: folder })).toBe('unlocked');
  });

  it('vault: a bus without a Secret Service', async () => {
    expect(await secretServiceState((await privateBus()).environment)).toBe('absent');
  });

  it.skipIf(whyNoKeyring !== undefined)(
    'vault: the real one: started by being asked, unlocked, and locked',
    async () => {
      const keyring = '/usr/bin/env gnome-keyring-daemon --foreground --components=secrets';
      const empty = await privateBus({ [secrets]: keyring });
      expect(await secretServiceState(empty.environment, 15_000)).toBe('empty');

      const unlock = `/bin/sh -c "printf throwaway | ${keyring} --unlock"`;
      const { environment } = await privateBus({ [secrets]: unlock });
      await expect.poll(() => secretServiceState(environment, 15_000), { timeout: 15_000 }).toBe('unlocked');
      const bus = await SessionBus.open(environment, 15_000);
      onTestFinished(() => bus.close());
      const target = 'org.freedesktop.Secret.Service';
      const service = { destination: secrets, path: '/org/freedesktop/secrets', target } as const;
      await bus.call({ ...service, member: 'Lock', values: [[login]], answer: 'aoo' });
      expect(await secretServiceState(environment, 15_000)).toBe('locked');
    },
  );
});

/** A double of the bus: a real one sends none of this. */
describe.skipIf(process.platform === 'win32')('a session bus that cannot be asked', () => {
  it('vault: of another kind it is not known, and a bus is not started by asking', async () => {
    for (const address of ['autolaunch:', 'tcp:host=localhost,port=1', 'unixexec:path=/bin/false']) {
      expect(await secretServiceState({ DBUS_SESSION_BUS_ADDRESS: address })).toBe('unknown');
    }
  });

  it('vault: with the other byte order it is not known; one that hangs up is absent', async () => {
    const other = await startBusDouble('OK 0\r\n', (socket, serial) => {
      const answer = answerTo(serial, 's', textValue(':1.1'));
      answer.writeUInt8(0x42, 0);
      socket.write(answer);
    });
    onTestFinished(() => other.stop());
    expect(await secretServiceState(other.environment)).toBe('unknown');
    const mute = await startBusDouble('OK 0\r\n', (socket) => socket.destroy());
    onTestFinished(() => mute.stop());
    expect(await secretServiceState(mute.environment)).toBe('absent');
  });
});
