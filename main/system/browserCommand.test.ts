import { describe, expect, test } from 'vitest';
import { argumentsFor, browserCommands, canBeRun } from './browserCommand.ts';

const address = 'https://login.example.com/authorize?scope=a%20b&state=%s';
const none = () => false;
/** The command line of each alternative. */
const run = (value: string | undefined, isFile: (path: string) => boolean = none, platform?: NodeJS.Platform) =>
  browserCommands(value, isFile, platform).map((command) => [command.program, ...argumentsFor(command, address)]);

describe('$BROWSER by its convention', () => {
  test.each([
    ['firefox', [['firefox', address]]],
    ['  firefox   --new-tab ', [['firefox', '--new-tab', address]]],
    ['"/opt/My Browser/run" --x', [['/opt/My Browser/run', '--x', address]]],
    ["'/opt/My Browser/run'", [['/opt/My Browser/run', address]]],
    ['/opt/My\\ Browser/run', [['/opt/My Browser/run', address]]],
    ['say "a \\"b\\" \\n" \'c\\d\'', [['say', 'a "b" \\n', 'c\\d', address]]],
    ['run ""', [['run', '', address]]],
    [
      'firefox:chromium --incognito',
      [
        ['firefox', address],
        ['chromium', '--incognito', address],
      ],
    ],
    [':firefox::', [['firefox', address]]],
    [
      'run "a:b":run a\\:b',
      [
        ['run', 'a:b', address],
        ['run', 'a:b', address],
      ],
    ],
    ['firefox --url=%s --x', [['firefox', `--url=${address}`, '--x']]],
    ['run 100%% a%cb', [['run', '100%', 'a:b', address]]],
    ['run %%s', [['run', '%s', address]]],
    ['firefox %s &', [['firefox', address]]],
    ['run "no end', [['run', 'no end', address]]],
    [undefined, []],
    [' ', []],
  ])('%j', (value, expected) => {
    expect(run(value)).toEqual(expected);
  });

  test('the whole text is one file before anything in it means something, and so is each alternative', () => {
    const strange = '/mnt/c/Program Files/Browser: "new"/run.exe';
    expect(run(strange, (path) => path === strange)).toEqual([[strange, address]]);
    const spaced = '/opt/My Browser/run';
    expect(run(`${spaced}:firefox`, (path) => path === spaced)).toEqual([
      [spaced, address],
      ['firefox', address],
    ]);
  });

  test('on Windows a colon and a backslash belong to a path', () => {
    expect(run('C:\\Firefox\\firefox.exe -P x;"C:\\My Browser\\run.exe"', none, 'win32')).toEqual([
      ['C:\\Firefox\\firefox.exe', '-P', 'x', address],
      ['C:\\My Browser\\run.exe', address],
    ]);
  });

  test('what is in the address replaces nothing, and stays one word', () => {
    const [command] = browserCommands('run %s', none);
    expect(command && argumentsFor(command, 'https://a.example/%s %c')).toEqual(['https://a.example/%s %c']);
  });

  test('a program that can be run is a file that is executable, by its path or on the PATH', () => {
    const environment = { PATH: '/nowhere:/bin' };
    expect(
      ['sh', '/bin/sh', 'nothing-of-this-name', '/bin', '/etc/passwd', ''].map((one) => canBeRun(one, environment)),
    ).toEqual([true, true, false, false, false, false]);
  });
});
