import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { FaultName } from '../../demo/test-kit/faults.ts';
import { projectFolder } from './headless.ts';

export interface TestKitOptions {
  /** Added to a clean environment. */
  readonly environment?: NodeJS.ProcessEnv;
  /** The options of `npm run serve --`; default `--demo --auto`. */
  readonly argv?: readonly string[];
  /** What starts it; default node itself. */
  readonly command?: readonly [string, ...string[]];
}

/** `npm run serve -- --demo --auto`, as an author of extensions starts it. */
export interface TestKit {
  readonly address: string;
  /** The folder where programs find it: set as LOOPGATE_HOME for what is tested. */
  readonly home: string;
  readonly process: ChildProcess;
  /** Everything that was printed and logged so far, line by line. */
  readonly lines: readonly string[];
  /** Has it fail from now on. */
  fault(name: FaultName): Promise<void>;
  /** Ends the fault that is on. */
  recover(): Promise<void>;
  /** Ends it by SIGTERM and gives the exit code. */
  stop(): Promise<number | null>;
}

/** It did not come to listen. */
export class TestKitFailed extends Error {
  readonly exitCode: number | null;

  constructor(exitCode: number | null, lines: readonly string[]) {
    super(lines.join('\n'));
    this.exitCode = exitCode;
  }
}

/** Starts it and waits until it says that it listens. @throws TestKitFailed */
export async function startTestKit(options: TestKitOptions = {}): Promise<TestKit> {
  const ownHome = await mkdtemp(join(tmpdir(), 'loopgate-kit-home-'));
  const [program, ...rest] = options.command ?? [process.execPath, '--import', 'tsx', 'build/serve.ts'];
  const child = spawn(program, [...rest, ...(options.argv ?? ['--demo', '--auto'])], {
    cwd: projectFolder,
    env: { PATH: process.env.PATH, HOME: ownHome, LOOPGATE_HOME: ownHome, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const address = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        const said = /^\[test kit\] Loopgate \S+ listening on (http:\S+)$/.exec(line)?.[1];
        if (said !== undefined) resolve(said);
      });
    }
    void closed.then((code) => reject(new TestKitFailed(code, lines)));
  }).catch(async (error: unknown) => {
    await rm(ownHome, { recursive: true, force: true });
    throw error;
  });
  const ask = async (method: string, path: string) => {
    const response = await fetch(`${address}${path}`, { method });
    if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  };
  return {
    address,
    home: options.environment?.LOOPGATE_HOME ?? ownHome,
    process: child,
    lines,
    fault: (name) => ask('PUT', `/test-kit/fault/${name}`),
    recover: () => ask('DELETE', '/test-kit/fault'),
    async stop() {
      child.kill();
      const code = await closed;
      await rm(ownHome, { recursive: true, force: true });
      return code;
    },
  };
}
