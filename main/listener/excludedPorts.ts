import { netsh, runSystemProgram } from '../system/systemPrograms.ts';

/** Not yet run on Windows: written after the documentation of netsh, and tested with texts of that form. */

/** A range of ports that Windows gives to nobody who asks for one of them. */
export interface ExcludedRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The range in which Windows has reserved a port, most often for Hyper-V (WSL, Docker, the sandbox).
 * @param list - prints the ranges; for tests
 * @returns undefined when it is in none, or nobody says
 */
export async function excludedRange(
  port: number,
  list: () => Promise<string> = listRanges,
): Promise<ExcludedRange | undefined> {
  const printed = await list().catch(() => '');
  return parseExcludedRanges(printed).find(({ first, last }) => first <= port && port <= last);
}

/** The lines with two numbers, whatever language the heading is in. One with a `*` is an administrator's: it may be used. */
export function parseExcludedRanges(printed: string): ExcludedRange[] {
  return [...printed.matchAll(/^\s*(\d+)\s+(\d+)[ \t]*\r?$/gm)].map(([, first, last]) => ({
    first: Number(first),
    last: Number(last),
  }));
}

function listRanges(): Promise<string> {
  return runSystemProgram(netsh, ['int', 'ipv4', 'show', 'excludedportrange', 'protocol=tcp']);
}
