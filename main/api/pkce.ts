import type { Broker, BrokerLog } from '../broker/broker.ts';
import { type BrokerError, brokerErrorOf, errorTable } from '../broker/errors.ts';
import { type Answer, type ApiRequest, acceptsHtml, json, noContent, type Operation, redirect } from './answer.ts';
import { formBody, jsonBody } from './body.ts';
import { callbackPath, openPagePrefix } from './guard.ts';
import { failedPage, type ResultPages, signedInPage } from './pages.ts';
import {
  challengeAnswer,
  codeAnswer,
  parametersToObject,
  parseSeededPkce,
  parseTokenizedPkce,
  responseAnswer,
  tokenAnswer,
} from './wire.ts';

/** The "PKCE API": challenge, code, token, clear, and the callback that the provider answers to. */
export function pkceOperations(broker: Broker, pages: ResultPages, log: BrokerLog, now: () => number): Operation[] {
  return [
    {
      method: 'GET',
      path: '/pkce/challenge',
      handle: ({ caller }) => json(challengeAnswer(broker.challenge(caller.owner))),
    },
    {
      method: 'POST',
      path: '/pkce/clear',
      handle: ({ caller }) => {
        broker.clear(caller.owner);
        return noContent();
      },
    },
    {
      method: 'POST',
      path: '/pkce/code',
      handle: async (request) => {
        const body = jsonBody(request);
        const seeded = body === undefined ? undefined : parseSeededPkce(body);
        const result = await broker.authorize(request.caller.owner, seeded?.request ?? {});
        return json(codeAnswer(result, seeded?.seed));
      },
    },
    {
      method: 'POST',
      path: '/pkce/token',
      handle: async (request) => {
        const body = jsonBody(request);
        const asked = body === undefined ? undefined : parseTokenizedPkce(body);
        const result = await broker.token(request.caller.owner, asked);
        return json(tokenAnswer(result, broker.providerHost ?? '', now()));
      },
    },
    { method: 'POST', path: callbackPath, handle: (request) => respond(request, formBody(request)) },
    { method: 'GET', path: callbackPath, handle: (request) => respond(request, request.query) },
    {
      method: 'GET',
      path: `${openPagePrefix}:id`,
      handle: ({ path }) => pages.show(path.slice(openPagePrefix.length)),
    },
  ];

  async function respond(request: ApiRequest, parameters: URLSearchParams): Promise<Answer> {
    if (!acceptsHtml(request)) {
      parametersToObject(parameters);
      return json(responseAnswer(await broker.respond(parameters, request.caller.owner)));
    }
    const page = await broker.respond(parameters).then(
      ({ requestedBy }) => signedInPage(requestedBy),
      (error: unknown) => failed(brokerErrorOf(error, log)),
    );
    // R10: the address of a callback by query holds the code; the browser keeps a clean one instead.
    return request.method === 'GET' ? redirect(pages.keep(page)) : page;
  }

  function failed(error: BrokerError): Answer {
    return failedPage(error, errorTable[error.code].status);
  }
}
