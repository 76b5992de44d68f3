import { expect, test } from 'vitest';
import { filesIn } from './archive.ts';

test('the head of an archive names its files with their paths and sizes', () => {
  const header = {
    files: {
      'package.json': { size: 10, offset: '0' },
      out: { files: { main: { files: { 'index.cjs': { size: 20, offset: '10' } } } } },
      link: { link: 'package.json' },
    },
  };
  expect(filesIn(header)).toEqual([
    { name: 'package.json', size: 10 },
    { name: 'out/main/index.cjs', size: 20 },
  ]);
  expect(filesIn(undefined)).toEqual([]);
});
