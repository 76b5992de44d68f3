import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorsMarkdown } from '../main/api/errors.ts';
import { defaultPorts } from '../main/listener/listen.ts';
import { settingsMarkdown } from '../main/settings/settingsTable.ts';
import document from '../openapi.json' with { type: 'json' };
import { type Pair, startPair } from './support/client.ts';
import { projectFolder } from './support/headless.ts';

const readme = await readFile(join(projectFolder, 'README.md'), 'utf8');
const security = await readFile(join(projectFolder, 'SECURITY.md'), 'utf8');

/** The rows of the README's table of operations: the line to try, and the status that it promises. */
const lines = [...readme.matchAll(/^\|.*\| `(curl .*)` \| (\d{3}) \|$/gm)].map(([, line = '', status = '']) => ({
  line,
  status: Number(status),
}));

describe('the README', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair({ browser: true });
  });
  afterAll(() => pair.stop());

  test('shows a line for each operation of the API', () => {
    const shown = new Set([...readme.matchAll(/^\| (?:GET|POST)(?:, HEAD)? `([^`]+)` \|/gm)].map(([, path]) => path));
    const described = Object.keys(document.paths);
    expect([...shown].sort()).toEqual([...described, '/openapi.json', '/docs'].sort());
    expect(lines.length).toBeGreaterThanOrEqual(described.length);
  });

  // In the order of the table, as a person would paste them: a later line may need what an earlier one did.
  test.each(lines)('keeps its promise: $line → $status', async ({ line, status }) => {
    const pasted = line.replaceAll('http://localhost:1000', pair.host.address);
    const { stdout } = await promisify(execFile)('bash', ['-c', `${pasted} --silent --write-out '\\n%{http_code}'`]);
    expect(stdout.trim().split('\n').at(-1)).toBe(String(status));
  });

  test('has the table of settings as the code has it', () => {
    expect(readme).toContain(settingsMarkdown());
  });

  test('has the table of errors as the code has it', () => {
    expect(readme).toContain(errorsMarkdown());
  });

  test('names the callback of every port that must be registered', () => {
    for (const port of defaultPorts) expect(readme).toContain(`http://localhost:${port}/pkce/response/code`);
  });

  test('shows only pictures and pages that exist', async () => {
    const targets = [...readme.matchAll(/(?:\]\(|src="|srcset=")((?!https?:)[^)"#]+)/g)].map(
      ([, target = '']) => target,
    );
    expect(targets.length).toBeGreaterThan(5);
    for (const target of targets) await expect(readFile(join(projectFolder, target))).resolves.toBeDefined();
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

  test.each(rows)('names a test that holds the claim against $against', async ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    const sources = await Promise.all(tests.map(({ file }) => readFile(join(projectFolder, file), 'utf8')));
    const rules = tests.flatMap(({ rules: named }) => [...named.matchAll(/\b[A-Z]\d+\b/g)].map(([rule]) => rule));
    for (const rule of rules) expect(sources.join('\n'), rule).toMatch(new RegExp(`\\b${rule}\\b`));
  });

  test('is honest on one page', () => {
    expect(rows.length).toBeGreaterThan(15);
    expect(security).toContain('## Not protected');
  });
});
