import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/**
 * In a process of its own, as flags of V8 are for all of one. It works as a server does whose callers wait a while: what is made is kept until so
 * much else was made.
 * @returns the size of the place for new objects, before and after, in MB
 */
function placeFor(
  { requests, perSecond }: { requests: number; perSecond: number },
  { isCrowded }: { isCrowded: boolean } = { isCrowded: false },
): [number, number] {
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8';
    import { keepHeapSmall, letHeapGrowForCrowd, letHeapGrowUnderLoad } from ${JSON.stringify(fileURLToPath(new URL('heap.ts', import.meta.url)))};
    const place = () => getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size / 1024 / 1024;
    keepHeapSmall();
    const before = place();
    if (${isCrowded}) letHeapGrowForCrowd(true);
    let now = 0;
    performance.now = () => now;
    const kept = [];
    for (let request = 1; request <= ${requests}; request += 1) {
      now += ${1000 / perSecond};
      kept[request % 500] = Array.from({ length: 40 }, (_, index) => ({ index, request }));
      if (request % 1000 === 0) letHeapGrowUnderLoad();
    }
    console.log(before, place());
  `;
  const said = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program]);
  const [before = Number.NaN, after = Number.NaN] = said.toString().trim().split(' ').map(Number);
  return [before, after];
}

test('performance: the place for new objects grows under load, as far as 4 MB each way', () => {
  const [before, after] = placeFor({ requests: 200_000, perSecond: 5_000 });
  expect(before).toBeLessThan(8);
  expect(after).toBe(8);
});

test('performance: it stays as it is when there is no load, however much is asked', () => {
  const [before, after] = placeFor({ requests: 200_000, perSecond: 500 });
  expect(after).toBe(before);
});

test('performance: it grows for a crowd, also when a thousandth request comes meanwhile', () => {
  const [before, after] = placeFor({ requests: 200_000, perSecond: 500 }, { isCrowded: true });
  expect(before).toBeLessThan(8);
  expect(after).toBeGreaterThan(8);
});
