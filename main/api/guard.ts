import type { IncomingMessage } from 'node:http';
import { verbatim } from '../../preload/texts/messages.ts';
import { isListedOrigin } from '../access/origins.ts';
import { LoopgateError } from '../errors/errors.ts';
import { callbackPath } from '../protocol/protocol.ts';
import { docsPath, loginPrefix, logoutPath, openPagePrefix } from './paths.ts';

/** What a page of our own may ask for. `/docs` runs a viewer that is not our code: it gets its files and the description. */
const isForOwnPages = (path: string) =>
  path === docsPath || path.startsWith(`${docsPath}/`) || path === '/openapi.json' || path.startsWith(openPagePrefix);

/** L3b, L3d. */
const isOpenToAnySite = (path: string) =>
  path.startsWith(openPagePrefix) || path === docsPath || path.startsWith(loginPrefix);

export interface GuardPolicy {
  /** The port that the API listens on. */
  readonly port: number;
  /** The setting `origins`: exact origins, or `vscode-webview:` for that whole scheme. */
  readonly origins: readonly string[];
  /** The provider's origins, for its form_post. */
  readonly providerOrigins: readonly string[];
}

/** A request that may pass. `origin` is set when it came from an allow-listed one, which then gets CORS headers (L4). */
export interface GuardResult {
  readonly origin?: string;
}
const noOrigin: GuardResult = {};

/**
 * Decides about a request before anything else reads it (L1–L4), from its raw header lines alone.
 * @throws LoopgateError `invalid_request` 400 for a request that is not well-formed, `forbidden_origin` 403 for one that
 * must not be answered
 */
export function guard(request: IncomingMessage, policy: GuardPolicy): GuardResult {
  const path = originFormPath(request.url);
  const headers = decidingHeaders(request);
  checkHost(headers.host, policy.port);
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
  const isAllowedOrigin = origin !== undefined && isListedOrigin(origin, policy.origins);
  if (
    origin !== undefined &&
    !isAllowedOrigin &&
    !isProvidersNavigation(path, origin, mode, policy) &&
    !isProgramsOwnOrigin(request, headers)
  ) {
    throw refusedOrigin(request, headers);
  }
  // `none` is a program, or an address that somebody typed.
  if (site !== undefined && site !== 'none') {
    const isPage = mode === 'navigate' && headers['sec-fetch-dest'] === 'document';
    const mayPass =
      (site === 'same-origin' && request.method === 'GET' && isForOwnPages(path)) ||
      (site === 'same-origin' && isPage && request.method === 'GET' && path === logoutPath) ||
      // The callback is the only path that a cross-site browser navigation may POST to (L2, L3a).
      (isPage && path === callbackPath && (request.method === 'POST' || request.method === 'GET')) ||
      (isPage && isOpenToAnySite(path) && request.method === 'GET') ||
      (isAllowedOrigin && (mode === 'cors' || mode === 'websocket'));
    if (!mayPass) {
      throw new LoopgateError('forbidden_origin', {
        happened: verbatim('The request was made by a web page of another site.'),
      });
    }
  }
  return isAllowedOrigin ? { origin } : noOrigin;
}

/** RFC 9112 §3.2.1: only the origin form is for a server that is no proxy. */
function originFormPath(target: string | undefined): string {
  if (!target?.startsWith('/') || target.includes('#')) {
    throw new LoopgateError('invalid_request', { happened: verbatim('The request target must be a path.') });
  }
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
}

/** L1: against DNS rebinding, where a page's own name is made to point here. Node lets two Host lines pass. */
function checkHost(host: string | undefined, port: number): void {
  if (host === undefined) {
    throw new LoopgateError('invalid_request', {
      happened: verbatim('The request must have exactly one Host header.'),
    });
  }
  const own = ownHosts(port);
  if (!own.includes(host)) {
    throw new LoopgateError('forbidden_origin', { happened: verbatim(`The Host header must be ${own[0]}.`) });
  }
}

/** What names this server, put together once for a port: every request is compared with it. */
function ownHosts(port: number): readonly string[] {
  const known = hostsByPort.get(port);
  if (known) return known;
  const hosts = ['localhost', '127.0.0.1', '[::1]'].map((name) => (port === 80 ? name : `${name}:${port}`));
  hostsByPort.set(port, hosts);
  return hosts;
}
const hostsByPort = new Map<number, readonly string[]>();

/** A provider's form_post has the provider's Origin, or `null` from an https page to this http address. */
function isProvidersNavigation(path: string, origin: string, mode: string | undefined, policy: GuardPolicy): boolean {
  if (path !== callbackPath || (mode !== undefined && mode !== 'navigate')) return false;
  return origin === 'null' || policy.providerOrigins.includes(origin);
}

/**
 * WebSocket libraries of programs send this server's own origin by default, and Go's cannot leave one out: `http://localhost/`
 * is from its examples. No page of our own may: `/docs` runs code that is not ours.
 */
function isProgramsOwnOrigin(request: IncomingMessage, headers: DecidingHeaders): boolean {
  if (isBrowser(request, headers)) return false;
  const isHandshake = hasHeader(request, 'upgrade', /^websocket$/i);
  return headers.origin === `http://${headers.host}` || (isHandshake && headers.origin === 'http://localhost/');
}

/** Chromium sends no Sec-Fetch header with a WebSocket's handshake, but its name, which no page can change there. */
function isBrowser(request: IncomingMessage, headers: DecidingHeaders): boolean {
  return headers['sec-fetch-site'] !== undefined || hasHeader(request, 'user-agent', /\bMozilla\//i);
}

function hasHeader({ rawHeaders }: IncomingMessage, name: string, pattern: RegExp): boolean {
  return rawHeaders.some(
    (line, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name && pattern.test(line),
  );
}

/** The setting `origins` is for web pages. A program is told what helps it without a hole for them. */
function refusedOrigin(request: IncomingMessage, headers: DecidingHeaders): LoopgateError {
  return new LoopgateError('forbidden_origin', {
    happened: verbatim('The request carries an Origin that is not allowed.'),
    ...(!isBrowser(request, headers) && {
      next: verbatim(
        `A program leaves the Origin header out, or sends http://${headers.host}, the address that it calls.`,
      ),
    }),
  });
}

const decidingNames = ['host', 'origin', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest'] as const;
type DecidingName = (typeof decidingNames)[number];
type DecidingHeaders = Partial<Record<DecidingName, string>>;
const isDeciding = new Set<string>(decidingNames);

/** The headers that decide something, each with its one value; two lines of one are never a browser's. */
function decidingHeaders({ rawHeaders }: IncomingMessage): DecidingHeaders {
  const found: DecidingHeaders = {};
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (!isDeciding.has(name)) continue;
    if (found[name as DecidingName] !== undefined) {
      throw new LoopgateError('invalid_request', { happened: verbatim(`The request has two ${name} headers.`) });
    }
    found[name as DecidingName] = rawHeaders[index + 1] ?? '';
  }
  return found;
}
