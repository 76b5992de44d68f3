import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { readKernelTable, Slices } from './slices.ts';

/** Larger than what is read at a time. */
function largeFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'loopgate-table-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'tcp');
  writeFileSync(path, Array.from({ length: 5000 }, (_, index) => `${index}: row\n`).join(''));
  return path;
}

test('section P: a table of the kernel is read whole, however many pieces it has', async () => {
  const path = largeFile();
  expect(await readKernelTable(path)).toBe(readFileSync(path, 'latin1'));
  expect(readFileSync(path).length).toBeGreaterThan(2 * 16 * 1024);
});

test('section P: a table that is not there is an error, as on a system without IPv6', async () => {
  await expect(readKernelTable('/proc/net/none')).rejects.toThrow('ENOENT');
});

test('performance: others have their turn while there is much to do', async () => {
  const slices = new Slices();
  let turns = 0;
  const others = (async () => {
    for (; turns < 3; turns += 1) await setImmediate();
  })();
  while (turns < 3) if (slices.isOver) await slices.next();
  await others;
  expect(turns).toBe(3);
});
