import type { Gate } from '../../access/gate.ts';
import type { Broker, BrokerLog } from '../../broker/broker.ts';
import { type ErrorCode, type LoopgateError, loopgateErrorOf } from '../../errors/errors.ts';
import { formBody, jsonBody } from '../body.ts';
import { errorStatus } from '../errors.ts';
import { callbackPath, openPagePrefix } from '../guard.ts';
import { type Answer, type ApiRequest, acceptsHtml, json, noContent, type Operation, redirect } from '../operation.ts';
import { failedPage, type ResultPages, signedInPage } from '../pages.ts';
import { parseTokenizedPkce } from '../wire/auth0.ts';
import { models } from '../wire/models.ts';
import { parametersToObject } from '../wire/parse.ts';
import {
  challengeAnswer,
  codeAnswer,
  parseSeededPkce,
  respondForm,
  responseAnswer,
  tokenAnswer,
} from '../wire/pkce.ts';

/** What a login can end with. */
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

/** What an exchange or a renewal can end with. */
export const tokenErrors = [
  'invalid_grant',
  'not_signed_in',
  'authorization_cleared',
  'not_configured',
  'provider_unreachable',
  'provider_error',
] as const satisfies readonly ErrorCode[];

/** What a callback can end with. */
const callbackErrors = [
  'unknown_state',
  'invalid_grant',
  'access_denied',
  'provider_unreachable',
  'provider_error',
] as const satisfies readonly ErrorCode[];

/** The "PKCE API": challenge, code, token, clear, and the callback that the provider answers to. */
export function pkceOperations(
  broker: Broker,
  gate: Gate,
  pages: ResultPages,
  log: BrokerLog,
  now: () => number,
): Operation[] {
  const answer = { status: 200, mediaType: 'application/json', schema: models.PKCE } as const;
  return [
    {
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
    },
    {
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
    },
    {
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
    },
    {
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
    },
    {
      method: 'POST',
      path: callbackPath,
      // The state is its proof: whoever brings it was sent by the login that a program was allowed to start.
      needs: 'nothing',
      description: {
        operationId: 'respondWithCode',
        tag: 'PKCE',
        summary:
          "The callback: takes the provider's answer, from a browser (which gets a page) or relayed by a program",
        usedBy: 'the provider; TypeScript, Python, Dart, Kotlin, C#',
        body: { content: { 'application/x-www-form-urlencoded': respondForm }, required: true },
        answer: { ...answer, description: 'The code was taken' },
        hasPages: true,
        errors: callbackErrors,
      },
      handle: (request) => respond(request, formBody(request)),
    },
    {
      method: 'GET',
      path: callbackPath,
      needs: 'nothing',
      description: {
        operationId: 'respondWithCodeByQuery',
        tag: 'PKCE',
        summary: 'The callback for a provider without form_post',
        usedBy: 'the provider',
        query: respondForm,
        answer: { ...answer, description: 'The code was taken' },
        redirectsBrowsers: true,
        errors: callbackErrors,
      },
      handle: (request) => respond(request, request.query),
    },
    {
      method: 'GET',
      path: `${openPagePrefix}:id`,
      needs: 'nothing',
      handle: ({ path }) => pages.show(path.slice(openPagePrefix.length)),
    },
  ];

  async function respond(request: ApiRequest, parameters: URLSearchParams): Promise<Answer> {
    if (!acceptsHtml(request)) {
      parametersToObject(parameters);
      return json(responseAnswer(await broker.respond(parameters, await gate.ownerOf(request.requester))));
    }
    const page = await broker.respond(parameters).then(
      ({ requestedBy }) => signedInPage(requestedBy),
      (error: unknown) => failed(loopgateErrorOf(error, log)),
    );
    // R10: the address of a callback by query holds the code; the browser keeps a clean one instead.
    return request.method === 'GET' ? redirect(pages.keep(page)) : page;
  }

  function failed(error: LoopgateError): Answer {
    return failedPage(error, errorStatus[error.code]);
  }
}
