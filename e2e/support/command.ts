import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { projectFolder } from './headless.ts';

/** The command of the repository, for Node. */
export const launcher = join(projectFolder, 'build', 'launchers', 'loopgate.cjs');

/** What a run of `loopgate` left behind. */
export interface CommandRun {
  readonly exitCode: number | null;
  readonly out: string;
  readonly errors: string;
}

/** A run that has not ended. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<CommandRun>;
  /** Resolves when standard error has this. */
  said(pattern: RegExp): Promise<void>;
}

/** Starts the built `loopgate` on a data folder, as a person does from the repository. */
export function startCommand(home: string, ...argv: readonly string[]): RunningCommand {
  return startCommandIn({}, home, ...argv);
}

/** The same, with more in its environment. */
function startCommandIn(added: NodeJS.ProcessEnv, home: string, ...argv: readonly string[]): RunningCommand {
  const child = spawn(process.execPath, [launcher, ...argv], {
    env: { PATH: process.env.PATH, LOOPGATE_HOME: home, ...added },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, errors] = [text(child.stdout), text(child.stderr)];
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const ended = Promise.all([exited, out, errors]).then(([exitCode, printed, said]) => ({
    exitCode,
    out: printed,
    errors: said,
  }));
  return {
    child,
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        let soFar = '';
        child.stderr.on('data', (data) => {
          soFar += data;
          if (pattern.test(soFar)) resolve();
        });
        void exited.then(() => reject(new Error(`It ended and said: ${soFar}`)));
      }),
  };
}

/** Runs it to its end. */
export function loopgate(home: string, ...argv: readonly string[]): Promise<CommandRun> {
  return startCommand(home, ...argv).ended;
}

/** Runs it to its end, with more in its environment. */
export function loopgateIn(added: NodeJS.ProcessEnv, home: string, ...argv: readonly string[]): Promise<CommandRun> {
  return startCommandIn(added, home, ...argv).ended;
}
