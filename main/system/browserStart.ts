import { spawn } from 'node:child_process';
import { argumentsFor, type BrowserCommand } from './browserCommand.ts';
import { withoutDescriptors } from './withoutDescriptors.ts';

/**
 * How long a program may take to report that it could not open an address, in milliseconds. If it still runs then, it counts
 * as open.
 */
const timeout = 5_000;

/** No browser opened the address. The message names the programs and their errors, but never the address. */
export class BrowserNotOpened extends Error {
  override readonly name = 'BrowserNotOpened';
}

/**
 * Opens an address with the first of these programs that can. A program has failed if it cannot be run, or ends with a code
 * other than 0 within a few seconds. If it keeps running, it has succeeded.
 * @param options.environment - the environment of the programs
 * @param options.milliseconds - how long to watch a program
 * @throws BrowserNotOpened
 */
export async function openWith(
  commands: readonly BrowserCommand[],
  address: string,
  options: { environment?: NodeJS.ProcessEnv; milliseconds?: number } = {},
): Promise<void> {
  const { environment = process.env, milliseconds = timeout } = options;
  const failures: string[] = [];
  for (const command of commands) {
    const failure = await failureOf(command, address, environment, milliseconds);
    if (failure === undefined) return;
    failures.push(`${command.program} ${failure}`);
  }
  throw new BrowserNotOpened(failures.join('; '));
}

/** Why the program did not open it; undefined when it did, as far as it reports. */
function failureOf(
  command: BrowserCommand,
  address: string,
  env: NodeJS.ProcessEnv,
  milliseconds: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    // Do not use a shell: the address comes from the provider's metadata and from a program's request.
    const child = withoutDescriptors((stdio) =>
      spawn(command.program, argumentsFor(command, address), { stdio, env, detached: true }),
    );
    const timer = setTimeout(() => resolve(undefined), milliseconds);
    timer.unref();
    child.unref();
    const end = (failure: string | undefined) => {
      clearTimeout(timer);
      resolve(failure);
    };
    child.once('error', (error) => end(`cannot be run (${'code' in error ? String(error.code) : error.message})`));
    child.once('exit', (code, signal) => end(code === 0 ? undefined : `ended with ${code ?? signal}`));
  });
}
