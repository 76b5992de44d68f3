import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TrayHost } from './trayHost.ts';

let folder: string;
let host: TrayHost | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loopgate-host-'));
});
afterEach(() => {
  host?.close();
  host = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const environment = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/bus', PATH: process.env.PATH };

function program(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Answers as the real ones were seen to: what the file `state` has. The real panel is in e2e/desktop/tray.spec.ts. */
function bus(state: string): { send: string; monitor: string; says(state: string): void } {
  const file = join(folder, 'state');
  const events = join(folder, 'events');
  writeFileSync(file, state);
  writeFileSync(events, '');
  return {
    send: program(
      'dbus-send',
      `state=$(cat '${file}'); [ "$state" = none ] && exit 1; echo "   variant       boolean $state"`,
    ),
    monitor: program('dbus-monitor', `exec tail -f '${events}'`),
    says(next) {
      writeFileSync(file, next);
      writeFileSync(events, 'sig\n', { flag: 'a' });
    },
  };
}

/** All that it says from now on. */
function heard(programs: { send: string; monitor: string }): boolean[] {
  const said: boolean[] = [];
  host = new TrayHost({ platform: 'linux', environment, programs });
  host.follow((isThere) => said.push(isThere));
  return said;
}

test('on macOS and Windows there always is one', () => {
  for (const platform of ['darwin', 'win32'] as const) {
    const listener = vi.fn();
    const always = new TrayHost({ platform, environment: {} });
    always.follow(listener);
    expect(listener.mock.calls).toEqual([[true]]);
    expect(always.isThere).toBe(true);
  }
});

test('without a session bus there is none', () => {
  expect(new TrayHost({ platform: 'linux', environment: { PATH: process.env.PATH } }).isThere).toBe(false);
});

test('without dbus-send it is not known, and taken for there', () => {
  const missing = join(folder, 'missing');
  const programs = { send: missing, monitor: missing };
  expect(new TrayHost({ platform: 'linux', environment, programs }).isThere).toBe(true);
});

describe.skipIf(process.platform === 'win32')('over D-Bus', () => {
  test.each([
    ['true', true],
    ['false', false],
    ['none', false],
  ])('a watcher that says %s', async (state, expected) => {
    const said = heard(bus(state));
    await vi.waitFor(() => expect(said).toEqual([expected]));
    expect(host?.isThere).toBe(expected);
  });

  test('one that comes and goes is followed, and nothing is said twice', async () => {
    const programs = bus('none');
    const said = heard(programs);
    await vi.waitFor(() => expect(said).toEqual([false]));
    programs.says('true');
    await vi.waitFor(() => expect(said).toEqual([false, true]));
    programs.says('true');
    programs.says('none');
    await vi.waitFor(() => expect(said).toEqual([false, true, false]));
  });

  test('what changes while it asks is not missed', async () => {
    const programs = bus('none');
    // The first answer is old by the time it arrives.
    const gate = join(folder, 'gate');
    const slow = program(
      'slow-send',
      `if mkdir '${gate}' 2>/dev/null; then while [ ! -e '${gate}/open' ]; do :; done; exit 1; fi
      exec '${programs.send}'`,
    );
    const said = heard({ send: slow, monitor: programs.monitor });
    programs.says('true');
    await vi.waitFor(() => writeFileSync(join(gate, 'open'), ''));
    await vi.waitFor(() => expect(said.at(-1)).toBe(true));
  });

  test('closed, it says nothing more', async () => {
    const programs = bus('none');
    const said = heard(programs);
    await vi.waitFor(() => expect(said).toEqual([false]));
    const other = new TrayHost({ platform: 'linux', environment, programs });
    const afterwards: boolean[] = [];
    other.follow((isThere) => afterwards.push(isThere));
    host?.close();
    programs.says('true');
    await vi.waitFor(() => expect(afterwards.at(-1)).toBe(true));
    other.close();
    expect(said).toEqual([false]);
  });
});
