import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { refusal } from '../../testing/refusal.ts';
import { type PolicyWorld, readFileOfOwner, readPolicy } from './policy.ts';
import type { Policy } from './settings.ts';
import { isManaged, readSettings } from './settings.ts';

const nothing: PolicyWorld = {
  readFile: () => undefined,
  run: () => {
    throw new Error('nothing is to be run');
  },
};

describe('policy: on Linux it is /etc/loopgate/policy.json', () => {
  const read = (text: string) =>
    readPolicy('linux', {
      ...nothing,
      readFile: (path) => (path === '/etc/loopgate/policy.json' ? Buffer.from(text) : undefined),
    });

  test('policy: what it holds, and where it was', () => {
    const policy = { source: '/etc/loopgate/policy.json', settings: { guard: 'listed', origins: [] } };
    expect(read('{"guard": "listed", "origins": []}')).toEqual(policy);
    expect(readPolicy('linux', nothing)).toBeUndefined();
  });

  test.each(['', '{', '[]', '"guard"', 'null'])('policy: %j is refused, and says whom to ask', (text) => {
    const words = refusal(() => read(text));
    expect(words).toMatch(
      /^The policy of this machine, \/etc\/loopgate\/policy\.json, cannot be used \(.+\)\. Ask your admin/,
    );
  });

  test('policy: no environment variable leads to another one', () => {
    const asked: string[] = [];
    for (const name of ['LOOPGATE_POLICY', 'LOOPGATE_HOME', 'XDG_CONFIG_DIRS', 'HOME']) vi.stubEnv(name, '/tmp');
    for (const platform of ['linux', 'darwin'] as const) {
      readPolicy(platform, { ...nothing, readFile: (path) => void asked.push(path) as undefined });
    }
    vi.unstubAllEnvs();
    expect(asked).toEqual(['/etc/loopgate/policy.json', '/Library/Managed Preferences/dev.loopgate.app.plist']);
  });
});

// Written after the systems' manuals; neither has run there yet.
describe('policy: on macOS it is a configuration profile', () => {
  test('policy: converted by plutil; what belongs to the profile itself is left out', () => {
    const runs: unknown[] = [];
    const policy = readPolicy('darwin', {
      readFile: (path) => Buffer.from(path),
      run: (program, argv, input) => {
        runs.push([program, argv, input?.toString()]);
        return '{"guard":"listed","PayloadUUID":"1-2","port":1000}';
      },
    });
    const source = '/Library/Managed Preferences/dev.loopgate.app.plist';
    expect(policy).toEqual({ source, settings: { guard: 'listed', port: 1000 } });
    expect(runs).toEqual([['/usr/bin/plutil', ['-convert', 'json', '-o', '-', '-'], source]]);
  });

  test('policy: none is read where there is none, and one that plutil cannot read is refused', () => {
    expect(readPolicy('darwin', nothing)).toBeUndefined();
    expect(refusal(() => readPolicy('darwin', { ...nothing, readFile: () => Buffer.from('x') }))).toContain(
      'nothing is to be run',
    );
  });
});

describe('policy: on Windows it is a key of the registry', () => {
  const key = 'HKEY_LOCAL_MACHINE\\Software\\Policies\\Loopgate';
  const parent = 'HKEY_LOCAL_MACHINE\\Software\\Policies';
  /** As reg.exe prints it. */
  const read = (values: string, keys = [`${parent}\\Google`, key.replace('Software', 'SOFTWARE')]) =>
    readPolicy('win32', {
      ...nothing,
      run: (program, argv) => {
        expect(program).toMatch(/\\System32\\reg\.exe$/);
        const [verb, asked, view] = argv;
        expect([verb, view]).toEqual(['query', '/reg:64']);
        if (asked === parent) return `\r\n${keys.join('\r\n')}\r\n`;
        expect(asked).toBe(key);
        return `\r\n${key}\r\n${values}\r\n\r\n`;
      },
    });

  test('policy: texts, numbers and lists become what settings.json would hold', () => {
    const values = [
      '    issuer    REG_SZ    https://login.company.example/',
      '    port    REG_DWORD    0x3e8',
      '    exposeRefreshToken    REG_DWORD    0x0',
      '    scope    REG_SZ    openid profile',
      '    compatibleVersion    REG_SZ    12.4.0',
      '    clients    REG_MULTI_SZ    one\\0two',
      '    origins    REG_SZ    ',
      '    returnTo    REG_MULTI_SZ',
    ].join('\r\n');
    expect(read(values)).toEqual({
      source: key,
      settings: {
        issuer: 'https://login.company.example/',
        port: 1000,
        exposeRefreshToken: false,
        scope: 'openid profile',
        compatibleVersion: '12.4.0',
        clients: ['one', 'two'],
        origins: [],
        returnTo: [],
      },
    });
  });

  test('policy: none is read where the key is not there', () => {
    expect(read('', [`${parent}\\Google`, `${parent}\\LoopgateOther`])).toBeUndefined();
  });

  test.each([
    ['    guard    REG_BINARY    00', 'REG_BINARY'],
    [`${key}\\origins`, 'not understood'],
    ['something else', 'not understood: something else'],
  ])('policy: %j is refused', (values, why) => {
    expect(refusal(() => read(values))).toContain(why);
  });

  test('policy: where the registry cannot be read, Loopgate does not start', () => {
    expect(refusal(() => readPolicy('win32', nothing))).toContain(`${key}, cannot be used`);
  });
});

describe('policy: it wins', () => {
  const home = '/data';
  const read = (settings: Policy['settings'], environment: NodeJS.ProcessEnv = {}, file = {}) =>
    readSettings({ LOOPGATE_HOME: home, ...environment }, () => file, 'linux', { source: '/etc/p', settings });

  test('policy: over the environment, which wins over the file; what it leaves open stays open', () => {
    const settings = read(
      { guard: 'listed', origins: [], signInTimeout: 60 },
      { LOOPGATE_GUARD: 'same-user', LOOPGATE_ORIGINS: 'https://tool.example', LOOPGATE_AUDIENCE: 'mine' },
      { signInTimeout: 200, theme: 'dark' },
    );
    expect(settings).toMatchObject({
      guard: 'listed',
      origins: [],
      signInTimeout: 60_000,
      audience: 'mine',
      theme: 'dark',
    });
    expect([isManaged(settings, 'origins'), isManaged(settings, 'audience')]).toEqual([true, false]);
  });

  test('policy: its order of ports is not undone by a single port, which is the administrator’s then too', () => {
    const settings = read({ ports: [1000, 5323] }, { LOOPGATE_PORT: '4000' }, { port: 5000 });
    expect(settings).toMatchObject({ ports: [1000, 5323] });
    expect(settings).not.toHaveProperty('port');
    expect(isManaged(settings, 'port')).toBe(true);
    expect(read({ ports: [1000], port: 1 }, { LOOPGATE_PORT: '4000' })).toMatchObject({ port: 1 });
  });

  test.each([
    [{ gaurd: 'listed' }, '"gaurd" in /etc/p is not a setting'],
    [{ home: '/elsewhere' }, '"home" in /etc/p is not a setting'],
    [{ guard: 'nobody' }, '"guard" in /etc/p is "nobody": expected '],
    [{ clientSecret: 'hush' }, 'Loopgate takes no client secret'],
  ])('policy: %j is refused by its name, so that no rule is left off in silence', (settings, why) => {
    expect(refusal(() => read(settings))).toContain(why);
  });

  test('policy: the demo is not started beside a provider that is managed', () => {
    const managed = { issuer: 'login.company.example', clientId: 'loopgate' };
    expect(refusal(() => read(managed, { LOOPGATE_DEMO: '1' }))).toContain('unset LOOPGATE_DEMO');
    expect(read({ guard: 'listed' }, { LOOPGATE_DEMO: '1' }).demo).toBe(true);
  });
});

describe.skipIf(process.platform === 'win32')('policy: a file is believed that only its owner can change', () => {
  const owner = process.getuid?.() ?? 0;
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'loopgate-policy-'));
    file = join(folder, 'policy.json');
    writeFileSync(file, '{}', { mode: 0o644 });
    chmodSync(folder, 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const read = () => readFileOfOwner(file, owner);

  test('policy: readable by all, writable by its owner', () => {
    expect(read()?.toString()).toBe('{}');
  });

  test('policy: there is none when file or folder is missing', () => {
    rmSync(file);
    expect(read()).toBeUndefined();
    expect(readFileOfOwner(join(folder, 'none', 'policy.json'), owner)).toBeUndefined();
  });

  test('policy: another user’s file or folder is refused', () => {
    expect(() => readFileOfOwner(file, owner + 1)).toThrow(`is owned by the user ${owner} instead of ${owner + 1}`);
    if (owner !== 0) return;
    chownSync(file, 65534, 65534);
    expect(read).toThrow('the file is owned by the user 65534 instead of 0');
    chownSync(file, 0, 0);
    chownSync(folder, 65534, 65534);
    expect(read).toThrow(`the folder ${folder} is owned by the user 65534 instead of 0`);
  });

  test.each([0o664, 0o646])('policy: a file that others can write (%o) is refused', (mode) => {
    chmodSync(file, mode);
    expect(read).toThrow('others than its owner can write the file');
  });

  test('policy: so is one in a folder that others can write, even when it is not there', () => {
    chmodSync(folder, 0o777);
    expect(read).toThrow('others than its owner can write the folder');
    rmSync(file);
    expect(read).toThrow('others than its owner can write the folder');
  });

  test('policy: a link, a folder, and a file without end are refused', () => {
    rmSync(file);
    symlinkSync('/etc/hostname', file);
    expect(read).toThrow('the file is a link');
    rmSync(file);
    mkdirSync(file);
    expect(read).toThrow('it is no file');
    rmSync(file, { recursive: true });
    writeFileSync(file, ' '.repeat(64 * 1024 + 1));
    expect(statSync(file).size).toBeGreaterThan(64 * 1024);
    expect(read).toThrow('larger than 64 KiB');
    const link = `${folder}-link`;
    symlinkSync(folder, link);
    try {
      expect(() => readFileOfOwner(join(link, 'policy.json'), owner)).toThrow('is a link');
    } finally {
      rmSync(link);
    }
  });
});
