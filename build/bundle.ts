/**
 * Builds what runs from what is written: `out/main`, `out/headless`, `out/cli`, `out/preload` and `out/renderer`, each one file
 * (the windows: one page each) without node_modules beside it.
 *
 * Run by `npm run build`. `npm start`, `npm run serve` and `npm test` call `ensureBundle`, which builds only what changed.
 */

import { createHash } from 'node:crypto';
import { access, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { builtinModules, createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { InlineConfig, Plugin } from 'vite';
import { licencesText, ShippedPackages } from './licences.ts';
import { readLockfile, sbomOfBundle, sbomText } from './sbom.ts';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

/** The oldest runtime the code has to run on: Electron 33 brings Node 20.18 and Chromium 130. */
const NODE_TARGET = 'node20.18';
const CHROMIUM_TARGET = 'chrome130';

/** What the bundle is made of. `package.json` is among them for its version. */
const SOURCES = [
  'main',
  'preload',
  'renderer',
  'build/bundle.ts',
  'build/licences.ts',
  'build/sbom.ts',
  'build/standIns',
  'build/icons',
  'package.json',
  'package-lock.json',
];

/** What a whole bundle has. */
const RESULTS = [
  'main/index.cjs',
  'main/entry.mjs',
  'main/docs/swagger-ui-bundle.js',
  'main/licences.txt',
  'main/sbom.cdx.json',
  'headless/index.cjs',
  'headless/docs/swagger-ui-bundle.js',
  'cli/index.cjs',
  'preload/index.cjs',
  'renderer/index.html',
  'renderer/consent.html',
];

export interface BundleOptions {
  /** The project's folder. Only the bundler's own tests have another. */
  readonly root?: string;
  /** Say nothing unless something is wrong. */
  readonly quiet?: boolean;
}

/** Builds everything into `out/`. Rejects with the bundler's message when something cannot be built. */
export async function bundle({ root = projectFolder, quiet = false }: BundleOptions = {}): Promise<void> {
  const began = performance.now();
  const inputs = await hashSources(root);
  await rm(join(root, 'out', '.inputs'), { force: true });
  const { build } = await import('vite');
  const define = {
    __LOOPGATE_VERSION__: JSON.stringify(await readVersion(root)),
    ...productionDefine,
  };
  const shipped = new ShippedPackages();
  const recorded = (config: InlineConfig) => ({ ...config, plugins: [...(config.plugins ?? []), shipped.plugin] });
  await build(recorded(forNode(root, 'main', define)));
  await build(recorded(forNode(root, 'headless', define)));
  await build(recorded(forNode(root, 'cli', define)));
  await build(recorded(forNode(root, 'preload', define)));
  await build(recorded(forWindows(root, define)));
  await copyEntry(root);
  await copyIcons(root);
  await copyDocs(root);
  shipped.add(viewerFolder());
  const packages = await shipped.list();
  await writeFile(join(root, 'out', 'main', 'licences.txt'), licencesText(packages));
  const parts = sbomOfBundle(await readVersion(root), packages, await readLockfile(root));
  await writeFile(join(root, 'out', 'main', 'sbom.cdx.json'), sbomText(parts));
  // Written last: a build that stopped half-way is not fresh.
  await writeFile(join(root, 'out', '.inputs'), inputs);
  if (!quiet) console.log(`Bundled into out/ in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

/** Whether `out/` is there and made from the sources as they are now. */
export async function isBundleFresh(root: string = projectFolder): Promise<boolean> {
  const builtFrom = await readFile(join(root, 'out', '.inputs'), 'utf8').catch(() => undefined);
  if (builtFrom === undefined || !(await isBundleWhole(root))) return false;
  return builtFrom === (await hashSources(root));
}

/**
 * Builds when the sources changed since the last time.
 *
 * @throws with what to do, when it would have to build and `out/` cannot be written.
 */
export async function ensureBundle(options: BundleOptions = {}): Promise<void> {
  const root = options.root ?? projectFolder;
  if (await isBundleFresh(root)) return;
  if (!(await canWriteOut(root))) {
    const state = (await isBundleWhole(root)) ? 'older than the sources' : 'missing';
    throw new Error(
      `The built app (${join(root, 'out')}) is ${state}, and it cannot be written. ` +
        'Run `npm run build` as a user who can write there.',
    );
  }
  await bundle(options);
}

/** What the test kit is made of. */
const TEST_KIT_SOURCES = ['main', 'preload/texts', 'demo', 'build/bundle.ts', 'package.json', 'package-lock.json'];

/**
 * Builds the test kit into `out/testKit` when its sources changed since the last time. It is no part of the bundle above, and of
 * no package.
 *
 * @throws with what to do, when it would have to build and `out/` cannot be written.
 */
export async function ensureTestKit(root: string = projectFolder): Promise<void> {
  const into = join(root, 'out', 'testKit');
  const inputs = await hashSources(root, TEST_KIT_SOURCES);
  if ((await readFile(join(into, '.inputs'), 'utf8').catch(() => undefined)) === inputs) return;
  if (!(await canWriteOut(root))) {
    throw new Error(`The test kit has to be built, and ${join(root, 'out')} cannot be written.`);
  }
  const { build } = await import('vite');
  await build(forNode(root, 'testKit', { __LOOPGATE_VERSION__: JSON.stringify(await readVersion(root)) }));
  await copyDocs(root, ['testKit']);
  await writeFile(join(into, '.inputs'), inputs);
}

/**
 * Bundles another program the way that the headless host is: the benchmark compares with such a one.
 * @param into - an absolute path of a folder, which is emptied
 * @returns the program
 */
export async function bundleLikeHost(entry: string, into: string): Promise<string> {
  const { build } = await import('vite');
  const config = forNode(projectFolder, 'headless', productionDefine);
  await build({ ...config, build: { ...config.build, ssr: entry, outDir: into, sourcemap: false } });
  return join(into, 'index.cjs');
}

const productionDefine = { 'process.env.NODE_ENV': JSON.stringify('production') };

type Define = Readonly<Record<string, string>>;
type NodePart = 'main' | 'headless' | 'cli' | 'preload' | 'testKit';

const ENTRIES: Readonly<Record<NodePart, string>> = {
  main: 'main/index.ts',
  headless: 'main/serve.ts',
  cli: 'main/cli/index.ts',
  preload: 'preload/index.ts',
  testKit: 'demo/test-kit/index.ts',
};

const nodeModules = builtinModules.flatMap((name) => [name, `node:${name}`]);

/** A native library that only the headless host uses. Where it is not installed, the host does without. */
const nativeKeyring = '@napi-rs/keyring';

/**
 * Packages that nothing here uses, or whose work the runtime does itself, and what stands in for them: 0.6 MB less. `debug` is here for
 * another reason, T9. Each stand-in says why.
 */
const standIns: Readonly<Record<string, string>> = {
  'iconv-lite': standIn('iconv-lite'),
  'mime-db': standIn('mime-db'),
  'ajv/dist/2020.js': standIn('ajv'),
  'ajv-formats': standIn('ajv'),
  debug: standIn('debug'),
};

function standIn(name: string): string {
  return join(projectFolder, 'build', 'standIns', `${name}.cjs`);
}

/**
 * One CommonJS file with everything inside but `electron` and Node's own modules. Small, as it is read and compiled at each start;
 * the source map beside it, which is not shipped, leads from a stack trace back to the source.
 */
function forNode(root: string, part: NodePart, define: Define): InlineConfig {
  const outside = [part === 'headless' || part === 'testKit' ? nativeKeyring : 'electron', ...nodeModules];
  return {
    configFile: false,
    root,
    // A package of the demo provider's uses eval, which is told at every build.
    logLevel: part === 'testKit' ? 'error' : 'warn',
    define,
    plugins: part === 'main' || part === 'preload' ? [] : [withoutElectron()],
    publicDir: false,
    // The demo provider does send files by their ending.
    resolve: { conditions: ['node'], ...(part !== 'testKit' && { alias: standIns }) },
    ssr: { target: 'node', noExternal: true },
    build: {
      ssr: join(root, ENTRIES[part]),
      outDir: join(root, 'out', part),
      emptyOutDir: true,
      target: part === 'preload' ? CHROMIUM_TARGET : NODE_TARGET,
      // The demo provider stores things by the names of its classes.
      minify: part === 'testKit' ? false : 'oxc',
      sourcemap: 'hidden',
      rolldownOptions: {
        external: outside,
        output: {
          format: 'cjs',
          entryFileNames: 'index.cjs',
          codeSplitting: false,
          comments: { legal: true, annotation: false, jsdoc: false },
        },
      },
    },
  };
}

/**
 * electron-store imports `electron`, which in plain Node is a package that starts a download and throws. The headless host
 * and the command get an empty module in its place. Code that needs something from it fails here, at build time, which is right.
 */
function withoutElectron(): Plugin {
  const empty = '\0no-electron';
  return {
    name: 'loopgate:without-electron',
    enforce: 'pre',
    resolveId: (id) => (id === 'electron' ? empty : null),
    load: (id) => (id === empty ? 'export default {};' : null),
  };
}

/** Which page each window shows. */
const PAGES = ['index.html', 'consent.html'];

/**
 * The windows' pages. Their content security policy allows only files of their own origin, so nothing may be inlined: no preload
 * polyfill, no small asset as a `data:` address. JSX is Preact's, as the window's tsconfig says.
 */
function forWindows(root: string, define: Define): InlineConfig {
  return {
    configFile: false,
    root: join(root, 'renderer'),
    base: './',
    logLevel: 'warn',
    define,
    publicDir: false,
    build: {
      outDir: join(root, 'out', 'renderer'),
      emptyOutDir: true,
      target: CHROMIUM_TARGET,
      modulePreload: false,
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      rolldownOptions: { input: PAGES.map((page) => join(root, 'renderer', page)) },
    },
  };
}

/** What Electron starts: as it is written, for it is a module and has nothing to bundle. */
async function copyEntry(root: string): Promise<void> {
  await cp(join(root, 'main', 'entry.mjs'), join(root, 'out', 'main', 'entry.mjs'));
}

/** The tray's icons, beside the main process that loads them: `join(__dirname, 'icons', …)`, in the asar too. */
async function copyIcons(root: string): Promise<void> {
  const from = join(root, 'build', 'icons');
  const into = join(root, 'out', 'main', 'icons');
  await mkdir(into, { recursive: true });
  for (const name of await readdir(from).catch(() => [])) {
    if (/\.(png|ico)$/.test(name)) await cp(join(from, name), join(into, name));
  }
}

/** The page `/docs`: our own files, and of Swagger UI what the page loads and the licences that go with it. */
async function copyDocs(root: string, parts = ['main', 'headless']): Promise<void> {
  const page = join(root, 'main', 'api', 'docs');
  const viewer = viewerFolder();
  const viewerFiles = [
    'swagger-ui-bundle.js',
    'swagger-ui.css',
    'LICENSE',
    'NOTICE',
    'swagger-ui-bundle.js.LICENSE.txt',
  ];
  for (const part of parts) {
    const into = join(root, 'out', part, 'docs');
    await mkdir(into, { recursive: true });
    for (const name of await readdir(page).catch(() => [])) await cp(join(page, name), join(into, name));
    for (const name of viewerFiles) await cp(join(viewer, name), join(into, name));
  }
}

/** Where Swagger UI is installed. */
function viewerFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
}

async function readVersion(root: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return version;
}

async function hashSources(root: string, sources = SOURCES): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources) {
    for (const file of await filesUnder(root, source)) {
      hash.update(`${file}\n`).update(await readFile(join(root, file)));
    }
  }
  return hash.digest('hex');
}

/** The file itself, or all files below the folder that are not tests, in a fixed order. Nothing when it does not exist. */
async function filesUnder(root: string, path: string): Promise<string[]> {
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') return undefined;
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (!entries) return /\.test\.tsx?$/.test(path) ? [] : [path];
  const nested = await Promise.all(entries.map((entry) => filesUnder(root, `${path}/${entry.name}`)));
  return nested.flat().sort();
}

async function isBundleWhole(root: string): Promise<boolean> {
  try {
    await Promise.all(RESULTS.map((result) => access(join(root, 'out', result))));
    return true;
  } catch {
    return false;
  }
}

/** Tried, not asked: a read-only filesystem grants the permission and refuses the writing. */
async function canWriteOut(root: string): Promise<boolean> {
  const probe = join(root, 'out', `.writable-${process.pid}`);
  try {
    await mkdir(join(root, 'out'), { recursive: true });
    await writeFile(probe, '');
    await rm(probe);
    return true;
  } catch {
    return false;
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await bundle();
