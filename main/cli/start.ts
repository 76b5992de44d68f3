import { watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { Endpoint } from '../storage/endpointFile.ts';
import type { CommandWorld } from './command.ts';
import { interrupted, runningEndpoint } from './connection.ts';
import { CommandFailure } from './failure.ts';

/** How long the API may take to answer after the app starts, in milliseconds. It does not wait for a keyring. */
const timeout = 30_000;

/**
 * Starts the app and waits until its API answers.
 * @param world.startApp - absent without an app to start
 * @throws CommandFailure `not_running`
 */
export async function startAndWait(world: CommandWorld, maxWait = timeout): Promise<Endpoint> {
  const { home, startApp, tell } = world;
  if (!startApp) throw notRunning('Start it with "npm start", or without a desktop with "npm run serve".');
  tell('Starting Loopgate…');
  await mkdir(home, { recursive: true, mode: 0o700 });
  return await new Promise((resolve, reject) => {
    const look = () => {
      const endpoint = runningEndpoint(home);
      if (endpoint) end(() => resolve(endpoint));
    };
    const watcher = watch(home, look);
    const tooLate = setTimeout(
      () => end(() => reject(notRunning('It was started, but does not answer: start it by hand to see why.'))),
      maxWait,
    );
    const onInterrupt = () => end(() => reject(interrupted()));
    const end = (settle: () => void) => {
      watcher.close();
      clearTimeout(tooLate);
      world.interrupted.removeEventListener('abort', onInterrupt);
      settle();
    };
    watcher.on('error', (error) => end(() => reject(error)));
    world.interrupted.addEventListener('abort', onInterrupt, { once: true });
    try {
      startApp();
    } catch (error) {
      end(() => reject(error));
    }
    // The file may exist before the watch began.
    look();
  });
}

/** @param next - the advice */
export function notRunning(next: string): CommandFailure {
  return new CommandFailure('not_running', `Loopgate is not running. ${next}`);
}
