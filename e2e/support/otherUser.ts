import { execFile, execFileSync } from 'node:child_process';
import { chownSync, cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from './headless.ts';

/** Debian's `nobody`. */
const uid = 65534;

/** Put before a command, it runs as another user of this machine. */
export const asOtherUser = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'] as const;

/** Only root can become somebody else; undefined when the tests run as root. */
export const whyNoOtherUser = process.getuid?.() === 0 ? undefined : 'only root can start a program as another user';

/** A fresh folder that belongs to the other user. */
export function otherUsersFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'loopgate-other-'));
  chownSync(folder, uid, uid);
  return folder;
}

/** Runs a command as the other user and gives what it printed. @throws with its errors when it fails */
export async function runAsOtherUser(argv: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const [command, ...rest] = [...asOtherUser, ...argv];
  const { stdout } = await promisify(execFile)(command, rest, { env: { PATH: process.env.PATH, ...environment } });
  return stdout;
}

let tree: string | undefined;

/** The project's tree as the other user can read it, and cannot write it: the checkout itself, or a copy where it is private. */
export function treeForOtherUser(): string {
  tree ??= isReadable(projectFolder) ? projectFolder : copyTree();
  return tree;
}

function isReadable(folder: string): boolean {
  try {
    execFileSync(asOtherUser[0], [...asOtherUser.slice(1), 'test', '-r', join(folder, 'package.json')]);
    return true;
  } catch {
    return false;
  }
}

function copyTree(): string {
  const folder = mkdtempSync(join(tmpdir(), 'loopgate-tree-'));
  execFileSync('chmod', ['755', folder]);
  for (const entry of [
    'package.json',
    'tsconfig.json',
    'build',
    'e2e',
    'main',
    'preload',
    'out',
    'node_modules',
    'renderer',
    'package-lock.json',
  ]) {
    cpSync(join(projectFolder, entry), join(folder, entry), { recursive: true, verbatimSymlinks: true });
  }
  return folder;
}
