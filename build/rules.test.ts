import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const projectFolder = fileURLToPath(new URL('..', import.meta.url));
const definitions = 'docs/rules.md';
const folders = ['main', 'preload', 'renderer', 'build', 'bench', 'e2e', 'demo', 'testing', 'docs', 'examples'];
const pages = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
/** Not written by hand, or recorded: stored data folders, pictures, what was installed or built. */
const isLeftOut = (path: string) =>
  /(^|\/)(node_modules|out|dist|stored|fixtures)\//.test(path) ||
  /\.(png|svg|ico|icns|gz|vsix)$/.test(path) ||
  (path.endsWith('.json') && !path.endsWith('allowed-skips.json'));

/** File → its text; the names are relative to the project, with `/`. */
type Sources = Readonly<Record<string, string>>;

/**
 * A citation: the letter of a group, a number from 1 to 99, and a letter from a to d where a rule has parts (`L3a`). It is a word
 * of its own: not a piece of a longer one (`CC0`, `R08`), of an address, a colour, a version or a variable (`$R1`).
 */
const citation = /(?<![\w$&%#+./\\@-])[CLPRTW][1-9]\d?[a-d]?(?![\w-]|\.\d)/g;

/** How rules were cited before each had an id. */
const withoutId = /\bsection P\b|\bcontract (?:section )?\d+(?:\.\d+)?|\bitems? \d+/i;

interface Definition {
  readonly id: string;
  readonly group: string;
  readonly sentence: string;
  readonly source: string;
}

/** The rows of the tables, each with the letter of the heading it stands under. */
function definitionsIn(page: string): Definition[] {
  let group = '';
  return page.split('\n').flatMap((line) => {
    group = /^## ([A-Z])\. /.exec(line)?.[1] ?? group;
    const [, id = '', sentence = '', source = ''] = /^\| (\S+) \| (.*) \| (.*) \|$/.exec(line) ?? [];
    return id === '' || id === 'id' ? [] : [{ id, group, sentence, source }];
  });
}

function faultsIn(page: string, sources: Sources): string[] {
  const defined = definitionsIn(page);
  const ids = defined.map(({ id }) => id);
  const cited = new Map(
    Object.entries(sources).flatMap(([file, text]) =>
      [...text.matchAll(citation)].map(([id]): [string, string] => [id, file]),
    ),
  );
  return [
    ...[...cited].filter(([id]) => !ids.includes(id)).map(([id, file]) => `${id} is not defined: ${file}`),
    ...ids.filter((id) => !cited.has(id)).map((id) => `${id} is used nowhere`),
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} is defined twice`),
    ...defined.filter(({ id, group }) => !id.startsWith(group)).map(({ id }) => `${id} is in the wrong group`),
    ...defined.filter(({ sentence }) => !/^\S.*\.$/.test(sentence)).map(({ id }) => `${id} has no sentence`),
    ...defined.filter(({ source }) => source.trim() === '').map(({ id }) => `${id} has no source`),
    ...Object.entries(sources).flatMap(([file, text]) =>
      text.split('\n').flatMap((line, index) => {
        const [words] = withoutId.exec(line) ?? [];
        return words === undefined ? [] : [`"${words}" is no id: ${file}:${index + 1}`];
      }),
    ),
  ];
}

function readProject(): Sources {
  const paths = folders.flatMap((folder) => {
    const path = join(projectFolder, folder);
    const entries = readdirSync(projectFolder).includes(folder)
      ? readdirSync(path, { recursive: true, withFileTypes: true })
      : [];
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(projectFolder, join(entry.parentPath, entry.name)).split(sep).join('/'));
  });
  const self = relative(projectFolder, fileURLToPath(import.meta.url))
    .split(sep)
    .join('/');
  const read = [...paths, ...pages].filter((path) => !isLeftOut(path) && path !== definitions && path !== self);
  return Object.fromEntries(read.map((path) => [path, readFileSync(join(projectFolder, path), 'utf8')]));
}

test('every id that is cited is defined in docs/rules.md, once, with a sentence and a source; none is defined in vain', () => {
  const sources = readProject();
  expect(Object.keys(sources).length).toBeGreaterThan(500);
  expect(faultsIn(readFileSync(join(projectFolder, definitions), 'utf8'), sources)).toEqual([]);
});

test.each([
  ['(R4, T5)', ['R4', 'T5']],
  ['L1–L3, and L3a: a browser', ['L1', 'L3', 'L3a']],
  ["test('a token [T19]', …); { id: 'P14' }", ['T19', 'P14']],
  ['`C10`', ['C10']],
  ['CC0-1.0, R0, R08, $R1, #C3, +R08/oI0, T00:00:00Z, U+L1, 1.L2, /P1, P1.5, C1-x, TP1, L3e, X5', []],
])('of "%s" the citations are %j', (text, expected) => {
  expect([...text.matchAll(citation)].map(([id]) => id)).toEqual(expected);
});

const page = '## R. Requests\n\n| id | rule | source |\n|---|---|---|\n| R1 | It is so. | 8252 §8.12 |\n';
const source = '// R1: so it is.';
const faults = (addition: string, text = source) => faultsIn(page + addition, { 'main/a.ts': text });

test('proof that this can fail', () => {
  expect(faults('')).toEqual([]);
  expect(faults('', `${source} R2 is not.`)).toEqual(['R2 is not defined: main/a.ts']);
  expect(faults('| R3 | Nobody asks. | our own |\n')).toEqual(['R3 is used nowhere']);
  expect(faults('| R1 | It is so again. | our own |\n')).toEqual(['R1 is defined twice']);
  expect(faults('| T1 | It is elsewhere. | our own |\n', `${source} T1`)).toEqual(['T1 is in the wrong group']);
  expect(faults('| R2 | no end | our own |\n', `${source} R2`)).toEqual(['R2 has no sentence']);
  expect(faults('| R2 | It comes from nowhere. |  |\n', `${source} R2`)).toEqual(['R2 has no source']);
});

test.each(['section P', 'Section P', 'contract 6.3', 'Contract 7', 'contract section 5', 'item 6', 'items 2'])(
  '"%s" is no way to cite a rule',
  (words) => {
    expect(faults('', `${source}\n// As ${words}: says.`)).toEqual([`"${words}" is no id: main/a.ts:2`]);
  },
);
