import type { CommandWorld } from './command.ts';
import type { Connection } from './connection.ts';
import { readPrograms } from './programs.ts';

/** What the API answers to an allowed program comes before that. Milliseconds. */
const silence = 300;

/**
 * Does what the person may have to allow first, and says so while they are asked.
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
