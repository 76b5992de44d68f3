import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright';

/** WCAG 2.2, levels A and AA, and what axe holds to be good practice. */
const everyRule = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];

/** Those that depend on the colours alone. */
const colourRules = ['color-contrast', 'link-in-text-block'];

/**
 * What axe finds wrong in a page as it is now, and what it cannot decide.
 *
 * It gets in by the debugger, which the page's Content-Security-Policy does not bind: nothing of that is loosened. The
 * legacy mode stays in the page; the other one opens a blank page, which a window of Electron cannot.
 *
 * @param rules - `colours` where the same page was looked at in other colours before
 * @returns one line for each finding, with the rule and the elements
 */
export async function axeFindings(page: Page, rules: 'all' | 'colours' = 'all'): Promise<string[]> {
  // Its half a megabyte once for a page; an empty text would mean its own again.
  const isThere = await page.evaluate('"axe" in window');
  const builder = new AxeBuilder(isThere ? { page, axeSource: ';' } : { page }).setLegacyMode(true);
  const chosen = rules === 'all' ? builder.withTags(everyRule) : builder.withRules(colourRules);
  const { violations, incomplete } = await chosen.analyze();
  const lines = (verdict: string, results: typeof violations) =>
    results.flatMap(({ id, nodes }) =>
      nodes.map(
        ({ html, failureSummary = '' }) => `${verdict}: ${id}: ${html}: ${failureSummary.replace(/\s+/g, ' ')}`,
      ),
    );
  return [...lines('wrong', violations), ...lines('undecided', incomplete)];
}

/** {@link axeFindings} in light and in dark, without the fades in which every colour is one in between. */
export async function axeFindingsInBothThemes(page: Page): Promise<string[]> {
  const findings: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    findings.push(...(await axeFindings(page)).map((line) => `${colorScheme}: ${line}`));
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return findings;
}
