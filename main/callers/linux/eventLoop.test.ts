import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { portMark, readKernelRows, Slices } from './eventLoop.ts';

test('of a table of the kernel the rows with a mark are read, wherever its pieces end [L6]', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loopgate-table-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'tcp');
  const rows = Array.from({ length: 5000 }, (_, index) => `${index}: ${index % 7 === 0 ? 'one:03E8 other' : 'none'}\n`);
  // Both ends are at that port.
  rows.push('last: one:03E8 other:03E8 \n');
  writeFileSync(path, rows.join(''));
  expect(rows.join('').length).toBeGreaterThan(2 * 16 * 1024);
  expect(await readKernelRows(path, [portMark(1000)])).toBe(rows.filter((row) => row.includes(':03E8 ')).join(''));
  expect(await readKernelRows(path, [])).toBe('');
});

test('a table that is not there is an error, as on a system without IPv6 [C1]', async () => {
  await expect(readKernelRows('/proc/net/none', [])).rejects.toThrow('ENOENT');
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
