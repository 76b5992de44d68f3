import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import type { InteractionResult, Provider } from 'oidc-provider';
import { accountNamed, claimsOf, claimsWithin } from './account.ts';
import type { Accounts } from './accounts.ts';
import { avatar } from './avatar.ts';
import { Faults } from './faults.ts';
import { type Incoming, readIncoming, replay } from './incoming.ts';
import { cookiePrefix, type OpenidSettings, paths } from './openidProvider.ts';
import { errorPage, loginPage, signedOutPage } from './pages.ts';
import { type RecordedRequest, RequestLog } from './requestLog.ts';
import type { State } from './state.ts';

export interface FrontParts {
  settings: OpenidSettings;
  logoutUrls: readonly string[];
  state: State;
  accounts: Accounts;
  openid: Provider;
}

/** The layer in front of oidc-provider: the log, the faults, Auth0's own routes, and its parameters. */
export class Front {
  readonly log = new RequestLog();
  readonly faults = new Faults();
  readonly errors: Error[] = [];
  readonly #parts: FrontParts;
  readonly #openidHandler: RequestListener;
  readonly #keys: ReturnType<typeof createLocalJWKSet>;
  #lastTokenRequest: Promise<unknown> = Promise.resolve();

  constructor(parts: FrontParts) {
    this.#parts = parts;
    this.#keys = createLocalJWKSet({ keys: [publicPart(parts.state.signingKey)] });
    parts.openid.on('error', (error) => this.errors.push(error));
    parts.openid.on('server_error', (_context, error) => this.errors.push(error));
    this.#openidHandler = parts.openid.callback();
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const incoming = await readIncoming(request, this.#parts.settings.issuer);
      const recorded: RecordedRequest = {
        method: request.method ?? 'GET',
        path: incoming.path,
        at: Date.now(),
        parameters: Object.fromEntries([...incoming.query, ...incoming.form]),
        headers: { ...request.headers },
      };
      response.once('finish', () => {
        recorded.status = response.statusCode;
      });
      this.log.add(recorded);
      if (await this.faults.apply(incoming.path, request, response)) return;
      await this.#route(request, response, incoming);
    } catch (error) {
      this.#fail(response, error);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, incoming: Incoming): Promise<void> {
    const { path } = incoming;
    // Whatever address the request was sent to, cookies and redirects belong to the issuer's address.
    const { host, protocol } = new URL(this.#parts.settings.issuer);
    request.headers.host = host;
    request.headers['x-forwarded-proto'] = protocol.slice(0, -1);
    if (path.startsWith('/picture/')) return sendPicture(response, path);
    if (path === paths.logout) return this.#logOut(request, response, incoming.query);
    if (path.startsWith(`${paths.login}/`)) return this.#logIn(request, response, incoming);
    if (path === paths.userinfo && isJwtBearer(request)) return this.#userinfoOfJwt(request, response);
    if (path === paths.token) return this.#token(request, response, incoming);
    if (path === paths.revocation) this.#deleteGrants(incoming.form);
    return this.#openid(request, response, incoming);
  }

  /** Passes a request on to oidc-provider, translated into its terms. */
  #openid(request: IncomingMessage, response: ServerResponse, incoming: Incoming): void {
    const path = incoming.path === '/device/code' ? paths.deviceAuthorization : incoming.path;
    const query = path === paths.authorization ? this.#translated(incoming.query) : incoming.query;
    const form = incoming.form.size === 0 ? undefined : this.#translatedForm(path, incoming.form);
    this.#openidHandler(replay(request, incoming, path, query, form), response);
  }

  #translatedForm(path: string, form: URLSearchParams): URLSearchParams {
    if (path === paths.deviceAuthorization) return this.#translated(form);
    // In an exchange, Auth0 uses the audience of the authorization, whatever the exchange says.
    if (path === paths.token && form.get('grant_type') === 'refresh_token') {
      return this.#translated(form, this.#parts.settings.refreshAudiences);
    }
    return form;
  }

  /** Auth0's `audience` is the `resource` of RFC 8707, and it knows more prompts than oidc-provider. */
  #translated(parameters: URLSearchParams, furtherAudiences: readonly string[] = []): URLSearchParams {
    const { audiences, offlineAccess } = this.#parts.settings;
    const translated = new URLSearchParams(parameters);
    const audience = parameters.get('audience');
    if (audience !== null && [...audiences, ...furtherAudiences].includes(audience))
      translated.set('resource', audience);
    if (!offlineAccess) change(translated, 'scope', (scope) => scope !== 'offline_access');
    if (parameters.get('prompt') === 'select_account') translated.set('prompt', 'login');
    change(translated, 'prompt', (prompt) => prompt !== 'consent' && prompt !== 'select_account');
    return translated;
  }

  /** Handles one request at a time: of two requests with the same refresh token, the second must find it spent. */
  async #token(request: IncomingMessage, response: ServerResponse, incoming: Incoming): Promise<void> {
    const audience = incoming.form.get('audience');
    const { audiences, refreshAudiences } = this.#parts.settings;
    const isRefresh = incoming.form.get('grant_type') === 'refresh_token';
    const known = isRefresh ? [...audiences, ...refreshAudiences] : audiences;
    if (audience !== null && !known.includes(audience)) {
      sendJson(response, 403, { error: 'access_denied', error_description: `Service not found: ${audience}` });
      return;
    }
    const before = this.#lastTokenRequest;
    const answered = before.then(async () => {
      if (response.destroyed) return;
      const closed = once(response, 'close');
      this.#openid(request, response, incoming);
      await closed;
    });
    this.#lastTokenRequest = answered.catch(() => {});
    await answered;
  }

  /** Deletes all grants that the person of the revoked token has at its application. */
  #deleteGrants(form: URLSearchParams): void {
    const { settings, state } = this.#parts;
    const revoked = state.get(`RefreshToken:${form.get('token')}`);
    if (!settings.revocationDeletesGrant || revoked?.clientId !== form.get('client_id')) return;
    state.endGrants(({ accountId, clientId }) => accountId === revoked?.accountId && clientId === revoked?.clientId);
  }

  async #logIn(request: IncomingMessage, response: ServerResponse, incoming: Incoming): Promise<void> {
    const interaction = await this.#parts.openid.interactionDetails(request, response).catch(() => undefined);
    if (interaction === undefined) {
      const words = 'This sign-in is over, or its cookie is missing. Start again from the application.';
      return sendPage(response, 400, errorPage('invalid_request', words));
    }
    const login = { clientId: String(interaction.params.client_id), action: incoming.path };
    if (request.method !== 'POST') {
      const hint = interaction.params.login_hint;
      return sendPage(response, 200, loginPage({ ...login, name: typeof hint === 'string' ? hint : '' }));
    }
    if (incoming.form.get('action') === 'deny') {
      return this.#finishLogin(request, response, {
        error: 'access_denied',
        error_description: 'User denied the request',
      });
    }
    const name = (incoming.form.get('name') ?? '').trim();
    if (name === '' || name.length > 100) {
      const problem = 'Enter a name of at most 100 letters.';
      return sendPage(response, 400, loginPage({ ...login, name, problem }));
    }
    const account = accountNamed(name);
    this.#parts.accounts.remember(account);
    await this.#finishLogin(request, response, { login: { accountId: account.sub } }, interaction.session?.uid);
  }

  async #finishLogin(
    request: IncomingMessage,
    response: ServerResponse,
    result: InteractionResult,
    sessionUid?: string,
  ): Promise<void> {
    const location = await this.#parts.openid.interactionResult(request, response, result);
    if ('login' in result && sessionUid !== undefined) await this.#handOverSession(sessionUid, result.login.accountId);
    response.writeHead(303, { Location: location, 'Cache-Control': 'no-store' }).end();
  }

  /**
   * Without this, oidc-provider would show a logout page, which needs script, before another person may use the browser's
   * session.
   */
  async #handOverSession(uid: string, sub: string): Promise<void> {
    const session = await this.#parts.openid.Session.findByUid(uid);
    if (session === undefined || session.accountId === sub) return;
    session.accountId = sub;
    session.authorizations = undefined;
    await session.persist();
  }

  async #logOut(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): Promise<void> {
    const { openid, logoutUrls } = this.#parts;
    const returnTo = query.get('returnTo');
    if (returnTo !== null && !logoutUrls.includes(returnTo)) {
      const words = `The "returnTo" querystring parameter "${returnTo}" is not defined as a valid URL in "Allowed Logout URLs".`;
      return sendPage(response, 400, errorPage('invalid_request', words));
    }
    const context = openid.createContext(request, response);
    const session = await openid.Session.get(context);
    await session.destroy();
    const cookie = cookiePrefix(this.#parts.settings.issuer);
    const expired = 'path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT; httponly; samesite=lax';
    response.setHeader('Set-Cookie', [`${cookie}=; ${expired}`, `${cookie}.sig=; ${expired}`]);
    if (returnTo === null) return sendPage(response, 200, signedOutPage());
    response.writeHead(302, { Location: returnTo, 'Cache-Control': 'no-store' }).end();
  }

  /** oidc-provider refuses a token for another audience here; Auth0 accepts one that names `/userinfo` too. */
  async #userinfoOfJwt(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { issuer } = this.#parts.settings;
    const [, token = ''] = (request.headers.authorization ?? '').split(' ');
    try {
      const { payload } = await jwtVerify(token, this.#keys, { issuer, audience: `${issuer}userinfo` });
      const account = this.#parts.accounts.get(payload.sub ?? '');
      if (account === undefined) throw new Error('no such person');
      const organization = typeof payload.org_id === 'string' ? payload.org_id : undefined;
      const scopes = String(payload.scope).split(' ');
      sendJson(response, 200, claimsWithin(claimsOf(account, issuer, organization), scopes));
    } catch {
      response.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"');
      sendJson(response, 401, { error: 'invalid_token', error_description: 'invalid token provided' });
    }
  }

  #fail(response: ServerResponse, error: unknown): void {
    if (response.destroyed) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const words = error instanceof Error ? error.message : String(error);
    sendJson(response, 400, { error: 'invalid_request', error_description: words });
  }
}

function publicPart({ kty, n, e, kid, use, alg }: JWK): JWK {
  return Object.fromEntries(Object.entries({ kty, n, e, kid, use, alg }).filter(([, value]) => value !== undefined));
}

function isJwtBearer(request: IncomingMessage): boolean {
  return /^bearer [\w-]+\.[\w-]+\.[\w-]+$/i.test(request.headers.authorization ?? '');
}

/** Keeps these words of a space-separated parameter, and removes it when none is left. */
function change(parameters: URLSearchParams, name: string, keep: (word: string) => boolean): void {
  const value = parameters.get(name);
  if (value === null) return;
  const kept = value.split(' ').filter(keep).join(' ');
  if (kept === '') parameters.delete(name);
  else parameters.set(name, kept);
}

function sendPicture(response: ServerResponse, path: string): void {
  const slug = /^\/picture\/([a-z0-9-]+)\.png$/.exec(path)?.[1];
  if (slug === undefined) {
    send(response, 404, 'no such picture');
    return;
  }
  response.writeHead(200, { 'Content-Type': 'image/png', 'Cache-Control': 'max-age=3600' });
  response.end(avatar(slug));
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    // No `form-action`: browsers apply it to the redirect to the application that follows the form.
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'Referrer-Policy': 'no-referrer',
  });
  response.end(html);
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(text);
}
