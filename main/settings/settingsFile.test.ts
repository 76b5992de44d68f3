import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readPolicy } from './policy.ts';
import { SettingError } from './settings.ts';
import { readSettingsFile, writeSetting } from './settingsFile.ts';

const settings = { issuer: 'https://tenant.example/', clientId: 'é' };
const text = JSON.stringify(settings, null, 2);
const utf8Forms: [string, Buffer][] = [
  ['plain', Buffer.from(text)],
  ['with a byte order mark (Notepad, PowerShell)', Buffer.from(`\uFEFF${text}`)],
  ['with lines that end as on Windows', Buffer.from(`\uFEFF${text.replaceAll('\n', '\r\n')}\r\n`)],
];
const littleEndian = Buffer.from(`\uFEFF${text}`, 'utf16le');
const utf16Forms: [string, Buffer][] = [
  ['UTF-16, little endian', littleEndian],
  ['UTF-16, big endian', Buffer.from(littleEndian).swap16()],
  ['UTF-16 without a mark', Buffer.from(text, 'utf16le')],
];

describe('a settings file', () => {
  let home: string;
  let path: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'loopgate-settings-'));
    path = join(home, 'settings.json');
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  test.each(utf8Forms)('%s is read, and can be changed', (_form, content) => {
    writeFileSync(path, content);
    expect(readSettingsFile(home)).toEqual(settings);
    writeSetting(home, 'theme', 'dark');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ ...settings, theme: 'dark' });
  });

  test.each(utf16Forms)('%s is named as that, without a character that nobody sees', (_form, content) => {
    writeFileSync(path, content);
    const failure = refusalOf(() => readSettingsFile(home));
    expect(failure).toContain(`${path} cannot be read (it is written as UTF-16: save it as UTF-8)`);
    expect(failure).toMatch(/^[\x20-\x7e]+$/);
  });
});

describe('the policy of a machine', () => {
  const read = (content: Buffer) =>
    readPolicy('linux', {
      readFile: () => content,
      run: () => {
        throw new Error('nothing is run');
      },
    })?.settings;

  test.each(utf8Forms)('%s is read', (_form, content) => {
    expect(read(content)).toEqual(settings);
  });

  test.each(utf16Forms)('%s is named as that', (_form, content) => {
    expect(refusalOf(() => read(content))).toContain('UTF-16');
  });
});

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SettingError) return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}
