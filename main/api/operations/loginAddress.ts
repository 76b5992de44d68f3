import type { Gate } from '../../access/gate.ts';
import type { Broker } from '../../broker/broker.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { type Answer, type ApiRequest, acceptsHtml, json, type Operation, redirect } from '../operation.ts';
import { noLoginPage, usedLoginPage } from '../pages.ts';
import { loginPrefix } from '../paths.ts';

/**
 * A login in a browser elsewhere, for the command line. Its terminal shows the provider's address, and the command
 * waits with `/pkce/code`. Programs do not use this, so the API description leaves it out.
 */
export function loginElsewhereOperation(broker: Broker, gate: Gate): Operation {
  return {
    method: 'POST',
    path: '/login-elsewhere',
    needs: 'sign_in',
    handle: async ({ requester }) => {
      const { address, lasts } = await broker.startElsewhere(await gate.ownerOf(requester));
      return json({ address, expires_in: Math.max(0, Math.round(lasts / 1000)) });
    },
  };
}

/**
 * The one-time address of a login (R16). A process list, a clipboard or a terminal shows only this, and it redirects
 * the person's browser to the provider. Programs do not use this, so the API description leaves it out.
 */
export function loginAddressOperation(broker: Broker): Operation {
  return {
    method: 'GET',
    path: `${loginPrefix}:ticket`,
    // R16 has already decided who may bring it. It leads to a login that an allowed program started.
    needs: 'nothing',
    handle(request) {
      if (!isPersonsNavigation(request)) throw new LoopgateError('not_found');
      const ticket = request.path.slice(loginPrefix.length);
      const followed = broker.followLogin(ticket);
      if (followed.outcome === 'opened') return sentOn(followed.address);
      return followed.outcome === 'used' ? usedLoginPage() : noLoginPage();
    },
  };
}

/**
 * Without a cookie. Every port of 127.0.0.1 gets the same cookies, so a program that knows this path could have the browser
 * hand it over. It could not protect the callback either: that comes to `localhost`, a different host to cookies, and
 * Chromium and Firefox omit even a cookie of the same host from a form_post from another site (tried; SameSite=None would
 * need https).
 */
function sentOn(address: string): Answer {
  const { headers, ...rest } = redirect(address);
  return { ...rest, headers: { ...headers, 'Referrer-Policy': 'no-referrer' } };
}

/** Browsers from before 2023 may omit the Sec-Fetch headers. */
function isPersonsNavigation(request: ApiRequest): boolean {
  const { mode = 'navigate', dest = 'document' } = {
    mode: request.header('sec-fetch-mode'),
    dest: request.header('sec-fetch-dest'),
  };
  return mode === 'navigate' && dest === 'document' && acceptsHtml(request);
}
