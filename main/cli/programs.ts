import { z } from 'zod';
import type { Command } from './command.ts';
import type { Connection } from './connection.ts';

const programList = z.object({
  guard: z.enum(['ask', 'same-user', 'listed']),
  /** The program that this command acts for, and whether the person has already allowed it. */
  caller: z.object({ name: z.string(), allowed: z.boolean() }),
  programs: z.array(
    z.looseObject({
      id: z.string(),
      name: z.string(),
      path: z.string(),
      decision: z.enum(['allowed', 'denied', 'unanswered']),
    }),
  ),
});

/** Reads the list of programs, the guard mode and the caller. @throws CommandFailure */
export function readPrograms(connection: Connection): Promise<z.output<typeof programList>> {
  return connection.json({ method: 'GET', path: '/programs', withKey: true }, programList);
}

/** `programs`, and `programs remove ID`. */
export const programs: Command = async ({ words: [action, id], connect }) => {
  const connection = await connect();
  if (action === 'remove' && id !== undefined) {
    const path = `/programs?id=${encodeURIComponent(id)}`;
    await connection.text({ method: 'DELETE', path, withKey: true });
    return { text: `Removed: ${id}`, json: { removed: id } };
  }
  const { guard, programs: listed } = await readPrograms(connection);
  const lines = listed.map(({ decision, name, path, id }) =>
    [decision.padEnd(10), name, path, `id: ${id}`].filter((part) => part !== '').join('  '),
  );
  return {
    text: lines.length === 0 ? 'No program has asked yet.' : lines,
    json: { guard, programs: listed },
  };
};
