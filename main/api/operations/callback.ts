import type { Gate } from '../../access/gate.ts';
import type { Broker } from '../../broker/broker.ts';
import type { BrokerLog } from '../../broker/world.ts';
import { type ErrorCode, loopgateErrorOf } from '../../errors/errors.ts';
import { callbackPath } from '../../protocol/protocol.ts';
import { formBody } from '../body.ts';
import { errorStatus } from '../errors.ts';
import { type Answer, type ApiRequest, acceptsHtml, json, type Operation, redirect } from '../operation.ts';
import { failedPage, signedInPage } from '../pages.ts';
import { openPagePrefix } from '../paths.ts';
import { models } from '../wire/models.ts';
import { parametersToObject } from '../wire/parse.ts';
import { respondForm, responseAnswer } from '../wire/pkce.ts';
import type { ResultPages } from './resultPages.ts';

/** The errors of a callback. */
const callbackErrors = [
  'unknown_state',
  'invalid_grant',
  'access_denied',
  'provider_unreachable',
  'provider_error',
] as const satisfies readonly ErrorCode[];

const answer = {
  status: 200,
  description: 'The code was taken',
  mediaType: 'application/json',
  schema: models.PKCE,
} as const;

type Respond = (request: ApiRequest, parameters: URLSearchParams) => Promise<Answer>;

/** The callback that the provider redirects the browser to, and the page that the browser shows then. */
export function callbackOperations(broker: Broker, gate: Gate, pages: ResultPages, log: BrokerLog): Operation[] {
  async function respond(request: ApiRequest, parameters: URLSearchParams): Promise<Answer> {
    if (!acceptsHtml(request)) {
      parametersToObject(parameters);
      return json(responseAnswer(await broker.respond(parameters, await gate.ownerOf(request.requester))));
    }
    const page = await broker.respond(parameters).then(
      ({ requestedBy }) => signedInPage(requestedBy),
      (reason: unknown) => {
        const error = loopgateErrorOf(reason, log);
        return failedPage(error, errorStatus[error.code]);
      },
    );
    // R10: with response_mode query, the callback's address contains the code. The redirect keeps it out of the
    // history.
    return request.method === 'GET' ? redirect(pages.keep(page)) : page;
  }
  return [respondWithCode(respond), respondWithCodeByQuery(respond), resultPage(pages)];
}

const respondWithCode = (respond: Respond): Operation => ({
  method: 'POST',
  path: callbackPath,
  // The state is the proof: its bearer comes from a login that an allowed program started.
  needs: 'nothing',
  description: {
    operationId: 'respondWithCode',
    tag: 'PKCE',
    summary: "The callback: takes the provider's answer, from a browser (which gets a page) or relayed by a program",
    usedBy: 'the provider; TypeScript, Python, Dart, Kotlin, C#',
    body: { content: { 'application/x-www-form-urlencoded': respondForm }, required: true },
    answer,
    hasPages: true,
    errors: callbackErrors,
  },
  handle: (request) => respond(request, formBody(request)),
});

const respondWithCodeByQuery = (respond: Respond): Operation => ({
  method: 'GET',
  path: callbackPath,
  needs: 'nothing',
  description: {
    operationId: 'respondWithCodeByQuery',
    tag: 'PKCE',
    summary: 'The callback for a provider without form_post',
    usedBy: 'the provider',
    query: respondForm,
    answer,
    redirectsBrowsers: true,
    errors: callbackErrors,
  },
  handle: (request) => respond(request, request.query),
});

const resultPage = (pages: ResultPages): Operation => ({
  method: 'GET',
  path: `${openPagePrefix}:id`,
  needs: 'nothing',
  handle: ({ path }) => pages.show(path.slice(openPagePrefix.length)),
});
