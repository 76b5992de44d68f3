import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { settingsTable } from '../../main/settings/settingsTable.ts';
import document from '../../openapi.json' with { type: 'json' };
import { table } from './markdown.ts';
import type { ApiDocument } from './operations.ts';
import { referenceFolder, referencePages } from './pages.ts';
import { settingsMarkdown } from './settings.ts';

const folder = fileURLToPath(new URL(`../../${referenceFolder}`, import.meta.url));
const pages = referencePages(document as unknown as ApiDocument);

describe('docs/reference', () => {
  test.each(Object.entries(pages))('%s is what the code says', (name, text) => {
    const isCurrent = readFileSync(join(folder, name), 'utf8') === text;
    expect(isCurrent, `${referenceFolder}/${name} is stale: run "npm run reference" and look at what changed`).toBe(
      true,
    );
  });

  test('has no page that is not generated', () => {
    expect(readdirSync(folder).sort()).toEqual(Object.keys(pages).sort());
  });

  test('the table of settings has a row for every setting', () => {
    const rows = settingsMarkdown().split('\n').slice(2);
    expect(rows.map((row) => row.split('|')[1]?.trim())).toEqual(
      Object.values(settingsTable).map(({ environment }) => `\`${environment}\``),
    );
    for (const row of rows) expect(row.split('|'), row).toHaveLength(7);
  });

  test('a cell with a | in it stays one cell', () => {
    expect(table(['a'], [['b|c']])).toBe('| a |\n|---|\n| b\\|c |');
  });
});
