import { netsh, runSystemProgram } from '../system/systemPrograms.ts';

/** Not yet run on Windows: written from the documentation of netsh, and tested with sample texts. */

/** A range of ports that Windows gives to no program that asks for a specific one. */
export interface ExcludedRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Finds the range in which Windows has reserved a port, usually for Hyper-V (WSL, Docker, the sandbox).
 * @param list - prints the ranges; for tests
 * @returns undefined when no range contains it, or when netsh fails
 */
export async function excludedRange(
  port: number,
  list: () => Promise<string> = listRanges,
): Promise<ExcludedRange | undefined> {
  const printed = await list().catch(() => '');
  return parseExcludedRanges(printed).find(({ first, last }) => first <= port && port <= last);
}

/**
 * Reads the lines with two numbers, in any language. Ports with a `*` were reserved by an administrator and are usable.
 */
export function parseExcludedRanges(printed: string): ExcludedRange[] {
  return [...printed.matchAll(/^\s*(\d+)\s+(\d+)[ \t]*\r?$/gm)].map(([, first, last]) => ({
    first: Number(first),
    last: Number(last),
  }));
}

function listRanges(): Promise<string> {
  return runSystemProgram(netsh, ['int', 'ipv4', 'show', 'excludedportrange', 'protocol=tcp']);
}
