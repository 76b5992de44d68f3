import { commandTable, optionTable } from './arguments.ts';
import type { Command } from './command.ts';

const names = Object.keys(commandTable);
const rows = Object.entries(commandTable);
const optionsOf = (options: readonly string[]) => [...options, 'json', 'help'].map((name) => `--${name}`);

/** The completion script of one shell, generated from the tables so that it knows every command. */
export const completion: Command = ({ words: [shell = ''] }) => {
  const text = completions[shell as keyof typeof completions]();
  return { text: text.split('\n'), json: { shell, completion: text } };
};

const completions = { bash, zsh, fish };

function bash(): string {
  const cases = rows.map(
    ([name, { words, options }]) => `    ${name}) words="${[...words, ...optionsOf(options)].join(' ')}" ;;`,
  );
  return `# loopgate completion for bash: loopgate completion bash > ~/.local/share/bash-completion/completions/loopgate
_loopgate() {
  local words="${names.join(' ')} --help --version"
  [ "$COMP_CWORD" -gt 1 ] && case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words="" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _loopgate loopgate`;
}

function zsh(): string {
  const commands = rows.map(([name, { summary }]) => `    ${singleQuoted(`${name}:${summary}`)}`);
  const cases = rows.map(
    ([name, { words, options }]) => `    ${name}) compadd -- ${[...words, ...optionsOf(options)].join(' ')} ;;`,
  );
  return `#compdef loopgate
# loopgate completion for zsh: loopgate completion zsh > a folder of your fpath, as _loopgate
_loopgate() {
  local -a commands
  commands=(
${commands.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  case "\${words[2]}" in
${cases.join('\n')}
  esac
}
if [ "\${funcstack[1]}" = _loopgate ]; then _loopgate "$@"; else compdef _loopgate loopgate; fi`;
}

function fish(): string {
  const isFirst = `not __fish_seen_subcommand_from ${names.join(' ')}`;
  const commands = rows.map(
    ([name, { summary }]) => `complete -c loopgate -n "${isFirst}" -a ${name} -d ${singleQuoted(summary)}`,
  );
  const words = rows
    .filter(([, row]) => row.words.length > 0)
    .map(([name, row]) => `complete -c loopgate -n "__fish_seen_subcommand_from ${name}" -a "${row.words.join(' ')}"`);
  const options = Object.entries(optionTable).map(([option, row]) => {
    const takers = rows.filter(([, { options: own }]) => (own as readonly string[]).includes(option));
    const when =
      takers.length === 0 ? '' : ` -n "__fish_seen_subcommand_from ${takers.map(([name]) => name).join(' ')}"`;
    const value = row.type === 'string' ? ' -x' : '';
    return `complete -c loopgate${when} -l ${option}${value} -d ${singleQuoted(row.summary)}`;
  });
  return [
    '# loopgate completion for fish: loopgate completion fish > ~/.config/fish/completions/loopgate.fish',
    'complete -c loopgate -f',
    ...commands,
    ...words,
    ...options,
  ].join('\n');
}

function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
