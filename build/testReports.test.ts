import { describe, expect, it } from 'vitest';
import {
  type DesktopReport,
  notAllowed,
  RUNNER_DIED,
  skipAll,
  sum,
  summaryLine,
  tallyDesktopReport,
  tallyUnitReport,
} from './testReports.ts';

function unitTest(title: string, status: string, meta: { skipReason?: string; isRetried?: boolean } = {}) {
  return { ancestorTitles: ['', 'group'], title, status, meta };
}

function desktopTest(title: string, status: string, annotations: { type: string; description?: string }[] = []) {
  return { title, tests: [{ status, annotations }] };
}

const desktopReport: DesktopReport = {
  errors: [],
  suites: [
    {
      title: 'tray.spec.ts',
      specs: [desktopTest('at the top', 'expected')],
      suites: [
        {
          title: 'tray',
          specs: [
            desktopTest('broken', 'unexpected'),
            desktopTest('second try', 'flaky'),
            desktopTest('elsewhere', 'skipped', [{ type: 'skip', description: 'macOS only' }]),
            desktopTest('after a failure', 'skipped'),
          ],
        },
      ],
    },
  ],
};

describe('tallyUnitReport', () => {
  it('counts tests, and says why one was skipped', () => {
    const tests = [unitTest('a', 'passed'), unitTest('b', 'failed'), unitTest('c', 'skipped', { skipReason: 'why' })];
    expect(tallyUnitReport({ testResults: [{ status: 'failed', assertionResults: tests }] })).toEqual({
      passed: 1,
      failed: 1,
      skipped: [{ test: 'group › c', reason: 'why' }],
      retried: [],
    });
  });

  it('names what passed at a second try', () => {
    const tests = [unitTest('a', 'passed'), unitTest('b', 'passed', { isRetried: true })];
    const { passed, retried } = tallyUnitReport({ testResults: [{ status: 'passed', assertionResults: tests }] });
    expect([passed, retried]).toEqual([2, ['group › b']]);
  });

  it('counts a test that is not written as skipped', () => {
    const { skipped } = tallyUnitReport({
      testResults: [{ status: 'passed', assertionResults: [unitTest('a', 'todo'), unitTest('b', 'skipped')] }],
    });
    expect(skipped.map(({ reason }) => reason)).toEqual(['not written yet', 'no reason given']);
  });

  it('counts a file that could not be loaded as one failure', () => {
    expect(tallyUnitReport({ testResults: [{ status: 'failed', assertionResults: [] }] }).failed).toBe(1);
  });
});

describe('tallyDesktopReport', () => {
  it('counts tests at every depth, and names what passed at a second try', () => {
    expect(tallyDesktopReport(desktopReport)).toEqual({
      passed: 2,
      failed: 1,
      skipped: [
        { test: 'tray › elsewhere', reason: 'macOS only' },
        { test: 'tray › after a failure', reason: 'did not run' },
      ],
      retried: ['tray › second try'],
    });
  });

  it('counts a file that could not be loaded as one failure', () => {
    expect(tallyDesktopReport({ suites: [], errors: [{ message: 'no' }] }).failed).toBe(1);
  });
});

it('skipAll counts every test of a list as skipped', () => {
  const { passed, failed, skipped } = skipAll(desktopReport, 'no screen');
  expect([passed, failed, skipped.length]).toEqual([0, 0, 5]);
  expect(new Set(skipped.map(({ reason }) => reason))).toEqual(new Set(['no screen']));
});

it('the summary is the sum of all runners', () => {
  const skipped = [{ test: 'x', reason: 'y' }];
  expect(
    summaryLine(
      sum([
        { passed: 2, failed: 0, skipped, retried: [] },
        { passed: 1, failed: 0, skipped: [], retried: [] },
        RUNNER_DIED,
      ]),
    ),
  ).toBe('3 passed, 1 failed, 1 skipped');
});

it('a skipped test is allowed by its exact title', () => {
  const skipped = [
    { test: 'group › one', reason: '' },
    { test: 'group › one more', reason: '' },
  ];
  expect(notAllowed(skipped, [{ test: 'group › one', reason: 'why' }])).toEqual([skipped[1]]);
});
