/**
 * `npm run pack`: the app as a folder that can be started, in `dist/`.
 *
 * `npm run pack -- --test` makes one that Playwright can attach to, in `dist/test/`.
 * `npm run pack -- --release` makes the installers of this system, and refuses an unofficial Electron.
 */

import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBundle } from './bundle.ts';
import { electronBuilderConfiguration, programIn, readFuses } from './electron-builder.ts';
import { type ElectronRuntime, findElectron } from './electronRuntime.ts';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

export interface PackOptions {
  /** Make installers, of the official Electron only. */
  readonly release?: boolean;
  /** Leave the inspector on, for end-to-end tests. */
  readonly test?: boolean;
  readonly root?: string;
}

/**
 * Packs the app and returns the packed program's path.
 *
 * @throws when there is no Electron to pack it with, or only an unofficial one for a release.
 */
export async function pack({ release = false, test = false, root = projectFolder }: PackOptions = {}): Promise<string> {
  if (release && test) throw new Error('A release cannot be a test build: leave out one of --release and --test.');
  const runtime = await runtimeFor(release);
  await ensureBundle({ root });
  const { build, Platform } = await import('electron-builder');
  const outputFolder = test ? 'dist/test' : 'dist';
  await build({
    projectDir: root,
    targets: release ? Platform.current().createTarget() : Platform.current().createTarget('dir'),
    config: electronBuilderConfiguration({ runtime, outputFolder, inspectable: test, ...updateFeedOf(process.env) }),
    publish: 'never',
  });
  return findPacked(resolve(root, outputFolder));
}

/**
 * The feed of updates is a setting of the build.
 * @throws for an address that others on the way could answer for: on Linux nothing but TLS says who published a version
 */
export function updateFeedOf({ LOOPGATE_UPDATE_FEED: feed }: NodeJS.ProcessEnv): { updateFeed?: string } {
  if (feed === undefined || feed === '') return {};
  if (!URL.canParse(feed) || new URL(feed).protocol !== 'https:') {
    throw new Error(
      'LOOPGATE_UPDATE_FEED must be an https address of a folder, such as https://example.com/loopgate/.',
    );
  }
  return { updateFeed: feed };
}

async function runtimeFor(release: boolean): Promise<ElectronRuntime> {
  const runtime = await findElectron({ allowFallback: !release, announce: console.log });
  if (!runtime) throw new Error('There is no Electron to pack the app with.');
  if (release && !runtime.official) {
    throw new Error(`A release needs the official Electron; ${runtime.distFolder} has ${runtime.version}.`);
  }
  return runtime;
}

/** electron-builder names the folder after system and processor: `linux-unpacked`, `linux-arm64-unpacked`, `mac-arm64` … */
async function findPacked(folder: string): Promise<string> {
  const prefix = { darwin: /^mac/, win32: /^win.*unpacked$/ }[process.platform as string] ?? /^linux.*unpacked$/;
  const name = (await readdir(folder)).find((entry) => prefix.test(entry));
  if (!name) throw new Error(`electron-builder left no packed app in ${folder}`);
  return programIn(join(folder, name), process.platform);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { release: { type: 'boolean' }, test: { type: 'boolean' } } });
  const program = await pack({ release: values.release ?? false, test: values.test ?? false });
  console.log(`Packed: ${program}`);
  for (const [fuse, on] of Object.entries(await readFuses(program))) console.log(`  ${fuse} ${on ? 'on' : 'off'}`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
