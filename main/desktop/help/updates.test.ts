import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../../testing/brokerWorld.ts';
import { Updates, type UpdatesWorld } from './updates.ts';

/** The published version, and what was done. electron-updater itself refuses lower versions: see packed.spec.ts. */
function stage(options: Partial<UpdatesWorld> = {}) {
  const clock = new FakeClock();
  const done: string[] = [];
  const published = { version: undefined as string | undefined, isReachable: true, isWhole: true };
  const source = {
    autoInstallOnAppQuit: true,
    checkForUpdates: async () => {
      done.push('checked');
      if (!published.isReachable) throw new Error('net::ERR_INTERNET_DISCONNECTED');
      const { version } = published;
      return { isUpdateAvailable: version !== undefined, updateInfo: { version } } as never;
    },
    downloadUpdate: async () => {
      done.push('fetched');
      if (!published.isWhole) throw new Error('sha512 checksum mismatch');
      return [];
    },
  };
  const updates = new Updates({
    source,
    clock,
    log: { warn: () => undefined },
    replacesItself: true,
    isSignInWaiting: () => false,
    ...options,
  });
  const states: string[] = [];
  updates.onChange(() => states.push(updates.view.state));
  return { clock, done, published, source, updates, states };
}

/** Waits until the work of a timer has ended. */
const settled = ({ updates }: { updates: Updates }) => updates.check();

describe('updates', () => {
  test('a newer version is fetched in the background and then waits for the person to quit', async () => {
    const on = stage();
    on.published.version = '0.2.0';
    on.clock.advance(60_000);
    await settled(on);
    expect(on.states).toEqual(['checking', 'fetching', 'ready']);
    expect(on.updates.view).toEqual({ state: 'ready', version: '0.2.0' });
    // It is already there: nothing is downloaded again.
    await on.updates.check();
    expect(on.done).toEqual(['checked', 'fetched']);
  });

  test('it is looked for soon after the start, and then once a day', async () => {
    const on = stage();
    on.clock.advance(59_999);
    expect(on.done).toEqual([]);
    on.clock.advance(1);
    await settled(on);
    expect(on.updates.view).toEqual({ state: 'current', checkedAt: on.clock.now() });
    on.clock.advance(24 * 60 * 60_000 - 1);
    expect(on.done).toEqual(['checked']);
    on.clock.advance(1);
    expect(on.done).toEqual(['checked', 'checked']);
  });

  test('a check that fails says so and is done again within the hour', async () => {
    const on = stage();
    on.published.isReachable = false;
    on.clock.advance(60_000);
    await settled(on);
    expect(on.updates.view).toEqual({ state: 'failed', checkedAt: on.clock.now() });
    on.published.isReachable = true;
    on.clock.advance(60 * 60_000);
    await settled(on);
    expect(on.updates.view.state).toBe('current');
  });

  test('a file that is not what was published is not kept', async () => {
    const on = stage();
    Object.assign(on.published, { version: '0.2.0', isWhole: false });
    await on.updates.check();
    expect(on.updates.view.state).toBe('failed');
  });

  test('a system package is told of, and left to the package manager', async () => {
    const on = stage({ replacesItself: false });
    on.published.version = '0.2.0';
    await on.updates.check();
    expect(on.updates.view).toEqual({ state: 'available', version: '0.2.0' });
    expect(on.done).toEqual(['checked']);
  });

  test('nothing is installed at a quit while a sign-in waits', () => {
    let isSignInWaiting = true;
    const on = stage({ isSignInWaiting: () => isSignInWaiting });
    on.updates.beforeQuit();
    expect(on.source.autoInstallOnAppQuit).toBe(false);
    isSignInWaiting = false;
    on.updates.beforeQuit();
    expect(on.source.autoInstallOnAppQuit).toBe(true);
  });
});
