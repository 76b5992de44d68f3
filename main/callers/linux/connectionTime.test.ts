import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { keepConnectionTimes, maxAge, UptimeClock } from './connectionTime.ts';

describe('the age of a connection, by its keep-alive timer [C8]', () => {
  it.each<[string, number | undefined]>([
    // Of 3,276,700 ticks, and one tick more than is over: it may have been made in the one before.
    ['02:0031FF9C', 1],
    ['02:0031FF9A', 3],
    ['02:00000000', 3_276_701],
    // More than there is: another listener's.
    ['02:0031FF9E', undefined],
    ['02:FFFFFFFF', undefined],
    ['00:00000000', undefined],
    ['01:00000014', undefined],
    ['04:00000014', undefined],
    ['', undefined],
  ])('%s is at most %s ticks', (timer, age) => {
    expect(maxAge(timer)).toBe(age);
  });

  it.runIf(process.platform === 'linux').each(['127.0.0.1', '::1'])(
    'the kernel counts it from when it is made at %s, and not from when it is accepted',
    async (host) => {
      const server = createServer((socket) => socket.on('error', () => undefined));
      server.listen(0, host);
      await once(server, 'listening');
      onTestFinished(() => void server.close());
      const { port } = server.address() as AddressInfo;
      /** What the kernel has of our ends, the oldest first. */
      const ages = () => {
        const rows = readFileSync(host === '::1' ? '/proc/net/tcp6' : '/proc/net/tcp', 'utf8').split('\n');
        const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
        const ours = rows
          .map((row) => row.trim().split(/\s+/))
          .filter((row) => row[1]?.endsWith(end) && row[3] === '01');
        return ours.map((row) => maxAge(row[5] ?? '') ?? 'unknown');
      };
      const open = async () => {
        const client = connect(port, host);
        onTestFinished(() => void client.destroy());
        // Node connects then, and waits for nothing yet.
        await new Promise((resolve) => process.nextTick(resolve));
        return client;
      };
      const early = await open();
      // The handshake is over; it is accepted when this function waits for something.
      expect(ages()).toEqual(['unknown']);
      keepConnectionTimes(server);
      const began = performance.now();
      const late = await open();
      while (performance.now() - began < 200);
      const [age = 'none'] = ages().filter((one) => one !== 'unknown');
      expect(age).toBeGreaterThanOrEqual(20);
      expect(age).toBeLessThanOrEqual((performance.now() - began) / 10 + 3);
      const accepted = once(server, 'connection');
      await Promise.all([once(early, 'connect'), once(late, 'connect'), accepted]);
      expect(ages()).toContain('unknown');
    },
  );
});

describe('the time since the system’s start [C8]', () => {
  it('is never later than it is, whatever the clocks round, and however long the machine slept', () => {
    let [awake, slept] = [100, 0];
    const clock = new UptimeClock({
      awake: () => awake,
      // In hundredths, rounded down. The system had started 50 seconds before the other clock.
      uptime: () => Math.floor((awake + 50 + slept) * 100) / 100,
    });
    const truth = () => (awake + 50 + slept) * 100;
    const looks: { moment: number; truth: number }[] = [];
    for (let time = 0; time < 500; time += 1) {
      awake += 0.0037 * (1 + (time % 7));
      if (time % 100 === 99) slept += 3_600;
      looks.push({ moment: clock.look(), truth: truth() });
      // The machine goes to sleep again: that was before.
      if (time % 100 === 50) slept += 7_200;
    }
    for (const { moment, truth } of looks) {
      expect(clock.ticksAt(moment)).toBeLessThanOrEqual(truth + 1e-6);
      expect(clock.ticksAt(moment)).toBeGreaterThan(truth - 1.001);
    }
  });

  it('of a moment before an unnoticed sleep counts as before the sleep, the first one too', () => {
    let [awake, slept] = [100, 0];
    const clock = new UptimeClock({ awake: () => awake, uptime: () => awake + slept });
    awake += 10;
    slept += 1_000;
    awake += 10;
    expect(clock.look()).toBe(120);
    expect(clock.ticksAt(110)).toBe(11_000);
    expect(clock.ticksAt(120)).toBe(112_000);
  });
});
