import { expect, it } from 'vitest';
import { pointInTime } from './pointInTime.ts';

const noon = new Date(2026, 4, 3, 12, 0).getTime();

it('gives the time alone when it is today', () => {
  const shown = pointInTime(noon + 95 * 60_000, noon, 'en');
  expect(shown).toMatch(/^(1|13):35/);
  expect(shown).not.toContain('May');
});

it('names the day when it is another', () => {
  const shown = pointInTime(noon + 24 * 3_600_000, noon, 'en');
  expect(shown).toContain('Mon');
  expect(shown).toContain('May');
  expect(shown).toContain('4');
});

it('names the year when it is another', () => {
  const shown = pointInTime(new Date(2025, 11, 31, 12, 0).getTime(), noon, 'en');
  expect(shown).toContain('2025');
  expect(shown).toContain('Dec');
  expect(pointInTime(noon - 24 * 3_600_000, noon, 'en')).not.toContain('2026');
});

it('is written as the region does, whatever the language', () => {
  const evening = new Date(2026, 4, 3, 18, 5).getTime();
  expect(pointInTime(evening, noon, 'de-DE')).toBe('18:05');
  expect(pointInTime(evening, noon, 'en-US')).toMatch(/^6:05\sPM$/);
  expect(pointInTime(evening, noon + 24 * 3_600_000, 'de-AT')).toMatch(/^So\.?, 3\. Mai, 18:05$/);
});
