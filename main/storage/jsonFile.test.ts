import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inEnglish, verbatim } from '../../preload/texts/messages.ts';
import { readSettingsFile, writeSetting } from '../settings/settingsFile.ts';
import { replaceFile, tryWriting, writeFailure, writeStore } from './jsonFile.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'loopgate-store-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const failure = (code: string) => Object.assign(new Error('failed'), { code });

describe('writeStore', () => {
  it('settings: one setting is changed, the others stay, and nothing is left beside the file', () => {
    writeFileSync(join(home, 'settings.json'), '{"port": 0, "issuer": "https://tenant.example/"}');
    writeSetting(home, 'withoutKeyring', 'file');
    expect(readSettingsFile(home)).toEqual({ port: 0, issuer: 'https://tenant.example/', withoutKeyring: 'file' });
    writeSetting(home, 'withoutKeyring', 'memory');
    expect(readSettingsFile(home)).toMatchObject({ withoutKeyring: 'memory' });
    expect(readdirSync(home)).toEqual(['settings.json']);
  });

  it('settings: damaged ones are not written over', () => {
    writeFileSync(join(home, 'settings.json'), '{"port": ');
    expect(() => writeSetting(home, 'withoutKeyring', 'file')).toThrow('settings.json cannot be read');
    expect(readFileSync(join(home, 'settings.json'), 'utf8')).toBe('{"port": ');
  });

  it('settings: a file that is kept elsewhere, and linked to, stays there', () => {
    mkdirSync(join(home, 'dotfiles'));
    writeFileSync(join(home, 'dotfiles', 'mine.json'), '{}');
    symlinkSync(join(home, 'dotfiles', 'mine.json'), join(home, 'settings.json'));
    writeSetting(home, 'port', 0);
    expect(lstatSync(join(home, 'settings.json')).isSymbolicLink()).toBe(true);
    expect(JSON.parse(readFileSync(join(home, 'dotfiles', 'mine.json'), 'utf8'))).toEqual({ port: 0 });
  });

  it('every other file replaces a link, and leaves what it leads to as it was', () => {
    writeFileSync(join(home, 'precious'), 'as it was');
    for (const name of ['endpoint', 'programs', 'session.x']) {
      symlinkSync(join(home, 'precious'), join(home, `${name}.json`));
      writeStore(home, name, { kept: true });
      expect(lstatSync(join(home, `${name}.json`)).isFile()).toBe(true);
    }
    symlinkSync(join(home, 'precious'), join(home, 'window.json'));
    replaceFile(join(home, 'window.json'), '{}');
    expect(readFileSync(join(home, 'window.json'), 'utf8')).toBe('{}');
    expect(readFileSync(join(home, 'precious'), 'utf8')).toBe('as it was');
  });

  it('what cannot be written leaves the file of before, and nothing beside it [T4]', () => {
    writeStore(home, 'session.x', { kept: true });
    expect(() => writeStore(home, 'session.x', { size: 1n })).toThrow();
    expect(readdirSync(home)).toEqual(['session.x.json']);
    expect(JSON.parse(readFileSync(join(home, 'session.x.json'), 'utf8'))).toEqual({ kept: true });
  });

  it('vault: a link that lies where the new file is made is not followed, wherever it leads', () => {
    for (const [name, isThere] of [
      ['there.json', true],
      ['missing.json', false],
    ] as const) {
      if (isThere) writeFileSync(join(home, name), 'as it was');
      symlinkSync(join(home, name), join(home, 'session.x.new.json'));
      writeStore(home, 'session.x', { kept: name });
      expect(JSON.parse(readFileSync(join(home, 'session.x.json'), 'utf8'))).toEqual({ kept: name });
      expect(lstatSync(join(home, 'session.x.json')).isSymbolicLink()).toBe(false);
    }
    expect(readdirSync(home).sort()).toEqual(['session.x.json', 'there.json']);
    expect(readFileSync(join(home, 'there.json'), 'utf8')).toBe('as it was');
  });

  it('vault: trying leaves nothing, and fails where there is no folder', () => {
    tryWriting(home);
    expect(readdirSync(home)).toEqual([]);
    expect(() => tryWriting(join(home, 'missing'))).toThrow('ENOENT');
  });
});

describe('writeFailure', () => {
  it.each([
    ['ENOSPC', 'no space left'],
    ['EDQUOT', 'no space left'],
    ['EROFS', 'read-only'],
    ['EACCES', 'may not write'],
    ['ENOENT', 'not there'],
  ])('vault: %s in words for a person, with the folder', (code, words) => {
    const reason = inEnglish(writeFailure(failure(code), home) ?? verbatim(''));
    expect(reason).toContain(words);
    expect(reason).toContain(home);
  });

  it('vault: an error of another kind has none', () => {
    expect(writeFailure(failure('EMFILE'), home)).toBeUndefined();
    expect(writeFailure(new Error('no code'), home)).toBeUndefined();
  });
});
