import { z } from 'zod';
import { verbatim } from '../../../preload/texts/messages.ts';
import type { Gate } from '../../access/gate.ts';
import type { Requester } from '../../access/principals.ts';
import type { Broker } from '../../broker/broker.ts';
import type { AccessToken } from '../../broker/session/session.ts';
import type { PersonState } from '../../broker/state.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { maxWaitForPerson } from '../../protocol/protocol.ts';
import { json, madeOnce, noContent, type Operation, text } from '../operation.ts';
import { models } from '../wire/models.ts';
import {
  accessTokenQuery,
  currentUserAnswer,
  parseAccessTokenQuery,
  profileAnswer,
  usersAnswer,
} from '../wire/user.ts';

/** A WebSocket: `streams/` answers its handshakes. */
export const userStreamPath = '/user/stream';

const profile = { status: 200, mediaType: 'application/json', schema: models.UserProfile } as const;

/** W11: the signed-in person, signing in and out, and the access token. */
export function userOperations(broker: Broker, gate: Gate, now: () => number): Operation[] {
  return [
    signIn(broker, gate, now),
    signOut(broker),
    userSnapshot(broker, gate),
    streamUser,
    clearUser(broker),
    refreshUser(broker),
    userAccessToken(broker),
  ];
}

/**
 * The signed-in person, for programs that poll. It never asks the person, and to a program without permission it
 * reports that the person is signed out.
 */
export async function personFor(requester: Requester, broker: Broker, gate: Gate): Promise<PersonState | undefined> {
  return (await gate.isAllowed(requester)) ? await broker.person() : undefined;
}

const signIn = (broker: Broker, gate: Gate, now: () => number): Operation => ({
  method: 'POST',
  path: '/os/sign_in',
  needs: 'sign_in',
  description: {
    operationId: 'signIntoOS',
    tag: 'User',
    summary:
      'Waits until somebody is signed in; joins a login that already waits. Where no browser can be opened, the terminal shows an address and a code for another device (RFC 8628)',
    usedBy: 'editor plug-ins and the command line; they wait 120 s',
    answer: { ...profile, description: 'Who is signed in' },
    errors: [
      'access_denied',
      'authorization_cleared',
      'authorization_timeout',
      'invalid_grant',
      'not_configured',
      'provider_unreachable',
      'provider_error',
      'rate_limited',
    ],
  },
  handle: async ({ requester, arrivedAt }) => {
    const timeLeft = Math.max(0, maxWaitForPerson - (now() - arrivedAt));
    return json(profileAnswer(await broker.ensureSignedIn(await gate.ownerOf(requester), timeLeft)));
  },
});

const signOut = (broker: Broker): Operation => ({
  method: 'POST',
  path: '/os/sign_out',
  needs: 'sign_out',
  description: {
    operationId: 'signOutOfOS',
    tag: 'User',
    summary: 'Forgets the session here and revokes it',
    usedBy: 'editor plug-ins and the command line',
    answer: { status: 200, mediaType: 'application/json', schema: models.Users, description: 'Who is still signed in' },
    errors: [],
  },
  handle: async () => {
    await broker.signOut();
    return json(usersAnswer(broker.state().others));
  },
});

const userSnapshot = (broker: Broker, gate: Gate): Operation => ({
  method: 'GET',
  path: '/user',
  needs: 'nothing',
  description: {
    operationId: 'userSnapshot',
    tag: 'User',
    summary: 'Who is signed in; `{}` means nobody',
    usedBy: 'all editor plug-ins',
    answer: {
      status: 200,
      description: 'The person, if there is one',
      mediaType: 'application/json',
      schema: models.ReturnedUserProfile,
    },
    errors: [],
  },
  handle: async ({ requester }) => json(currentUserAnswer(await personFor(requester, broker, gate))),
});

const streamUser: Operation = {
  method: 'GET',
  path: userStreamPath,
  needs: 'nothing',
  description: {
    operationId: 'streamUser',
    tag: 'User',
    summary:
      'A WebSocket: a text frame with a UserProfile at once and after every change; an empty one means signed out',
    usedBy: 'all editor plug-ins',
    answer: { status: 101, description: 'The connection becomes a WebSocket (RFC 6455)' },
    errors: ['rate_limited'],
  },
  handle: () => {
    throw new LoopgateError('invalid_request', {
      happened: verbatim('This address speaks WebSocket.'),
      next: verbatim('Connect with a WebSocket client, or ask GET /user.'),
    });
  },
};

const clearUser = (broker: Broker): Operation => ({
  method: 'POST',
  path: '/user/clear',
  needs: 'sign_out',
  description: {
    operationId: 'clearUser',
    tag: 'User',
    summary: 'Forgets the session here and revokes it',
    usedBy: 'TypeScript, Python',
    answer: { status: 204, description: 'Forgotten' },
    errors: [],
  },
  handle: async () => {
    await broker.signOut();
    return noContent();
  },
});

const refreshUser = (broker: Broker): Operation => ({
  method: 'GET',
  path: '/user/refresh',
  needs: 'profile',
  description: {
    operationId: 'refreshUser',
    tag: 'User',
    summary: 'The person, read anew from the provider',
    usedBy: 'TypeScript, Python',
    answer: { ...profile, description: 'The person' },
    errors: ['not_signed_in', 'invalid_token', 'not_configured', 'provider_unreachable', 'provider_error'],
  },
  handle: async () => json(profileAnswer(await broker.refreshProfile())),
});

function userAccessToken(broker: Broker): Operation {
  // All requests that wait for a renewal get the same one.
  const tokenAnswer = madeOnce(({ accessToken }: AccessToken) => text(accessToken));
  return {
    method: 'GET',
    path: '/user/access_token',
    needs: 'tokens',
    description: {
      operationId: 'userAccessToken',
      tag: 'User',
      summary:
        'A valid access token, renewed when needed; for another API of the same tenant with `audience` or `scope`',
      usedBy: 'TypeScript, Python; shell scripts',
      query: accessTokenQuery,
      answer: { status: 200, description: 'The token alone', mediaType: 'text/plain', schema: z.string().min(1) },
      errors: ['not_signed_in', 'not_configured', 'provider_unreachable', 'provider_error'],
    },
    handle: async ({ query }) => tokenAnswer(await broker.accessToken(parseAccessTokenQuery(query))),
  };
}
