/** Counts what vitest and Playwright report in their JSON files, as one. */

export interface SkippedTest {
  /** The names from the outermost group to the test, joined with ` › `. */
  readonly test: string;
  readonly reason: string;
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly SkippedTest[];
  /** Tests that passed at their second try only: they are counted as passed, and named. */
  readonly retried: readonly string[];
}

/** For a runner that ended without saying how its tests did. */
export const RUNNER_DIED: Tally = { passed: 0, failed: 1, skipped: [], retried: [] };

const none: Tally = { passed: 0, failed: 0, skipped: [], retried: [] };
const passed: Tally = { ...none, passed: 1 };
const failed: Tally = { ...none, failed: 1 };

/** What is read of vitest's JSON report. */
export interface UnitReport {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
      /** Both are put there by `vitest.config.ts`. */
      readonly meta?: { readonly skipReason?: string; readonly isRetried?: boolean };
    }[];
  }[];
}

/** What is read of Playwright's JSON report. */
export interface DesktopReport {
  readonly suites: readonly DesktopSuite[];
  /** What went wrong outside of tests, such as a file that could not be loaded. */
  readonly errors: readonly unknown[];
}

interface DesktopSuite {
  readonly title: string;
  readonly suites?: readonly DesktopSuite[];
  readonly specs: readonly {
    readonly title: string;
    readonly tests: readonly {
      readonly status: string;
      readonly annotations: readonly { readonly type: string; readonly description?: string }[];
    }[];
  }[];
}

/** A file that could not be loaded has no tests, and counts as one failure. */
export function tallyUnitReport(report: UnitReport): Tally {
  return sum(
    report.testResults.map((file) => {
      const tests = sum(file.assertionResults.map(tallyUnitTest));
      return file.status === 'failed' && tests.failed === 0 ? { ...tests, failed: 1 } : tests;
    }),
  );
}

function tallyUnitTest(test: UnitReport['testResults'][number]['assertionResults'][number]): Tally {
  const name = title([...test.ancestorTitles, test.title]);
  if (test.status === 'passed') return { ...passed, retried: test.meta?.isRetried ? [name] : [] };
  if (test.status === 'failed') return failed;
  const reason = test.meta?.skipReason ?? (test.status === 'todo' ? 'not written yet' : 'no reason given');
  return { ...none, skipped: [{ test: name, reason }] };
}

export function tallyDesktopReport(report: DesktopReport): Tally {
  // The outermost suites are the files.
  const files = sum(report.suites.map((file) => tallyDesktopSuite(file, [])));
  return { ...files, failed: files.failed + report.errors.length };
}

function tallyDesktopSuite(suite: DesktopSuite, groups: readonly string[]): Tally {
  const nested = (suite.suites ?? []).map((group) => tallyDesktopSuite(group, [...groups, group.title]));
  const own = suite.specs.flatMap((spec) =>
    spec.tests.map((test): Tally => {
      const name = title([...groups, spec.title]);
      if (test.status === 'expected') return passed;
      if (test.status === 'flaky') return { ...passed, retried: [name] };
      if (test.status !== 'skipped') return failed;
      const mark = test.annotations.find(({ type }) => type === 'skip' || type === 'fixme');
      const reason = mark ? (mark.description ?? 'no reason given') : 'did not run';
      return { ...none, skipped: [{ test: name, reason }] };
    }),
  );
  return sum([...own, ...nested]);
}

/** Every test of a list (`playwright test --list`) as skipped, all for the same reason. */
export function skipAll(list: DesktopReport, reason: string): Tally {
  const tally = tallyDesktopReport({ ...list, suites: list.suites.map(asSkipped) });
  return { ...tally, skipped: tally.skipped.map(({ test }) => ({ test, reason })) };
}

function asSkipped(suite: DesktopSuite): DesktopSuite {
  return {
    ...suite,
    suites: (suite.suites ?? []).map(asSkipped),
    specs: suite.specs.map((spec) => ({ ...spec, tests: spec.tests.map((test) => ({ ...test, status: 'skipped' })) })),
  };
}

export function sum(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((count, tally) => count + tally.passed, 0),
    failed: tallies.reduce((count, tally) => count + tally.failed, 0),
    skipped: tallies.flatMap((tally) => tally.skipped),
    retried: tallies.flatMap((tally) => tally.retried),
  };
}

/** The last line of `npm test`. Programs read it: do not change its form. */
export function summaryLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}

/** The skipped tests that nobody allowed to be. Titles match exactly. */
export function notAllowed(skipped: readonly SkippedTest[], allowed: readonly SkippedTest[]): SkippedTest[] {
  const titles = new Set(allowed.map(({ test }) => test));
  return skipped.filter(({ test }) => !titles.has(test));
}

function title(names: readonly string[]): string {
  return names.filter((name) => name !== '').join(' › ');
}
