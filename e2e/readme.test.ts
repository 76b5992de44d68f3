import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorsMarkdown } from '../main/api/errors.ts';
import { defaultPorts } from '../main/protocol/protocol.ts';
import document from '../openapi.json' with { type: 'json' };
import { type Pair, startPair } from './support/client.ts';
import { blocksOf } from './support/guide.ts';
import { projectFolder } from './support/headless.ts';

const read = (...path: string[]) => readFileSync(join(projectFolder, ...path), 'utf8');
const readme = read('README.md');
const operations = read('docs', 'reference', 'operations.md');
const security = read('SECURITY.md');

/** The rows of the tables of operations: the line to try, and the status that it promises. */
const lines = [...operations.matchAll(/^\|.*\| `(curl .*)` \| (\d{3}) \|$/gm)].map(([, line = '', status = '']) => ({
  line,
  status: Number(status),
}));

let pair: Pair;
beforeAll(async () => {
  pair = await startPair({ browser: true });
});
afterAll(() => pair.stop());

/** Runs what a person pastes, on the host of this test. @returns the lines it prints. @throws when it fails */
async function paste(script: string): Promise<string[]> {
  const pasted = script.replaceAll('http://localhost:1000', pair.host.address);
  const { stdout } = await promisify(execFile)('bash', ['-ec', pasted]);
  return stdout.trim().split('\n');
}

describe('docs/reference/operations.md', () => {
  test('shows a line for each operation of the API', () => {
    const shown = new Set(
      [...operations.matchAll(/^\| (?:GET|POST)(?:, HEAD)? `([^`]+)` \|.*\| `curl /gm)].map(([, path]) => path),
    );
    const described = Object.keys(document.paths);
    expect([...shown].sort()).toEqual([...described, '/openapi.json', '/docs'].sort());
    expect(lines.length).toBeGreaterThanOrEqual(described.length);
  });

  // In the order of the table, as a person would paste them: a later line may need what an earlier one did.
  test.each(lines)('keeps its promise: $line → $status', async ({ line, status }) => {
    expect((await paste(`${line} --silent --write-out '\\n%{http_code}'`)).at(-1)).toBe(String(status));
  });
});

test('docs/reference/errors.md has the table of errors as the code has it', () => {
  expect(read('docs', 'reference', 'errors.md')).toContain(errorsMarkdown());
});

describe('the README', () => {
  test('fits on two screens', () => {
    expect(readme.split(/\s+/).length).toBeLessThanOrEqual(1000);
  });

  test('gets a first token by the lines that it shows', async () => {
    const [block, ...more] = blocksOf(readme).filter(({ section }) => section === 'The first token');
    expect(more).toEqual([]);
    const token = (await paste(block?.text ?? '')).at(-1) ?? '';
    const said = await fetch(`${pair.provider.issuer}userinfo`, {
      headers: { Authorization: `Bearer ${token.slice(token.lastIndexOf('}') + 1)}` },
    });
    expect(said.status).toBe(200);
  });
});

describe('docs/', () => {
  // Google cannot be used directly, so nothing is registered there.
  test.each(readdirSync(join(projectFolder, 'docs', 'providers')).filter((page) => page !== 'google.md'))(
    'providers/%s names the callback of every port that must be registered',
    (page) => {
      const text = read('docs', 'providers', page);
      for (const port of defaultPorts) expect(text).toContain(`http://localhost:${port}/pkce/response/code`);
    },
  );

  test('README.md has a line for every page', () => {
    const index = read('docs', 'README.md');
    const pages = readdirSync(join(projectFolder, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.md') && path !== 'README.md')
      .map((path) => path.replaceAll('\\', '/'));
    expect(pages.filter((path) => !index.includes(`](${path})`))).toEqual([]);
    expect(pages.length).toBeGreaterThan(25);
  });
});

describe('SECURITY.md', () => {
  const rows = [...security.matchAll(/^\| (?!against|---)(.*?) \| .* \| (.*) \|$/gm)].map(
    ([, against = '', tests = '']) => ({
      against,
      tests: [...tests.matchAll(/`([^`]+)`(?:[^`(]*\(([^)]*)\))?/g)].map(([, file = '', rules = '']) => ({
        file,
        rules,
      })),
    }),
  );

  test.each(rows)('names a test that holds the claim against $against', ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    const sources = tests.map(({ file }) => read(file));
    const rules = tests.flatMap(({ rules: named }) => [...named.matchAll(/\b[A-Z]\d+\b/g)].map(([rule]) => rule));
    for (const rule of rules) expect(sources.join('\n'), rule).toMatch(new RegExp(`\\b${rule}\\b`));
  });

  test('is honest on one page', () => {
    expect(rows.length).toBeGreaterThan(15);
    expect(security).toContain('## Not protected');
  });
});
