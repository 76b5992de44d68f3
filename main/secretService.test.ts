import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secretServiceState } from './secretService.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'loopgate-bus-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const environment = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/bus', PATH: process.env.PATH };

/** Answers as the real `dbus-send` was seen to; the real one with a real keyring is in e2e/vault.test.ts. */
function dbusSend(alias: string, locked: string): string {
  const path = join(folder, 'dbus-send');
  writeFileSync(path, `#!/bin/sh\ncase "$*" in *ReadAlias*) ${alias};; *) ${locked};; esac\n`);
  chmodSync(path, 0o755);
  return path;
}
const login = 'echo /org/freedesktop/secrets/collection/login';

describe.skipIf(process.platform === 'win32')('secretServiceState', () => {
  it.each([
    ['unlocked', login, 'echo "variant       boolean false"'],
    ['locked', login, 'echo "variant       boolean true"'],
    ['empty', 'echo /', 'exit 1'],
    ['absent', 'exit 1', 'exit 1'],
    ['absent', login, 'exit 1'],
  ])('vault: %s', async (state, alias, locked) => {
    expect(await secretServiceState(environment, dbusSend(alias, locked))).toBe(state);
  });

  it('vault: without a session bus nothing is asked', async () => {
    const program = dbusSend(login, 'echo "variant       boolean false"');
    expect(await secretServiceState({ PATH: process.env.PATH }, program)).toBe('absent');
    expect(await secretServiceState({ XDG_RUNTIME_DIR: folder, DBUS_SESSION_BUS_ADDRESS: '' }, program)).toBe('absent');
    writeFileSync(join(folder, 'bus'), '');
    expect(await secretServiceState({ XDG_RUNTIME_DIR: folder }, program)).toBe('unlocked');
  });

  it('vault: without dbus-send it is not known', async () => {
    expect(await secretServiceState(environment, join(folder, 'missing'))).toBe('unknown');
  });
});
