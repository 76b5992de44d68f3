import type { Broker } from '../../broker/broker.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { jsonBody } from '../body.ts';
import { json, type Operation } from '../operation.ts';
import { models } from '../wire/models.ts';
import { parseSelectedUser, profileAnswer, selectUser, usersAnswer } from '../wire/user.ts';

const profile = { status: 200, mediaType: 'application/json', schema: models.UserProfile } as const;
const people = { status: 200, mediaType: 'application/json', schema: models.Users } as const;

/** The people who are signed in, and which of them is active. */
export function usersOperations(broker: Broker): Operation[] {
  return [usersSnapshot(broker), specificUser(broker), disconnectUser(broker), select(broker)];
}

const usersSnapshot = (broker: Broker): Operation => ({
  method: 'GET',
  path: '/users',
  needs: 'accounts',
  description: {
    operationId: 'usersSnapshot',
    tag: 'User',
    summary: 'Everybody who is signed in, the active person first',
    usedBy: 'TypeScript, Python; programs that let the person choose an account',
    answer: { ...people, description: 'Who is signed in' },
    errors: ['not_signed_in'],
  },
  handle: async () => json(usersAnswer(await broker.people())),
});

const specificUser = (broker: Broker): Operation => ({
  method: 'GET',
  path: '/users/:user',
  needs: 'accounts',
  description: {
    operationId: 'usersSpecificUserSnapshot',
    tag: 'User',
    summary: 'One of those who are signed in, by the id of their UserProfile',
    usedBy: 'TypeScript, Python',
    answer: { ...profile, description: 'The person' },
    errors: ['not_found', 'not_signed_in'],
  },
  handle: async ({ path }) => json(profileAnswer(await broker.personWithSubject(subjectIn(path)))),
});

const disconnectUser = (broker: Broker): Operation => ({
  method: 'POST',
  path: '/users/:user/disconnect',
  needs: 'sign_out',
  description: {
    operationId: 'usersDisconnectUser',
    tag: 'User',
    summary: 'Signs one person out: forgets the session here and revokes it. The others stay',
    usedBy: 'TypeScript, Python',
    answer: { ...people, description: 'Who is still signed in' },
    errors: ['not_found', 'not_signed_in'],
  },
  handle: async ({ path }) => {
    const { account } = await broker.personWithSubject(subjectIn(path));
    await broker.signOutAccount(account);
    return json(usersAnswer(await broker.people()));
  },
});

const select = (broker: Broker): Operation => ({
  method: 'POST',
  path: '/user/select',
  needs: 'accounts',
  description: {
    operationId: 'selectUser',
    tag: 'User',
    summary:
      'Makes one of those who are signed in the active person, for all programs and without a new login; the person at the machine is told',
    usedBy: 'TypeScript, Python',
    body: { content: { 'application/json': selectUser }, required: true },
    answer: { ...profile, description: 'Who is active now' },
    errors: ['not_found', 'not_signed_in'],
  },
  handle: async (request) => json(profileAnswer(await broker.selectPerson(parseSelectedUser(jsonBody(request))))),
});

/**
 * The `sub` in `/users/{user}`.
 * @throws LoopgateError `not_found` when it is malformed
 */
function subjectIn(path: string): string {
  try {
    return decodeURIComponent(path.split('/')[2] ?? '');
  } catch {
    throw new LoopgateError('not_found');
  }
}
