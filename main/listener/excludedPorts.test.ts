import { expect, it } from 'vitest';
import { excludedRange } from './excludedPorts.ts';

// A double: netsh's own form, as Microsoft documents it.
const printed = [
  '',
  'Protocol tcp Port Exclusion Ranges',
  '',
  'Start Port    End Port      ',
  '----------    --------      ',
  '       980        1079      ',
  '      5357        5357      ',
  '     50000       50059     *',
  '',
  '* - Administered port exclusions.',
  '',
].join('\r\n');

it.each([
  [980, { first: 980, last: 1079 }],
  [1000, { first: 980, last: 1079 }],
  [1080, undefined],
  [5357, { first: 5357, last: 5357 }],
  [50_000, undefined],
])('Windows: port %i is in %j [L9]', async (port, range) => {
  expect(await excludedRange(port, async () => printed)).toEqual(range);
});

it('Windows: where netsh does not answer, no range is claimed [L9]', async () => {
  expect(await excludedRange(1000, () => Promise.reject(new Error('no netsh')))).toBeUndefined();
});
