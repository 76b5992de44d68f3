import { z } from 'zod';

/** The signed-in person, as far as a command shows it. `/userinfo` has more. */
export const personModel = z.looseObject({
  /** The provider's `sub`. */
  user_id: z.string().optional(),
  name: z.string().optional(),
  email: z.string().optional(),
});

/** "Ada Lovelace <ada@example.com>", or the parts of it that are known. */
export function nameOf({ name, email, user_id: subject }: z.output<typeof personModel>): string {
  const named = [name === email ? undefined : name, email === undefined ? undefined : `<${email}>`];
  const shown = named.filter((part) => part !== undefined && part !== '').join(' ');
  return shown === '' ? (subject ?? 'somebody without a name') : shown;
}
