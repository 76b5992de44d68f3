import { describe, expect, it } from 'vitest';
import { unknownProgram } from '../access/program.ts';
import { parseWindowsFindings, programScript, WindowsPrograms } from './windows.ts';

/** Written after the documentation of the cmdlets: nothing here was recorded on Windows. */
const sid = 'S-1-5-21-1004336348-1177238915-682003330-1001';
const connection = { remoteAddress: '127.0.0.1', remotePort: 40000, localAddress: '127.0.0.1', localPort: 1000 };
const code = 'C:\\Users\\a\\AppData\\Local\\Programs\\Microsoft VS Code\\Code.exe';
const command = 'C:\\Program Files\\Loopgate\\resources\\loopgate.exe';
const at = (seconds: number) => `2026-11-21T12:16:${String(seconds).padStart(2, '0')}.0000000Z`;

const process = (path: string, more: object = {}) => ({
  started: at(1),
  path,
  command: `"${path}"`,
  owner: sid,
  description: null,
  product: null,
  ...more,
});

function find(...processes: object[]) {
  const printed = JSON.stringify({
    self: sid,
    connected: at(30),
    programFolders: ['C:\\Program Files', 'C:\\Program Files (x86)'],
    processes,
  });
  return new WindowsPrograms({
    runPowershell: async () => printed,
    hashes: { ofProgram: async () => ({ hash: 'ab12', isWhole: true }) },
    ownCommand: command,
  }).find(connection);
}

describe('Windows [C1]', () => {
  it('a program of the user’s, by its version resource, path and hash [C3]', async () => {
    expect(await find(process(code, { description: 'Visual Studio Code', product: 'Code' }))).toEqual({
      id: `${code}#sha256:ab12`,
      name: 'Visual Studio Code',
      process: '2026-11-21T12:16:01.0000000Z',
      path: code,
      kind: 'program',
      lasting: 'always',
    });
  });

  it('one in Program Files is known by its path; a folder that is only called so is not that [C3]', async () => {
    const [editor, other] = ['C:\\Program Files\\Editor\\editor.exe', 'C:\\Program Files Mine\\editor.exe'];
    expect(await find(process(editor))).toMatchObject({ id: editor, name: 'editor' });
    expect((await find(process(other))).id).toBe(`${other}#sha256:ab12`);
  });

  it('an interpreter keeps its own name, with its script as a claim [C4]', async () => {
    const node = 'C:\\Program Files\\nodejs\\node.exe';
    const more = { command: `"${node}" --no-warnings "C:\\a b\\tool.js"`, description: 'Node.js JavaScript Runtime' };
    expect(await find(process(node, more))).toMatchObject({
      name: 'node',
      kind: 'interpreter',
      claim: 'C:\\a b\\tool.js',
    });
  });

  it.each<[string, object[]]>([
    ['nobody holds it', []],
    ['its process is younger than the connection', [process(code, { started: at(31) })]],
    ['its process is another user’s', [process(code, { owner: 'S-1-5-18' })]],
    ['its process may not be looked at', [process(code, { path: null }), process(code)]],
  ])('it is unknown when %s [C9]', async (_name, processes) => {
    expect(await find(...processes)).toEqual(unknownProgram);
  });

  it('the command loopgate acts for its parent process, and for no program when that one has left [C6]', async () => {
    const child = process(command.toUpperCase(), { started: at(5) });
    const shell = 'C:\\Windows\\System32\\cmd.exe';
    expect(await find(child, process(shell))).toMatchObject({ path: shell, lasting: 'hours' });
    expect(await find(child, child, process(shell))).toMatchObject({ path: shell });
    // Any process can be named as the parent of a new one.
    expect(await find(child, process(code))).toEqual(unknownProgram);
    expect(await find(child)).toEqual(unknownProgram);
    expect(await find(child, process(shell, { started: at(6) }))).toEqual(unknownProgram);
    expect(await find(child, process(shell, { owner: 'S-1-5-18' }))).toEqual(unknownProgram);
  });

  it.each(['', 'null', '[]', '{}', 'Get-NetTCPConnection : No matching objects', '{"self":"x","connected":1}'])(
    '%j is no answer',
    (printed) => {
      expect(parseWindowsFindings(printed)).toBeUndefined();
    },
  );

  it('the script asks for this very connection, and reads the table twice', () => {
    const script = programScript(connection);
    expect(script).toContain("-LocalAddress '127.0.0.1' -LocalPort 40000 -RemotePort 1000");
    expect(script.match(/= Row/g)).toHaveLength(2);
  });
});
