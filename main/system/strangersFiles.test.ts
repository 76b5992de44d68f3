import { execFileSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { constants, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { NoAnswerError, StrangersFiles, type Thread } from './strangersFiles.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loopgate-strangers-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string) => join(folder, name);

/** Time passes when the test says so. */
function timers() {
  const waiting = new Set<() => void>();
  return {
    timer: {
      after(_milliseconds: number, callback: () => void) {
        waiting.add(callback);
        return () => waiting.delete(callback);
      },
    },
    pass() {
      for (const callback of [...waiting]) callback();
    },
  };
}

it.skipIf(process.platform === 'win32')('only a regular file is read, and nothing is waited for', async () => {
  const files = new StrangersFiles();
  writeFileSync(path('file'), 'text');
  execFileSync('mkfifo', [path('pipe')]);
  symlinkSync(path('pipe'), path('link'));
  symlinkSync(path('file'), path('good'));
  mkdirSync(path('folder'));
  const text = async (name: string, flags = 0) =>
    Buffer.from((await files.do('read', path(name), 100, flags)).content).toString();
  expect(await text('file')).toBe('text');
  expect(await text('good')).toBe('text');
  await expect(text('good', constants.O_NOFOLLOW)).rejects.toMatchObject({ code: 'ELOOP' });
  for (const name of ['pipe', 'link', 'folder']) await expect(text(name), name).rejects.toThrow('not a file');
  await expect(files.do('read', '/dev/zero', 4)).rejects.toThrow('not a file');
  expect(await files.do('status', path('link'), true)).toMatchObject({ kind: 'link' });
  expect(await files.do('status', path('file'))).toMatchObject({ kind: 'file', size: 4n });
  await expect(files.do('hashFile', path('file'), 3)).rejects.toThrow('too large');
  await expect(files.do('status', path('nowhere'))).rejects.toMatchObject({ code: 'ENOENT' });
});

/** A thread that answers when the test says so. */
class TestThread extends EventEmitter {
  readonly asked: unknown[] = [];
  postMessage(message: unknown) {
    this.asked.push(message);
  }
  async terminate() {
    return 0;
  }
  ref() {}
  unref() {}
}

it('where one piece hangs, it and all others are refused until it ends', async () => {
  const { timer, pass } = timers();
  const thread = new TestThread();
  const files = new StrangersFiles(timer, () => thread as unknown as Thread);
  const told: boolean[] = [];
  files.onStuck = (isStuck) => told.push(isStuck);
  const long = files.do('names', 'long');
  thread.emit('message', 'progress');
  thread.emit('message', { result: [] });
  expect(await long).toEqual([]);

  const [hung, waits] = [files.do('names', 'hung'), files.do('names', 'waits')];
  pass();
  await expect(hung).rejects.toThrow(NoAnswerError);
  await expect(waits).rejects.toThrow(NoAnswerError);
  await expect(files.do('names', 'later')).rejects.toThrow(NoAnswerError);
  expect(files.isStuck).toBe(true);
  thread.emit('message', { result: ['too late'] });
  expect(files.isStuck).toBe(false);
  const again = files.do('names', 'again');
  thread.emit('message', { result: ['again'] });
  expect(await again).toEqual(['again']);
  expect(thread.asked).toEqual(['long', 'hung', 'again'].map((folder) => ['names', [folder]]));
  expect(told).toEqual([true, false]);
});

it('a piece that goes on and on is not waited for either, and progress does not help it', async () => {
  const { timer, pass } = timers();
  const thread = new TestThread();
  const files = new StrangersFiles(timer, () => thread as unknown as Thread);
  const endless = files.do('names', 'endless');
  pass();
  await expect(endless).rejects.toThrow(NoAnswerError);
  thread.emit('message', 'progress');
  expect(files.isStuck).toBe(true);
  thread.emit('message', { result: [] });
  expect(files.isStuck).toBe(false);
});

it('a thread that has ended is replaced', async () => {
  const threads: TestThread[] = [];
  const files = new StrangersFiles(timers().timer, () => {
    threads.push(new TestThread());
    return threads.at(-1) as unknown as Thread;
  });
  const lost = files.do('names', 'lost');
  const kept = files.do('names', 'kept');
  threads[0]?.emit('exit');
  await expect(lost).rejects.toThrow(NoAnswerError);
  threads[1]?.emit('message', { result: ['kept'] });
  expect(await kept).toEqual(['kept']);
});

it('of a folder with more names than anybody needs, none is sent to the thread that asks [C12]', async () => {
  const files = new StrangersFiles();
  mkdirSync(path('many'));
  for (let number = 0; number < 20_000; number += 1) writeFileSync(path(`many/${number}`), '');
  expect(await files.do('names', path('many'))).toHaveLength(20_000);
  writeFileSync(path('many/more'), '');
  await expect(files.do('names', path('many'))).rejects.toThrow('too many files');
  const tree = { folder, roots: ['many'] };
  expect(await files.do('hashTree', tree, { maxFiles: 100, maxBytes: 1 })).toBeUndefined();
  await files.end();
});
