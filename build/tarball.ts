/** The packed app as one file for Linux that always has the same bytes for the same content: anybody can build it and compare. */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Packs a folder with the system's tar and gzip (GNU).
 * @param folder - what is packed
 * @param file - the archive to be made
 * @param name - the one folder that unpacking it gives
 * @param date - what every file is dated; without it the oldest date that every archive format knows
 */
export async function makeTarball(folder: string, file: string, name: string, date?: Date): Promise<void> {
  const seconds = Math.floor((date ?? new Date('1980-01-01T00:00:00Z')).getTime() / 1000);
  const alwaysTheSame = [
    ...['--format=gnu', '--sort=name', `--mtime=@${seconds}`],
    ...['--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'],
  ];
  // Not of symbolic links' targets (S) and hard links' (H): the app has none that lead out of it.
  const renamed = `--transform=s,^${basename(folder)},${name},SH`;
  // Node's variables for tar and gzip would change what comes out.
  const { TAR_OPTIONS: _tar, GZIP: _gzip, ...env } = process.env;
  const archive = ['--use-compress-program=gzip -n', '-cf', file, '-C', dirname(folder), basename(folder)];
  await promisify(execFile)('tar', [...alwaysTheSame, renamed, ...archive], { env });
}

/**
 * When what is built was made: `SOURCE_DATE_EPOCH` (reproducible-builds.org, seconds), else the date of the newest version in the
 * changelog. Undefined before the first release.
 * @throws when the variable is not a number of seconds
 */
export async function sourceDate(
  root: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Date | undefined> {
  const { SOURCE_DATE_EPOCH: seconds = '' } = environment;
  if (seconds !== '') {
    if (!/^\d{1,12}$/.test(seconds)) throw new Error('SOURCE_DATE_EPOCH must be a whole number of seconds since 1970.');
    return new Date(Number(seconds) * 1000);
  }
  const changelog = await readFile(join(root, 'CHANGELOG.md'), 'utf8');
  const [, day] = /^## \[?\d+\.\d+\.\d+\S* - (\d{4}-\d{2}-\d{2})$/m.exec(changelog) ?? [];
  return day === undefined ? undefined : new Date(`${day}T00:00:00Z`);
}
