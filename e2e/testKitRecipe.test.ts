import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { faultNames } from '../demo/test-kit/faults.ts';
import { projectFolder } from './support/headless.ts';

const action = readFileSync(join(projectFolder, '.github/actions/test-kit/action.yml'), 'utf8');
const guide = readFileSync(join(projectFolder, 'docs/authors/test-kit.md'), 'utf8');

/** The shell lines of the action's steps, in their order. */
const steps = [...action.matchAll(/^ {6}run: \|\n((?: {8}.*\n|\n)+)/gm)].map(([, lines = '']) =>
  lines.replaceAll(/^ {8}/gm, ''),
);
/** The pieces of shell in the guide, in their order; the last one is for a person's machine. */
const pieces = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, lines = '']) => lines);

// npm, tsx and the kit start one after the other, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let environment: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loopgate-recipe-'));
  symlinkSync(projectFolder, join(folder, 'loopgate'));
  // What `npm ci` gives is what these tests run on (`.ci/run`): done again, it would take away what others use meanwhile.
  mkdirSync(join(folder, 'bin'));
  const shim = `#!/bin/sh\ncase " $* " in *" ci "*) echo "$*" >> "${folder}/installed"; exit;; esac\nPATH="${process.env.PATH}" exec npm "$@"\n`;
  writeFileSync(join(folder, 'bin', 'npm'), shim);
  chmodSync(join(folder, 'bin', 'npm'), 0o755);
  environment = { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder };
});
afterEach(async () => {
  // What the action starts, and what a recipe that failed has left.
  if (existsSync(endpoint())) process.kill(JSON.parse(readFileSync(endpoint(), 'utf8')).pid, 'SIGTERM');
  await gone(endpoint());
  rmSync(folder, { recursive: true, force: true });
});

/** As a CI runs a step. Gives what was printed; what the step leaves running may go on. */
function bash(script: string, added: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
      cwd: folder,
      env: { ...environment, ...added },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)));
    child.once('error', reject);
    child.once('exit', (code) => resolve({ code, output }));
  });
}

const endpoint = () => join(folder, '.config', 'loopgate', 'endpoint.json');

async function gone(path: string): Promise<void> {
  await expect.poll(() => existsSync(path), { timeout: 10_000 }).toBe(false);
}

describe('the GitHub action', () => {
  test('its own lines start the test kit, and its output is the address', async () => {
    expect(steps.length).toBe(3);
    const output = join(folder, 'output');
    const github = {
      GITHUB_ACTION_PATH: join(folder, 'loopgate', '.github', 'actions', 'test-kit'),
      GITHUB_OUTPUT: output,
      RUNNER_TEMP: folder,
    };
    for (const step of steps) {
      const { code, output: printed } = await bash(step, github);
      expect(code, printed).toBe(0);
    }
    const lines = readFileSync(output, 'utf8').trim().split('\n');
    expect(lines[0]).toBe('usable=true');
    const address = /^address=(http:\/\/localhost:\d+)$/.exec(lines[1] ?? '')?.[1];
    expect(readFileSync(join(folder, 'installed'), 'utf8')).toMatch(/^ci --ignore-scripts /);
    expect(JSON.parse(readFileSync(endpoint(), 'utf8'))).toMatchObject({ address });
    expect((await fetch(`${address}/user/access_token`)).status).toBe(200);
  });

  test('a kit that cannot start fails the step, and says why', async () => {
    const github = { GITHUB_ACTION_PATH: join(folder, 'loopgate/.github/actions/test-kit'), RUNNER_TEMP: folder };
    const { code, output } = await bash(steps[2] ?? '', {
      ...github,
      GITHUB_OUTPUT: join(folder, 'output'),
      LOOPGATE_PORT: 'many',
    });
    expect(code).toBe(1);
    expect(output).toContain('LOOPGATE_PORT');
  });

  test('has what GitHub asks of a composite action', () => {
    expect(action).toMatch(/^name: .+\ndescription: .+\n/);
    expect(action).toMatch(/^runs:\n {2}using: composite\n {2}steps:\n/m);
    expect(action).toContain('value: $' + '{{ steps.start.outputs.address }}');
    const all = action.split(/^ {4}- /m).slice(1);
    expect(all.length).toBe(4);
    // A step of a composite action has no shell unless it names one.
    for (const step of all) {
      const isScript = /^ {6}run: /m.test(step);
      expect(/^ {6}shell: bash$/m.test(step)).toBe(isScript);
      expect(/^uses: actions\/setup-node@v\d/.test(step)).toBe(!isScript);
      expect(step).not.toMatch(/\$\{\{.*(github\.event|inputs)/);
    }
  });
});

describe('docs/authors/test-kit.md', () => {
  test('its shell lines do what it says, from the installation to the end', async () => {
    expect(pieces.length).toBe(4);
    const { code, output } = await bash(pieces.slice(0, 3).join('\n'));
    expect(code, output).toBe(0);
    expect(output).toContain('provider_unreachable');
    await gone(endpoint());
  });

  test('names every fault, and no other', () => {
    const rows = [...guide.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
    expect(rows.sort()).toEqual([...faultNames].sort());
  });
});
