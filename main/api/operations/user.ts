import { z } from 'zod';
import type { Gate, Requester } from '../../access/gate.ts';
import type { Broker, PersonState } from '../../broker/broker.ts';
import type { AccessToken } from '../../broker/session/session.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { jsonBody } from '../body.ts';
import { json, madeOnce, noContent, type Operation, text } from '../operation.ts';
import { contextAnswer, onboarded, parseConnection, parseOnboarded } from '../wire/connect.ts';
import { models } from '../wire/models.ts';
import {
  accessTokenQuery,
  currentUserAnswer,
  parseAccessTokenQuery,
  parseSelectedUser,
  profileAnswer,
  selectUser,
  usersAnswer,
} from '../wire/user.ts';
import { Applications } from './connectedApplications.ts';
import { comparedVersion, type Instance } from './wellKnown.ts';

/** A WebSocket: `stream.ts` answers its handshakes. */
export const userStreamPath = '/user/stream';

/** R15: clients wait 120 s for /os/sign_in. Milliseconds. */
const signInPatience = 110_000;

/** W11: what sign-in clients use beside the PKCE and Auth0 operations. */
export function userOperations(broker: Broker, gate: Gate, now: () => number, instance: Instance): Operation[] {
  const applications = new Applications();
  const os = { id: instance.id, version: comparedVersion(instance) };
  // All who wait for a renewal get the same one.
  const tokenAnswer = madeOnce(({ accessToken }: AccessToken) => text(accessToken));
  const profile = { status: 200, mediaType: 'application/json', schema: models.UserProfile } as const;
  const people = { status: 200, mediaType: 'application/json', schema: models.Users } as const;
  return [
    {
      method: 'POST',
      path: '/connect',
      needs: 'nothing',
      description: {
        operationId: 'connect',
        tag: 'Service',
        summary: 'Says who calls, and gives the id for later calls',
        usedBy: 'all editor plug-ins, at their start',
        body: { content: { 'application/json': models.SeededConnectorConnection }, required: true },
        answer: { status: 200, description: 'The context', mediaType: 'application/json', schema: models.Context },
        errors: [],
      },
      handle: async (request) => {
        const { requester } = request;
        const connected = applications.connect(await gate.ownerOf(requester), parseConnection(jsonBody(request)));
        await gate.claim(requester, connected.name);
        return json(contextAnswer(connected, os, await knownPerson(requester)));
      },
    },
    {
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
        const patience = Math.max(0, signInPatience - (now() - arrivedAt));
        return json(profileAnswer(await broker.ensureSignedIn(await gate.ownerOf(requester), patience)));
      },
    },
    {
      method: 'POST',
      path: '/os/sign_out',
      needs: 'sign_out',
      description: {
        operationId: 'signOutOfOS',
        tag: 'User',
        summary: 'Forgets the session here and revokes it',
        usedBy: 'editor plug-ins and the command line',
        answer: { ...people, description: 'Who is still signed in' },
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
      handle: async ({ requester }) => json(currentUserAnswer(await knownPerson(requester))),
    },
    {
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
          happened: 'This address speaks WebSocket.',
          next: 'Connect with a WebSocket client, or ask GET /user.',
        });
      },
    },
    {
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
    },
    {
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
    },
    {
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
    },
    {
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
    },
    {
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
    },
    {
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
    },
    {
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
    },
    // Behind all others: its address would fit `/users/onboarded` too.
    {
      method: 'POST',
      path: '/:application/onboarded',
      needs: 'nothing',
      description: {
        operationId: 'onboarded',
        tag: 'Service',
        summary: 'Remembers whether the program has shown its introduction',
        usedBy: 'editor plug-ins',
        body: { content: { 'application/json': onboarded }, required: true },
        answer: {
          status: 200,
          description: '`onboarded`',
          mediaType: 'text/plain',
          schema: z.string(),
        },
        alsoAnswers: { status: 401, description: 'The program has not connected' },
        errors: [],
      },
      handle: async (request) => {
        const id = request.path.split('/')[1] ?? '';
        const owner = await gate.ownerOf(request.requester);
        const isKnown = applications.setOnboarded(owner, id, parseOnboarded(jsonBody(request)));
        return isKnown ? text('onboarded') : text('This application has not connected. Call POST /connect first.', 401);
      },
    },
  ];

  /** What plug-ins poll at their start asks nobody: to a program that is not allowed, nobody is signed in. */
  async function knownPerson(requester: Requester): Promise<PersonState | undefined> {
    return (await gate.isAllowed(requester)) ? await broker.person() : undefined;
  }
}

/** The `sub` in `/users/{user}`. @throws LoopgateError `not_found` when it is no proper part of an address */
function subjectIn(path: string): string {
  try {
    return decodeURIComponent(path.split('/')[2] ?? '');
  } catch {
    throw new LoopgateError('not_found');
  }
}
