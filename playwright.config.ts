import { defineConfig } from '@playwright/test';

/** The app as a person uses it, on a desktop of its own (`build/testDisplay.ts`). Started by `npm test`. */
export default defineConfig({
  testDir: 'e2e/desktop',
  testMatch: '*.spec.ts',
  outputDir: 'test-results/desktop',
  timeout: 120_000,
  // Only reached when something is broken: other work on the same two cores must not decide what passes.
  expect: { timeout: 15_000 },
  // The real tray, keyring and browser of one test leave no room for another on two cores.
  workers: 1,
  // As for vitest: what needed it is named in the end.
  retries: process.env.CI ? 1 : 0,
  forbidOnly: Boolean(process.env.CI),
  reporter: [['line'], ['json', { outputFile: 'test-results/desktop.json' }]],
});
