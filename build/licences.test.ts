import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAllowed, licencesText, ShippedPackages } from './licences.ts';

const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'loopgate-licences-'));
});

afterAll(() => rm(root, { recursive: true, force: true }));

/** A package in the project's node_modules, or in those of another. */
function addPackage(
  folder: string,
  {
    version = '1.0.0',
    license = 'MIT' as unknown,
    files = { LICENSE: `words of ${folder}` } as object,
    code = '',
  } = {},
): void {
  const path = join(root, folder);
  mkdirSync(path, { recursive: true });
  const name = folder.split('node_modules/').at(-1);
  writeFileSync(
    join(path, 'package.json'),
    JSON.stringify({ name, version, license, type: 'module', main: 'main.js' }),
  );
  writeFileSync(join(path, 'main.js'), code || `export const said = ${JSON.stringify(folder)}, unused = 'unused';`);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
}

/** Bundles a program as `build/bundle.ts` does. */
async function shippedWith(code: string): Promise<ShippedPackages> {
  const shipped = new ShippedPackages();
  writeFileSync(join(root, 'program.js'), code);
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    publicDir: false,
    plugins: [shipped.plugin],
    build: { write: false, minify: false, lib: { entry: join(root, 'program.js'), formats: ['es'], fileName: 'x' } },
  });
  return shipped;
}

const titles = async (shipped: ShippedPackages) =>
  (await shipped.list()).map(({ name, version }) => `${name} ${version}`);

describe('the licences of what is shipped', () => {
  it('names what is in the bundle, and what that brings along; not what is only installed, or left out of it', async () => {
    addPackage('node_modules/used', { code: "export { said } from 'brought';" });
    addPackage('node_modules/brought', { version: '2.0.0' });
    addPackage('node_modules/@scope/scoped');
    addPackage('node_modules/installed');
    addPackage('node_modules/left-out');
    const shipped = await shippedWith(
      "import { said } from 'used'; import { said as s } from '@scope/scoped'; import { unused } from 'left-out'; console.log(said, s);",
    );
    expect(await titles(shipped)).toEqual(['@scope/scoped 1.0.0', 'brought 2.0.0']);
  });

  it('two versions of one package are two', async () => {
    addPackage('node_modules/twice', { version: '1.0.0' });
    addPackage('node_modules/outer', { code: "import { said } from 'twice'; export const both = [said];" });
    addPackage('node_modules/outer/node_modules/twice', { version: '2.0.0' });
    const shipped = await shippedWith(
      "import { said } from 'twice'; import { both } from 'outer'; console.log(said, both);",
    );
    expect(await titles(shipped)).toEqual(['outer 1.0.0', 'twice 1.0.0', 'twice 2.0.0']);
  });

  it('a style sheet of a package counts, and what the bundler adds itself', async () => {
    addPackage('node_modules/styled', { files: { COPYING: 'c', 'style.css': 'p { color: red }' } });
    addPackage('node_modules/old', { code: 'module.exports = { said: 1 };', license: 'ISC' });
    writeFileSync(join(root, 'node_modules/old/package.json'), '{"name":"old","version":"1.0.0","license":"ISC"}');
    writeFileSync(join(root, 'node_modules/old/index.js'), 'module.exports = { said: 1 };');
    const shipped = await shippedWith("import 'styled/style.css'; import old from 'old'; console.log(old);");
    expect(await titles(shipped)).toEqual(['old 1.0.0', expect.stringMatching(/^rolldown /), 'styled 1.0.0']);
  });

  it.each<[string, object, RegExp]>([
    ['a licence that is not on the list', { license: 'GPL-3.0-only' }, /- bad 1\.0\.0: its licence is GPL-3\.0-only/],
    ['no licence', { license: undefined }, /- bad 1\.0\.0: its licence is none named/],
    ['a licence in a form of old', { license: { type: 'MIT' } }, /- bad 1\.0\.0: its licence is none named/],
    ['no licence text', { files: {} }, /- bad 1\.0\.0: it has no licence text/],
  ])('the build fails with the name of a package that has %s', async (_name, details, message) => {
    await rm(join(root, 'node_modules/bad'), { recursive: true, force: true });
    addPackage('node_modules/bad', details);
    if ('license' in details && details.license === undefined)
      writeFileSync(join(root, 'node_modules/bad/package.json'), '{"name":"bad","version":"1.0.0","main":"main.js"}');
    const shipped = await shippedWith("import { said } from 'bad'; console.log(said);");
    await expect(shipped.list()).rejects.toThrow(message);
  });

  it('a package whose files are copied counts, with its notices', async () => {
    addPackage('node_modules/copied', {
      license: 'Apache-2.0',
      files: { LICENSE: 'the licence', NOTICE: 'the notice' },
    });
    const shipped = new ShippedPackages();
    shipped.add(join(root, 'node_modules/copied'));
    const text = licencesText(await shipped.list());
    expect(text).toMatch(/copied 1\.0\.0\nLicence: Apache-2\.0\n\nthe licence\n\nthe notice\n/);
  });

  it.each<[string, boolean]>([
    ['MIT', true],
    ['(MIT OR GPL-3.0-only)', true],
    ['GPL-3.0-only OR LGPL-3.0-only', false],
    ['(MIT AND CC0-1.0)', true],
    ['MIT AND CC-BY-NC-4.0', false],
    ['SEE LICENSE IN LICENSE', false],
    ['UNLICENSED', false],
    ['', false],
  ])('%s is allowed: %s', (expression, expected) => expect(isAllowed(expression)).toBe(expected));
});

describe('the licences of Loopgate', () => {
  it('every package that the real bundles hold code of is listed, and none that they do not', async () => {
    const shipped = new ShippedPackages();
    const sources = await sourcesOf('main/index.ts', shipped);
    // The source map says what each line of the output is made of: a second witness, which the list does not use.
    const marked = sources.flatMap((source) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source)?.[1] ?? []);
    const listed = (await shipped.list()).map(({ name }) => name);
    expect(new Set(listed)).toEqual(new Set([...marked, 'rolldown']));
    expect(listed).toEqual(expect.arrayContaining(['express', 'openid-client', 'oauth4webapi', 'zod', 'pino', 'ws']));
  });

  it('the bundle script writes the list of all parts to where the app is packed from', () => {
    const script = readFileSync(join(projectFolder, 'build/bundle.ts'), 'utf8');
    for (const part of [
      "forNode(root, 'main'",
      "forNode(root, 'headless'",
      "forNode(root, 'preload'",
      'forWindows(root',
    ])
      expect(script).toContain(`await build(recorded(${part}`);
    expect(script).toContain("'main', 'licences.txt'");
  });
});

/** Bundles as the app is, and gives what its source map names. */
async function sourcesOf(entry: string, shipped: ShippedPackages): Promise<string[]> {
  const result = await build({
    configFile: false,
    root: projectFolder,
    logLevel: 'error',
    publicDir: false,
    plugins: [shipped.plugin],
    define: { __LOOPGATE_VERSION__: '"1"' },
    resolve: { conditions: ['node'] },
    ssr: { target: 'node', noExternal: true },
    build: {
      ssr: join(projectFolder, entry),
      write: false,
      minify: false,
      sourcemap: true,
      rolldownOptions: {
        external: ['electron', ...builtinModules.flatMap((name) => [name, `node:${name}`])],
        output: { format: 'cjs', codeSplitting: false },
      },
    },
  });
  if (!('output' in result)) throw new Error('no output');
  return result.output[0].map?.sources ?? [];
}
