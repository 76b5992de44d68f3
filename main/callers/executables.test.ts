import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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
    await expect(hashes.of(file)).rejects.toThrow('not a file');
    rmSync(file, { recursive: true });
    writeFileSync(file, 'one');
    expect(await hashes.of(file)).toBe(sha256('one'));
  });
});

describe('the code of an Electron or NW.js app in a folder of the user’s [C3]', () => {
  const editor = () => join(folder, 'editor');
  const put = (file: string, text = file) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  /** Each in a run of its own. */
  let runs = 0;
  const compared = async (hashes = new ExecutableHashes(), mount?: string) => {
    runs += 1;
    return await hashes.ofProgram(editor(), editor(), `${runs}@1`, mount);
  };
  beforeEach(() => put('editor', 'electron'));

  it.each([
    ['the archive', 'resources/app.asar'],
    ['a file of the folder that stands for it', 'resources/app/out/main.js'],
    ['a module beside the archive', 'resources/app.asar.unpacked/node_modules/keyring/keyring.node'],
    ['what runs without an app', 'resources/default_app.asar'],
    ['a library', 'libffmpeg.so'],
    ['a snapshot of V8', 'v8_context_snapshot.bin'],
    ['the scripts of Chromium’s pages', 'resources.pak'],
  ])('%s counts', async (_name, file) => {
    put('resources/app/package.json');
    put(file);
    const hashes = new ExecutableHashes();
    const before = await compared(hashes);
    expect(before.isWhole).toBe(true);
    expect(before.hash).not.toBe(sha256('electron'));
    expect(await compared(hashes)).toEqual(before);
    expect(await compared()).toEqual(before);
    put(file, 'other code');
    const after = await compared(hashes);
    expect(after.hash).not.toBe(before.hash);
    expect(await compared()).toEqual(after);
    put(file);
    expect(await compared(hashes)).toEqual(before);
  });

  it('a new file, a name, and where a link leads count too', async () => {
    put('resources/app/a.js', 'a');
    put('resources/app/b.js', 'b');
    const found = [(await compared()).hash];
    const see = async () => found.push((await compared()).hash);
    put('resources/app/c.js', '');
    await see();
    renameSync(join(folder, 'resources/app/c.js'), join(folder, 'resources/app/d.js'));
    await see();
    symlinkSync('../a.js', join(folder, 'resources/app/main.js'));
    await expect(compared()).resolves.toMatchObject({ isWhole: false });
    for (const target of ['a.js', 'b.js']) {
      rmSync(join(folder, 'resources/app/main.js'));
      symlinkSync(target, join(folder, 'resources/app/main.js'));
      await see();
    }
    expect(new Set(found).size).toBe(found.length);
  });

  it('what is no code does not: settings, pictures, and the folder of a program that is no such app', async () => {
    put('resources/app.asar');
    const before = await compared();
    put('README.md');
    put('resources/icon.png');
    put('data/settings');
    expect(await compared()).toEqual(before);
    rmSync(join(folder, 'resources'), { recursive: true });
    put('libffmpeg.so');
    put('lib/plugin.so');
    expect(await compared()).toEqual({ hash: sha256('electron'), isWhole: true });
  });

  it.each<[string, () => void]>([
    ['a link leads to a file elsewhere', () => symlinkSync('/etc/hostname', join(folder, 'resources/app/x.js'))],
    ['a link leads out of the code', () => symlinkSync('../../data/x.js', join(folder, 'resources/app/x.js'))],
    ['a link leads on from another one', () => symlinkSync('self/../../data', join(folder, 'resources/app/x'))],
    ['a part of it is a pipe', () => execFileSync('mkfifo', [join(folder, 'resources/app/x.js')])],
    [
      'the whole of it lies elsewhere',
      () => {
        renameSync(join(folder, 'resources/app'), join(folder, 'moved'));
        symlinkSync(join(folder, 'moved'), join(folder, 'resources/app'));
      },
    ],
  ])('it is not known as a whole when %s', async (_name, change) => {
    put('resources/app/main.js');
    expect((await compared()).isWhole).toBe(true);
    change();
    expect(await compared()).toEqual({ hash: sha256('electron'), isWhole: false });
  });

  it('it is not known as a whole when there is more than anybody waits for', async () => {
    for (const name of ['a', 'b', 'c']) put(`resources/app/${name}.js`, 'x'.repeat(10));
    const within = async (maxFiles: number, maxBytes: number) =>
      (await compared(new ExecutableHashes({ maxFiles, maxBytes }))).isWhole;
    expect(await within(3, 30)).toBe(true);
    expect(await within(2, 30)).toBe(false);
    expect(await within(3, 29)).toBe(false);
  });

  it('one run of a program has loaded its code, and is not compared again', async () => {
    put('resources/app/main.js');
    const hashes = new ExecutableHashes();
    const first = await hashes.ofProgram(editor(), editor(), '7@1');
    put('resources/app/main.js', 'an update');
    expect(await hashes.ofProgram(editor(), editor(), '7@1')).toEqual(first);
    expect(await hashes.ofProgram(editor(), editor(), '7@2')).not.toEqual(first);
  });

  it('NW.js: every file of its folder', async () => {
    put('nw_100_percent.pak');
    put('package.json');
    const before = await compared();
    put('js/main.js');
    expect((await compared()).hash).not.toBe(before.hash);
  });

  it('macOS: the whole framework, as the executable of a bundle is a few lines, also for a helper', async () => {
    const contents = join(folder, 'Editor.app', 'Contents');
    const helper = 'Frameworks/Helper.app/Contents/MacOS/Helper';
    for (const file of ['MacOS/Editor', 'Resources/app/main.js', 'Frameworks/Electron', helper])
      put(join('Editor.app', 'Contents', file));
    const hashes = async () =>
      await Promise.all(
        ['MacOS/Editor', helper].map(
          async (file) =>
            (await new ExecutableHashes().ofProgram(join(contents, file), join(contents, file), '1')).hash,
        ),
      );
    const before = await hashes();
    put('Editor.app/Contents/Frameworks/Electron', 'other code');
    const after = await hashes();
    put('Editor.app/Contents/Resources/app/main.js', 'other code');
    expect(new Set([...before, ...after, ...(await hashes())]).size).toBe(6);
  });

  it('an AppImage of another kind: all that it contains', async () => {
    put('usr/lib/libapp.so');
    const before = await compared(undefined, folder);
    put('usr/lib/libapp.so', 'other code');
    expect((await compared(undefined, folder)).hash).not.toBe(before.hash);
  });

  it('an Electron has an app of its own, or runs one that its command line names', async () => {
    expect(await hasOwnApp(editor())).toBe(false);
    put('resources/app/main.js');
    expect(await hasOwnApp(editor())).toBe(false);
    put('resources/app/package.json');
    expect(await hasOwnApp(editor())).toBe(true);
  });
});
