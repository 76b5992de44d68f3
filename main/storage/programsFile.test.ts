import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { testGate } from '../../testing/testGate.ts';
import type { Gate } from '../access/gate.ts';
import type { Requester } from '../access/principals.ts';
import { buildProgram } from '../access/program.ts';
import { makeCommandKey, programsFile } from './programsFile.ts';

const editor = buildProgram({
  path: '/usr/bin/editor',
  kind: 'program',
  name: 'Editor',
  process: '1@1',
  claim: '--secret',
});
const from: Requester = { caller: { program: async () => editor } };

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'loopgate-programs-file-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
});
const file = () => join(home, 'programs.json');
const modeOf = (path: string) => statSync(path).mode & 0o777;

/** A gate on the list of this home, and all that it warned of. */
function gateAt(): { gate: Gate; warnings: string[] } {
  const warnings: string[] = [];
  const log = { info: () => undefined, warn: (_fields: object, message: string) => void warnings.push(message) };
  return { gate: testGate('listed', { store: programsFile(home), log }), warnings };
}

/** Allows the editor, in the file. */
async function allowEditor(): Promise<void> {
  const { gate } = gateAt();
  await gate.require(from, 'tokens').catch(() => undefined);
  gate.allow(editor.id);
}

describe('programs.json', () => {
  test('without one the list is empty, and nothing is written', () => {
    const { gate, warnings } = gateAt();
    expect([gate.programs, gate.history, warnings]).toEqual([[], [], []]);
    expect(readdirSync(home)).toEqual([]);
  });

  test('what was decided is in it for the next run, for its user’s eyes alone, without what a program said of itself', async () => {
    await allowEditor();
    expect(modeOf(file())).toBe(0o600);
    expect(readdirSync(home)).toEqual(['programs.json']);
    expect(readFileSync(file(), 'utf8')).not.toMatch(/--secret|1@1/);
    const { gate } = gateAt();
    await gate.require(from, 'tokens');
    expect(gate.programs).toMatchObject([{ program: { id: editor.id }, decision: 'allowed' }]);
  });

  test('has its fields in the same order as ever, so that two versions of the file compare', async () => {
    await allowEditor();
    const { programs, history } = JSON.parse(readFileSync(file(), 'utf8'));
    expect(Object.keys(programs[0])).toEqual(['program', 'decision', 'firstUsed', 'lastUsed', 'wishes']);
    expect(Object.keys(history[0])).toEqual(['at', 'name', 'path', 'wish', 'outcome']);
  });

  test.for([
    ['no JSON', '{"version":1,'],
    ['empty', ''],
    ['null', 'null'],
    ['of another version', '{"version":2,"programs":[],"history":[],"origins":[]}'],
    ['with a decision that there is not', undefined],
  ])('one that is %s is set aside for the person to look at, and nobody is let in', async ([, content]) => {
    await allowEditor();
    const text = content ?? readFileSync(file(), 'utf8').replace('"allowed"', '"trusted"');
    writeFileSync(file(), text);
    const { gate, warnings } = gateAt();
    expect(gate.programs).toEqual([]);
    expect(await gate.isAllowed(from)).toBe(false);
    expect(warnings).toHaveLength(1);
    expect(readFileSync(join(home, 'programs.unreadable.json'), 'utf8')).toBe(text);
    await gate.require(from, 'tokens').catch(() => undefined);
    gate.close();
    expect(JSON.parse(readFileSync(file(), 'utf8'))).toMatchObject({ programs: [{ decision: 'unanswered' }] });
  });

  test('one that cannot be read at all lets nobody in, and stays where it is', async () => {
    mkdirSync(file());
    mkdirSync(join(home, 'programs.unreadable.json'));
    writeFileSync(join(home, 'programs.unreadable.json', 'x'), '');
    const { gate, warnings } = gateAt();
    expect(await gate.isAllowed(from)).toBe(false);
    expect(warnings).toHaveLength(1);
    expect(readdirSync(home).sort()).toEqual(['programs.json', 'programs.unreadable.json']);
  });
});

describe('command.key', () => {
  const path = () => join(home, 'command.key');

  test('is new at every start, for its user’s eyes alone, and gone at the end', () => {
    const first = makeCommandKey(home);
    expect(Buffer.from(first.key, 'base64url')).toHaveLength(32);
    expect([readFileSync(path(), 'utf8'), modeOf(path())]).toEqual([first.key, 0o600]);
    const second = makeCommandKey(home);
    expect(second.key).not.toBe(first.key);
    expect(readFileSync(path(), 'utf8')).toBe(second.key);
    second.remove();
    expect(readdirSync(home)).toEqual([]);
    second.remove();
  });

  test('is never written into a file that somebody has laid there: neither an open one nor a link', () => {
    writeFileSync(path(), 'old', { mode: 0o666 });
    makeCommandKey(home);
    expect(modeOf(path())).toBe(0o600);
    rmSync(path());
    const elsewhere = join(home, 'elsewhere');
    writeFileSync(elsewhere, 'mine', { mode: 0o666 });
    symlinkSync(elsewhere, path());
    const { key } = makeCommandKey(home);
    expect([readFileSync(elsewhere, 'utf8'), readFileSync(path(), 'utf8')]).toEqual(['mine', key]);
    expect(modeOf(path())).toBe(0o600);
  });

  test('where nothing can be written, nobody has it', () => {
    const missing = join(home, 'missing');
    const { key, remove } = makeCommandKey(missing);
    expect(key).toHaveLength(43);
    remove();
    expect(readdirSync(home)).toEqual([]);
  });
});
