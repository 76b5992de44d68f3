/** What a soak has shown, and whether that is good. */

/** The host at rest: nobody asks, nobody listens. */
export interface Reading {
  /** Since the beginning. */
  readonly minute: number;
  readonly residentMegabytes: number;
  readonly openFiles: number;
  readonly threads: number;
}

/** As it is kept in `bench/soak.json`. */
export interface SoakResult {
  readonly minutes: number;
  readonly node: string;
  readonly done: Readonly<Record<'requests' | 'renewals' | 'signIns' | 'signOuts' | 'streams' | 'faults', number>>;
  /** The first one after warming up. */
  readonly readings: readonly Reading[];
  /** What was answered that should not be. */
  readonly unexpected: readonly string[];
  /** What is wrong; empty when the soak was passed. */
  readonly complaints: readonly string[];
}

/** How much more there may be at the end than after warming up. */
export const bounds = { residentRatio: 1.1, openFiles: 2, threads: 0 } as const;

/** @returns what is wrong, in words; empty when nothing is */
export function complaintsAbout({ readings, unexpected }: Pick<SoakResult, 'readings' | 'unexpected'>): string[] {
  const [first, last] = [readings[0], readings.at(-1)];
  if (first === undefined || last === undefined || first === last) return ['There are no two readings to compare.'];
  const complaints: string[] = [];
  const growth = last.residentMegabytes / first.residentMegabytes;
  if (growth > bounds.residentRatio) {
    complaints.push(
      `Memory grew by ${percent(growth)}, from ${first.residentMegabytes.toFixed(1)} to ${last.residentMegabytes.toFixed(1)} MB.`,
    );
  }
  if (last.openFiles > first.openFiles + bounds.openFiles)
    complaints.push(`Open files grew from ${first.openFiles} to ${last.openFiles}.`);
  if (last.threads > first.threads + bounds.threads)
    complaints.push(`Threads grew from ${first.threads} to ${last.threads}.`);
  if (unexpected.length > 0)
    complaints.push(`${unexpected.length} answers were unexpected, the first: ${unexpected[0]}`);
  return complaints;
}

/** The result as the README shows it. */
export function soakMarkdown({ minutes, node, done, readings, unexpected, complaints }: SoakResult): string {
  const [first, last] = [readings[0], readings.at(-1)];
  const growth = first && last ? percent(last.residentMegabytes / first.residentMegabytes) : '–';
  const verdict = complaints.length === 0 ? 'Passed' : `**Not passed**: ${complaints.join(' ')}`;
  const rows = readings.map(
    ({ minute, residentMegabytes, openFiles, threads }) =>
      `| ${minute.toFixed(1)} | ${residentMegabytes.toFixed(1)} | ${openFiles} | ${threads} |`,
  );
  return [
    `${verdict}, in ${minutes} minutes on Node ${node}. Memory ${growth} between the first reading and the last; allowed are ${percent(bounds.residentRatio)}, ${bounds.openFiles} more open files and no more threads.`,
    '',
    `${grouped(done.requests)} requests, ${grouped(done.renewals)} renewals of the access token, ${grouped(done.signIns)} sign-ins, ${grouped(done.signOuts)} sign-outs, ${grouped(done.streams)} listeners that came and went, ${grouped(done.faults)} times a provider that failed; ${unexpected.length} unexpected answers.`,
    '',
    '| at rest, after minute | resident memory, MB | open files | threads |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/**
 * Puts a text between `<!-- name -->` and `<!-- /name -->` of a document; at its end where it has no such place.
 * @param name - letters only
 */
export function between(document: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from === -1 || to < from) return `${document.trimEnd()}\n\n${begin}\n${text}\n${end}\n`.trimStart();
  return `${document.slice(0, from + begin.length)}\n${text}\n${document.slice(to)}`;
}

function percent(ratio: number): string {
  const change = (ratio - 1) * 100;
  return `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(1)} %`;
}

const grouped = (count: number) => count.toLocaleString('en');
