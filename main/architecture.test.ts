import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

/** File → its source; the names are relative to the project, with `/`. */
type Sources = Readonly<Record<string, string>>;

/** One arrow: a file imports a file of the project (`main/host.ts`), a built-in (`node:fs`) or a package (`zod`). */
interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** Imports and re-exports, with or without `type`; `import()`, also as a type; `require()`. */
const importForms = [
  /^\s*(?:import|export)\b[^;'"`]*?\bfrom\s*(['"])(?<to>[^'"]+)\1/gm,
  /^\s*import\s*(['"])(?<to>[^'"]+)\1/gm,
  /\b(?:import|require)\s*\(\s*(['"`])(?<to>[^'"`]+)\1/g,
];

function arrowsOf(from: string, source: string): Arrow[] {
  const named = importForms.flatMap((form) => [...source.matchAll(form)].map(({ groups }) => groups?.to ?? ''));
  return named.map((to) => ({ from, to: resolveName(from, to) }));
}

function resolveName(from: string, name: string): string {
  if (name.startsWith('.')) return posix.join(posix.dirname(from), name);
  if (name.startsWith('node:') || !builtinModules.includes(name)) return name;
  return `node:${name}`;
}

const allArrows = (sources: Sources) => Object.entries(sources).flatMap(([file, source]) => arrowsOf(file, source));
const isOfProject = (name: string) => /^(main|preload|renderer|build|e2e)\//.test(name);
const isIn = (folder: string) => (name: string) => name.startsWith(`${folder}/`);
const isPackage = (name: string, ...packages: string[]) =>
  packages.some((one) => name === one || name.startsWith(`${one}/`));
/** The words for people, which every part that shows something takes from there. */
const areTexts = (name: string) => name === 'preload/texts/index.ts';
const isTest = (file: string) => /\.test\.tsx?$/.test(file);

interface Rule {
  readonly promise: string;
  /** The arrows that break it. */
  breaks(arrow: Arrow): boolean;
  /** A file that breaks it, as proof that the rule can fail. */
  readonly violations: Sources;
}

const rules: Rule[] = [
  {
    promise: 'broker/ imports nothing of the project outside broker/',
    breaks: ({ from, to }) => isIn('main/broker')(from) && isOfProject(to) && !isIn('main/broker')(to),
    violations: {
      'main/broker/a.ts': "import { json } from '../api/answer.ts';",
      'main/broker/b.ts': "import type { Settings } from '../settings.ts';",
      'main/broker/c.ts': "import { actionNames } from '../../preload/contract.ts';",
      'main/broker/d.ts': "export * from '../api/wire.ts';",
    },
  },
  {
    promise: 'broker/ knows neither electron nor express',
    breaks: ({ from, to }) => isIn('main/broker')(from) && isPackage(to, 'electron', 'electron-store', 'express'),
    violations: {
      'main/broker/a.ts': "import { shell } from 'electron';",
      'main/broker/b.ts': "import express, { type Request } from 'express';",
      'main/broker/c.ts': "import Store from 'electron-store';",
      'main/broker/d.ts': "const { net } = await import('electron/main');",
    },
  },
  {
    promise:
      'what touches the world (network, disk, processes, timers) is handed to broker/, which has cryptography only',
    breaks: ({ from, to }) => isIn('main/broker')(from) && to.startsWith('node:') && to !== 'node:crypto',
    violations: {
      'main/broker/a.ts': "import { readFile } from 'node:fs/promises';",
      'main/broker/b.ts': "import http from 'http';",
      'main/broker/c.ts': "const { spawn } = require('child_process');",
      'main/broker/d.ts': "import { setTimeout } from 'node:timers/promises';",
    },
  },
  {
    promise: 'of the project, access/ imports access/ and broker/ alone, and of the world nothing but cryptography',
    breaks: ({ from, to }) =>
      isIn('main/access')(from) &&
      ((isOfProject(to) && !isIn('main/access')(to) && !isIn('main/broker')(to)) ||
        (to.startsWith('node:') && to !== 'node:crypto') ||
        isPackage(to, 'electron', 'electron-store', 'express')),
    violations: {
      'main/access/a.ts': "import { json } from '../api/operation.ts';",
      'main/access/b.ts': "import type { AppView } from '../../preload/contract.ts';",
      'main/access/c.ts': "import { readFile } from 'node:fs/promises';",
      'main/access/d.ts': "import { app } from 'electron';",
    },
  },
  {
    promise:
      'of the project, api/ imports api/, access/, broker/, the texts and the paths of the system’s programs alone',
    breaks: ({ from, to }) =>
      isIn('main/api')(from) &&
      isOfProject(to) &&
      !isIn('main/api')(to) &&
      !isIn('main/access')(to) &&
      !isIn('main/broker')(to) &&
      !areTexts(to) &&
      to !== 'main/systemPrograms.ts',
    violations: {
      'main/api/a.ts': "import { viewOf } from '../desktop/view.ts';",
      'main/api/b.ts': "import type {\n  Settings,\n} from '../settings.ts';",
      'main/api/c.ts': "import '../index.ts';",
    },
  },
  {
    promise: 'api/ does not know electron',
    breaks: ({ from, to }) => isIn('main/api')(from) && isPackage(to, 'electron', 'electron-store'),
    violations: { 'main/api/a.ts': "import { net } from 'electron';" },
  },
  {
    promise: 'desktop/ does not know api/',
    breaks: ({ from, to }) => isIn('main/desktop')(from) && isIn('main/api')(to),
    violations: {
      'main/desktop/a.ts': "import type { Answer } from '../api/answer.ts';",
      'main/desktop/b.ts': "import { guard } from './../api/guard.ts';",
    },
  },
  {
    promise: 'only api/ knows express',
    breaks: ({ from, to }) => !isIn('main/api')(from) && isPackage(to, 'express'),
    violations: { 'main/host.ts': "import express from 'express';" },
  },
  {
    promise: 'only api/ and the entry files’ host.ts and headless.ts know api/',
    breaks: ({ from, to }) =>
      isIn('main/api')(to) && !isIn('main/api')(from) && !/^main\/(host|headless|index)\.ts$/.test(from),
    violations: { 'main/settings.ts': "import { defaultPorts } from './api/listen.ts';" },
  },
  {
    promise: 'the window knows itself, preload/contract.ts, the texts and preact, and nothing else',
    breaks: ({ from, to }) =>
      isIn('renderer')(from) &&
      !isIn('renderer')(to) &&
      to !== 'preload/contract.ts' &&
      !areTexts(to) &&
      !isPackage(to, 'preact'),
    violations: {
      'renderer/a.tsx': "import type { Bridge } from '../preload/index.ts';",
      'renderer/b.tsx': "import { viewOf } from '../main/desktop/view.ts';",
      'renderer/c.tsx': "import { readFileSync } from 'node:fs';",
      'renderer/d.tsx': "import { ipcRenderer } from 'electron';",
    },
  },
  {
    promise: 'the preload script knows its contract and electron, and nothing else',
    breaks: ({ from, to }) =>
      isIn('preload')(from) && !isIn('preload/texts')(from) && to !== 'preload/contract.ts' && to !== 'electron',
    violations: {
      'preload/index.ts': "import { BrokerError } from '../main/broker/errors.ts';",
      'preload/contract.ts': "import type { WaitingLogin } from '../main/broker/broker.ts';",
      'preload/other.ts': "import fs from 'fs';",
    },
  },
  {
    promise: 'the texts know nothing but each other',
    breaks: ({ from, to }) => isIn('preload/texts')(from) && !isIn('preload/texts')(to),
    violations: {
      'preload/texts/index.ts': "import { app } from 'electron';",
      'preload/texts/german.ts': "import { errorTable } from '../../main/broker/errors.ts';",
    },
  },
  {
    promise: 'of preload/, the main process knows the contract and the texts alone, and of the window nothing',
    breaks: ({ from, to }) =>
      isIn('main')(from) &&
      ((isIn('preload')(to) && to !== 'preload/contract.ts' && !areTexts(to)) || isIn('renderer')(to)),
    violations: {
      'main/index.ts': "import '../preload/index.ts';",
      'main/desktop/a.ts': "import { texts } from '../../renderer/texts.ts';",
    },
  },
  {
    promise: 'the command knows the HTTP API alone: no broker, no access, no api',
    breaks: ({ from, to }) =>
      isIn('main/cli')(from) && (isIn('main/api')(to) || isIn('main/broker')(to) || isIn('main/access')(to)),
    violations: {
      'main/cli/a.ts': "import { BrokerError } from '../broker/errors.ts';",
      'main/cli/b.ts': "import type { GuardMode } from '../access/gate.ts';",
    },
  },
  {
    promise: 'nothing that is shipped knows e2e/ or build/',
    breaks: ({ from, to }) => /^(main|preload|renderer)\//.test(from) && (isIn('e2e')(to) || isIn('build')(to)),
    violations: {
      'main/index.ts': "import { startIdentityProvider } from '../e2e/identity-provider/provider.ts';",
      'main/headless.ts': "const { bundle } = await import('../build/bundle.ts');",
    },
  },
];

/** What a file reaches through files of the project, itself included. */
function reachedFrom(entry: string, sources: Sources): Set<string> {
  const reached = new Set<string>();
  const open = [entry];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const { to } of arrowsOf(file, sources[file] ?? '')) if (isOfProject(to)) open.push(to);
  }
  return reached;
}

/** The way in which headless.ts would need electron; electron-store is taken care of by the bundle. */
function electronOfHeadless(sources: Sources): Arrow[] {
  const reached = reachedFrom('main/headless.ts', sources);
  return allArrows(sources).filter(
    ({ from, to }) => reached.has(from) && (isPackage(to, 'electron') || isIn('main/desktop')(to)),
  );
}

/** Every arrow to a file of the project that is not there: the check would otherwise be blind behind it. */
function arrowsToNowhere(sources: Sources): Arrow[] {
  return allArrows(sources).filter(({ to }) => isOfProject(to) && !(to in sources) && /\.tsx?$|\/[^.]+$/.test(to));
}

async function readSources(): Promise<Sources> {
  const folders = ['main', 'preload', 'renderer'];
  const names = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(projectFolder, folder), { recursive: true })).map((name) =>
        posix.join(folder, name.replaceAll('\\', '/')),
      ),
    ),
  );
  const files = names.flat().filter((file) => /\.tsx?$/.test(file) && !isTest(file));
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(projectFolder, file), 'utf8')]));
}

const sources = await readSources();

describe('architecture: the arrows', () => {
  it.each(rules)('architecture: $promise', ({ breaks }) => {
    expect(allArrows(sources).filter(breaks)).toEqual([]);
  });

  it.each(
    rules.flatMap(({ promise, breaks, violations }) =>
      Object.entries(violations).map(([file, source]) => ({ promise, breaks, file, source })),
    ),
  )('architecture: a check fails for $source in $file ($promise)', ({ breaks, file, source }) => {
    expect(allArrows({ [file]: source }).filter(breaks)).toEqual([expect.objectContaining({ from: file })]);
  });

  it('architecture: headless.ts reaches nothing that needs electron', () => {
    expect(electronOfHeadless(sources)).toEqual([]);
  });

  it.each<[string, string]>([
    ['main/host.ts', "import { shell } from 'electron';"],
    ['main/broker/clock.ts', "import type { App } from 'electron';"],
    ['main/headless.ts', "import { startDesktop } from './desktop/desktop.ts';"],
  ])('architecture: a check fails when %s, which headless.ts reaches, has %s', (file, source) => {
    const found = electronOfHeadless({ ...sources, [file]: `${sources[file] ?? ''}\n${source}\n` });
    expect(found).toContainEqual(expect.objectContaining({ from: file }));
  });

  it('architecture: every arrow leads to a file that is there', () => {
    expect(arrowsToNowhere(sources)).toEqual([]);
  });

  it('architecture: an arrow to nowhere is seen', () => {
    const broken = {
      'main/host.ts': '',
      'main/a.ts': "import { x } from './missing.ts';\nimport { y } from './host';",
    };
    expect(arrowsToNowhere(broken).map(({ to }) => to)).toEqual(['main/missing.ts', 'main/host']);
  });

  it('architecture: the check reads the whole house', () => {
    const reached = new Set(
      [
        'main/index.ts',
        'main/serve.ts',
        'main/loader.ts',
        'main/cli/index.ts',
        'preload/index.ts',
        'renderer/main.tsx',
        'renderer/consent.tsx',
      ].flatMap((entry) => [...reachedFrom(entry, sources)]),
    );
    expect(Object.keys(sources).filter((file) => !reached.has(file) && !file.endsWith('.d.ts'))).toEqual([]);
    expect(reached.size).toBeGreaterThan(50);
  });

  it.each<[string, string]>([
    ["import a from './x.ts';", 'main/x.ts'],
    ["import type { A } from './x.ts';", 'main/x.ts'],
    ["import {\n  a,\n  type B,\n} from './x.ts';", 'main/x.ts'],
    ["import * as a from './x.ts'", 'main/x.ts'],
    ["import './x.ts';", 'main/x.ts'],
    ["export { a } from '../e2e/x.ts';", 'e2e/x.ts'],
    ["export * from './x.ts';", 'main/x.ts'],
    ["const a = await import('./x.ts');", 'main/x.ts'],
    ["type A = import('./x.ts').A;", 'main/x.ts'],
    ["const a = require('fs');", 'node:fs'],
    ["  const a = 1;\n  import b from 'zod';", 'zod'],
  ])('architecture: the check sees %s', (source, to) => {
    expect(arrowsOf('main/a.ts', source)).toEqual([{ from: 'main/a.ts', to }]);
  });
});

describe('architecture: the entry file', () => {
  it('architecture: index.ts reads like a table of contents, in under 80 lines', () => {
    expect(sources['main/index.ts']?.trimEnd().split('\n').length).toBeLessThan(80);
  });
});
