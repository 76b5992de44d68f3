import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const projectFolder = fileURLToPath(new URL('..', import.meta.url));
/** Folders that hold pages of others, or nothing that is committed. */
const notOurs = ['node_modules', 'out', 'dist', 'test-results', '.cache', '.git'];

/** Every Markdown page of the project, by its path. */
function pagesIn(folder = ''): string[] {
  return readdirSync(join(projectFolder, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return notOurs.includes(entry.name) ? [] : pagesIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

const withoutCode = (page: string) => page.replace(/^```[\s\S]*?^```$/gm, '').replace(/(`+)[^`]+\1/g, '');

/** The relative links and pictures of a page, as they are written. */
function linksIn(page: string): string[] {
  const found = withoutCode(page).matchAll(/\]\(([^)\s]+)\)|\b(?:src|srcset|href)="([^"]+)"/g);
  return [...found].map(([, link, attribute]) => link ?? attribute ?? '').filter((link) => !/^[a-z]+:/.test(link));
}

/** The anchors that GitHub gives the headings of a page. */
function anchorsIn(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of page.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.+)$/gm)) {
    const text = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = text.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
    const before = [...anchors].filter((other) => other.replace(/-\d+$/, '') === anchor).length;
    anchors.add(before === 0 ? anchor : `${anchor}-${before}`);
  }
  return anchors;
}

/** The links of a page that lead nowhere. */
function brokenLinksIn(path: string, page: string): string[] {
  return linksIn(page).filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = join(projectFolder, dirname(path), file);
    if (file !== '' && !existsSync(target)) return true;
    return anchor !== undefined && !anchorsIn(file === '' ? page : readFileSync(target, 'utf8')).has(anchor);
  });
}

/** The files and folders of the project that a page names as code, such as `main/api/guard.ts` or `main/api/`. */
function pathsIn(page: string): string[] {
  const named = page.matchAll(/`((?:main|preload|renderer|demo|testing|build|bench|docs|examples|e2e)\/[\w./@-]*)`/g);
  return [...named].map(([, path = '']) => path);
}

test('every link from one document to another leads to a file, and to a heading in it', () => {
  const pages = pagesIn();
  expect(pages.length).toBeGreaterThan(15);
  const broken = pages.flatMap((path) =>
    brokenLinksIn(path, readFileSync(join(projectFolder, path), 'utf8')).map((link) => `${path}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test('a link to a file or a heading that does not exist is found', () => {
  const page = [
    '# A `heading`, twice',
    '## A heading twice',
    '[here](#a-heading-twice) [again](#a-heading-twice-1) [nowhere](#a-heading)',
    '[a file](README.md) [none](READ.md) [its part](SECURITY.md#not-protected) [none of it](SECURITY.md#protection)',
    '<img src="none.png"> [elsewhere](https://example.test/none) `[code](none.md)`',
    '```',
    '[code](none.md)',
    '```',
  ].join('\n');
  expect(brokenLinksIn('page.md', page)).toEqual(['#a-heading', 'READ.md', 'SECURITY.md#protection', 'none.png']);
});

test('every file and folder that a document names is there', () => {
  const named = pagesIn().flatMap((page) =>
    pathsIn(readFileSync(join(projectFolder, page), 'utf8')).map((path) => ({ page, path })),
  );
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter(({ path }) => !existsSync(join(projectFolder, path)))).toEqual([]);
});

test.each(['CONTRIBUTING.md', 'docs/architecture.md'])('%s names every room of main/', (page) => {
  const text = readFileSync(join(projectFolder, page), 'utf8');
  const rooms = readdirSync(join(projectFolder, 'main'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  expect(rooms.length).toBeGreaterThan(8);
  expect(rooms.filter(({ name }) => !text.includes(`${name}/`)).map(({ name }) => name)).toEqual([]);
});
