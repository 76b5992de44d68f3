import { type ChildProcess, type ChildProcessByStdio, execFile, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { projectFolder } from './headless.ts';

/** A network of its own: its ports are nobody else's, port 1000 among them. Only loopback is there. */
export interface OwnNetwork {
  /** Put before a command, it runs in that network. */
  readonly prefix: readonly string[];
  /** Runs a command there and gives what it printed; it ends with the network. @throws with its errors when it fails */
  run(argv: readonly string[], environment?: NodeJS.ProcessEnv): Promise<string>;
  /**
   * Starts a program there, from the project's folder; it ends with the network.
   * @returns the first line that it prints
   */
  start(argv: readonly string[]): Promise<string>;
  /** Ends it. What somebody else has started in it goes on without it. */
  stop(): void;
}

/** Undefined where a network of its own can be had: by root, where the kernel lets it. */
export const whyNoOwnNetwork = reasonAgainst();

function reasonAgainst(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are Linux’s';
  if (process.getuid?.() !== 0) return 'only root can make a network namespace';
  try {
    execFileSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `unshare --net does not work here: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/**
 * Makes one.
 * @param firstFree - its net.ipv4.ip_unprivileged_port_start; 1024 is the kernel's own
 */
export async function ownNetwork(firstFree = 1024): Promise<OwnNetwork> {
  const script = `ip link set lo up && sysctl -qw net.ipv4.ip_unprivileged_port_start=${firstFree} && echo ready && exec sleep infinity`;
  const child = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await firstLine(child);
  if (line !== 'ready') throw new Error(`unshare --net said ${line}`);
  const prefix = ['nsenter', `--net=/proc/${child.pid}/ns/net`, '--'];
  const started: ChildProcess[] = [child];
  return {
    prefix,
    async run(argv, environment = {}) {
      const [command = '', ...rest] = [...prefix, ...argv];
      const running = promisify(execFile)(command, rest, {
        env: { PATH: process.env.PATH, ...environment },
        timeout: 60_000,
      });
      started.push(running.child);
      return (await running).stdout;
    },
    start(argv) {
      const [command = '', ...rest] = [...prefix, ...argv];
      const program = spawn(command, rest, { cwd: projectFolder, stdio: ['ignore', 'pipe', 'inherit'] });
      started.push(program);
      return firstLine(program);
    },
    stop() {
      for (const one of started) one.kill('SIGKILL');
    },
  };
}

/** @throws when it ends without one */
async function firstLine(child: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  return await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('close', (code) => reject(new Error(`${child.spawnargs.join(' ')} ended with ${code}`)));
  });
}
