import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LockedError, takeLock } from './folderLock.ts';

// A double of a file system such as FAT: none can be mounted wherever these tests run.
vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  linkSync: () => {
    throw Object.assign(new Error('operation not permitted, link'), { code: 'EPERM' });
  },
}));

describe('a data folder where nothing can be linked', () => {
  it('one host per folder: it is held, nobody is told that it cannot be written, and a stale lock is replaced', () => {
    const home = mkdtempSync(join(tmpdir(), 'loopgate-lock-'));
    onTestFinished(() => rmSync(home, { recursive: true }));
    writeFileSync(join(home, 'lock.json'), JSON.stringify({ pid: 2_000_000_001, startedAt: 'x', kind: 'desktop' }));
    const lock = takeLock(home, 'desktop');
    expect(lock.notice).toBeUndefined();
    expect(readdirSync(home)).toEqual(['lock.json']);
    expect(() => takeLock(home, 'headless')).toThrow(LockedError);
    lock.release();
    expect(readdirSync(home)).toEqual([]);
  });
});
