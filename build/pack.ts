/**
 * `npm run pack`: the app as a folder that can be started, in `dist/`, with a list of what it consists of beside it; on Linux as
 * a tar.gz too.
 *
 * `npm run pack -- --test` makes a copy of the folder that Playwright can attach to, in `dist/test/`.
 * `npm run pack -- --release` makes the packages of this system, and refuses an unofficial Electron.
 */

import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBundle } from './bundle.ts';
import { electronBuilderConfiguration, fuses, programIn, readFuses, sbomFile, setFuses } from './electron-builder.ts';
import { type ElectronRuntime, findElectron } from './electronRuntime.ts';
import { parseSbom, sbomOfPackage, sbomText, versionsOf } from './sbom.ts';
import { requireElectronLibraries } from './systemPackages.ts';
import { makeTarball, sourceDate } from './tarball.ts';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

export interface PackOptions {
  /** Make the packages, of the official Electron only. */
  readonly release?: boolean;
  readonly root?: string;
}

/** What `pack` has made. Absolute paths. */
export interface Packed {
  /** The program in its folder. */
  readonly program: string;
  /** The list of what it consists of (CycloneDX). */
  readonly sbom: string;
  /** `Loopgate-0.1.0-linux-x64`: how the files that are made of it are called. */
  readonly title: string;
}

/**
 * Packs the app. Without `release` it is the same app, in a folder.
 *
 * @throws when there is no Electron to pack it with, or only an unofficial one for a release; when Electron's libraries are not
 *   installed and cannot be (on Linux it is run once, to ask what it consists of).
 */
export async function pack({ release = false, root = projectFolder }: PackOptions = {}): Promise<Packed> {
  const runtime = await runtimeFor(release);
  if (process.platform === 'linux') await requireElectronLibraries(console.log);
  await ensureBundle({ root });
  const bundled = parseSbom(await readFile(join(root, 'out', 'main', sbomFile), 'utf8'));
  const parts = sbomOfPackage(bundled, await versionsOf(runtime), runtime.official, await sourceDate(root));
  const { build, Platform } = await import('electron-builder');
  const outputFolder = resolve(root, 'dist');
  const homepage = repositoryAddress(process.env);
  await build({
    projectDir: root,
    targets: release ? Platform.current().createTarget() : Platform.current().createTarget('dir'),
    config: electronBuilderConfiguration({
      root,
      runtime,
      outputFolder,
      sbom: sbomText(parts),
      mustBeSigned: release,
      ...(homepage !== undefined && { homepage }),
      ...updateFeedOf(process.env),
    }),
    publish: 'never',
  });
  const system = { darwin: 'mac', win32: 'win' }[process.platform as string] ?? process.platform;
  const title = `Loopgate-${bundled.metadata.component.version}-${system}-${process.arch}`;
  const sbom = join(outputFolder, `${title}.cdx.json`);
  await writeFile(sbom, sbomText(parts));
  return { program: await findPacked(outputFolder), sbom, title };
}

/**
 * Copies a packed app and changes one thing in the copy: the inspector is on, which Playwright attaches through.
 * @returns the program in the copy
 */
export async function inspectableCopy(program: string, into: string): Promise<string> {
  const folder = dirname(program);
  await rm(into, { recursive: true, force: true });
  await cp(folder, into, { recursive: true, verbatimSymlinks: true });
  const copy = join(into, relative(folder, program));
  await setFuses(copy, fuses({ inspectable: true }));
  return copy;
}

/** Where the sources are, as the machine of a release knows it. */
function repositoryAddress({ GITHUB_SERVER_URL, GITHUB_REPOSITORY }: NodeJS.ProcessEnv): string | undefined {
  if (!GITHUB_SERVER_URL?.startsWith('https://') || !GITHUB_REPOSITORY) return undefined;
  return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`;
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
  if (values.release && values.test) throw new Error('A release has no copy for tests: leave out --release or --test.');
  const { program, sbom, title } = await pack({ release: values.release ?? false });
  console.log(`Packed: ${program}`);
  for (const [fuse, on] of Object.entries(await readFuses(program))) console.log(`  ${fuse} ${on ? 'on' : 'off'}`);
  console.log(`What it consists of: ${sbom}`);
  const folder = dirname(program);
  if (values.test) {
    console.log(`For tests: ${await inspectableCopy(program, join(dirname(folder), 'test', basename(folder)))}`);
  } else if (process.platform === 'linux') {
    const archive = join(dirname(folder), `${title}.tar.gz`);
    await makeTarball(folder, archive, title, await sourceDate(projectFolder));
    console.log(`As one file: ${archive}`);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
