import { parseArgs } from 'node:util';
import { CommandFailure } from './failure.ts';

/** One command, for the parser, the help and the completion. */
interface CommandRow {
  readonly summary: string;
  /** The words that may follow the name. */
  readonly words: readonly string[];
  /** Its options from {@link optionTable}, in addition to those of every command. */
  readonly options: readonly OptionName[];
}

/** The table of commands, in the order of the help. */
export const commandTable = {
  status: { summary: 'Is Loopgate running, where, and who is signed in?', words: [], options: [] },
  login: {
    summary: 'Sign in with the browser, or with --device on another one',
    words: [],
    options: ['device', 'address', 'no-start'],
  },
  logout: { summary: 'Sign out', words: [], options: [] },
  token: { summary: 'Print an access token, and nothing else', words: [], options: ['audience', 'scope', 'no-start'] },
  userinfo: { summary: 'Who is signed in', words: [], options: [] },
  programs: { summary: 'List the programs; "programs remove ID" forgets one', words: ['remove'], options: [] },
  endpoint: { summary: 'Print the address of the API', words: [], options: [] },
  doctor: { summary: 'Look at all that it depends on, and say what to do', words: [], options: [] },
  serve: { summary: 'Serve in the foreground, without a desktop', words: [], options: [] },
  completion: { summary: 'Print the completion for your shell', words: ['bash', 'zsh', 'fish'], options: [] },
} as const satisfies Record<string, CommandRow>;

export type CommandName = keyof typeof commandTable;

/** The table of options. Every command takes `json` and `help`. */
export const optionTable = {
  json: { type: 'boolean', summary: 'Print one JSON document, errors too' },
  device: { type: 'boolean', summary: 'login: show a code for any other device' },
  address: { type: 'boolean', summary: 'login: show an address for a browser elsewhere' },
  audience: { type: 'string', value: 'API', summary: 'token: for this API instead' },
  scope: { type: 'string', value: 'LIST', summary: 'token: with these scopes, separated by spaces' },
  'no-start': { type: 'boolean', summary: 'login, token: do not start Loopgate' },
  help: { type: 'boolean', short: 'h', summary: 'Print this' },
  version: { type: 'boolean', summary: 'Print the version' },
} as const;

type OptionName = keyof typeof optionTable;
export type CommandOptions = Readonly<Partial<Record<'json' | 'device' | 'address' | 'no-start', boolean>>> &
  Readonly<Partial<Record<'audience' | 'scope', string>>>;

/** What the person typed. */
export type Invocation =
  | { readonly shows: 'help' | 'version'; readonly json: boolean }
  | { readonly command: CommandName; readonly words: readonly string[]; readonly options: CommandOptions };

/** @throws CommandFailure `wrong_use` */
export function parseInvocation(argv: readonly string[]): Invocation {
  const { values, positionals } = parse(argv);
  const { help, version, ...options } = values;
  const [name, ...words] = positionals;
  if (help === true || version === true || name === 'help')
    return { shows: version === true ? 'version' : 'help', json: options.json === true };
  if (name === undefined) throw wrongUse('No command was given.');
  if (!isCommand(name)) throw wrongUse(`"${name}" is not a command.`);
  const row: CommandRow = commandTable[name];
  for (const option of Object.keys(options)) {
    if (option !== 'json' && !row.options.includes(option as OptionName))
      throw wrongUse(`"${name}" takes no --${option}.`);
  }
  checkWords(name, words);
  return { command: name, words, options };
}

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commandTable, name);
}

/** Whether the arguments ask for JSON. Counts even for wrong arguments, so that their error is JSON too. */
export function asksForJson(argv: readonly string[]): boolean {
  return argv.includes('--json');
}

function parse(argv: readonly string[]) {
  const { json, device, address, audience, scope, 'no-start': noStart, help, version } = optionTable;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { json, device, address, audience, scope, 'no-start': noStart, help, version },
    });
  } catch (error) {
    const said = error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error);
    throw wrongUse(`${said.replace(/\.$/, '')}.`);
  }
}

function checkWords(name: CommandName, words: readonly string[]): void {
  const [first, second, ...others] = words;
  const isKnown: boolean = first === undefined || (commandTable[name].words as readonly string[]).includes(first);
  if (!isKnown) throw wrongUse(`"${name}" does not take "${first}".`);
  const takesSecond = name === 'programs' && first === 'remove';
  if (takesSecond && second === undefined) throw wrongUse('"programs remove" needs the id of a program.');
  if (name === 'completion' && first === undefined) throw wrongUse('"completion" needs bash, zsh or fish.');
  const extra = takesSecond ? others[0] : second;
  if (extra !== undefined) throw wrongUse(`Unexpected argument "${extra}".`);
}

function wrongUse(happened: string): CommandFailure {
  return new CommandFailure('wrong_use', `${happened} "loopgate --help" lists the commands.`);
}

/** The help. It fits a screen of 24 lines and 80 columns, and a test checks that. */
export function helpText(): string {
  const left = (text: string) => `  ${text.padEnd(18)}`;
  const options = Object.entries(optionTable).map(([name, option]) => {
    const value = 'value' in option ? ` ${option.value}` : '';
    return `${left(`--${name}${value}`)}${option.summary}`;
  });
  return [
    'Usage: loopgate COMMAND [--json]',
    ...Object.entries(commandTable).map(([name, { summary }]) => `${left(name)}${summary}`),
    '',
    ...options,
    '',
    'Exit codes: 0 done, 1 failed, 2 wrong use, 3 Loopgate does not run,',
    '4 nobody is signed in, 5 refused, 6 the sign-in was not finished',
  ].join('\n');
}
