import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string };

/** Vitest's JSON report leaves out why a test was skipped (`context.skip('why')`) and tried again, but takes along what is in `meta`. */
const keepReasons: Reporter = {
  onTestCaseResult(test) {
    const result = test.result();
    if (result.state === 'skipped' && result.note) Object.assign(test.meta(), { skipReason: result.note });
    if (test.diagnostic()?.flaky) Object.assign(test.meta(), { isRetried: true });
  },
};

/** Tests of single files, and of the API through the headless host. What needs the desktop is in `playwright.config.ts`. */
export default defineConfig({
  // electron-store imports `electron`, which outside Electron is a package that starts a download.
  resolve: { alias: { electron: fileURLToPath(new URL('testing/noElectron.ts', import.meta.url)) } },
  define: { __LOOPGATE_VERSION__: JSON.stringify(version) },
  test: {
    include: [
      '{main,preload,build,bench}/**/*.test.ts',
      'renderer/**/*.test.{ts,tsx}',
      'demo/**/*.test.ts',
      'e2e/*.test.ts',
    ],
    environment: 'node',
    setupFiles: ['testing/everyAnswer.ts'],
    server: { deps: { inline: ['electron-store'] } },
    pool: 'forks',
    // By itself it leaves one core idle, and most tests wait for something.
    maxWorkers: 2,
    // Thousands of tests with real processes: one in a run loses a race against a busy machine. It is named in the end.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default', keepReasons, 'json'],
    outputFile: { json: 'test-results/unit.json' },
  },
});
