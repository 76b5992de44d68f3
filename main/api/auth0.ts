import type { Broker } from '../broker/broker.ts';
import { isNavigation, json, type Operation, redirect } from './answer.ts';
import { formBody } from './body.ts';
import { signedOutPage } from './pages.ts';
import {
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
      handle: async (request) => {
        const asked = parseTokenizedPkce(parametersToObject(formBody(request)));
        return json(oauthTokenAnswer(await broker.token(request.caller.owner, asked), now()));
      },
    },
    {
      method: 'GET',
      path: '/userinfo',
      handle: async (request) => {
        const token = parseAuthorization(request.header('authorization'));
        return json(userAnswer(await broker.userInfo(token)));
      },
    },
    {
      method: 'GET',
      path: '/v2/logout',
      handle: async (request) => {
        const asked = parseLogoutQuery(request.query);
        const isBrowser = isNavigation(request);
        const address = await broker.logout({ ...asked, openBrowser: !isBrowser });
        return isBrowser && address !== undefined ? redirect(address) : signedOutPage();
      },
    },
  ];
}
