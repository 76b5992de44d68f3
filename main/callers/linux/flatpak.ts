import { constants } from 'node:fs';
import { join } from 'node:path';
import { programFiles } from '../../system/strangersFiles.ts';

/** More than a flatpak says of itself. */
const maxInfo = 64 * 1024;

/**
 * Where a file of a flatpak lies outside of it, by what the flatpak reports about its folders; undefined if it is none.
 * @param root - the root that the process sees
 */
export async function pathOutsideFlatpak(root: string, path: string): Promise<string | undefined> {
  const info = await programFiles
    .do('read', join(root, '.flatpak-info'), maxInfo, constants.O_NOFOLLOW)
    .then(({ content }) => Buffer.from(content).toString())
    .catch(() => '');
  for (const [inside, key] of [
    ['/app/', 'app-path'],
    ['/usr/', 'runtime-path'],
  ] as const) {
    const outside = new RegExp(`^${key}=(/.*)$`, 'm').exec(info)?.[1];
    if (outside !== undefined && path.startsWith(inside)) return join(outside, path.slice(inside.length));
  }
  return undefined;
}
