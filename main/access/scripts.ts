/** Options of interpreters that take the next argument as their value. */
const optionsWithValue = new Set(
  '-r --require --import --loader --experimental-loader --env-file --conditions -C -W -X -cp -classpath --class-path -I -d -M'.split(
    ' ',
  ),
);
/** The argument after these options is what runs. */
const optionsThatName = new Set(['-m', '-jar', '--jar', '--module']);
/** The argument after these options is code. It may contain secrets, so the question shows only the option. */
const optionsWithCode = new Set(['-c', '-e', '-p', '-pe', '--eval', '--print', '-Command', '-EncodedCommand']);

/**
 * Finds the script that an interpreter claims to run.
 * @param argv - the command line, with the program first
 * @returns the script as the command line has it, `-m module`, or the bare option of inline code
 */
export function scriptOf(argv: readonly string[]): string | undefined {
  for (let index = 1; index < argv.length; index += 1) {
    const argument = argv[index] ?? '';
    if (optionsWithCode.has(argument)) return argument;
    if (optionsThatName.has(argument)) return `${argument} ${argv[index + 1] ?? ''}`.trim();
    if (optionsWithValue.has(argument)) index += 1;
    else if (argument !== '' && !argument.startsWith('-')) return argument;
  }
  return undefined;
}
