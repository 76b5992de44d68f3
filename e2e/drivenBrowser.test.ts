import { existsSync } from 'node:fs';
import { chromium } from 'playwright';
import { expect, onTestFinished, test } from 'vitest';
import { ConsentStage, ProgramFolder } from './support/consentStage.ts';
import { startHostileSite } from './support/hostileSite.ts';

const executablePath = '/usr/bin/chromium';

/**
 * What SECURITY.md admits. The program decides to which server a name leads, so it also serves the page of the allowed
 * origin.
 */
test('a program that drives a browser gets a token in the name of an allowed origin, and of no other [L2]', {
  timeout: 60_000,
}, async (context) => {
  if (!existsSync(executablePath)) context.skip(`not installed: chromium (${executablePath})`);
  const site = await startHostileSite();
  onTestFinished(() => site.stop());
  const allowed = site.address('tool.example');
  const stage = await ConsentStage.set(new ProgramFolder(), { origins: [allowed] });
  const args = ['--no-sandbox', '--disable-gpu', ...site.browserFlags];
  const browser = await chromium.launch({ executablePath, args });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  const tokenFrom = async (origin: string) => {
    await page.goto(`${origin}/`);
    return await page.evaluate<string>(`seenIn(fetch('${stage.address}/user/access_token'))`);
  };

  const { accessToken } = await stage.broker.accessToken();
  expect(await tokenFrom(allowed)).toContain(accessToken);
  expect(stage.gate.history.map(({ name }) => name)).toEqual([allowed]);
  for (const other of [site.address('evil.example'), site.address('sub.tool.example'), site.localAddress]) {
    const seen = await tokenFrom(other);
    expect(seen).toMatch(/^TypeError/);
    stage.expectNothingOf(seen);
  }
  expect(stage.asked).toEqual([]);
});
