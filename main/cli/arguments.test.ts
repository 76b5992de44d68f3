import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commandTable, helpText, optionTable, parseInvocation } from './arguments.ts';
import type { CommandResult } from './command.ts';
import { completion } from './completion.ts';

describe('the arguments of loopgate', () => {
  it('are a command, its words and its options', () => {
    expect(parseInvocation(['token', '--audience', 'https://api.example/', '--json'])).toEqual({
      command: 'token',
      words: [],
      options: { audience: 'https://api.example/', json: true },
    });
    expect(parseInvocation(['programs', 'remove', '/usr/bin/editor'])).toMatchObject({
      words: ['remove', '/usr/bin/editor'],
    });
  });

  it.each([['--help'], ['-h'], ['help'], ['token', '--help']])('ask for the help: %s %s', (...argv) => {
    expect(parseInvocation(argv.filter(Boolean))).toMatchObject({ shows: 'help' });
  });

  it.each(['constructor', 'toString', '__proto__'])('name no command with %s', (name) => {
    expect(() => parseInvocation([name])).toThrow(/is not a command/);
  });
});

describe('the help', () => {
  it('fits a screen of 24 lines and 80 columns, and names every command and option', () => {
    const lines = helpText().split('\n');
    expect(lines.length).toBeLessThan(24);
    expect(lines.filter((line) => line.length > 79)).toEqual([]);
    for (const name of Object.keys(commandTable)) expect(helpText()).toContain(`\n  ${name} `);
    for (const name of Object.keys(optionTable)) expect(helpText()).toContain(`--${name}`);
  });
});

describe('the completion', () => {
  const textFor = (shell: string) =>
    [(completion({ words: [shell], options: {} } as never) as CommandResult).text].flat().join('\n');

  it.each(['bash', 'zsh', 'fish'])('for %s knows every command', (shell) => {
    for (const name of Object.keys(commandTable)) expect(textFor(shell)).toContain(name);
  });

  it.skipIf(process.platform === 'win32')('completes in a real bash', () => {
    const complete = (...typed: string[]) =>
      execFileSync('bash', [
        '-c',
        `${textFor('bash')}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _loopgate; printf '%s\\n' "\${COMPREPLY[@]}"`,
        'bash',
        ...typed,
      ])
        .toString()
        .trim()
        .split('\n');
    expect(complete('loopgate', 'st')).toEqual(['status']);
    expect(complete('loopgate', 'programs', '')).toContain('remove');
    expect(complete('loopgate', 'login', '--d')).toEqual(['--device']);
    expect(complete('loopgate', 'status', '--d')).toEqual(['']);
  });
});
