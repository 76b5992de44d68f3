import { describe, expect, it } from 'vitest';
import { pathParts } from './pathParts.ts';

describe('pathParts', () => {
  it.each([
    ['/usr/share/code/code', ['/', 'usr/', 'share/', 'code/'], 'code'],
    ['C:\\Program Files\\Code\\Code.exe', ['C:\\', 'Program Files\\', 'Code\\'], 'Code.exe'],
    ['\\\\server\\share\\x.exe', ['\\\\', 'server\\', 'share\\'], 'x.exe'],
    ['node', [], 'node'],
    ['/opt/tool/', ['/', 'opt/', 'tool/'], ''],
    ['', [], ''],
  ])('cuts %s', (path, folders, file) => {
    expect(pathParts(path)).toEqual({ folders, file, isLong: false });
  });

  it.each(['/a//b///c d /\u05d0\u05d1/\u05d2', '/x\n/y', '/a\\b/c'])('loses no character of %j', (path) => {
    const { folders, file } = pathParts(path);
    expect(folders.join('') + file).toBe(path);
  });

  it('keeps the file of a long path apart, so that its end is always seen', () => {
    const long = pathParts(`/${'folder/'.repeat(40)}evil`);
    expect(long.isLong).toBe(true);
    expect(long.file).toBe('evil');
  });
});
