import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { browserCommands } from './browserCommand.ts';
import { BrowserNotOpened, openWith } from './browserStart.ts';
import { withoutDescriptors } from './withoutDescriptors.ts';

const address = 'https://login.example.com/authorize?state=secret';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loopgate browser '));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A program that does this; `$1` is the address. */
async function program(name: string, body: string, mode = 0o755): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, mode);
  return path;
}

const open = (value: string, milliseconds?: number) =>
  openWith(browserCommands(value), address, milliseconds === undefined ? {} : { milliseconds });

/** Notes the address in a file of that name. */
const noting = (name: string) => program(name, `printf %s "$1" > "$0.seen"`);
const seenBy = (path: string) => readFile(`${path}.seen`, 'utf8');

describe.skipIf(process.platform === 'win32')('a browser is started, and whether that failed is noticed', () => {
  test.each([
    ['is missing', async () => '/missing/browser', /^\/missing\/browser cannot be run \(ENOENT\)$/],
    ['is not on the PATH', async () => 'no-browser-of-this-name', /^no-browser-of-this-name cannot be run \(ENOENT\)$/],
    [
      'is not executable',
      async () => `"${await program('plain', 'exit 0', 0o644)}"`,
      /plain cannot be run \(EACCES\)$/,
    ],
    ['ends with 3, as xdg-open does', async () => program('fails', 'exit 3'), /fails ended with 3$/],
    ['is killed', async () => program('killed', 'kill -TERM $$'), /killed ended with SIGTERM$/],
  ])('one that %s', async (_, value, reason) => {
    const failure = await open(await value()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BrowserNotOpened);
    const { message } = failure as Error;
    expect(message).toMatch(reason);
    expect(message).not.toContain('secret');
  });

  test('one that ends with 0 has opened it, also from a path with spaces, quoted or not', async () => {
    for (const quoted of [true, false]) {
      const path = await noting(`my ${quoted ? 'quoted' : 'plain'} browser`);
      await open(quoted ? `"${path}"` : path);
      expect(await seenBy(path)).toBe(address);
    }
  });

  test('one that stays in the foreground has opened it', async () => {
    const path = await program('stays', 'echo $$ > "$0.pid"; exec sleep 300');
    try {
      await open(path, 500);
    } finally {
      process.kill(Number(await readFile(`${path}.pid`, 'utf8')), 'SIGKILL');
    }
  });

  test('alternatives are tried in turn, until one has opened it', async () => {
    const [fails, first, second] = [await program('fails', 'exit 1'), await noting('first'), await noting('second')];
    await open(`/missing/browser:"${fails}":"${first}":"${second}"`);
    expect(await seenBy(first)).toBe(address);
    await expect(seenBy(second)).rejects.toThrow('ENOENT');
    await expect(open(`/missing/browser:"${fails}"`)).rejects.toThrow(
      /^\/missing\/browser cannot be run \(ENOENT\); .*fails ended with 1$/,
    );
  });

  test('a browser gets nothing that is open here, and why a program cannot be run is heard, whatever is open', async () => {
    // Left open to children on purpose, with holes between them: a shell opens without close-on-exec.
    const descriptors = Array.from({ length: 12 }, () => openSync('/dev/zero', 'r'));
    const kept = descriptors.filter((_, at) => at % 3 === 2);
    for (const one of descriptors) if (!kept.includes(one)) closeSync(one);
    onTestFinished(() => {
      for (const one of kept) closeSync(one);
    });
    for (const holes of [kept.length, 1]) {
      const child = withoutDescriptors((stdio) => spawn('/missing/program', [String(holes)], { stdio }));
      const heard = await new Promise((resolve) => {
        child.once('error', (error) => resolve('code' in error && error.code));
        child.once('spawn', () => resolve('it runs'));
      });
      expect(heard).toBe('ENOENT');
    }
    const lists = await program('lists', 'ls -l /proc/$$/fd > "$0.seen"');
    await open(lists);
    const targets = (await readFile(`${lists}.seen`, 'utf8')).split('\n').filter((line) => line.includes(' -> '));
    expect(targets.filter((line) => !/-> (\/dev\/null|.*\/lists(\.seen)?)$/.test(line))).toEqual([]);
  });
});
