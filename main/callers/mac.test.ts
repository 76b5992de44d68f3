import { describe, expect, it } from 'vitest';
import { unknownProgram } from '../access/program.ts';
import { bundleNameIn, MacPrograms, outermostBundle, parseExecutables, parseProcesses } from './mac.ts';

/** Written after the manuals of ps, lsof and plutil: nothing here was recorded on a Mac. */
const code = '/Applications/Visual Studio Code.app';
const helper = `${code}/Contents/Frameworks/Code Helper (Plugin).app/Contents/MacOS/Code Helper (Plugin)`;
const node = '/opt/homebrew/Cellar/node/22.1.0/bin/node';
const command = '/Applications/Loopgate.app/Contents/Resources/loopgate';
const start = 'Sat Nov 21 12:16:00 2026';
const connected = Date.parse('Sat Nov 21 12:20:00 2026');

interface Known {
  readonly path: string;
  readonly parent?: number;
  readonly uid?: number;
  readonly started?: string;
  readonly args?: string;
}

const inodes: Record<string, number> = { [helper]: 11, [node]: 12, [command]: 13 };

function stage(processes: Record<number, Known>) {
  const listed = (argv: string[]) => (argv[argv.indexOf('-p') + 1] ?? '').split(',').map(Number);
  return new MacPrograms({
    ownCommand: command,
    ps: async (argv) =>
      listed(argv)
        .flatMap((pid) => {
          const { parent = 1, uid = 501, started = start, args = 'x', path = '' } = processes[pid] ?? {};
          return path === '' ? [] : [`  ${pid}   ${parent}   ${uid} ${started}     ${args}`];
        })
        .join('\n'),
    lsof: async (argv) =>
      listed(argv)
        .flatMap((pid) => {
          const path = processes[pid]?.path;
          return path === undefined
            ? []
            : [`p${pid}`, 'ftxt', `i${inodes[path]}`, `n${path}`, 'ftxt', 'i1', 'n/usr/lib/dyld'];
        })
        .join('\n'),
    plutil: async () => '{"CFBundleName":"Code","CFBundleDisplayName":"Visual Studio Code"}',
    inodeOf: async (path) => inodes[path] ?? 0,
    onlyRootCanWrite: async (path) => path.startsWith('/Applications/'),
    hashes: { ofProgram: async () => ({ hash: 'ab12', isWhole: true }) },
  });
}

const held =
  (...pids: number[]) =>
  async () =>
    pids.map((pid) => ({ pid, uid: 501 }));

describe('macOS [C1]', () => {
  it('the helper that extensions run in is the app, by the name of its bundle', async () => {
    expect(await stage({ 7: { path: helper } }).find(held(7), 501, connected)).toEqual({
      id: code,
      name: 'Visual Studio Code',
      process: '7@Sat Nov 21 12:16:00 2026',
      path: code,
      kind: 'program',
      lasting: 'always',
    });
  });

  it('an interpreter, with its script as a claim and its hash in the id [C4]', async () => {
    const processes = { 7: { path: node, args: 'node /Users/a/tool.js' } };
    expect(await stage(processes).find(held(7), 501, connected)).toMatchObject({
      id: `${node}#sha256:ab12`,
      kind: 'interpreter',
      lasting: 'hours',
      claim: '/Users/a/tool.js',
    });
  });

  it.each<[string, Record<number, Known>, number[]]>([
    ['nobody holds it', {}, []],
    ['its process has gone', {}, [7]],
    ['two programs hold it', { 7: { path: helper }, 8: { path: node } }, [7, 8]],
    ['another user holds it', { 7: { path: helper, uid: 0 } }, [7]],
    ['its process is younger than the connection', { 7: { path: helper, started: 'Sat Nov 21 12:20:01 2026' } }, [7]],
    ['its file is not the one at its path', { 7: { path: '/replaced' } }, [7]],
  ])('it is unknown when %s [C9]', async (_name, processes, pids) => {
    expect(await stage(processes).find(held(...pids), 501, connected)).toEqual(unknownProgram);
  });

  it('it is unknown when others hold it afterwards [C9]', async () => {
    const processes = { 7: { path: helper }, 8: { path: helper } };
    const answers = [[7], [7, 8]];
    const holders = async () => (answers.shift() ?? []).map((pid) => ({ pid, uid: 501 }));
    expect(await stage(processes).find(holders, 501, connected)).toEqual(unknownProgram);
  });

  it('the command loopgate acts for its parent process, and for no program when that one has left [C6]', async () => {
    const processes = { 6: { path: node }, 7: { path: command, parent: 6 }, 8: { path: command, parent: 1 } };
    expect(await stage(processes).find(held(7), 501, connected)).toMatchObject({ path: node, lasting: 'hours' });
    // A program may have become what it is after it had started the command.
    const byProgram = { ...processes, 6: { path: helper } };
    expect(await stage(byProgram).find(held(7), 501, connected)).toEqual(unknownProgram);
    expect(await stage(processes).find(held(8), 501, connected)).toEqual(unknownProgram);
    const younger = { ...processes, 6: { path: node, started: 'Sat Nov 21 12:17:00 2026' } };
    expect(await stage(younger).find(held(7), 501, connected)).toEqual(unknownProgram);
  });

  it('the outermost bundle [C13]', () => {
    expect(outermostBundle(helper)).toBe(code);
    expect(outermostBundle(node)).toBeUndefined();
  });

  it.each<[string, string | undefined]>([
    ['{"CFBundleName":"Code"}', 'Code'],
    ['{"CFBundleName":7}', undefined],
    ['null', undefined],
    ['not JSON', undefined],
  ])('the name in %j [C13]', (printed, name) => {
    expect(bundleNameIn(printed)).toBe(name);
  });

  it('the lines of ps and lsof', () => {
    expect(parseProcesses(`   7     1   501 Sat Nov  1 12:16:00 2026     /a b -c\ngarbage\n`)).toEqual([
      { pid: 7, parent: 1, uid: 501, started: 'Sat Nov  1 12:16:00 2026', command: '/a b -c' },
    ]);
    expect(parseExecutables('p7\nftxt\ni11\nn/a\\xc3\\xa4\nftxt\ni12\nn/lib\np8\nftxt\nn/b\n')).toEqual(
      new Map([
        [7, { path: '/aä', inode: 11 }],
        [8, { path: '/b', inode: -1 }],
      ]),
    );
  });
});
