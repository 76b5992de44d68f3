import { expect, test } from 'vitest';
import type { Host } from '../../host/host.ts';
import { readSettings, type Settings } from '../../settings/settings.ts';
import { RunningHost } from './runningHost.ts';

const settings = (port: number): Settings =>
  readSettings({ LOOPGATE_HOME: '/data', LOOPGATE_PORT: String(port) }, () => ({}));

/** Hosts that only say what is done with them. A port above 5000 cannot be had. */
async function world() {
  const done: string[] = [];
  const start = async ({ port = 0 }: Settings) => {
    done.push(`start ${port}`);
    if (port > 5000) throw new Error(`Port ${port} is taken.`);
    const host = {
      address: `http://localhost:${port}`,
      broker: { person: async () => undefined },
      close: async ({ handOver = false } = {}) => void done.push(`close ${port}${handOver ? ' to hand over' : ''}`),
    };
    return host as unknown as Host;
  };
  const running = await RunningHost.start(settings(1), start);
  const told: string[] = [];
  running.onHost(({ address }) => told.push(`${address} ${running.isReplacing}`));
  return { running, done, told };
}

test('settings: the old host is closed before the new one starts, and who shows it is told once', async () => {
  const { running, done, told } = await world();
  await running.replace(settings(2));
  expect(done).toEqual(['start 1', 'close 1 to hand over', 'start 2']);
  expect(told).toEqual(['http://localhost:1 false', 'http://localhost:2 false']);
  expect(running.settings.port).toBe(2);
});

test('settings: one that does not start leaves the old one, started again', async () => {
  const { running, done, told } = await world();
  await expect(running.replace(settings(6000))).rejects.toThrow('Port 6000 is taken.');
  expect(done).toEqual(['start 1', 'close 1 to hand over', 'start 6000', 'start 1']);
  expect(told.at(-1)).toBe('http://localhost:1 false');
  expect(running.settings.port).toBe(1);
});

test.each([
  ['is over', async () => false, ['start 1', 'close 1 to hand over', 'work']],
  ['is to go on', async () => true, ['start 1', 'close 1 to hand over', 'work', 'start 1']],
  [
    'fails',
    async () => {
      throw new Error('no');
    },
    ['start 1', 'close 1 to hand over', 'work', 'start 1'],
  ],
])('settings: work without a host, after which it %s', async (_, work: () => Promise<boolean>, expected) => {
  const { running, done } = await world();
  const suspended = running.suspend(() => {
    done.push('work');
    return work();
  });
  await suspended.catch(() => undefined);
  expect(done).toEqual(expected);
});
