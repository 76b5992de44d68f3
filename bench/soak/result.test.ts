import { describe, expect, test } from 'vitest';
import { between, complaintsAbout, type Reading, soakMarkdown } from './result.ts';

const reading = (changes: Partial<Reading> = {}): Reading => ({
  minute: 1,
  residentMegabytes: 100,
  openFiles: 20,
  threads: 11,
  ...changes,
});
const complaintsAfter = (last: Partial<Reading>, unexpected: string[] = []) =>
  complaintsAbout({ readings: [reading(), reading({ residentMegabytes: 150 }), reading(last)], unexpected });

describe('a soak', () => {
  test('is passed when the end is as the beginning, whatever was in between', () => {
    expect(complaintsAfter({ residentMegabytes: 104, openFiles: 21 })).toEqual([]);
  });

  test.each([
    ['memory', { residentMegabytes: 111 }, 'Memory grew by +11.0 %, from 100.0 to 111.0 MB.'],
    ['open files', { openFiles: 23 }, 'Open files grew from 20 to 23.'],
    ['threads', { threads: 12 }, 'Threads grew from 11 to 12.'],
  ])('is not passed when there is more of %s', (_what, last, complaint) => {
    expect(complaintsAfter(last)).toEqual([complaint]);
  });

  test('is not passed after an answer that nobody expected', () => {
    expect(complaintsAfter({}, ['/userinfo: 500'])).toEqual(['1 answers were unexpected, the first: /userinfo: 500']);
  });

  test('is not passed when there is nothing to compare', () => {
    expect(complaintsAbout({ readings: [reading()], unexpected: [] })).toHaveLength(1);
  });

  test('is told with its readings', () => {
    const done = { requests: 12_345, renewals: 2, signIns: 3, signOuts: 4, streams: 5, faults: 6 };
    const readings = [reading(), reading({ minute: 20, residentMegabytes: 99 })];
    const text = soakMarkdown({ minutes: 20, node: '20.20.2', done, readings, unexpected: [], complaints: [] });
    expect(text).toContain('Passed, in 20 minutes on Node 20.20.2. Memory −1.0 %');
    expect(text).toContain('12,345 requests, 2 renewals');
    expect(text).toContain('| 20.0 | 99.0 | 20 | 11 |');
  });
});

describe('a place in a document', () => {
  test('is filled, and the rest stays', () => {
    const document = 'before\n<!-- soak -->\nold\n<!-- /soak -->\nafter\n';
    expect(between(document, 'soak', 'new')).toBe('before\n<!-- soak -->\nnew\n<!-- /soak -->\nafter\n');
  });

  test('is made at the end where there is none', () => {
    expect(between('text\n', 'soak', 'new')).toBe('text\n\n<!-- soak -->\nnew\n<!-- /soak -->\n');
    expect(between('', 'soak', 'new')).toBe('<!-- soak -->\nnew\n<!-- /soak -->\n');
  });
});
