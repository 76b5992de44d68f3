import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { secureFolder, UnsafeFolderError } from './folderLook.ts';

/** What the double answers: the type of the file system, and what becomes of a wish to change permissions. */
const double = vi.hoisted(() => ({ type: 0, change: 'kept' as 'kept' | 'ignored' | 'EPERM' | 'EROFS' }));

// A double of file systems such as FAT and of drives of Windows under WSL: none can be mounted wherever these tests run.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return {
    ...fs,
    statfsSync: () => ({ type: double.type }),
    fchmodSync: (file: number, mode: number) => {
      if (double.change === 'kept') return fs.fchmodSync(file, mode);
      if (double.change !== 'ignored') throw Object.assign(new Error('no'), { code: double.change });
    },
  };
});

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'loopgate-modes-'));
  writeFileSync(join(home, 'settings.json'), '{}');
  chmodSync(join(home, 'settings.json'), 0o777);
  chmodSync(home, 0o777);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const ext4 = 0xef53;

describe.skipIf(process.platform !== 'linux')('a data folder that others can write to', () => {
  it.each([
    ['FAT refuses a change', 0x4d44, 'EPERM'],
    ['exFAT refuses a change', 0x2011bab0, 'EPERM'],
    ['a drive of Windows under WSL 2 ignores a change', 0x01021997, 'ignored'],
    ['a share of Windows ignores a change', 0xff534d42, 'ignored'],
    ['a share of Windows, its type as a negative number', 0xff534d42 | 0, 'ignored'],
    ['any other one that agrees and changes nothing, such as NTFS by FUSE', 0x65735546, 'ignored'],
  ] as const)('is used with a notice where its file system keeps no permissions: %s', (_, type, change) => {
    Object.assign(double, { type, change });
    expect(secureFolder(home)).toEqual({
      notices: [expect.stringContaining('keeps no permissions')],
      warnings: [],
    });
  });

  it('is mended elsewhere, with what is in it', () => {
    Object.assign(double, { type: ext4, change: 'kept' });
    expect(secureFolder(home).notices).toEqual([
      expect.stringContaining(`could write to ${home}`),
      expect.stringContaining('settings.json'),
    ]);
    expect([home, join(home, 'settings.json')].map((path) => statSync(path).mode & 0o777)).toEqual([0o755, 0o755]);
    expect(secureFolder(home).notices).toEqual([]);
  });

  it('is refused where that cannot be had', () => {
    Object.assign(double, { type: ext4, change: 'EPERM' });
    expect(() => secureFolder(home)).toThrow(UnsafeFolderError);
    expect(() => secureFolder(home)).toThrow(`chmod go-w ${home}`);
  });
});
