import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTarball, sourceDate } from './tarball.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loopgate-tarball-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The same app in two places, written in another order, at another time, with other permissions. */
function write(at: string, names: readonly string[], mode: number, date: Date): string {
  const app = join(folder, at, 'linux-unpacked');
  mkdirSync(join(app, 'resources'), { recursive: true });
  for (const name of names) {
    writeFileSync(join(app, name), `content of ${name}`);
    chmodSync(join(app, name), name === 'loopgate' ? mode | 0o100 : mode);
    utimesSync(join(app, name), date, date);
  }
  symlinkSync('loopgate', join(app, 'linux-unpacked'));
  return app;
}

describe.runIf(process.platform === 'linux')('the tar.gz', () => {
  it('has the same bytes for the same content, whoever packs it, when and where', async () => {
    const one = write('one', ['loopgate', 'version', 'resources/app.asar'], 0o600, new Date(0));
    const other = write('other', ['resources/app.asar', 'version', 'loopgate'], 0o664, new Date(1e12));
    await makeTarball(one, join(folder, 'one.tar.gz'), 'Loopgate-1', new Date(1e12));
    await makeTarball(other, join(folder, 'other.tar.gz'), 'Loopgate-1', new Date(1e12));
    expect(readFileSync(join(folder, 'one.tar.gz')).equals(readFileSync(join(folder, 'other.tar.gz')))).toBe(true);
    writeFileSync(join(other, 'version'), 'something else');
    await makeTarball(other, join(folder, 'other.tar.gz'), 'Loopgate-1', new Date(1e12));
    expect(readFileSync(join(folder, 'one.tar.gz')).equals(readFileSync(join(folder, 'other.tar.gz')))).toBe(false);
  });

  it('unpacks into one folder of its name, owned by nobody in particular; what can be started can be started', async () => {
    const app = write('one', ['loopgate', 'version', 'resources/app.asar'], 0o600, new Date(0));
    await makeTarball(app, join(folder, 'app.tar.gz'), 'Loopgate-1');
    const listed = execFileSync('tar', ['--utc', '--numeric-owner', '-tvzf', join(folder, 'app.tar.gz')]).toString();
    const lines = listed
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' '));
    expect(lines).toEqual([
      'drwxr-xr-x 0/0 0 1980-01-01 00:00 Loopgate-1/',
      'lrwxr-xr-x 0/0 0 1980-01-01 00:00 Loopgate-1/linux-unpacked -> loopgate',
      '-rwxr-xr-x 0/0 19 1980-01-01 00:00 Loopgate-1/loopgate',
      'drwxr-xr-x 0/0 0 1980-01-01 00:00 Loopgate-1/resources/',
      '-rw-r--r-- 0/0 29 1980-01-01 00:00 Loopgate-1/resources/app.asar',
      '-rw-r--r-- 0/0 18 1980-01-01 00:00 Loopgate-1/version',
    ]);
  });
});

describe('the date of a build', () => {
  const date = (changelog: string, environment: NodeJS.ProcessEnv = {}) => {
    writeFileSync(join(folder, 'CHANGELOG.md'), changelog);
    return sourceDate(folder, environment);
  };

  it('is SOURCE_DATE_EPOCH, else that of the newest version in the changelog, else not stated', async () => {
    const changelog = '# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2026-03-04\n\n## 0.1.0 - 2026-01-02\n';
    expect(await date(changelog, { SOURCE_DATE_EPOCH: '86400' })).toEqual(new Date('1970-01-02T00:00:00Z'));
    expect(await date(changelog)).toEqual(new Date('2026-03-04T00:00:00Z'));
    expect(await date('## Unreleased\n')).toBe(undefined);
  });

  it.each(['yesterday', '-1', '1.5'])('%s is refused', (text) =>
    expect(date('', { SOURCE_DATE_EPOCH: text })).rejects.toThrow('SOURCE_DATE_EPOCH must be a whole number'),
  );
});
