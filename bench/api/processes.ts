import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';

/** How whatever a metric has started is ended, in the order of starting. */
const started: (() => Promise<unknown>)[] = [];

/** Remembers how something that was started is ended. Whoever ends it earlier may: it is ended once more then. */
export function endLater(end: () => Promise<unknown>): void {
  started.push(end);
}

/** Ends everything that the metrics of this folder have started, the last one first. */
export async function endAll(): Promise<void> {
  for (let end = started.pop(); end; end = started.pop()) await end().catch(() => undefined);
}

/** A script of ours as a process of its own; it is ended with the others. */
export function startScript(
  path: string,
  argv: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): ChildProcess {
  const child = fork(path, argv, {
    execArgv: path.endsWith('.ts') ? ['--import', 'tsx'] : [],
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  endLater(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  return child;
}

/** The port that such a script says when it listens. */
export async function portOf(child: ChildProcess): Promise<number> {
  const [message] = await once(child, 'message');
  return z.object({ port: z.number() }).parse(message).port;
}
