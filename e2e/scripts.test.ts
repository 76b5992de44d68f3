/** examples/scripts: the same program in seven languages, built and run where its language is installed. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { whyNoProgram } from '../build/systemPackages.ts';
import { freePort } from '../testing/freePort.ts';
import { type Pair, startPair } from './support/client.ts';
import { projectFolder } from './support/headless.ts';

const folder = join(projectFolder, 'examples', 'scripts');
const script = (name: string) => join(folder, name);

interface Language {
  readonly language: string;
  readonly file: string;
  /** What has to be installed. */
  readonly program: string;
  /** Run once, before the rest. */
  builds?(out: string): readonly string[];
  /** Runs it; the address of the provider comes behind. */
  run(out: string): readonly string[];
}

const languages: readonly Language[] = [
  {
    language: 'TypeScript',
    file: 'whoami.mts',
    program: 'node',
    run: () => ['node', '--import', 'tsx', script('whoami.mts')],
  },
  { language: 'Python', file: 'whoami.py', program: 'python3', run: () => ['python3', script('whoami.py')] },
  { language: 'shell', file: 'whoami.sh', program: 'curl', run: () => ['sh', script('whoami.sh')] },
  {
    language: 'Go',
    file: 'whoami.go',
    program: 'go',
    builds: (out) => ['go', 'build', '-o', join(out, 'go'), script('whoami.go')],
    run: (out) => [join(out, 'go')],
  },
  {
    language: 'Rust',
    file: 'whoami.rs',
    program: 'rustc',
    builds: (out) => ['rustc', '-D', 'warnings', '-o', join(out, 'rust'), script('whoami.rs')],
    run: (out) => [join(out, 'rust')],
  },
  {
    language: 'Java',
    file: 'WhoAmI.java',
    program: 'javac',
    builds: (out) => ['javac', '-d', out, script('WhoAmI.java')],
    run: (out) => ['java', '-cp', out, 'WhoAmI'],
  },
  // Not in Debian: it has not been run yet.
  { language: 'C#', file: 'WhoAmI.cs', program: 'dotnet', run: () => ['dotnet', 'run', script('WhoAmI.cs'), '--'] },
];

/** How a run of a script ended. */
interface Run {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

/** The first time Go builds its own library, on two cores beside other tests. Milliseconds. */
const buildTime = 600_000;

const name = 'Ada Lovelace';
const hello: Run = { code: 0, out: `Signed in as ${name}.\n`, errors: '' };
const notSaid: Run = { code: 1, out: '', errors: 'The provider did not say who this is. Check the address.\n' };

/** What the builds and `curl` leave behind. */
let out: string;
let signedIn: Pair;
let signedOut: Pair;
let denying: Pair;
/** A data folder whose Loopgate was killed. */
let killed: string;
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'loopgate-scripts-'));
  await spyOnCurl();
  [signedIn, signedOut, denying] = await Promise.all([
    startPair({ browser: true }),
    startPair(),
    startPair({ host: { environment: { LOOPGATE_GUARD: 'listed' } } }),
  ]);
  expect((await fetch(`${signedIn.host.address}/os/sign_in`, { method: 'POST' })).status).toBe(200);
  killed = join(out, 'killed');
  await mkdir(killed);
  await writeFile(join(killed, 'endpoint.json'), JSON.stringify({ address: `http://localhost:${await freePort()}` }));
});
afterAll(async () => {
  await Promise.all([signedIn, signedOut, denying].map((pair) => pair.stop()));
  await rm(out, { recursive: true, force: true });
});

/** Before the real one in the PATH: writes down its command line, which every user of a machine can read. */
async function spyOnCurl(): Promise<void> {
  await mkdir(join(out, 'bin'));
  const path = join(out, 'bin', 'curl');
  await writeFile(path, `#!/bin/sh\nprintf '%s\\n' "$@" >>"${out}/curl.log"\nPATH=\${PATH#*:}\nexec curl "$@"\n`);
  await chmod(path, 0o755);
}

/** A server, and the Authorization of each request to it. */
async function recorder(host: string, redirectTo?: string) {
  const seen: (string | undefined)[] = [];
  const server = createServer(({ headers }, response) => {
    seen.push(headers.authorization);
    if (redirectTo === undefined) response.writeHead(401).end();
    else response.writeHead(302, { Location: redirectTo }).end();
  }).listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    seen,
    address: `http://${host}:${port}/userinfo`,
    [Symbol.asyncDispose]: async () => void server.close().closeAllConnections(),
  };
}

/** Where a data folder says that the API is. */
async function recordedAddress(home: string): Promise<string> {
  return (JSON.parse(await readFile(join(home, 'endpoint.json'), 'utf8')) as { address: string }).address;
}

/** Loopgate's own words for why it gives no token. */
async function refusalOf({ host }: Pair): Promise<string> {
  const answer = (await (await fetch(`${host.address}/user/access_token`)).json()) as { error_description: string };
  return `${answer.error_description}\n`;
}

async function settled<Name extends string>(runs: Readonly<Record<Name, Promise<Run>>>) {
  const names = Object.keys(runs) as Name[];
  const ended = await Promise.all(names.map(async (name) => [name, await runs[name]] as const));
  return Object.fromEntries(ended);
}

/** Skips where the language is not installed. */
async function build(context: TestContext, { program, builds }: Language): Promise<void> {
  const why = await whyNoProgram(program);
  if (why !== undefined) context.skip(why);
  const [command, ...argv] = builds?.(out) ?? [];
  if (command === undefined) return;
  // Nothing is downloaded, and nothing is left in the home of whoever runs this.
  const go = {
    GOCACHE: join(projectFolder, '.cache', 'go'),
    GOPATH: join(out, 'path'),
    GOTOOLCHAIN: 'local',
    CGO_ENABLED: '0',
  };
  const env = { ...process.env, ...go };
  await promisify(execFile)(command, argv, { cwd: out, env });
}

/** Runs a script to its end, with nothing in its environment but what is given. */
function start(argv: readonly string[], userinfo: string, environment: NodeJS.ProcessEnv): Promise<Run> {
  const [command = '', ...rest] = argv;
  const env = { PATH: `${join(out, 'bin')}:${process.env.PATH}`, HOME: join(out, 'nobody'), ...environment };
  return new Promise((resolve) => {
    execFile(command, [...rest, userinfo], { cwd: projectFolder, env }, (error, printed, errors) => {
      resolve({ code: error === null ? 0 : Number(error.code), out: printed, errors });
    });
  });
}

describe('examples/scripts', () => {
  test('has nothing else, and each is under 40 lines and says how it is run', async () => {
    expect((await readdir(folder)).sort()).toEqual(['README.md', ...languages.map(({ file }) => file)].sort());
    for (const { file } of languages) {
      const source = await readFile(script(file), 'utf8');
      expect(source.trimEnd().split('\n').length, file).toBeLessThan(40);
      expect(source.split('\n').slice(0, 3).join('\n'), file).toContain(file);
      expect(source, file).toContain('localhost:1000');
      for (const code of ['1 failed', '4 nobody is signed in', '5 refused']) expect(source, file).toContain(code);
    }
  });

  for (const it of languages)
    test(`${it.language}: tells a token, signed out, refused and not running apart`, {
      timeout: buildTime,
    }, async (context) => {
      await build(context, it);
      const command = it.run(out);
      const { home } = signedIn.host;
      const userinfo = `${signedIn.provider.issuer}userinfo`;
      const gone = await recordedAddress(killed);
      await using elsewhere = await recorder('127.0.0.1');
      await using redirecting = await recorder('localhost', elsewhere.address);
      // Loopgate is never asked by a proxy; here it would be one that nobody runs.
      const noProxy = { http_proxy: gone, HTTP_PROXY: gone };
      const config = join(out, it.language, '.config');
      await mkdir(config, { recursive: true });
      await symlink(home, join(config, 'loopgate'));
      const runs = {
        signedIn: start(command, userinfo, { LOOPGATE_HOME: home }),
        signedOut: start(command, userinfo, { LOOPGATE_HOME: signedOut.host.home, ...noProxy }),
        refused: start(command, userinfo, { LOOPGATE_HOME: denying.host.home, ...noProxy }),
        notRunning: start(command, userinfo, { LOOPGATE_HOME: killed }),
        // Where no LOOPGATE_HOME is set: as docs/start/storage.md has it.
        usualPlace: start(command, userinfo, { HOME: join(out, it.language) }),
        configuredPlace: start(command, userinfo, { XDG_CONFIG_HOME: config }),
        redirected: start(command, redirecting.address, { LOOPGATE_HOME: home }),
        noProvider: start(command, `${gone}/userinfo`, { LOOPGATE_HOME: home }),
      };
      expect(await settled(runs)).toEqual({
        signedIn: hello,
        signedOut: { code: 4, out: '', errors: await refusalOf(signedOut) },
        refused: { code: 5, out: '', errors: await refusalOf(denying) },
        notRunning: { code: 3, out: '', errors: `Loopgate does not run at ${gone}. Start it, then try again.\n` },
        usualPlace: hello,
        configuredPlace: hello,
        redirected: notSaid,
        noProvider: notSaid,
      });
      // The token goes to the provider alone: not along with a redirect, and not on a command line.
      expect(redirecting.seen).toEqual([expect.stringMatching(/^Bearer \S+$/)]);
      expect(elsewhere.seen.some((authorization) => authorization !== undefined)).toBe(false);
      const token = redirecting.seen[0]?.split(' ')[1] ?? '';
      const commandLines = await readFile(join(out, 'curl.log'), 'utf8').catch(() => '');
      expect(commandLines.includes(token)).toBe(false);
    });
});
