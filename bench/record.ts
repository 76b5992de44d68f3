import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type Entry, entriesOf, type Line, markdownTable } from './table.ts';

const resultsFile = fileURLToPath(new URL('results.json', import.meta.url));
const readmeFile = fileURLToPath(new URL('README.md', import.meta.url));
const [begin, end] = ['<!-- table: written by npm run bench -->', '<!-- table: end -->'];

const entries = z.array(
  z.object({
    id: z.string(),
    metric: z.string(),
    value: z.number().nullable(),
    reference: z.number().nullable(),
    ratio: z.number().nullable(),
    target: z.string(),
    pass: z.boolean(),
  }),
);

/** After a whole run results.json and the table of README.md; after a part of one its entries of results.json alone. */
export async function record(
  lines: readonly Line[],
  { isWhole, machine }: { isWhole: boolean; machine: string },
): Promise<void> {
  const newer = entriesOf(lines);
  if (!isWhole) {
    const earlier = entries.parse(JSON.parse(await readFile(resultsFile, 'utf8')));
    return await writeFile(resultsFile, resultsText(merged(earlier, newer)));
  }
  const table = `Measured on ${new Date().toISOString().slice(0, 10)}: ${machine}.\n\n${markdownTable(lines)}`;
  await writeFile(resultsFile, resultsText(newer));
  await writeFile(readmeFile, withTable(await readFile(readmeFile, 'utf8'), table));
}

/** Entries with some of them replaced by newer ones. */
export function merged(earlier: readonly Entry[], newer: readonly Entry[]): Entry[] {
  return earlier.map((entry) => newer.find(({ id }) => id === entry.id) ?? entry);
}

/** A text with another table between its marks. @throws Error when they are missing */
export function withTable(text: string, table: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`bench/README.md has lost its marks "${begin}" and "${end}".`);
  return `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`;
}

/** As `biome format` leaves it. */
function resultsText(all: readonly Entry[]): string {
  return `${JSON.stringify(all, undefined, 2)}\n`;
}
