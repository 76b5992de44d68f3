import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExecutableHashes, hasOwnApp, type Ownership, onlyRootCanWrite } from './executables.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loopgate-executable-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('who can write there [C3]', () => {
  const roots: Ownership = { uid: 0n, gid: 0n, mode: 0o755n };
  const looking = (changed: Record<string, Partial<Ownership>>) => async (path: string) => ({
    ...roots,
    ...changed[path],
  });

  it.each<[string, Record<string, Partial<Ownership>>, boolean]>([
    ['everything is root’s', {}, true],
    ['the file is the user’s', { '/opt/a/b': { uid: 1000n } }, false],
    ['its folder is the user’s', { '/opt/a': { uid: 1000n } }, false],
    ['a folder further up is the user’s', { '/opt': { uid: 1000n } }, false],
    ['everybody may write its folder', { '/opt/a': { mode: 0o1777n } }, false],
    ['a group may write its folder', { '/opt/a': { mode: 0o775n, gid: 50n } }, false],
    ['a group may write the file', { '/opt/a/b': { mode: 0o775n } }, false],
    ['everybody may write the root', { '/': { mode: 0o777n } }, false],
  ])('%s', async (_name, changed, isTrusted) => {
    expect(await onlyRootCanWrite('/opt/a/b', { look: looking(changed) })).toBe(isTrusted);
  });

  it('the group of macOS’s administrators may write folders, not the file', async () => {
    const admin = { mode: 0o775n, gid: 80n };
    const options = (path: string) => ({ look: looking({ [path]: admin }), adminGroup: 80n });
    expect(await onlyRootCanWrite('/Applications/a/b', options('/Applications'))).toBe(true);
    expect(await onlyRootCanWrite('/Applications/a/b', options('/Applications/a/b'))).toBe(false);
    expect(await onlyRootCanWrite('/Applications/a/b', { look: looking({ '/Applications': admin }) })).toBe(false);
  });

  it('a file that is not there any more is judged by what it was', async () => {
    const look = async (path: string) => {
      if (path === '/opt/a/b') throw new Error('ENOENT');
      return roots;
    };
    expect(await onlyRootCanWrite('/opt/a/b', { look })).toBe(false);
    expect(await onlyRootCanWrite('/opt/a/b', { look, file: roots })).toBe(true);
    expect(await onlyRootCanWrite('/opt/a/b', { look, file: { ...roots, uid: 1000n } })).toBe(false);
  });

  it('a temporary folder is not root’s, for any user', async () => {
    writeFileSync(join(folder, 'program'), '');
    expect(await onlyRootCanWrite(join(folder, 'program'))).toBe(false);
  });
});

describe('the hash of an executable [C3]', () => {
  it('is computed once for a file, for all callers, and again for a changed one', async () => {
    const hashes = new ExecutableHashes();
    const file = join(folder, 'program');
    writeFileSync(file, 'one');
    utimesSync(file, 1_000_000, 1_000_000);
    expect(await Promise.all([hashes.of(file), hashes.of(file)])).toEqual([sha256('one'), sha256('one')]);
    writeFileSync(file, 'two');
    // Who writes the old times back is seen by the time of the change.
    utimesSync(file, 1_000_000, 1_000_000);
    expect(await hashes.of(file)).toBe(sha256('two'));
  });

  it('a file that cannot be read now can be read later', async () => {
    const hashes = new ExecutableHashes();
    const file = join(folder, 'program');
    await expect(hashes.of(file)).rejects.toThrow('ENOENT');
    mkdirSync(file);
    await expect(hashes.of(file)).rejects.toThrow('EISDIR');
    rmSync(file, { recursive: true });
    writeFileSync(file, 'one');
    expect(await hashes.of(file)).toBe(sha256('one'));
  });

  it('the code of an Electron app counts, which is beside its executable', async () => {
    const hashes = new ExecutableHashes();
    const file = join(folder, 'notes');
    const archive = join(folder, 'resources', 'app.asar');
    writeFileSync(file, 'electron');
    expect(await hashes.ofProgram(file, file)).toBe(sha256('electron'));
    expect(await hasOwnApp(file)).toBe(false);
    mkdirSync(join(folder, 'resources'));
    writeFileSync(archive, 'app');
    expect(await hasOwnApp(file)).toBe(true);
    const before = await hashes.ofProgram(file, file);
    writeFileSync(archive, 'another app');
    expect(new Set([before, await hashes.ofProgram(file, file), sha256('electron')]).size).toBe(3);
  });
});
