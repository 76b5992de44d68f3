import type { Gate } from '../../access/gate.ts';
import type { Broker } from '../../broker/broker.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { type Answer, type ApiRequest, acceptsHtml, json, type Operation, redirect, text } from '../operation.ts';
import { noLoginPage, usedLoginPage } from '../pages.ts';
import { loginPrefix } from '../paths.ts';

/** What a browser may follow a login's address with again. */
const cookieName = 'loopgate-login';

/**
 * A login whose browser is elsewhere, for the command line, which shows the provider's address on its terminal and then waits by
 * `/pkce/code`. No part of the API that programs use, so that nothing describes it.
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
 * The one-time address of a login (R16): all that a process list, a clipboard or a terminal shows of it. It sends the person's
 * browser on to the provider. No part of the API that programs use, so that nothing describes it.
 */
export function loginAddressOperation(broker: Broker): Operation {
  return {
    method: 'GET',
    path: `${loginPrefix}:ticket`,
    // Who may bring it was decided before (R16); it leads to a login that a program was allowed to start.
    needs: 'nothing',
    handle(request) {
      if (!isPersonsNavigation(request)) throw new LoopgateError('not_found');
      if (isPrefetch(request)) return text('Open this address to sign in.\n', 503);
      const ticket = request.path.slice(loginPrefix.length);
      const followed = broker.followLogin(ticket, cookiesOf(request));
      if (followed.outcome === 'opened') return sentOn(request.path, followed);
      return followed.outcome === 'used' ? usedLoginPage() : noLoginPage();
    },
  };
}

function sentOn(path: string, { address, key, lasts }: { address: string; key: string; lasts: number }): Answer {
  const { headers, ...rest } = redirect(address);
  const seconds = Math.max(1, Math.ceil(lasts / 1000));
  return {
    ...rest,
    headers: {
      ...headers,
      'Referrer-Policy': 'no-referrer',
      // The callback is not bound to it: it comes to `localhost`, another host to cookies, and even one of that host is left out of a
      // form_post from another site by Chromium and Firefox (tried; SameSite=None would need https).
      'Set-Cookie': `${cookieName}=${key}; Path=${path}; Max-Age=${seconds}; HttpOnly; SameSite=Lax`,
    },
  };
}

/** Browsers of before 2023 say nothing of the kind of their request. */
function isPersonsNavigation(request: ApiRequest): boolean {
  const { mode = 'navigate', dest = 'document' } = {
    mode: request.header('sec-fetch-mode'),
    dest: request.header('sec-fetch-dest'),
  };
  return mode === 'navigate' && dest === 'document' && acceptsHtml(request);
}

/** A browser that looks ahead: the person has not gone there, and may never do. */
function isPrefetch(request: ApiRequest): boolean {
  return ['sec-purpose', 'purpose', 'x-moz'].some((name) => request.header(name) !== undefined);
}

/** Every value: another program on this host may have set a cookie of the same name. */
function cookiesOf(request: ApiRequest): string[] {
  const start = `${cookieName}=`;
  const pairs = request.header('cookie')?.split(';') ?? [];
  return pairs.map((pair) => pair.trim()).flatMap((pair) => (pair.startsWith(start) ? [pair.slice(start.length)] : []));
}
