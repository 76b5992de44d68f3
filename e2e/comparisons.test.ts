import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import packageJson from '../package.json' with { type: 'json' };
import { type Pair, startPair } from './support/client.ts';
import { startHeadless } from './support/headless.ts';

/**
 * W11: what the published clients compare, and do not only show. Whatever they compare, and how, has a row here: an
 * answer of the right form is not enough for it.
 */

/** npm's, which the plug-in for Obsidian and others of TypeScript have. Some of the packages that are installed bring it. */
const semver = createRequire(import.meta.url)('semver') as Record<
  'gte' | 'lt',
  (one: string, other: string) => boolean
>;

/** The range that every current client was published with. */
const [lowest, tooHigh] = ['12.0.0', '13.0.0'];

/**
 * As the clients of Python compare with a bare version: `VersionChecker` of pieces_os_client. Three numbers, and behind `-` or
 * `.` what makes it a pre-release, which comes before the same numbers alone; any other text is a ValueError.
 */
function pythonComparison(version: string, bare: string): number {
  const found = /^(\d+)\.(\d+)\.(\d+)(?:[-.](\S+))?$/.exec(version);
  if (!found) throw new Error(`ValueError: Invalid version format: ${version}`);
  const others = bare.split('.').map(Number);
  const differences = found.slice(1, 4).map((number, index) => Number(number) - (others[index] ?? 0));
  return differences.find((difference) => difference !== 0) ?? (found[4] === undefined ? 0 : -1);
}

const comparers: readonly [string, (version: string) => boolean][] = [
  [
    'Python: pieces-cli from 1.15, the plug-ins for Neovim and Sublime Text',
    (version) => pythonComparison(version, lowest) >= 0 && pythonComparison(version, tooHigh) < 0,
  ],
  ['npm semver: the plug-in for Obsidian', (version) => semver.gte(version, lowest) && semver.lt(version, tooHigh)],
];

describe.each(comparers)('the comparison of %s', (_, takes) => {
  test('takes what is in its range, and nothing else', () => {
    expect(['12.0.0', '12.3.4', '12.3.4-loopgate.0.1.0', '12.999.0'].map(takes)).toEqual([true, true, true, true]);
    // The last is before 12.0.0: what stands behind the numbers makes it a pre-release.
    expect(['0.1.0', '11.9.9', '13.0.0', '12.0.0-loopgate.0.1.0'].map(takes)).toEqual([false, false, false, false]);
  });
});

describe('what the published clients compare', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair();
  });
  afterAll(() => pair.stop());

  const read = async (path: string) => await (await fetch(`${pair.host.address}${path}`)).text();

  async function context(): Promise<{ os: string; health: { os: { id: string; version: string } } }> {
    const application = { name: 'VS_CODE', version: '1.0.0', platform: 'LINUX' };
    const answer = await fetch(`${pair.host.address}/connect`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ application }),
    });
    return (await answer.json()) as Awaited<ReturnType<typeof context>>;
  }

  async function firstFrame(path: string): Promise<string> {
    // As Python's clients ask.
    const socket = new WebSocket(`${pair.host.address.replace('http', 'ws')}${path}`, { origin: pair.host.address });
    onTestFinished(() => socket.terminate());
    const [frame]: Buffer[] = await once(socket, 'message');
    return String(frame);
  }

  test.each(comparers)('the version is one that it works with: %s', async (_, takes) => {
    expect(takes(await read('/.well-known/version'))).toBe(true);
    expect(takes((await context()).health.os.version)).toBe(true);
  });

  test('the version names this Loopgate too, and is the same wherever clients read it', async () => {
    const version = await read('/.well-known/version');
    expect(version).toBe(`12.3.4-loopgate.${packageJson.version}`);
    expect((await context()).health.os.version).toBe(version);
  });

  test('health begins with `ok`, as text and as the first frame of its stream', async () => {
    expect(await read('/.well-known/health')).toMatch(/^ok/);
    expect(await firstFrame('/.well-known/stream/health')).toBe('ok');
  });

  test('signed out, /user has no user, and the first frame of its stream is no JSON', async () => {
    expect(JSON.parse(await read('/user'))).not.toHaveProperty('user');
    const frame = await firstFrame('/user/stream');
    expect(() => JSON.parse(frame)).toThrow(SyntaxError);
  });

  test('who runs is said where nothing is compared: /openapi.json, endpoint.json and the header Server', async () => {
    const description = await fetch(`${pair.host.address}/openapi.json`);
    expect(description.headers.get('server')).toBe(`Loopgate/${packageJson.version}`);
    expect(await description.json()).toMatchObject({ info: { version: packageJson.version } });
    const endpoint: unknown = JSON.parse(await readFile(join(pair.host.home, 'endpoint.json'), 'utf8'));
    expect(endpoint).toMatchObject({ version: packageJson.version });
  });

  test('with the setting compatibleVersion it is the version of older clients', async () => {
    const host = await startHeadless({ environment: { LOOPGATE_COMPATIBLE_VERSION: '11.2.0' } });
    onTestFinished(async () => void (await host.stop()));
    const version = await (await fetch(`${host.address}/.well-known/version`)).text();
    expect(version).toBe(`11.2.0-loopgate.${packageJson.version}`);
    expect(semver.gte(version, '11.0.0') && semver.lt(version, '12.0.0')).toBe(true);
  });
});
