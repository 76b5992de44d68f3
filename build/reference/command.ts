import { type CommandName, commandTable, optionTable } from '../../main/cli/arguments.ts';
import { exitCodes } from '../../main/cli/failure.ts';
import { page, table } from './markdown.ts';

/** What the summary of a command, which has to fit a line of the help, leaves out. In whole sentences. */
const commandNotes: Readonly<Record<CommandName, string>> = {
  status: 'It also lists the programs that are let in. It never asks you anything.',
  login:
    'Where no browser opens, the terminal shows the address, or a code for any other device; `--device` shows the code at once. `--address` shows the provider’s own address on a terminal, for a browser on another machine. Ctrl+C cancels the login. The command starts the installed app if it is not running, unless you give `--no-start`.',
  logout: 'It signs out the active person.',
  token: '`--audience` and `--scope` ask for a token of another API. The command starts the app as `login` does.',
  userinfo: '',
  programs: '',
  endpoint: '',
  doctor:
    'It checks the settings, the files, the port, both families of `localhost` (switched off, or held by another program), `HTTP_PROXY`, the keyring, the browser, what browsers ask about allowed web origins, the provider, the client ID, the clock and the callbacks. It changes nothing, and ends with 1 when something is in the way.',
  serve:
    'It does what `npm run serve` does in the repository; [started by systemd](../remote/headless-linux.md) it has port 1000. It takes no options, and ends with [the exit codes of a host](../remote/headless-linux.md): 0, 1, 2 or 3.',
  completion: 'The first line of the output says where to put it.',
};

const exitCodeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  done: 'done',
  failed: 'failed: the message says why',
  wrongUse: 'wrong use',
  notRunning: 'Loopgate is not running',
  signedOut: 'nobody is signed in',
  refused: 'refused: you have not allowed the program that started the command',
  unfinished: 'the sign-in was denied, cancelled or not finished in time',
  interrupted: 'Ctrl+C',
};

/** `docs/reference/command.md`. */
export function commandPage(): string {
  const commands = Object.entries(commandTable).map(([name, { summary, words }]) => {
    const sentence = /[.?]$/.test(summary) ? summary : `${summary}.`;
    const usage = name === 'completion' ? `${name} ${words[0]}` : name;
    return [`\`loopgate ${usage}\``, `${sentence} ${commandNotes[name as CommandName]}`.trim()];
  });
  const options = Object.entries(optionTable).map(([name, option]) => [
    `\`--${name}${'value' in option ? ` ${option.value}` : ''}\``,
    option.summary,
  ]);
  const codes = Object.entries(exitCodes).map(([name, code]) => [
    String(code),
    exitCodeMeanings[name as keyof typeof exitCodes],
  ]);
  return page(
    'The command `loopgate`',
    '`loopgate` asks the Loopgate that runs on your data folder. In the repository it is `npx loopgate` (after `npm run build`). The installed app has a launcher beside its program, `resources/bin/loopgate`, which needs neither Node nor a display. Called with one of the words below, the program itself does the same, but not as root: Chromium refuses that, and the launcher works there too.',
    '## Commands',
    table(['command', 'what it does'], commands),
    '## Options',
    table(['option', 'what it does'], options),
    'With `--json`, standard output is one JSON document. An error is one too: `{"error": code, "error_description": what happened and what to do next}`.',
    '## Exit codes',
    table(['exit code', 'meaning'], codes),
    '## Who is asked',
    'Loopgate asks you about the program that started the installed command: your shell, an editor, the interpreter of a script. In the repository the program is `node`, as for any other script.',
  );
}
