import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bundle, ensureBundle, isBundleFresh } from './bundle.ts';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));
let root: string;

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** Uses the CommonJS packages that are hard to bundle, and electron-store, which imports electron. */
const HEADLESS = `
import Store from 'electron-store';
import express from 'express';
import { pino } from 'pino';
declare const __LOOPGATE_VERSION__: string;
const lines: string[] = [];
pino({ base: null, timestamp: false }, { write: (line: string) => lines.push(line) }).info('logged');
const store = new Store({ cwd: process.argv[2] ?? '' });
store.set('kept', true);
const app = express();
console.log(JSON.stringify([__LOOPGATE_VERSION__, process.env.NODE_ENV, app.get('env'), store.get('kept'), lines.length]));
// As the native keyring is loaded: it is outside, and may be missing.
void import('@napi-rs/keyring').then((keyring) => console.log('loaded later:', 'AsyncEntry' in keyring));
`;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'loopgate-bundle-'));
  symlinkSync(join(projectFolder, 'node_modules'), join(root, 'node_modules'));
  symlinkSync(join(projectFolder, 'package-lock.json'), join(root, 'package-lock.json'));
  write('package.json', '{ "version": "1.2.3", "type": "module" }');
  write('main/entry.mjs', '');
  write('main/index.ts', "import { app } from 'electron';\nvoid app.whenReady();\n");
  write('main/serve.ts', HEADLESS);
  write('main/cli/index.ts', "console.log('command');");
  write('preload/index.ts', "import { contextBridge } from 'electron';\ncontextBridge.exposeInMainWorld('x', 1);\n");
  for (const page of ['index', 'consent']) {
    write(`renderer/${page}.html`, '<!doctype html><div></div><script type="module" src="./index.tsx"></script>');
  }
  write('renderer/tsconfig.json', readFileSync(join(projectFolder, 'renderer', 'tsconfig.json'), 'utf8'));
  write('tsconfig.json', readFileSync(join(projectFolder, 'tsconfig.json'), 'utf8'));
  write('renderer/style.css', 'p { color: red }');
  write(
    'renderer/index.tsx',
    "import './style.css';\nimport { render } from 'preact';\nrender(<p>hi</p>, document.body);\n",
  );
  write('build/icons/tray.png', 'png');
  write('build/icons/tray.svg', 'svg');
  await bundle({ root, quiet: true });
});

afterAll(() => rm(root, { recursive: true, force: true }));

describe('bundle', () => {
  it('makes a headless host that runs without node_modules and without electron', () => {
    const output = execFileSync(process.execPath, [join(root, 'out/headless/index.cjs'), join(root, 'store')]);
    const [line = '', later] = output.toString().split('\n');
    expect(JSON.parse(line)).toEqual(['1.2.3', 'production', 'production', true, 1]);
    expect(later).toBe('loaded later: true');
  });

  it('leaves out the packages that something stands in for', () => {
    const { sources } = JSON.parse(readFileSync(join(root, 'out/headless/index.cjs.map'), 'utf8')) as {
      sources: string[];
    };
    const packages = new Set(sources.map((source) => source.split('node_modules/').at(-1)?.split('/')[0]));
    expect(packages).toContain('express');
    for (const name of ['ajv', 'ajv-formats', 'debug', 'iconv-lite', 'mime-db']) expect(packages).not.toContain(name);
  });

  it('leaves electron to the runtime', () => {
    for (const part of ['main', 'preload']) {
      expect(readFileSync(join(root, 'out', part, 'index.cjs'), 'utf8')).toContain('require("electron")');
    }
  });

  it.each(['index', 'consent'])(
    'makes the page %s with nothing inline, as its content security policy wants it',
    (name) => {
      const page = readFileSync(join(root, `out/renderer/${name}.html`), 'utf8');
      expect(page).not.toMatch(/<script(?![^>]*\ssrc="\.\/)|<style|\sstyle=|data:/);
      expect(page).toMatch(/<link rel="stylesheet"/);
    },
  );

  it('takes the icons along, but not what they are drawn from', () => {
    expect(readdirSync(join(root, 'out/main/icons'))).toEqual(['tray.png']);
  });
});

describe('ensureBundle', () => {
  beforeEach(() => bundle({ root, quiet: true }));

  it('sees when a source changed, and not when a test did', async () => {
    expect(await isBundleFresh(root)).toBe(true);
    write('main/index.test.ts', 'new');
    expect(await isBundleFresh(root)).toBe(true);
    write('main/other.ts', 'new');
    expect(await isBundleFresh(root)).toBe(false);
    await ensureBundle({ root, quiet: true });
    expect(await isBundleFresh(root)).toBe(true);
  });

  it.each(['preload', 'renderer/consent.html'])('sees when a part is missing: %s', async (part) => {
    rmSync(join(root, 'out', part), { recursive: true });
    expect(await isBundleFresh(root)).toBe(false);
  });

  it('says what to do when it cannot write', async () => {
    rmSync(join(root, 'out'), { recursive: true });
    writeFileSync(join(root, 'out'), 'a file in its place, which stops even root');
    await expect(ensureBundle({ root, quiet: true })).rejects.toThrow(/is missing.*npm run build/);
    rmSync(join(root, 'out'));
    expect(existsSync(join(root, 'out'))).toBe(false);
  });
});
