import type { CommandWorld } from './command.ts';
import type { Connection } from './connection.ts';
import { readPrograms } from './programs.ts';

/** An allowed program gets the API's answer within this time. Milliseconds. */
const silence = 300;

/**
 * Runs what may need the person's permission, and tells them when Loopgate is waiting for it.
 * @throws CommandFailure
 */
export async function withConsent<T>(world: CommandWorld, connection: Connection, work: () => Promise<T>): Promise<T> {
  const { guard, caller } = await readPrograms(connection);
  if (guard !== 'ask' || caller.allowed) return await work();
  const timer = setTimeout(
    () => world.tell(`Waiting for your answer in Loopgate's window: may ${caller.name} use your sign-in?`),
    silence,
  );
  return await work().finally(() => clearTimeout(timer));
}
