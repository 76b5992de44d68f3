/**
 * `npm test`: everything that is tested, from single files to the app on a real desktop, with one count at the end.
 *
 * With `CI` set the unit tests and one sign-in without a desktop run on the recommended Node.js too.
 *
 * The last line is `N passed, N failed, N skipped`. The exit code is not 0 when a test failed, and with `CI` set also when one
 * was skipped that `e2e/allowed-skips.json` does not name.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBundle, ensureTestKit } from './bundle.ts';
import { findElectron } from './electronRuntime.ts';
import { installNode, RECOMMENDED_NODE } from './nodeRuntime.ts';
import { ensureOptionalPackages, ensureSystemPackages } from './systemPackages.ts';
import { fallbackAllowed } from './testApp.ts';
import {
  type DesktopReport,
  notAllowed,
  RUNNER_DIED,
  type SkippedTest,
  skipAll,
  sum,
  summaryLine,
  type Tally,
  tallyDesktopReport,
  tallyUnitReport,
  type UnitReport,
} from './testReports.ts';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const reportsFolder = join(projectFolder, 'test-results');
const { resolve } = createRequire(import.meta.url);
const announce = (line: string) => console.log(line);

/** Why the desktop tests cannot run, and what to do about it. */
interface Obstacle {
  readonly reason: string;
  /** True when it counts as a failed test by itself. */
  readonly isFailure: boolean;
}

async function runEverything(): Promise<number> {
  await rm(reportsFolder, { recursive: true, force: true });
  await mkdir(reportsFolder, { recursive: true });
  const obstacle = (await prepareDesktop()) ?? (await prepareBundle()) ?? (await prepareRuntime());
  const unit = await runUnitTests();
  const onRecommendedNode = process.env.CI && hasOtherNode ? await runUnitTestsOnRecommendedNode() : sum([]);
  const desktop = obstacle ? await skipDesktopTests(obstacle.reason) : await runDesktopTests();
  return conclude(sum([unit, onRecommendedNode, desktop, obstacle?.isFailure ? RUNNER_DIED : sum([])]));
}

// --- what has to be there -------------------------------------------------------------------------------------------------

async function prepareDesktop(): Promise<Obstacle | undefined> {
  if (process.platform !== 'linux') return { reason: 'the desktop tests need Linux', isFailure: false };
  const { missing, installLine } = await ensureSystemPackages(announce);
  await ensureOptionalPackages(announce);
  if (missing.length === 0) return undefined;
  return { reason: `not installed: ${missing.join(', ')}. Type: ${installLine}`, isFailure: false };
}

/** An app that cannot be built is a failure, but the other tests still tell something. */
async function prepareBundle(): Promise<Obstacle | undefined> {
  try {
    await ensureBundle();
    await ensureTestKit();
    return undefined;
  } catch (error) {
    return failure('the app could not be built', error);
  }
}

/** Names the runtime to all tests, so that none has to look for it again. A runtime that is not the pinned one is a failure. */
async function prepareRuntime(): Promise<Obstacle | undefined> {
  try {
    const runtime = await findElectron({ allowFallback: fallbackAllowed(), announce });
    if (runtime) {
      process.env.LOOPGATE_TEST_ELECTRON_DIST = runtime.distFolder;
      return undefined;
    }
    const way = 'Type: npx install-electron (needs GitHub), or leave LOOPGATE_ELECTRON_FALLBACK unset';
    return { reason: `no Electron runtime. ${way}`, isFailure: false };
  } catch (error) {
    return failure('the Electron runtime was refused', error);
  }
}

function failure(reason: string, error: unknown): Obstacle {
  console.error(error instanceof Error ? error.message : error);
  return { reason, isFailure: true };
}

// --- the runners ----------------------------------------------------------------------------------------------------------

const unitRunner = join(dirname(resolve('vitest/package.json')), 'vitest.mjs');
const desktopRunner = join(dirname(resolve('@playwright/test/package.json')), 'cli.js');

async function runUnitTests(): Promise<Tally> {
  const code = await runNode([unitRunner, 'run']);
  return tallyOf(code, 'vitest', 'unit.json', (report: UnitReport) => tallyUnitReport(report));
}

/** npm has it as a package for this system. */
const hasOtherNode = process.platform === 'linux' && process.arch === 'x64';

/** What needs nothing but Node, and one sign-in from outside. */
const anywhere = ['main/', 'preload/', 'renderer/', 'build/', 'e2e/signIn.test.ts'];

async function runUnitTestsOnRecommendedNode(): Promise<Tally> {
  const node = await installNode(RECOMMENDED_NODE).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
  });
  if (node === undefined) return RUNNER_DIED;
  announce(`Once more with Node ${RECOMMENDED_NODE.packageVersion}:`);
  const report = '--outputFile.json=test-results/unit-recommended-node.json';
  // What the tests start as `node` is that one too.
  const PATH = `${dirname(node)}:${process.env.PATH ?? ''}`;
  const code = await run(node, [unitRunner, 'run', ...anywhere, report], { PATH });
  return tallyOf(code, 'vitest', 'unit-recommended-node.json', (unit: UnitReport) => tallyUnitReport(unit));
}

async function runDesktopTests(): Promise<Tally> {
  const code = await runNode([desktopRunner, 'test']);
  return tallyOf(code, 'playwright', 'desktop.json', (report: DesktopReport) => tallyDesktopReport(report));
}

async function skipDesktopTests(reason: string): Promise<Tally> {
  const code = await runNode([desktopRunner, 'test', '--list']);
  return tallyOf(code, 'playwright --list', 'desktop.json', (list: DesktopReport) => skipAll(list, reason));
}

function runNode(args: readonly string[]): Promise<number> {
  return run(process.execPath, args);
}

async function run(node: string, args: readonly string[], added: NodeJS.ProcessEnv = {}): Promise<number> {
  const env = { ...process.env, ...added };
  const child = spawn(node, [...args], {
    cwd: projectFolder,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** A runner that wrote no report, or is unhappy about something that its report does not show, counts as a failure. */
async function tallyOf<Report>(
  code: number,
  runner: string,
  reportName: string,
  count: (report: Report) => Tally,
): Promise<Tally> {
  try {
    const tally = count(JSON.parse(await readFile(join(reportsFolder, reportName), 'utf8')) as Report);
    if (code === 0 || tally.failed > 0) return tally;
    console.error(`${runner} ended with code ${code}, though no test failed`);
    return sum([tally, RUNNER_DIED]);
  } catch (error) {
    console.error(
      `${runner} ended with code ${code} and left no report: ${error instanceof Error ? error.message : error}`,
    );
    return RUNNER_DIED;
  }
}

// --- the end --------------------------------------------------------------------------------------------------------------

async function conclude(tally: Tally): Promise<number> {
  for (const { test, reason } of tally.skipped) announce(`skipped: ${test} — ${reason}`);
  for (const test of tally.retried) announce(`passed at its second try only: ${test}`);
  const surprises = process.env.CI ? notAllowed(tally.skipped, await readAllowedSkips()) : [];
  for (const { test } of surprises) announce(`not allowed to be skipped: ${test}`);
  announce(summaryLine(tally));
  return tally.failed > 0 || surprises.length > 0 ? 1 : 0;
}

async function readAllowedSkips(): Promise<SkippedTest[]> {
  const text = await readFile(join(projectFolder, 'e2e', 'allowed-skips.json'), 'utf8').catch(() => '[]');
  return JSON.parse(text) as SkippedTest[];
}

process.exitCode = await runEverything();
