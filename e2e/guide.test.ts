/** docs/authors/extension-authors.md: each snippet is run, and each table is held against the code. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { BrowserDouble } from '../demo/identity-provider/person.ts';
import { errorTable } from '../main/errors/errors.ts';
import { defaultPorts } from '../main/protocol/protocol.ts';
import document from '../openapi.json' with { type: 'json' };
import { fiveMinutes } from './fiveMinutes.ts';
import { type Pair, printedLogin, startPair } from './support/client.ts';
import { blocksOf } from './support/guide.ts';
import { projectFolder } from './support/headless.ts';

const guide = await readFile(join(projectFolder, 'docs', 'authors', 'extension-authors.md'), 'utf8');
const blocks = blocksOf(guide);

/** Where the snippets lie that are files, with the packages of this folder. */
let folder: string;
let pair: Pair;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loopgate-guide-'));
  await symlink(join(projectFolder, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
/** The one snippet of a section in a language; what it says of port 1000 is said of the host of this test. */
function snippet(section: string, language: string, { host } = pair): string {
  const found = blocks.filter((block) => block.section === section && block.language === language);
  const [only, ...more] = found.map(({ text }) => text.replaceAll('localhost:1000', `localhost:${host.port}`));
  if (only === undefined || more.length > 0) throw new Error(`"${section}" has not one snippet of ${language}`);
  return only;
}

/** Where the test looks for Loopgate, and nothing of its own besides. */
const environment = () => ({ PATH: process.env.PATH, LOOPGATE_HOME: pair.host.home });

/** How a file of TypeScript is run. */
async function typeScript(source: string): Promise<readonly string[]> {
  const file = join(folder, `snippet-${(await readdir(folder)).length}.mts`);
  await writeFile(file, source);
  return [process.execPath, '--import', import.meta.resolve('tsx'), file];
}

/** Runs a command to its end, and gives the lines that it printed. @throws when it fails */
async function run([command = '', ...argv]: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const { stdout } = await promisify(execFile)(command, argv, { cwd: folder, env: { ...environment(), ...env } });
  return stdout.trim().split('\n');
}

const signIn = async () =>
  expect((await fetch(`${pair.host.address}/os/sign_in`, { method: 'POST' })).status).toBe(200);

describe('docs/authors/extension-authors.md', () => {
  test('has no snippet that nothing here runs', () => {
    const known = [
      'Five minutes: sh sh ts sh',
      'Find it: ts',
      'What the person sees: sh',
      'When it does not work: ts python',
      'Tokens for several APIs: sh',
      'Told when it changes: ts',
      'Several accounts: ts',
    ];
    const sections = [...new Set(blocks.map(({ section }) => section))];
    const found = sections.map((section) => {
      const languages = blocks.filter((block) => block.section === section).map(({ language }) => language);
      return `${section}: ${languages.join(' ')}`;
    });
    expect(found).toEqual(known);
  });

  // Without `npm ci`, whose time is the network's: `npm run five-minutes` has it too.
  test('its first page does what it says, within five minutes', { timeout: 5 * 60_000 }, async () => {
    const { took, person } = await fiveMinutes({ installs: false }, () => undefined);
    expect(person).toBe('Ada Lovelace');
    expect(Object.keys(took)).toHaveLength(3);
  });

  test('"Find it" names the ports in their order', () => {
    expect(guide).toContain(`first free one of ${defaultPorts.join(', ')}`);
  });

  test('"When it does not work" has every error, and no other', () => {
    const named = [...guide.matchAll(/^\| `([a-z_]+)` \| .+ \|$/gm)].map(([, code]) => code);
    expect(named).toEqual(Object.keys(errorTable));
  });

  test('"Which call for which need" names operations of the API, and all of its parameters', () => {
    const section = guide.split(/^## /m).find((part) => part.startsWith('Which call')) ?? '';
    const named = [...section.matchAll(/\b(GET|POST) `(\/[^`?]*)(?:\?([^`]*))?`/g)];
    expect(named.length).toBeGreaterThan(15);
    const paths: Readonly<Record<string, object>> = document.paths;
    for (const [, method = '', path = '', query] of named) {
      if (path === '/openapi.json') continue;
      const parameters = [...new URLSearchParams(query).keys()].map((name) => expect.objectContaining({ name }));
      const operation = parameters.length === 0 ? {} : { parameters: expect.arrayContaining(parameters) };
      expect(paths[path], `${method} ${path}`).toMatchObject({ [method.toLowerCase()]: operation });
    }
  });

  test('links to nothing that is not there', async () => {
    const targets = [...guide.matchAll(/\]\(((?!https?:|#)[^)#]+)/g)].map(([, target = '']) => target);
    expect(targets.length).toBeGreaterThan(10);
    const missing = await Promise.all(
      targets.map((target) =>
        access(join(projectFolder, 'docs', 'authors', target)).then(
          () => [],
          () => [target],
        ),
      ),
    );
    expect(missing.flat()).toEqual([]);
  });

  test('is the first page that the README links to', async () => {
    const readme = await readFile(join(projectFolder, 'README.md'), 'utf8');
    expect(/\]\((?!https?:)([^)]+\.md)/.exec(readme)?.[1]).toBe('docs/authors/extension-authors.md');
  });
});

// Each starts a host, and a few programs one after the other.
describe('a snippet of docs/authors/extension-authors.md', { timeout: 120_000 }, () => {
  beforeEach(async () => {
    pair = await startPair({ browser: true });
    onTestFinished(() => pair.stop());
  });

  test('"Find it" finds a Loopgate that runs, and none that has ended or is another one', async () => {
    const found = await typeScript(snippet('Find it', 'ts'));
    expect(await run(found)).toEqual([pair.host.address]);
    const home = await mkdtemp(join(folder, 'killed-'));
    const endpoint = JSON.parse(await readFile(join(pair.host.home, 'endpoint.json'), 'utf8')) as object;
    await writeFile(join(home, 'endpoint.json'), JSON.stringify({ ...endpoint, instance: 'the one before' }));
    expect(await run(found, { LOOPGATE_HOME: home })).toEqual(['undefined']);
    // Without the file, the port 1000 of the snippet, which is that of this test's host here.
    expect(await run(found, { LOOPGATE_HOME: join(home, 'none') })).toEqual([pair.host.address]);
    await pair.host.stop();
    expect(await run(found, { LOOPGATE_HOME: join(home, 'none') })).toEqual(['undefined']);
  });

  test('"What the person sees" says who asks', async () => {
    const [context = ''] = await run(['bash', '-ec', snippet('What the person sees', 'sh')]);
    expect(JSON.parse(context)).toMatchObject({ application: { name: 'VS_CODE' } });
  });

  test.each(['ts', 'python'])('"When it does not work" signs in and gets a token, in %s', async (language) => {
    const source = snippet('When it does not work', language);
    const command = language === 'ts' ? await typeScript(source) : ['python3', '-c', source];
    expect((await run(command))[0]?.toLowerCase()).toBe('true');
  });

  test.each(['ts', 'python'])('"When it does not work" throws what the person may read, in %s', async (language) => {
    const denying = await startPair({ host: { environment: { LOOPGATE_GUARD: 'listed' } } });
    onTestFinished(() => denying.stop());
    const source = snippet('When it does not work', language, denying);
    const command = language === 'ts' ? await typeScript(source) : ['python3', '-c', source];
    const { error_description } = (await (await fetch(`${denying.host.address}/user/access_token`)).json()) as {
      error_description: string;
    };
    await expect(run(command)).rejects.toThrow(error_description);
  });

  test('"Tokens for several APIs" gets one for the API that it names', async () => {
    await signIn();
    const [token = ''] = await run(['bash', '-ec', snippet('Tokens for several APIs', 'sh')]);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { aud?: unknown };
    expect([claims.aud].flat()).toContain('https://api.loopgate.test/');
  });

  test('"Told when it changes" says who is there, why nobody is, and that Loopgate has ended', async () => {
    await signIn();
    const [command = '', ...argv] = await typeScript(snippet('Told when it changes', 'ts'));
    const child = spawn(command, argv, { cwd: folder, env: environment(), stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill());
    const lines = createInterface({ input: child.stdout });
    expect(await once(lines, 'line')).toEqual(['Ada Lovelace is signed in']);
    const next = once(lines, 'line');
    await fetch(`${pair.host.address}/os/sign_out`, { method: 'POST' });
    expect(await next).toEqual(['not_signed_in']);
    const last = once(lines, 'line');
    await pair.host.stop();
    expect(await last).toEqual([expect.stringMatching(/^Loopgate has ended/)]);
  });

  test('"Several accounts" lists them and makes another one active', async () => {
    const several = await startPair();
    onTestFinished(() => several.stop());
    const { address } = several.host;
    const post = (path: string) => fetch(`${address}${path}`, { method: 'POST' });
    for (const name of ['Ada Lovelace', 'Grace Hopper']) {
      const { challenge } = (await (await fetch(`${address}/pkce/challenge`)).json()) as {
        challenge: { state: string };
      };
      const code = post('/pkce/code');
      await new BrowserDouble().signInAs(await printedLogin(several.host, challenge.state), name);
      expect((await code).status).toBe(200);
      expect((await post('/pkce/token')).status).toBe(200);
    }
    const lines = await run(await typeScript(snippet('Several accounts', 'ts', several)));
    expect(lines).toEqual(['auth0|ada-lovelace Ada Lovelace', 'auth0|grace-hopper Grace Hopper']);
    expect(await (await fetch(`${address}/user`)).json()).toMatchObject({ user: { name: 'Grace Hopper' } });
  });
});
