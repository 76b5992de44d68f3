/**
 * What of others is shipped, and under which licences: read from what the bundler really put into `out/`, not from the list of
 * dependencies, so that nothing is forgotten and nothing is named that is not there.
 */

import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import type { Plugin } from 'vite';

/** Licences (SPDX) that let us ship a package as part of a program under MIT, when their text goes along. */
const allowedLicences: readonly string[] = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
];

/** Packages that name their licence and come without its text: whose they are, as their package.json says it. */
const withoutText: Readonly<Record<string, string>> = { 'lazy-val': 'Vladimir Krivosheev' };

/** A package that is in the bundles, whole or in part. */
export interface ShippedPackage {
  readonly name: string;
  readonly version: string;
  /** As its package.json says it (SPDX). */
  readonly licence: string;
  /** The licence and its notices, as the package has them. */
  readonly text: string;
}

/** Remembers the folders of all packages whose code the bundler has put into a file. */
export class ShippedPackages {
  /** By folder, so that two versions of one package are two. */
  readonly #folders = new Set<string>();

  /** For each of the builds. */
  readonly plugin: Plugin = {
    name: 'loopgate:shipped-packages',
    generateBundle: (_options, files) => {
      for (const file of Object.values(files)) {
        if (file.type !== 'chunk') continue;
        // What was left out by tree shaking is not among them.
        for (const id of Object.keys(file.modules)) this.#take(id);
      }
    },
  };

  /** A package whose files are copied as they are. @param folder - where its package.json is */
  add(folder: string): void {
    this.#folders.add(folder);
  }

  /**
   * All of them, by name.
   * @throws when one has a licence that is not allowed, or comes without the text of its licence; the message names each
   */
  async list(): Promise<ShippedPackage[]> {
    const found = await Promise.all([...this.#folders].map(readPackage));
    const refused = found.flatMap((one) => whyRefused(one) ?? []);
    if (refused.length > 0) throw new Error(`These packages cannot be shipped:\n${refused.join('\n')}`);
    const titles = new Map(found.map((one) => [titleOf(one), one]));
    return [...titles.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  }

  #take(id: string): void {
    const folder = folderOf(id);
    if (folder !== undefined) this.#folders.add(folder);
  }
}

/** Where the package of a module is; undefined for a file of ours. @throws for a module that nobody knows */
function folderOf(id: string): string | undefined {
  const path = (id.split('?')[0] ?? '').replaceAll('\\', '/');
  const inPackage = /^(?<folder>.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.groups?.folder;
  if (inPackage !== undefined) return inPackage.replaceAll('\0', '');
  if (path.startsWith('\0rolldown/')) return bundlerFolder();
  // `__vite-…` is one line that throws: it stands for a package that is not installed.
  if (isAbsolute(path) || path === '\0no-electron' || path.startsWith('__vite-optional-peer-dep:')) return undefined;
  throw new Error(`The bundle has a module whose licence is not known: ${JSON.stringify(id)}`);
}

/** The bundler, which adds a few lines of its own. It is Vite's, so it is found from there. */
function bundlerFolder(): string {
  const vite = createRequire(import.meta.url).resolve('vite/package.json');
  return dirname(createRequire(vite).resolve('rolldown/package.json'));
}

async function readPackage(folder: string): Promise<ShippedPackage> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: unknown;
  };
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying|notice)\b|\.LICENSE\.txt$/i.test(file));
  const texts = await Promise.all(files.sort().map((file) => readFile(join(folder, file), 'utf8')));
  const author = license === 'MIT' ? withoutText[name] : undefined;
  const text = texts.map((one) => one.replaceAll('\r\n', '\n').trim()).join('\n\n') || (author ? mit(author) : '');
  return { name, version, licence: typeof license === 'string' ? license : 'none named', text };
}

/** The terms of the MIT licence (SPDX). */
function mit(author: string): string {
  return `Copyright (c) ${author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR
ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH
THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
}

function whyRefused(one: ShippedPackage): string | undefined {
  if (!isAllowed(one.licence)) return `- ${titleOf(one)}: its licence is ${one.licence}`;
  return one.text === '' ? `- ${titleOf(one)}: it has no licence text` : undefined;
}

const titleOf = ({ name, version }: ShippedPackage) => `${name} ${version}`;

/**
 * Whether a licence, or a choice that it leaves, is allowed.
 * @param expression - SPDX with `OR` or `AND`, one level deep; anything else is refused
 */
export function isAllowed(expression: string): boolean {
  const plain = expression.replace(/^\((.*)\)$/, '$1');
  return plain.split(' OR ').some((choice) => choice.split(' AND ').every((one) => allowedLicences.includes(one)));
}

/** The file that the window's Help shows. */
export function licencesText(packages: readonly ShippedPackage[]): string {
  const parts = packages.map((one) => `${titleOf(one)}\nLicence: ${one.licence}\n\n${one.text}\n`);
  return [
    'Loopgate contains the following software of others.',
    'The licences of Electron, Chromium and Node.js are in the files LICENSE.electron.txt and LICENSES.chromium.html',
    'that come with the program.\n',
    ...parts.map((part) => `${'-'.repeat(80)}\n\n${part}`),
  ].join('\n');
}
