import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLogFile } from './logFile.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loopgate-logs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (name = 'loopgate.log') => join(folder, name);

describe('the log file', () => {
  it('goes on where the last run has ended, for its user alone', () => {
    openLogFile(folder).write('first\n');
    openLogFile(folder).write('second\n');
    expect(readFileSync(path(), 'utf8')).toBe('first\nsecond\n');
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  it('a full one is moved, and a new one begun', () => {
    writeFileSync(path(), 'x'.repeat(1024 * 1024 + 1));
    openLogFile(folder).write('new\n');
    expect(readFileSync(path(), 'utf8')).toBe('new\n');
    expect(statSync(path('loopgate.1.log')).size).toBe(1024 * 1024 + 1);
  });

  it.skipIf(process.platform === 'win32').each([
    ['a link to a file', () => symlinkSync(path('precious'), path())],
    ['a link that leads nowhere', () => symlinkSync(path('missing'), path())],
    ['a pipe', () => execFileSync('mkfifo', [path()])],
  ])('%s in its place is not written to, and holds up nobody', (_, plant) => {
    writeFileSync(path('precious'), 'as it was');
    plant();
    openLogFile(folder).write('an entry\n');
    expect(readFileSync(path('precious'), 'utf8')).toBe('as it was');
    expect(lstatSync(path()).isFile()).toBe(true);
    expect(readFileSync(path(), 'utf8')).toBe('an entry\n');
  });
});
