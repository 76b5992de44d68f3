import type { Command } from './command.ts';
import { withConsent } from './consent.ts';
import { nameOf, personModel } from './person.ts';

/** `token`: writes the token to standard output, and only there (T9). */
export const token: Command = async ({ options, world, connect }) => {
  const connection = await connect({ start: options['no-start'] !== true });
  const query = new URLSearchParams();
  for (const name of ['audience', 'scope'] as const) {
    const value = options[name];
    if (value !== undefined) query.set(name, value);
  }
  const path = query.size === 0 ? '/user/access_token' : `/user/access_token?${query}`;
  const text = await withConsent(world, connection, () => connection.text({ method: 'GET', path }));
  return { text, json: { access_token: text } };
};

/** `userinfo`: the claims of the signed-in person. */
export const userinfo: Command = async ({ world, connect }) => {
  const connection = await connect();
  const person = await withConsent(world, connection, () =>
    connection.json({ method: 'GET', path: '/userinfo' }, personModel),
  );
  return { text: nameOf(person), json: person };
};
