import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { ProgramIcons } from './programIcons.ts';

const folder = mkdtempSync(join(tmpdir(), 'loopgate-icons-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ownIcons = join(import.meta.dirname, '..', '..', '..', 'build', 'icons');

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test('an icon is read once, and told about when it is there', async () => {
  const changed = vi.fn();
  const icons = new ProgramIcons(changed, ownIcons);
  const path = file('code.png', 'not really a picture');
  expect([icons.of(path), icons.of(path)]).toEqual([undefined, undefined]);
  await vi.waitFor(() => expect(changed).toHaveBeenCalledOnce());
  expect(icons.of(path)).toBe(`data:image/png;base64,${Buffer.from('not really a picture').toString('base64')}`);
});

test('what a desktop entry may name instead of an icon is not read: another type, a folder, a pipe, what is endless or too large', async () => {
  const changed = vi.fn();
  const icons = new ProgramIcons(changed, ownIcons);
  const pipe = join(folder, 'pipe.png');
  execFileSync('mkfifo', [pipe]);
  const endless = join(folder, 'endless.png');
  symlinkSync('/dev/zero', endless);
  const refused = [
    file('secret.txt', 'secret'),
    file('large.png', Buffer.alloc(64 * 1024 + 1)),
    folder,
    pipe,
    endless,
    join(folder, 'missing.png'),
  ];
  for (const path of refused) icons.of(path);
  // Asked for last, and there: the others have had their time.
  const good = file('good.svg', '<svg/>');
  icons.of(good);
  await vi.waitFor(() => expect(icons.of(good)).toMatch(/^data:image\/svg\+xml;base64,/));
  for (const path of refused) expect(icons.of(path), path).toBeUndefined();
  expect(changed).toHaveBeenCalledOnce();
});

test('Loopgate’s own icon is nobody else’s: neither its bytes elsewhere nor the file of its package', async () => {
  const changed = vi.fn();
  const icons = new ProgramIcons(changed, ownIcons);
  const own = [
    join(ownIcons, 'app.png'),
    file('copy.png', readFileSync(join(ownIcons, 'app.png'))),
    file('tray.png', readFileSync(join(ownIcons, 'tray-signed-in.png'))),
    file('loopgate.png', 'as it was packed'),
    file('Loopgate.svg', '<svg/>'),
  ];
  for (const path of own) icons.of(path);
  const other = file('other.png', 'another picture');
  icons.of(other);
  await vi.waitFor(() => expect(icons.of(other)).toBeDefined());
  // They are all read at the same time; the largest takes longer than the others by far less than this.
  await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1));
  expect(own.map((path) => icons.of(path))).toEqual(own.map(() => undefined));
});
