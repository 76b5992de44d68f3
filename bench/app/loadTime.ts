import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';
import { ensureBundle } from '../../build/bundle.ts';
import type { Metric } from '../metric.ts';
import { compared } from '../rounds.ts';
import { ratioResult } from '../target.ts';

const projectFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const bundledHost = join(projectFolder, 'out', 'headless', 'index.cjs');

const rounds = 30;

/**
 * P8. Whole processes are timed, from the start to the end. The host is given a setting that it refuses, which it looks at
 * first of all: it ends when all its modules are loaded, and has done nothing yet.
 */
export const loadTime: Metric = {
  id: 'P8',
  what: 'load time of the bundled headless host over an empty Node process, against the same imports unbundled',
  async measure(announce) {
    await ensureBundle({ quiet: true });
    const workshop = await mkdtemp(join(projectFolder, 'out', 'unbundled-'));
    try {
      const unbundledHost = await unbundle(workshop);
      const empty = join(workshop, 'empty.cjs');
      await writeFile(empty, 'process.exit(2);\n');
      announce(`P8: ${rounds} rounds of three processes each`);
      // The first ones read from the disk.
      for (const program of [bundledHost, unbundledHost, empty]) {
        await timeOf(program, workshop);
        await timeOf(program, workshop);
      }
      const values: number[] = [];
      const references: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const bundled = await timeOf(bundledHost, workshop);
        const unbundled = await timeOf(unbundledHost, workshop);
        const nothing = await timeOf(empty, workshop);
        values.push(bundled - nothing);
        references.push(unbundled - nothing);
      }
      const metric = 'load time of the headless host over an empty process, ms';
      const note = `${rounds} rounds; the lowest is ${Math.min(...values).toFixed(0)} ms`;
      return [ratioResult({ id: 'P8', metric, note }, compared(values, references), { atMost: 0.4 })];
    } finally {
      await rm(workshop, { recursive: true, force: true });
    }
  },
};

/** How long a program takes to load its modules and to end, in milliseconds. @throws Error when it ends otherwise */
async function timeOf(program: string, home: string): Promise<number> {
  const env = { PATH: process.env.PATH, LOOPGATE_HOME: join(home, 'data'), LOOPGATE_GUARD: 'ask' };
  const began = performance.now();
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  const took = performance.now() - began;
  if (code !== 2)
    throw new Error(`${basename(program)} ended with ${code}, and not by the setting that it should refuse: ${said}`);
  return took;
}

/**
 * Our own files as one, every package loaded from node_modules. The exception is electron-store itself: it imports Electron,
 * which outside of it is a package that starts a download. What it stands on is loaded as the others are.
 * @returns the program
 */
async function unbundle(folder: string): Promise<string> {
  await mkdir(join(folder, 'data'));
  await build({
    configFile: false,
    root: projectFolder,
    logLevel: 'error',
    define: { __LOOPGATE_VERSION__: '"0.0.0"', 'process.env.NODE_ENV': '"production"' },
    plugins: [withoutElectron],
    publicDir: false,
    ssr: { target: 'node', noExternal: ['electron-store'] },
    build: {
      ssr: join(projectFolder, 'main', 'serve.ts'),
      outDir: folder,
      emptyOutDir: false,
      target: 'node20.18',
      minify: false,
      rolldownOptions: {
        external: (id) => builtinModules.includes(id.replace(/^node:/, '')) || isOtherPackage(id),
        output: { format: 'es', entryFileNames: 'index.mjs', codeSplitting: false },
      },
    },
  });
  return join(folder, 'index.mjs');
}

const isOtherPackage = (id: string) => /^[@a-z]/.test(id) && id !== 'electron' && id !== 'electron-store';

const withoutElectron: Plugin = {
  name: 'without-electron',
  enforce: 'pre',
  resolveId: (id) => (id === 'electron' ? '\0electron' : null),
  load: (id) => (id === '\0electron' ? 'export default {};' : null),
};
