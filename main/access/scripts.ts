/** Options of interpreters whose value is the next argument, and no script. */
const optionsWithValue = new Set(
  '-r --require --import --loader --experimental-loader --env-file --conditions -C -W -X -cp -classpath --class-path -I -d -M'.split(
    ' ',
  ),
);
/** After these the next argument is what runs. */
const optionsThatName = new Set(['-m', '-jar', '--jar', '--module']);
/** After these the next argument is code. It may hold secrets, so that only the option is shown. */
const optionsWithCode = new Set(['-c', '-e', '-p', '-pe', '--eval', '--print', '-Command', '-EncodedCommand']);

/**
 * What an interpreter says that it runs.
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
