import { z } from 'zod';
import type { Broker } from '../broker/broker.ts';
import { BrokerError } from '../broker/errors.ts';
import { Applications } from './applications.ts';
import { jsonBody } from './body.ts';
import { json, noContent, type Operation, text } from './operation.ts';
import type { Instance } from './wellKnown.ts';
import {
  contextAnswer,
  currentUserAnswer,
  inputs,
  models,
  parseAccessTokenQuery,
  parseConnection,
  parseOnboarded,
  profileAnswer,
  usersAnswer,
} from './wire.ts';

/** R15: clients wait 120 s for /os/sign_in. Milliseconds. */
const signInPatience = 110_000;

/** Contract section 7: what sign-in clients use beside the PKCE and Auth0 operations. */
export function userOperations(broker: Broker, instance: Instance): Operation[] {
  const applications = new Applications();
  const profile = { status: 200, mediaType: 'application/json', schema: models.UserProfile } as const;
  return [
    {
      method: 'POST',
      path: '/connect',
      description: {
        operationId: 'connect',
        tag: 'Service',
        summary: 'Says who calls, and gives the id for later calls',
        usedBy: 'all editor plug-ins, at their start',
        body: { mediaType: 'application/json', schema: models.SeededConnectorConnection, required: true },
        answer: { status: 200, description: 'The context', mediaType: 'application/json', schema: models.Context },
        errors: [],
      },
      handle: async (request) => {
        const connected = applications.connect(request.caller.owner, parseConnection(jsonBody(request)));
        return json(contextAnswer(connected, instance, await broker.person()));
      },
    },
    {
      method: 'POST',
      path: '/:application/onboarded',
      description: {
        operationId: 'onboarded',
        tag: 'Service',
        summary: 'Remembers whether the program has shown its introduction',
        usedBy: 'editor plug-ins',
        body: { mediaType: 'application/json', schema: inputs.onboarded, required: true },
        answer: {
          status: 200,
          description: '`onboarded`',
          mediaType: 'text/plain',
          schema: z.string(),
        },
        alsoAnswers: { status: 401, description: 'The program has not connected' },
        errors: [],
      },
      handle: (request) => {
        const id = request.path.split('/')[1] ?? '';
        const isKnown = applications.setOnboarded(request.caller.owner, id, parseOnboarded(jsonBody(request)));
        return isKnown ? text('onboarded') : text('This application has not connected. Call POST /connect first.', 401);
      },
    },
    {
      method: 'POST',
      path: '/os/sign_in',
      description: {
        operationId: 'signIntoOS',
        tag: 'User',
        summary: 'Waits until somebody is signed in; joins a login that already waits',
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
      handle: async () => json(profileAnswer(await broker.ensureSignedIn(signInPatience))),
    },
    {
      method: 'POST',
      path: '/os/sign_out',
      description: {
        operationId: 'signOutOfOS',
        tag: 'User',
        summary: 'Forgets the session here and revokes it',
        usedBy: 'editor plug-ins and the command line',
        answer: {
          status: 200,
          description: 'Who is still signed in',
          mediaType: 'application/json',
          schema: models.Users,
        },
        errors: [],
      },
      handle: async () => {
        await broker.signOut();
        return json(usersAnswer(broker.state().others));
      },
    },
    {
      method: 'GET',
      path: '/user',
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
      handle: async () => json(currentUserAnswer(await broker.person())),
    },
    {
      method: 'GET',
      path: '/user/stream',
      description: {
        operationId: 'streamUser',
        tag: 'User',
        summary:
          'A WebSocket: a text frame with a UserProfile at once and after every change; an empty one means signed out',
        usedBy: 'all editor plug-ins',
        answer: { status: 101, description: 'The connection becomes a WebSocket (RFC 6455)' },
        errors: [],
      },
      handle: () => {
        throw new BrokerError('invalid_request', {
          happened: 'This address speaks WebSocket.',
          next: 'Connect with a WebSocket client, or ask GET /user.',
        });
      },
    },
    {
      method: 'POST',
      path: '/user/clear',
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
    },
    {
      method: 'GET',
      path: '/user/refresh',
      description: {
        operationId: 'refreshUser',
        tag: 'User',
        summary: 'The person, read anew from the provider',
        usedBy: 'TypeScript, Python',
        answer: { ...profile, description: 'The person' },
        errors: ['not_signed_in', 'invalid_token', 'not_configured', 'provider_unreachable', 'provider_error'],
      },
      handle: async () => json(profileAnswer(await broker.refreshProfile())),
    },
    {
      method: 'GET',
      path: '/user/access_token',
      description: {
        operationId: 'userAccessToken',
        tag: 'User',
        summary:
          'A valid access token, renewed when needed; for another API of the same tenant with `audience` or `scope`',
        usedBy: 'TypeScript, Python; shell scripts',
        query: inputs.accessTokenQuery,
        answer: { status: 200, description: 'The token alone', mediaType: 'text/plain', schema: z.string().min(1) },
        errors: ['not_signed_in', 'not_configured', 'provider_unreachable', 'provider_error'],
      },
      handle: async ({ query }) => text(await broker.accessToken(parseAccessTokenQuery(query))),
    },
  ];
}
