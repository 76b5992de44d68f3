import type { Gate } from '../../access/gate.ts';
import type { Broker } from '../../broker/broker.ts';
import type { BrokerLog } from '../../broker/world.ts';
import type { ErrorCode } from '../../errors/errors.ts';
import { jsonBody } from '../body.ts';
import { json, noContent, type Operation } from '../operation.ts';
import { parseTokenizedPkce } from '../wire/auth0.ts';
import { models } from '../wire/models.ts';
import { challengeAnswer, codeAnswer, parseSeededPkce, tokenAnswer } from '../wire/pkce.ts';
import { callbackOperations } from './callback.ts';
import type { ResultPages } from './resultPages.ts';

/** The errors of a login. */
export const signInErrors = [
  'unknown_state',
  'access_denied',
  'authorization_cleared',
  'authorization_timeout',
  'rate_limited',
  'not_configured',
  'provider_unreachable',
  'provider_error',
] as const satisfies readonly ErrorCode[];

/** The errors of an exchange or a renewal. */
export const tokenErrors = [
  'invalid_grant',
  'not_signed_in',
  'authorization_cleared',
  'not_configured',
  'provider_unreachable',
  'provider_error',
] as const satisfies readonly ErrorCode[];

const answer = { status: 200, mediaType: 'application/json', schema: models.PKCE } as const;

/** The "PKCE API": challenge, code, token, clear, and the provider's callback. */
export function pkceOperations(
  broker: Broker,
  gate: Gate,
  pages: ResultPages,
  log: BrokerLog,
  now: () => number,
): Operation[] {
  return [
    getChallenge(broker, gate),
    clear(broker, gate),
    generateCode(broker, gate, now),
    generateToken(broker, gate, now),
    ...callbackOperations(broker, gate, pages, log),
  ];
}

const getChallenge = (broker: Broker, gate: Gate): Operation => ({
  method: 'GET',
  path: '/pkce/challenge',
  needs: 'nothing',
  description: {
    operationId: 'getChallenge',
    tag: 'PKCE',
    summary: 'A state, verifier and challenge that belong to the caller for ten minutes',
    usedBy: 'TypeScript, Python, Dart, Kotlin, C#',
    answer: { ...answer, description: 'The challenge' },
    errors: [],
  },
  handle: async ({ requester }) => json(challengeAnswer(broker.challenge(await gate.ownerOf(requester)))),
});

const clear = (broker: Broker, gate: Gate): Operation => ({
  method: 'POST',
  path: '/pkce/clear',
  needs: 'nothing',
  description: {
    operationId: 'clearPKCE',
    tag: 'PKCE',
    summary: "Drops the caller's pending sign-ins; requests that wait on one end with authorization_cleared",
    usedBy: 'TypeScript, Python, Dart, Kotlin, C#',
    answer: { status: 204, description: 'Dropped' },
    errors: [],
  },
  handle: async ({ requester }) => {
    broker.clear(await gate.ownerOf(requester));
    return noContent();
  },
});

const generateCode = (broker: Broker, gate: Gate, now: () => number): Operation => ({
  method: 'POST',
  path: '/pkce/code',
  needs: 'sign_in',
  description: {
    operationId: 'generateCode',
    tag: 'PKCE',
    summary: 'Opens the login in the browser and answers with its code',
    usedBy: 'TypeScript, Python, Dart, Kotlin, C#',
    body: { content: { 'application/json': models.SeededPKCE }, required: false },
    answer: { ...answer, description: 'The code, and the challenge when it was made for this request' },
    errors: signInErrors,
  },
  handle: async (request) => {
    const body = jsonBody(request);
    const seeded = body === undefined ? undefined : parseSeededPkce(body);
    const owner = await gate.ownerOf(request.requester);
    const result = await broker.authorize(owner, seeded?.request ?? {}, { waited: now() - request.arrivedAt });
    return json(codeAnswer(result, seeded?.seed));
  },
});

const generateToken = (broker: Broker, gate: Gate, now: () => number): Operation => ({
  method: 'POST',
  path: '/pkce/token',
  needs: 'tokens',
  description: {
    operationId: 'generateToken',
    tag: 'PKCE',
    summary: "Exchanges a code, or renews the session's token",
    usedBy: 'TypeScript, Python, Dart, Kotlin, C#',
    body: { content: { 'application/json': models.TokenizedPKCE }, required: false },
    answer: { ...answer, description: 'The tokens, and the person' },
    errors: tokenErrors,
  },
  handle: async (request) => {
    const body = jsonBody(request);
    const asked = body === undefined ? undefined : parseTokenizedPkce(body);
    const result = await broker.token(await gate.ownerOf(request.requester), asked);
    return json(tokenAnswer(result, broker.providerHost ?? '', now()));
  },
});
