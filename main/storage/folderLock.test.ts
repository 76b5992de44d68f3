import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Holder, LockedError, processStart, takeLock } from './folderLock.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'loopgate-lock-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const path = (suffix = '') => join(home, `lock.json${suffix}`);
/** Larger than any system's pids: no real process has them. */
const other = 2_000_000_001;
const gone = 2_000_000_002;
const alsoGone = 2_000_000_003;
/** A machine on which this process and another one run. */
const both = (pid: number) => (pid === process.pid ? 'now' : pid === other ? 'before' : undefined);
const alone = (pid: number) => (pid === process.pid ? 'now' : undefined);

function held(holder: Holder | string, suffix = ''): void {
  writeFileSync(path(suffix), typeof holder === 'string' ? holder : JSON.stringify(holder));
}

const holder = (suffix = ''): unknown => JSON.parse(readFileSync(path(suffix), 'utf8'));
const mine = { pid: process.pid, startedAt: 'now', kind: 'headless' };
const living: Holder = { pid: other, startedAt: 'before', kind: 'desktop' };

describe('lock', () => {
  it('one host per folder: the lock says who holds it, and only the person can read it', () => {
    takeLock(home, 'headless', alone);
    expect(holder()).toEqual(mine);
    if (process.platform !== 'win32') expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  it('one host per folder: a living holder keeps it, and the message says which one and what to do', () => {
    held(living);
    const taking = () => takeLock(home, 'headless', both);
    expect(taking).toThrow(LockedError);
    expect(taking).toThrow(
      `Loopgate (desktop, process ${other}) already runs on ${home}. Use that one, stop it, or set`,
    );
    expect(holder()).toEqual(living);
    expect(readdirSync(home)).toEqual(['lock.json']);
  });

  it('one host per folder: the same process cannot take it twice', () => {
    takeLock(home, 'desktop', alone);
    expect(() => takeLock(home, 'headless', alone)).toThrow(LockedError);
  });

  it('one host per folder: desktop and headless exclude each other, for real', () => {
    const lock = takeLock(home, 'desktop');
    expect(() => takeLock(home, 'headless')).toThrow(LockedError);
    lock.release();
    expect(() => takeLock(home, 'headless')).not.toThrow();
  });

  it.each<[string, Holder | string]>([
    ['whose process is gone', { ...living, pid: gone }],
    ['whose pid another process has now', { ...living, startedAt: 'long before' }],
    ['that was cut off', '{"pid": 12'],
    ['that is empty', ''],
    ['that is no lock', '[]'],
    ['with a pid that is none', JSON.stringify({ ...living, pid: -1 })],
  ])('one host per folder: a lock %s is stale and replaced', (_name, found) => {
    held(found);
    takeLock(home, 'headless', both);
    expect(holder()).toEqual(mine);
    expect(readdirSync(home)).toEqual(['lock.json']);
  });

  it('one host per folder: while another process replaces a stale lock, nobody else does', () => {
    held({ ...living, pid: gone });
    held(living, '.replacing');
    expect(() => takeLock(home, 'headless', both)).toThrow(LockedError);
    expect(holder()).toMatchObject({ pid: gone });
  });

  it('one host per folder: a process that was killed while it replaced a lock does not block the folder', () => {
    held({ ...living, pid: gone });
    held({ ...living, pid: alsoGone }, '.replacing');
    takeLock(home, 'headless', both);
    expect(holder()).toEqual(mine);
    expect(readdirSync(home)).toEqual(['lock.json']);
  });

  it('one host per folder: whoever finds the lock replaced meanwhile leaves it to the other', () => {
    held({ ...living, pid: gone });
    const startOf = (pid: number) => {
      // The other process wins the race just when this one looks whether the old holder lives.
      if (pid === gone) held(living);
      return both(pid);
    };
    expect(() => takeLock(home, 'headless', startOf)).toThrow(LockedError);
    expect(holder()).toEqual(living);
    expect(readdirSync(home)).toEqual(['lock.json']);
  });

  it('one host per folder: when not even the third lock’s lock can be had, it says what to remove', () => {
    for (const suffix of ['', '.replacing', '.replacing.replacing', '.replacing.replacing.replacing']) held('', suffix);
    expect(() => takeLock(home, 'headless', both)).toThrow(/Remove it and start again/);
  });

  it('one host per folder: a holder whose start is unknown counts as living, not as stale', () => {
    takeLock(home, 'desktop', () => undefined);
    expect(() => takeLock(home, 'headless', () => undefined)).toThrow(LockedError);
  });

  it('one host per folder: release gives the folder back, once', () => {
    const lock = takeLock(home, 'headless', alone);
    lock.release();
    expect(readdirSync(home)).toEqual([]);
    expect(() => lock.release()).not.toThrow();
  });

  it('one host per folder: release never takes the lock of another process away', () => {
    const lock = takeLock(home, 'headless', alone);
    held(living);
    lock.release();
    expect(holder()).toEqual(living);
  });

  it('one host per folder: a folder that does not exist is made, for the person alone', () => {
    const fresh = join(home, 'a', 'b');
    expect(takeLock(fresh, 'headless', alone).notice).toBeUndefined();
    if (process.platform !== 'win32') expect(statSync(fresh).mode & 0o777).toBe(0o700);
  });

  it('one host per folder: a folder that cannot be made or written stops nobody, and is said', () => {
    writeFileSync(join(home, 'file'), '');
    const lock = takeLock(join(home, 'file', 'folder'), 'headless', alone);
    expect(lock.notice).toContain(join(home, 'file', 'folder'));
    expect(lock.notice).toContain('cannot lock the data folder');
    expect(() => lock.release()).not.toThrow();
  });
});

describe('when a process started', () => {
  it('one host per folder: a living process has a start that does not change, and differs from an older one’s', () => {
    const own = processStart(process.pid);
    expect(own).toMatch(/\d/);
    expect(processStart(process.pid)).toBe(own);
    expect(processStart(process.ppid)).not.toBe(own);
  });

  it('one host per folder: a process that has ended has none', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    expect(processStart(pid)).toBeUndefined();
  });

  it('one host per folder: on macOS the start reads the same whatever time zone each host was started with', (context) => {
    if (!existsSync('/bin/ps')) context.skip('this machine has no ps');
    const before = process.env.TZ;
    const startIn = (zone: string) => {
      process.env.TZ = zone;
      return processStart(process.pid, 'darwin');
    };
    try {
      const there = startIn('UTC-9');
      expect(there).toMatch(/\d\d:\d\d:\d\d/);
      expect(startIn('UTC+5')).toBe(there);
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });
});
