import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

/** File → its source; the names are relative to the project, with `/`. */
type Sources = Readonly<Record<string, string>>;

/** One arrow: a file imports a file of the project (`main/host/host.ts`), a built-in (`node:fs`) or a package (`zod`). */
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
const isOfProject = (name: string) => /^(main|preload|renderer|build|bench|demo|testing|e2e)\//.test(name);
const isIn = (folder: string) => (name: string) => name.startsWith(`${folder}/`);
const isPackage = (name: string, ...packages: readonly string[]) =>
  packages.some((one) => name === one || name.startsWith(`${one}/`));
const isTest = (file: string) => /\.test\.tsx?$/.test(file);

// --- the floors -----------------------------------------------------------------------------------------------------------

/** A room of the house. */
interface Room {
  readonly name: string;
  readonly files: RegExp;
  /** The rooms on floors below that it knows; without it, all of them. */
  readonly knows?: readonly string[];
  /** The packages and built-in modules that it knows; without it, all but those that only others may know. */
  readonly packages?: RegExp;
}

/** From the roof down. A room knows itself and rooms on floors below its own: never a neighbour, never one above. */
const floors: readonly (readonly Room[])[] = [
  [
    { name: 'entries', files: /^main\/[^/]+\.ts$/ },
    { name: 'renderer', files: /^renderer\//, knows: ['contract', 'texts'], packages: /^preact(\/|$)/ },
    { name: 'preload', files: /^preload\/index\.ts$/, knows: ['contract'], packages: /^electron$/ },
  ],
  [{ name: 'desktop', files: /^main\/desktop\// }],
  // The desktop asks another Loopgate as the command does.
  [{ name: 'cli', files: /^main\/cli\//, knows: ['settings', 'storage', 'system', 'protocol'] }],
  [{ name: 'host', files: /^main\/host\// }],
  [
    {
      name: 'api',
      files: /^main\/api\//,
      knows: ['callers', 'access', 'broker', 'errors', 'system', 'texts', 'messages', 'protocol'],
    },
    {
      name: 'listener',
      files: /^main\/listener\//,
      knows: ['callers', 'access', 'errors', 'system', 'messages', 'protocol'],
    },
  ],
  [{ name: 'settings', files: /^main\/settings\// }],
  [
    {
      name: 'storage',
      files: /^main\/storage\//,
    },
  ],
  [
    {
      name: 'callers',
      files: /^main\/callers\//,
      knows: ['access', 'system', 'promises'],
    },
  ],
  [
    {
      name: 'access',
      files: /^main\/access\//,
      knows: ['broker', 'errors', 'promises', 'messages', 'protocol'],
      packages: /^(node:crypto|zod)$/,
    },
  ],
  [
    {
      name: 'broker',
      files: /^main\/broker\//,
      knows: ['errors', 'promises', 'messages', 'protocol'],
      packages: /^(node:crypto|openid-client|zod)$/,
    },
  ],
  [
    {
      name: 'system',
      files: /^main\/system\/(?!(deferred|timeout)\.ts$)/,
      knows: ['promises', 'texts'],
    },
  ],
  [{ name: 'promises', files: /^main\/system\/(deferred|timeout)\.ts$/, packages: /^$/ }],
  [{ name: 'errors', files: /^main\/errors\//, knows: ['messages'], packages: /^node:crypto$/ }],
  [{ name: 'protocol', files: /^main\/protocol\//, knows: [], packages: /^$/ }],
  [{ name: 'contract', files: /^preload\/(contract\.ts$|views\/)/, knows: [], packages: /^$/ }],
  [{ name: 'texts', files: /^preload\/texts\/(?!messages|\w+Messages)/, packages: /^$/ }],
  [{ name: 'messages', files: /^preload\/texts\/(messages|\w+Messages)\.ts$/, packages: /^$/ }],
];

/** Packages that only some rooms may know. */
const owners: Readonly<Record<string, readonly string[]>> = {
  electron: ['entries', 'cli', 'desktop', 'preload'],
  'electron-store': ['storage'],
  'electron-updater': ['desktop'],
  express: ['api'],
  'openid-client': ['broker'],
  preact: ['renderer'],
};

const rooms = floors.flatMap((floor, depth) => floor.map((room) => ({ ...room, depth })));
const roomOf = (file: string) => rooms.find(({ files }) => files.test(file));

/** Why an arrow may not be; undefined when it may. */
function whyNot({ from, to }: Arrow): string | undefined {
  const room = roomOf(from);
  if (!room) return `${from} is in no room`;
  if (!isOfProject(to)) {
    const owner = Object.entries(owners).find(([name]) => isPackage(to, name));
    if (owner && !owner[1].includes(room.name)) return `${room.name} knows ${to}`;
    return !room.packages || room.packages.test(to) ? undefined : `${room.name} knows ${to}`;
  }
  const other = roomOf(to);
  if (other === room) return undefined;
  const isBelow = other !== undefined && other.depth > room.depth && (room.knows?.includes(other.name) ?? true);
  return isBelow ? undefined : `${room.name} knows ${other?.name ?? to}`;
}

/** The files that import each other in a circle, types too. */
function circlesIn(sources: Sources): string[][] {
  const reached = new Map(Object.keys(sources).map((file) => [file, reachedFrom(file, sources)]));
  const groups = [...reached].map(([file, others]) =>
    [...others].filter((other) => reached.get(other)?.has(file)).sort(),
  );
  const circles = new Map(groups.filter((group) => group.length > 1).map((group) => [group.join(), group]));
  return [...circles.values()];
}

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
  const reached = reachedFrom('main/host/headless.ts', sources);
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
  it('architecture: every file has one room, and every room has files', () => {
    const fits = (file: string) => rooms.filter(({ files }) => files.test(file)).map(({ name }) => name);
    expect(Object.keys(sources).filter((file) => fits(file).length !== 1)).toEqual([]);
    expect(new Set(Object.keys(sources).flatMap(fits))).toEqual(new Set(rooms.map(({ name }) => name)));
  });

  it('architecture: a room knows rooms on lower floors alone, and its own packages', () => {
    const wrong = allArrows(sources).map((arrow) => ({ ...arrow, why: whyNot(arrow) }));
    expect(wrong.filter(({ why }) => why !== undefined)).toEqual([]);
  });

  it('architecture: nothing imports in a circle, types neither', () => {
    expect(circlesIn(sources)).toEqual([]);
  });

  const sampleOf = (name: string) =>
    Object.keys(sources).find((file) => roomOf(file)?.name === name) ?? `${name} has no file`;
  const pathTo = (from: string, to: string) => {
    const path = posix.relative(posix.dirname(from), to);
    return path.startsWith('.') ? path : `./${path}`;
  };

  it.each(rooms.map(({ name }) => name))(
    'architecture: the check fails when %s imports from a room it may not know',
    (name) => {
      const from = sampleOf(name);
      const room = rooms.find((one) => one.name === name);
      const closed = rooms.filter(
        (other) => other !== room && !(other.depth > (room?.depth ?? 0) && (room?.knows?.includes(other.name) ?? true)),
      );
      for (const other of closed) {
        for (const form of ['import { a } from', 'import type { A } from', 'export * from', 'import']) {
          const found = arrowsOf(from, `${form} '${pathTo(from, sampleOf(other.name))}';`);
          expect(found.map(whyNot), form).toEqual([`${name} knows ${other.name}`]);
        }
      }
    },
  );

  it.each(Object.entries(owners))(
    'architecture: the check fails when somebody else imports the package %s',
    (name, allowed) => {
      for (const room of rooms.filter((one) => !allowed.includes(one.name))) {
        const from = sampleOf(room.name);
        const found = [
          ...arrowsOf(from, `import a from '${name}';`),
          ...arrowsOf(from, `await import('${name}/main')`),
        ];
        expect(found.map(whyNot)).toEqual([`${room.name} knows ${name}`, `${room.name} knows ${name}/main`]);
      }
    },
  );

  it.each([
    ['broker', "import { readFile } from 'node:fs/promises';", 'node:fs/promises'],
    ['broker', "const { spawn } = require('child_process');", 'node:child_process'],
    ['broker', "import { setTimeout } from 'node:timers/promises';", 'node:timers/promises'],
    ['access', "import http from 'http';", 'node:http'],
    ['renderer', "import { readFileSync } from 'node:fs';", 'node:fs'],
    ['preload', "import fs from 'fs';", 'node:fs'],
    ['texts', "import { z } from 'zod';", 'zod'],
    ['contract', "import type { z } from 'zod';", 'zod'],
  ])('architecture: what touches the world is handed in: the check fails when %s has %s', (room, source, name) => {
    expect(arrowsOf(sampleOf(room), source).map(whyNot)).toEqual([`${room} knows ${name}`]);
  });

  it.each(['build/bundle.ts', 'bench/index.ts', 'demo/a.ts', 'testing/a.ts', 'e2e/a.ts'])(
    'architecture: the check fails when something that is shipped imports %s',
    (tool) => {
      for (const { name } of rooms) {
        const from = sampleOf(name);
        expect(arrowsOf(from, `import { a } from '${pathTo(from, tool)}';`).map(whyNot)).toEqual([
          `${name} knows ${tool}`,
        ]);
      }
    },
  );

  it('architecture: a circle is seen, of types too, and of more than two', () => {
    const circle = {
      'main/a.ts': "import type { B } from './b.ts';",
      'main/b.ts': "export * from './c.ts';",
      'main/c.ts': "type A = import('./a.ts').A;",
      'main/d.ts': "import { a } from './a.ts';",
    };
    expect(circlesIn(circle)).toEqual([['main/a.ts', 'main/b.ts', 'main/c.ts']]);
  });

  it('architecture: headless.ts reaches nothing that needs electron', () => {
    expect(electronOfHeadless(sources)).toEqual([]);
  });

  it.each<[string, string]>([
    ['main/host/host.ts', "import { shell } from 'electron';"],
    ['main/broker/clock.ts', "import type { App } from 'electron';"],
    ['main/host/headless.ts', "import { startDesktop } from '../desktop/desktop.ts';"],
  ])('architecture: a check fails when %s, which headless.ts reaches, has %s', (file, source) => {
    const found = electronOfHeadless({ ...sources, [file]: `${sources[file] ?? ''}\n${source}\n` });
    expect(found).toContainEqual(expect.objectContaining({ from: file }));
  });

  it('architecture: every arrow leads to a file that is there', () => {
    expect(arrowsToNowhere(sources)).toEqual([]);
  });

  it('architecture: an arrow to nowhere is seen', () => {
    const broken = {
      'main/host/host.ts': '',
      'main/a.ts': "import { x } from './missing.ts';\nimport { y } from './host';",
    };
    expect(arrowsToNowhere(broken).map(({ to }) => to)).toEqual(['main/missing.ts', 'main/host']);
  });

  it('architecture: the check reads the whole house', () => {
    const reached = new Set(
      [
        'main/index.ts',
        'main/serve.ts',
        'main/cli/index.ts',
        'preload/index.ts',
        'renderer/main.tsx',
        'renderer/consent/consent.tsx',
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

describe('architecture: the terminal', () => {
  it('architecture: all that is written to it goes through one place, which cleans it', () => {
    const writes = /\bprocess\.std(out|err)\.write\b|\bconsole\./;
    const writers = Object.keys(sources).filter((file) => isIn('main')(file) && writes.test(sources[file] ?? ''));
    expect(writers).toEqual([]);
    expect(allArrows(sources).filter(({ to }) => to === 'main/system/terminal.ts').length).toBeGreaterThan(5);
  });
});

describe('architecture: the entry file', () => {
  it('architecture: index.ts reads like a table of contents, in under 80 lines', () => {
    expect(sources['main/index.ts']?.trimEnd().split('\n').length).toBeLessThan(80);
  });
});
