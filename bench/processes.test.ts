import { expect, test } from 'vitest';
import { footprintOf, kilobytesIn, parseStat, treeOf } from './processes.ts';

test('the name of a process may hold brackets and spaces', () => {
  expect(parseStat('12 (a) S 1 (b)) S 7 12 12 0')).toEqual({ pid: 12, name: 'a) S 1 (b)', parent: 7 });
  expect(parseStat('')).toBeUndefined();
});

test('a tree is the process with all below it, and no other', () => {
  const all = [
    { pid: 1, parent: 0, name: 'init' },
    { pid: 5, parent: 1, name: 'app' },
    { pid: 6, parent: 5, name: 'zygote' },
    { pid: 7, parent: 6, name: 'renderer' },
    { pid: 8, parent: 1, name: 'other' },
  ];
  expect(treeOf(5, all).map(({ name }) => name)).toEqual(['app', 'zygote', 'renderer']);
});

test('a line of /proc is read by its name', () => {
  expect(kilobytesIn('Rss:  9 kB\nPss:               1234 kB\nPss_Anon: 5 kB\n', 'Pss')).toBe(1234);
  expect(kilobytesIn('', 'Pss')).toBe(0);
});

test.runIf(process.platform === 'linux')('this process has memory', async () => {
  const { processes, proportionalKilobytes } = await footprintOf(process.pid);
  expect(processes).toBeGreaterThan(0);
  expect(proportionalKilobytes).toBeGreaterThan(1_000);
});
