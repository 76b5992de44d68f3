import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataPath } from './dataFolder.ts';
import { fileSealer, keySealer } from './keySealer.ts';

const key = Buffer.alloc(32, 1);
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'loopgate-key-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('keySealer', () => {
  it('vault: the same text is never sealed the same twice, as AES-GCM needs', async () => {
    const sealer = keySealer(key);
    const sealed = await Promise.all(Array.from({ length: 100 }, () => sealer.seal('text')));
    expect(new Set(sealed.map((text) => text.slice(0, 16))).size).toBe(100);
  });

  it('vault: every single changed bit is noticed', async () => {
    const sealer = keySealer(key);
    const sealed = Buffer.from(await sealer.seal('text'), 'base64');
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      await expect(sealer.open(changed.toString('base64')), `bit ${bit}`).rejects.toThrow();
    }
  });

  it.each([0, 11, 12, 20, 27])('vault: %i bytes are too few for a nonce and a tag', async (length) => {
    await expect(keySealer(key).open(Buffer.alloc(length).toString('base64'))).rejects.toThrow();
  });

  it.each(['', 'ü€😀', 'x'.repeat(100_000)])('vault: any text comes back (%#)', async (text) => {
    expect(await keySealer(key).open(await keySealer(key).seal(text))).toBe(text);
  });
});

describe('fileSealer', () => {
  it('vault: the key is made at the first use, is 32 random bytes, and only the person can read it', async () => {
    const sealed = await fileSealer(home).seal('text');
    expect(readdirSync(home)).toEqual(['session.file-key']);
    expect(readFileSync(dataPath(home, 'sessionKey'))).toHaveLength(32);
    if (process.platform !== 'win32') expect(statSync(dataPath(home, 'sessionKey')).mode & 0o777).toBe(0o600);
    expect(await fileSealer(home).open(sealed)).toBe('text');
    await fileSealer(home).seal('more');
    expect(await fileSealer(home).open(sealed)).toBe('text');
  });

  it('vault: without its key nothing is opened, and none is made by reading', async () => {
    const sealed = await fileSealer(home).seal('text');
    rmSync(dataPath(home, 'sessionKey'));
    await expect(fileSealer(home).open(sealed)).rejects.toThrow('missing');
    expect(readdirSync(home)).toEqual([]);
  });

  it('vault: a key that was cut short is kept aside when a new one is made', async () => {
    writeFileSync(dataPath(home, 'sessionKey'), 'short');
    await fileSealer(home).seal('text');
    const aside = readdirSync(home).filter((name) => name.startsWith('session.file-key.unreadable-'));
    expect(aside.map((name) => readFileSync(join(home, name), 'utf8'))).toEqual(['short']);
  });
});
