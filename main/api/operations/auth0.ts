import { z } from 'zod';
import type { Gate } from '../../access/gate.ts';
import type { Broker } from '../../broker/broker.ts';
import { formOrJsonBody } from '../body.ts';
import { isNavigation, json, madeOnce, type Operation, redirect } from '../operation.ts';
import { confirmSignOutPage, signedOutPage } from '../pages.ts';
import { logoutPath } from '../paths.ts';
import {
  authorizeQuery,
  logoutQuery,
  oauthTokenAnswer,
  parseAuthorization,
  parseAuthorizeQuery,
  parseLogoutQuery,
  parseTokenizedPkce,
  tokenForm,
  userAnswer,
} from '../wire/auth0.ts';
import { models } from '../wire/models.ts';
import { resultAnswer } from '../wire/pkce.ts';
import { signInErrors, tokenErrors } from './pkce.ts';
import { Tickets } from './tickets.ts';

/** The "Auth0 API": Auth0's paths, answered by the broker. */
export function auth0Operations(broker: Broker, gate: Gate, now: () => number): Operation[] {
  return [
    authorize(broker, gate, now),
    exchangeToken(broker, gate, now),
    userInfo(broker),
    logout(broker, gate, new Tickets(now)),
  ];
}

const authorize = (broker: Broker, gate: Gate, now: () => number): Operation => ({
  method: 'GET',
  path: '/authorize',
  needs: 'asks_itself',
  description: {
    operationId: 'authorizeAuth0',
    tag: 'Auth0',
    summary: 'A login with a challenge whose verifier the client keeps',
    usedBy: 'TypeScript, Python, Dart, Kotlin, C#',
    query: authorizeQuery,
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
    const { requester, arrivedAt } = request;
    if (isNavigation(request)) {
      // The browser acts for the program that created the state, so the person must have allowed that program.
      const program = asked.state === undefined ? undefined : broker.programWith(asked.state);
      if (program !== undefined) await gate.requireOwner(program, 'sign_in');
      return redirect(await broker.authorizeAddress(asked, { waited: now() - arrivedAt }));
    }
    const result = await gate.requireThroughout(requester, 'sign_in', async () =>
      broker.authorize(await gate.ownerOf(requester), asked, { waited: now() - arrivedAt }),
    );
    return json(resultAnswer(result));
  },
});

const exchangeToken = (broker: Broker, gate: Gate, now: () => number): Operation => ({
  method: 'POST',
  path: '/oauth/token',
  needs: 'tokens',
  description: {
    operationId: 'exchangeForAuth0Token',
    tag: 'Auth0',
    summary: "Exchanges a code, or renews the session's token",
    usedBy: 'TypeScript, Python, Dart, Kotlin, C#; libraries for Auth0, as JSON',
    body: {
      content: {
        'application/x-www-form-urlencoded': tokenForm,
        'application/json': models.TokenizedPKCE,
      },
      required: true,
    },
    answer: { status: 200, description: 'The tokens', mediaType: 'application/json', schema: models.OAuthToken },
    errors: tokenErrors,
  },
  handle: async (request) => {
    const asked = parseTokenizedPkce(formOrJsonBody(request));
    return json(oauthTokenAnswer(await broker.token(await gate.ownerOf(request.requester), asked), now()));
  },
});

function userInfo(broker: Broker): Operation {
  const userInfoAnswer = madeOnce((profile: Record<string, unknown>) => json(userAnswer(profile)));
  return {
    method: 'GET',
    path: '/userinfo',
    needs: 'profile',
    description: {
      operationId: 'getAuth0UserInfo',
      tag: 'Auth0',
      summary: 'Who is signed in, or whose token is sent',
      usedBy: 'TypeScript, Python, Dart, Kotlin, C#',
      headers: { Authorization: 'An access token, raw or behind `Bearer`; absent: the session' },
      answer: { status: 200, description: 'The person', mediaType: 'application/json', schema: models.Auth0User },
      errors: ['not_signed_in', 'invalid_token', 'not_configured', 'provider_unreachable', 'provider_error'],
    },
    handle: (request) => {
      const token = parseAuthorization(request.header('authorization'));
      const fresh = token === undefined ? broker.freshProfile : undefined;
      return fresh ? userInfoAnswer(fresh) : broker.userInfo(token).then(userInfoAnswer);
    },
  };
}

/** @param tickets - prove that a person confirmed the sign-out on our own page */
const logout = (broker: Broker, gate: Gate, tickets: Tickets): Operation => ({
  method: 'GET',
  path: logoutPath,
  needs: 'asks_itself',
  description: {
    operationId: 'auth0Logout',
    tag: 'Auth0',
    summary: "Forgets the session, revokes it, and ends the provider's in the browser",
    usedBy: 'TypeScript, Python, Dart, Kotlin, C#',
    query: logoutQuery,
    answer: { status: 200, description: 'A short page', mediaType: 'text/html', schema: z.string() },
    redirectsBrowsers: true,
    errors: ['not_configured'],
  },
  handle: async (request) => {
    const { confirmed, ...asked } = parseLogoutQuery(request.query);
    const { requester } = request;
    const isBrowser = isNavigation(request);
    if (isBrowser && (await gate.isBrowser(requester))) {
      // A page, a mail or a program can send a browser here, and the request looks like an address that the person
      // typed.
      broker.checkSignOut(asked);
      if (!tickets.take(confirmed ?? '')) {
        const query = new URLSearchParams(request.query);
        query.set('confirmed', tickets.issue());
        return confirmSignOutPage(`${logoutPath}?${query}`);
      }
    } else await gate.require(requester, 'sign_out');
    const address = await broker.signOutAtProvider({ ...asked, openBrowser: !isBrowser });
    return isBrowser && address !== undefined ? redirect(address) : signedOutPage();
  },
});
