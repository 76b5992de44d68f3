import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const projectFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** The one that was built, run by Node. */
export const builtHost = [process.execPath, join(projectFolder, 'out', 'headless', 'index.cjs')];
/** `$BROWSER` for tests: signs in by itself, see demo/identity-provider/browser.ts. */
export const testBrowser = `${process.execPath} --import tsx ${join(projectFolder, 'demo', 'identity-provider', 'browser.ts')}`;

export interface HeadlessOptions {
  /** Added to a clean environment: nothing of the shell's LOOPGATE_* or BROWSER gets in. */
  readonly environment?: NodeJS.ProcessEnv;
  /** The data folder; a fresh one by default, which `stop` removes. */
  readonly home?: string;
  /** Put before node, such as `['setpriv', '--reuid=65534', '--clear-groups']`. */
  readonly prefix?: readonly string[];
  /** Another form of the host, such as `['/opt/Loopgate/resources/bin/loopgate', 'serve']`. */
  readonly program?: readonly string[];
}

/** A running headless host, as a program on its own. */
export interface Headless {
  readonly address: string;
  readonly port: number;
  readonly home: string;
  readonly pid: number;
  /** Everything printed so far. */
  output(): string;
  errors(): string;
  /** Resolves with the first printed line (of either stream) that matches, also one printed before. */
  waitForLine(pattern: RegExp): Promise<string>;
  /** Resolves when what was printed so far fulfils this. */
  waitForOutput(isThere: () => boolean): Promise<void>;
  /** Stops it as a person would, and resolves with its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** The host did not come to listen. */
export class HeadlessFailed extends Error {
  readonly exitCode: number | null;
  readonly errors: string;

  constructor(exitCode: number | null, errors: string) {
    super(`The headless host ended with ${exitCode}: ${errors}`);
    this.exitCode = exitCode;
    this.errors = errors;
  }
}

/** Starts the built headless host on any free port and waits until it listens. @throws HeadlessFailed */
export async function startHeadless(options: HeadlessOptions = {}): Promise<Headless> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'loopgate-test-')));
  const environment = {
    PATH: process.env.PATH,
    LOOPGATE_HOME: home,
    LOOPGATE_PORT: '0',
    LOOPGATE_LOG_LEVEL: 'debug',
    ...options.environment,
  };
  const [command = '', ...argv] = [...(options.prefix ?? []), ...(options.program ?? builtHost)];
  const child = spawn(command, argv, { env: environment, cwd: projectFolder, stdio: ['ignore', 'pipe', 'pipe'] });
  const printed: string[] = [];
  const logged: string[] = [];
  const watchers = new Set<() => void>();
  const collect = (stream: NodeJS.ReadableStream, lines: string[]) =>
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const watcher of watchers) watcher();
    });
  collect(child.stdout, printed);
  collect(child.stderr, logged);
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const waitForOutput = (isThere: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!isThere()) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
      void exited.then((code) => reject(new HeadlessFailed(code, logged.join('\n'))));
    });
  const waitForLine = async (pattern: RegExp) => {
    const find = () => [...printed, ...logged].find((one) => pattern.test(one));
    await waitForOutput(() => find() !== undefined);
    return find() ?? '';
  };
  const line = await waitForLine(/^Loopgate \S+ listening on /);
  const address = line.replace(/^.* on /, '');
  return {
    address,
    port: Number(new URL(address).port),
    home,
    pid: child.pid ?? -1,
    output: () => printed.join('\n'),
    errors: () => logged.join('\n'),
    waitForLine,
    waitForOutput,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const code = await exited;
      if (options.home === undefined) await rm(home, { recursive: true, force: true });
      return code;
    },
  };
}

/** Why a host that must refuse to start did so. @throws when it started (it is ended then), or failed in another way */
export async function failureOf(starting: Promise<Headless>): Promise<HeadlessFailed> {
  const failure: unknown = await starting.then(
    (host) => host.stop().then(() => new Error('it started')),
    (error: unknown) => error,
  );
  if (!(failure instanceof HeadlessFailed)) throw failure;
  return failure;
}
