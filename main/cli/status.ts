import { z } from 'zod';
import type { Command } from './command.ts';
import { runningEndpoint } from './connection.ts';
import { exitCodes } from './failure.ts';
import { nameOf, personModel } from './person.ts';
import { readPrograms } from './programs.ts';

const guardTexts = {
  ask: 'you are asked about each program',
  'same-user': 'every program of your user',
  listed: 'only the programs on the list',
} as const;

const currentUser = z.object({ user: z.looseObject({ id: z.string() }).and(personModel).optional() });

/** `status`: never asks the person. So it does not reveal who is signed in to a program without permission. */
export const status: Command = async ({ world, connect }) => {
  if (!runningEndpoint(world.home)) {
    return { text: 'Loopgate is not running.', json: { running: false }, exitCode: exitCodes.notRunning };
  }
  const connection = await connect();
  const { address, port, pid, version } = connection.endpoint;
  const { guard, caller } = await readPrograms(connection);
  const { user } = await connection.json({ method: 'GET', path: '/user' }, currentUser);
  const signedIn = user ? nameOf({ ...user, user_id: user.id }) : 'nobody';
  const hidden = `not told to ${caller.name}, which you have not allowed ("loopgate userinfo" asks)`;
  return {
    text: [
      `Loopgate ${version} is running (process ${pid}).`,
      `Address:    ${address}`,
      `Signed in:  ${caller.allowed ? signedIn : hidden}`,
      `Let in:     ${guardTexts[guard]} (${guard})`,
    ],
    json: {
      running: true,
      address,
      port,
      pid,
      version,
      guard,
      allowed: caller.allowed,
      // Absent when the API does not report it, which differs from "signed out".
      ...(caller.allowed && { signed_in: user !== undefined }),
      ...(user && { user: { user_id: user.id, name: user.name, email: user.email } }),
    },
  };
};

/** `endpoint`: the address alone, for scripts; with --json all of endpoint.json. */
export const endpoint: Command = async ({ connect }) => {
  const { endpoint: found } = await connect();
  return { text: found.address, json: found };
};
