import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { ProgramIcons } from './programIcons.ts';

const folder = mkdtempSync(join(tmpdir(), 'loopgate-icons-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test('an icon is read once, and told about when it is there', async () => {
  const changed = vi.fn();
  const icons = new ProgramIcons(changed);
  const path = file('code.png', 'not really a picture');
  expect([icons.of(path), icons.of(path)]).toEqual([undefined, undefined]);
  await vi.waitFor(() => expect(changed).toHaveBeenCalledOnce());
  expect(icons.of(path)).toBe(`data:image/png;base64,${Buffer.from('not really a picture').toString('base64')}`);
});

test('what a desktop entry may name instead of an icon is not read: another type, a folder, a pipe, what is endless or too large', async () => {
  const changed = vi.fn();
  const icons = new ProgramIcons(changed);
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
