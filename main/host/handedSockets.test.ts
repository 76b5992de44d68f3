import { describe, expect, it } from 'vitest';
import { SettingError } from '../settings/settings.ts';
import { takeHandedSockets } from './handedSockets.ts';

const pid = 4711;

describe('sd_listen_fds(3)', () => {
  it.each<[NodeJS.ProcessEnv, number[]]>([
    [{ LISTEN_PID: '4711', LISTEN_FDS: '2' }, [3, 4]],
    [{ LISTEN_PID: '4711', LISTEN_FDS: '1', LISTEN_FDNAMES: 'loopgate' }, [3]],
    [{ LISTEN_PID: '4712', LISTEN_FDS: '2' }, []],
    [{ LISTEN_PID: ' 4711', LISTEN_FDS: '2' }, []],
    [{ LISTEN_FDS: '2' }, []],
    [{ LISTEN_PID: '4711' }, []],
    [{}, []],
  ])('sd_listen_fds: %j gives %j, and no child sees the variables', (environment, descriptors) => {
    const given: NodeJS.ProcessEnv = { ...environment, PATH: '/bin' };
    expect(takeHandedSockets(given, pid)).toEqual(descriptors);
    expect(given).toEqual({ PATH: '/bin' });
  });

  it.each(['', '0', '-1', 'two', '2x', '65', '1e3'])('sd_listen_fds: LISTEN_FDS=%j is refused', (LISTEN_FDS) => {
    expect(() => takeHandedSockets({ LISTEN_PID: String(pid), LISTEN_FDS }, pid)).toThrow(SettingError);
  });
});
