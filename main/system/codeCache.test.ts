import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readProgram } from './codeCache.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loopgate-code-cache-'));
  file = join(folder, 'program.cjs');
  writeFileSync(file, programThatSays('one'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Its letters are not all of one byte, as in the texts of a language. */
function programThatSays(what: string): string {
  return `const say = () => 'gesagt: „${what}“';\nmodule.exports;\nrequire('say')(say());\n`;
}

/** What the program says when it is run. */
function said(program = readProgram(file)): string {
  let heard = '';
  const load = (id: string) => (id === 'say' ? (text: string) => (heard = text) : undefined);
  program.run(Object.assign(load, require));
  return heard;
}

/** Then everything moves to another place: V8 remembers in this process what it has compiled, by its place. */
function keepCodeCache(): string {
  const program = readProgram(file);
  said(program);
  writeFileSync(program.codeCacheFile, program.makeCodeCache());
  const moved = `${folder}-moved`;
  renameSync(folder, moved);
  folder = moved;
  file = join(folder, 'program.cjs');
  return join(folder, basename(program.codeCacheFile));
}

describe('a program and its code cache', () => {
  it('runs by it, and the same without', () => {
    expect(readProgram(file).isFromCodeCache).toBe(false);
    expect(said()).toBe('gesagt: „one“');
    keepCodeCache();
    expect(readProgram(file).isFromCodeCache).toBe(true);
    expect(said()).toBe('gesagt: „one“');
  });

  it('is never run by that of another program, even one of the same length', () => {
    keepCodeCache();
    writeFileSync(file, programThatSays('two'));
    expect(said()).toBe('gesagt: „two“');
    expect(readProgram(file).isFromCodeCache).toBe(false);
  });

  it('is not run by that of another V8, processor or system', () => {
    const made = keepCodeCache();
    for (const what of [process.platform, process.arch, process.versions.v8]) expect(made).toContain(`-${what}`);
  });

  it.each<[string, (made: string) => void]>([
    ['cut off', (made) => truncateSync(made, readFileSync(made).length - 100)],
    ['empty', (made) => truncateSync(made, 0)],
    ['something else', (made) => writeFileSync(made, 'x'.repeat(5000))],
  ])('runs without one that is damaged: %s', (_what, damage) => {
    damage(keepCodeCache());
    expect(readProgram(file).isFromCodeCache).toBe(false);
    expect(said()).toBe('gesagt: „one“');
  });

  it('names the line and column of its own file where it throws', () => {
    writeFileSync(file, "const first = 1; throw new Error('thrown here');\n");
    const thrown = catchError(() => readProgram(file).run());
    expect(thrown.stack).toContain(`${file}:1:24`);
  });

  it('writes nothing by itself', () => {
    said();
    expect(readdirSync(folder)).toEqual(['program.cjs']);
  });
});

function catchError(action: () => void): Error {
  try {
    action();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}
