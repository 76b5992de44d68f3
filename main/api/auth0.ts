import { z } from 'zod';
import type { Broker } from '../broker/broker.ts';
import { formBody } from './body.ts';
import { isNavigation, json, type Operation, redirect } from './operation.ts';
import { signedOutPage } from './pages.ts';
import { signInErrors, tokenErrors } from './pkce.ts';
import {
  inputs,
  models,
  oauthTokenAnswer,
  parametersToObject,
  parseAuthorization,
  parseAuthorizeQuery,
  parseLogoutQuery,
  parseTokenizedPkce,
  resultAnswer,
  userAnswer,
} from './wire.ts';

/** The "Auth0 API": the same paths as at Auth0, answered by the broker. */
export function auth0Operations(broker: Broker, now: () => number): Operation[] {
  return [
    {
      method: 'GET',
      path: '/authorize',
      description: {
        operationId: 'authorizeAuth0',
        tag: 'Auth0',
        summary: 'A login with a challenge whose verifier the client keeps',
        usedBy: 'TypeScript, Python, Dart, Kotlin, C#',
        query: inputs.authorizeQuery,
        answer: {
          status: 200,
          description: 'The code and the state',
          mediaType: 'application/json',
          schema: models.ResultedPKCE,
        },
        redirectsBrowsers: true,
        errors: signInErrors,
      },
      handle: async (request) => {
        const asked = parseAuthorizeQuery(request.query);
        const { owner } = request.caller;
        if (isNavigation(request)) return redirect(await broker.authorizeAddress(owner, asked));
        return json(resultAnswer(await broker.authorize(owner, asked)));
      },
    },
    {
      method: 'POST',
      path: '/oauth/token',
      description: {
        operationId: 'exchangeForAuth0Token',
        tag: 'Auth0',
        summary: "Exchanges a code, or renews the session's token",
        usedBy: 'TypeScript, Python, Dart, Kotlin, C#',
        body: { mediaType: 'application/x-www-form-urlencoded', schema: models.TokenizedPKCE, required: true },
        answer: { status: 200, description: 'The tokens', mediaType: 'application/json', schema: models.OAuthToken },
        errors: tokenErrors,
      },
      handle: async (request) => {
        const asked = parseTokenizedPkce(parametersToObject(formBody(request)));
        return json(oauthTokenAnswer(await broker.token(request.caller.owner, asked), now()));
      },
    },
    {
      method: 'GET',
      path: '/userinfo',
      description: {
        operationId: 'getAuth0UserInfo',
        tag: 'Auth0',
        summary: 'Who is signed in, or whose token is sent',
        usedBy: 'TypeScript, Python, Dart, Kotlin, C#',
        headers: { Authorization: 'An access token, raw or behind `Bearer`; absent: the session' },
        answer: { status: 200, description: 'The person', mediaType: 'application/json', schema: models.Auth0User },
        errors: ['not_signed_in', 'invalid_token', 'not_configured', 'provider_unreachable', 'provider_error'],
      },
      handle: async (request) => {
        const token = parseAuthorization(request.header('authorization'));
        return json(userAnswer(await broker.userInfo(token)));
      },
    },
    {
      method: 'GET',
      path: '/v2/logout',
      description: {
        operationId: 'auth0Logout',
        tag: 'Auth0',
        summary: "Forgets the session, revokes it, and ends the provider's in the browser",
        usedBy: 'TypeScript, Python, Dart, Kotlin, C#',
        query: inputs.logoutQuery,
        answer: { status: 200, description: 'A short page', mediaType: 'text/html', schema: z.string() },
        redirectsBrowsers: true,
        errors: ['not_configured'],
      },
      handle: async (request) => {
        const asked = parseLogoutQuery(request.query);
        const isBrowser = isNavigation(request);
        const address = await broker.logout({ ...asked, openBrowser: !isBrowser });
        return isBrowser && address !== undefined ? redirect(address) : signedOutPage();
      },
    },
  ];
}
