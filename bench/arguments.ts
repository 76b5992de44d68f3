/** What `npm run bench` was asked for. */
export interface Asked {
  /** The ids to measure, in the order of the list; all of them by default. */
  readonly ids: readonly string[];
  readonly isWhole: boolean;
  /** Whether results.json is written: after a whole run, or when that was asked for. */
  readonly writes: boolean;
}

const usage = 'npm run bench [-- --only P1,P6 [--write]]';

/**
 * Reads the command line.
 * @param argv - without the program
 * @param known - the ids that there are
 * @throws Error that says what is possible
 */
export function parseArguments(argv: readonly string[], known: readonly string[]): Asked {
  let only: string[] | undefined;
  let writes = false;
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? '';
    if (argument === '--write') writes = true;
    else if (argument.startsWith('--only=')) only = idsIn(argument.slice('--only='.length), known);
    else if (argument === '--only') {
      index += 1;
      only = idsIn(argv[index] ?? '', known);
    } else throw new Error(`"${argument}" is no option. Usage: ${usage}`);
  }
  const ids = only === undefined ? known : known.filter((id) => only.includes(id));
  const isWhole = ids.length === known.length;
  return { ids, isWhole, writes: writes || isWhole };
}

function idsIn(text: string, known: readonly string[]): string[] {
  const ids = text.split(/[\s,]+/).filter((id) => id !== '');
  const unknown = ids.filter((id) => !known.includes(id));
  if (ids.length > 0 && unknown.length === 0) return ids;
  const what = ids.length === 0 ? '--only names no metric' : `There is no metric ${unknown.join(', ')}`;
  throw new Error(`${what}. There are ${known.join(', ')}. Usage: ${usage}`);
}
