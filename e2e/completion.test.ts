/** The completion of `loopgate` where a person presses Tab: in real shells, loaded from where its first line puts it. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { whyNoProgram } from '../build/systemPackages.ts';
import { commandTable } from '../main/cli/arguments.ts';
import { loopgate } from './support/command.ts';
import { projectFolder } from './support/headless.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'loopgate-completion-'));
  // fish completes nothing for a command that is not there.
  mkdirSync(join(home, 'bin'));
  symlinkSync(join(projectFolder, 'build', 'launchers', 'loopgate.cjs'), join(home, 'bin', 'loopgate'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** For a person's shell: the settings that its start-up files have. */
function put(path: string, content: string): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), content);
}

async function run(program: string, ...argv: readonly string[]): Promise<string> {
  const PATH = `${join(home, 'bin')}${delimiter}${process.env.PATH}`;
  const env = { PATH, HOME: home, TERM: 'dumb', LC_ALL: 'C.UTF-8' };
  return (await promisify(execFile)(program, argv, { env, cwd: home, timeout: 25_000 })).stdout;
}

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');

interface Shell {
  install(): Promise<void>;
  /** What it offers when Tab is pressed behind that, without descriptions. */
  offers(line: string): Promise<string[]>;
}

const shells: Record<string, Shell> = {
  bash: {
    async install() {
      put('loopgate.bash', (await loopgate(home, 'completion', 'bash')).out);
    },
    // A terminal would want a package more; what Tab calls is what `complete -F` has registered.
    async offers(line) {
      const script = `. ~/loopgate.bash; read -ra COMP_WORDS <<< "$1"; case $1 in *' ') COMP_WORDS+=('') ;; esac
        COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); function=$(complete -p loopgate | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
        $function; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return linesOf(await run('bash', '-c', script, 'bash', line));
    },
  },

  zsh: {
    async install() {
      put('functions/_loopgate', (await loopgate(home, 'completion', 'zsh')).out);
      put('.zshrc', zshSettings);
    },
    // A terminal of its own, where the line is typed and Tab is pressed.
    async offers(line) {
      put('offered', '');
      const terminal = `zmodload zsh/zpty; zpty shell zsh -i; zpty -w -n shell "$1"$'\\t'; while zpty -r shell shown; do :; done`;
      await run('zsh', '-f', '-c', terminal, 'zsh', line);
      return linesOf(await readFile(join(home, 'offered'), 'utf8'));
    },
  },

  fish: {
    async install() {
      put('.config/fish/completions/loopgate.fish', (await loopgate(home, 'completion', 'fish')).out);
    },
    // What it does for the Tab key, said aloud.
    async offers(line) {
      const offered = await run('fish', '-c', `complete -C '${line}'`);
      return linesOf(offered).map((one) => one.split('\t')[0] ?? '');
    },
  },
};

/** Its own completion, and beside it: what that adds is written down, and the shell ends behind it. */
const zshSettings = `
  fpath=(~/functions $fpath)
  autoload -Uz compinit && compinit -u -d ~/.zcompdump
  bindkey '^I' complete-word
  compadd() {
    builtin compadd "$@"
    local added=$?
    if [[ ! " $* " =~ ' -[a-zA-Z0-9]*[OAD] ' ]]; then
      local -a matches
      builtin compadd -O matches "$@"
      print -rl -- $matches >> ~/offered
    fi
    return added
  }
  leave() { exit }
  comppostfuncs=(leave)
`;

describe.skipIf(process.platform === 'win32')('the completion in a real shell', () => {
  test.for(Object.keys(shells))(
    '%s: offers the commands, their words, and the options of each',
    async (name, context) => {
      const why = await whyNoProgram(name);
      if (why !== undefined) context.skip(why);
      const { install, offers } = shells[name] as Shell;
      await install();
      expect(await offers('loopgate st')).toEqual(['status']);
      expect(await offers('loopgate ')).toEqual(expect.arrayContaining(Object.keys(commandTable)));
      expect((await offers('loopgate completion ')).slice(0, 3).sort()).toEqual(['bash', 'fish', 'zsh']);
      expect(await offers('loopgate programs ')).toContain('remove');
      expect(await offers('loopgate login --d')).toEqual(['--device']);
      expect(await offers('loopgate status --d')).toEqual([]);
      // Nothing of the folder, where no command takes a file.
      expect(await offers('loopgate status b')).toEqual([]);
    },
  );
});
