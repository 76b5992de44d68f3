import type { IncomingMessage } from 'node:http';
import { verbatim } from '../../preload/texts/messages.ts';
import { isListedOrigin } from '../access/origins.ts';
import { LoopgateError } from '../errors/errors.ts';
import { callbackPath } from '../protocol/protocol.ts';
import { docsPath, loginPrefix, logoutPath, openPagePrefix } from './paths.ts';

/**
 * What our own pages may request. The viewer of `/docs` is foreign code: it gets only its files and the description.
 */
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
  /** The provider's origins, for its form_post where that is not https. */
  readonly providerOrigins: readonly string[];
}

/** The result for a request that passes. A listed `origin` gets CORS headers (L4). */
export interface GuardResult {
  readonly origin?: string;
}
const noOrigin: GuardResult = {};

/**
 * Checks a request before anything else reads it (L1–L4), by its raw header lines alone.
 * @throws LoopgateError `invalid_request` for a malformed request, `forbidden_origin` for one that must get no answer
 */
export function guard(request: IncomingMessage, policy: GuardPolicy): GuardResult {
  const path = originFormPath(request.url);
  const headers = decidingHeaders(request);
  checkHost(headers.host, policy.port);
  if (isSpeculative(headers)) {
    throw new LoopgateError('forbidden_origin', {
      happened: verbatim('A browser made the request before its person went there.'),
    });
  }
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
  const isAllowedOrigin = origin !== undefined && isListedOrigin(origin, policy.origins);
  if (
    origin !== undefined &&
    !isAllowedOrigin &&
    !isProvidersNavigation(request, path, headers, policy) &&
    !isProgramsOwnOrigin(request, headers)
  ) {
    throw refusedOrigin(request, headers, path);
  }
  // `none` means a program, or an address that the person typed.
  if (site !== undefined && site !== 'none') {
    const isPage = mode === 'navigate' && headers['sec-fetch-dest'] === 'document';
    const mayPass =
      (site === 'same-origin' && request.method === 'GET' && isForOwnPages(path)) ||
      (site === 'same-origin' && isPage && request.method === 'GET' && path === logoutPath) ||
      // The callback is the only path that a cross-site navigation may POST to (L2, L3a).
      (isPage && path === callbackPath && (request.method === 'POST' || request.method === 'GET')) ||
      (isPage && isOpenToAnySite(path) && request.method === 'GET') ||
      (isAllowedOrigin && (mode === 'cors' || mode === 'websocket'));
    if (!mayPass) {
      throw new LoopgateError('forbidden_origin', {
        happened: verbatim('The request was made by a web page of another site.'),
        ...(path === callbackPath && { next: callbackAdvice }),
      });
    }
  }
  return isAllowedOrigin ? { origin } : noOrigin;
}

/** RFC 9112 §3.2.1: a server that is not a proxy gets only the origin form. */
function originFormPath(target: string | undefined): string {
  if (!target?.startsWith('/') || target.includes('#')) {
    throw new LoopgateError('invalid_request', { happened: verbatim('The request target must be a path.') });
  }
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
}

/** L1: stops DNS rebinding, where a page's own name resolves to this machine. Node allows two Host lines. */
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

/** The names of this server. Built once for each port, because every request is compared with them. */
function ownHosts(port: number): readonly string[] {
  const known = hostsByPort.get(port);
  if (known) return known;
  const hosts = ['localhost', '127.0.0.1', '[::1]'].map((name) => (port === 80 ? name : `${name}:${port}`));
  hostsByPort.set(port, hosts);
  return hosts;
}
const hostsByPort = new Map<number, readonly string[]>();

/**
 * A provider's form_post has the origin of the page that posts it, which may be any of the provider's or of a provider behind
 * it, or `null` when an https page posts to this http address. It proves nothing: the state decides (R4, R16).
 */
function isProvidersNavigation(
  request: IncomingMessage,
  path: string,
  { origin = '', 'sec-fetch-mode': mode = 'navigate' }: DecidingHeaders,
  policy: GuardPolicy,
): boolean {
  if (path !== callbackPath || mode !== 'navigate' || hasHeader(request, 'upgrade', /^websocket$/i)) return false;
  return origin === 'null' || origin.startsWith('https://') || policy.providerOrigins.includes(origin);
}

/**
 * WebSocket libraries send this server's own origin by default. Go's cannot omit it, and its examples use
 * `http://localhost/`. Our own pages may not use it: `/docs` runs foreign code.
 */
function isProgramsOwnOrigin(request: IncomingMessage, headers: DecidingHeaders): boolean {
  if (isBrowser(request, headers)) return false;
  const isHandshake = hasHeader(request, 'upgrade', /^websocket$/i);
  return headers.origin === `http://${headers.host}` || (isHandshake && headers.origin === 'http://localhost/');
}

/**
 * Chromium sends no Sec-Fetch header with a WebSocket handshake, but it sends its name, which no page can change there.
 */
function isBrowser(request: IncomingMessage, headers: DecidingHeaders): boolean {
  return headers['sec-fetch-site'] !== undefined || hasHeader(request, 'user-agent', /\bMozilla\//i);
}

function hasHeader({ rawHeaders }: IncomingMessage, name: string, pattern: RegExp): boolean {
  return rawHeaders.some(
    (line, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name && pattern.test(line),
  );
}

/** Never the setting `origins`: it would open the whole API to the provider's page. */
const callbackAdvice = verbatim(
  'Start the sign-in again. Only a page of the identity provider, or one by https, may lead the browser here.',
);

/** The setting `origins` is for web pages. A program gets advice that opens no hole for them. */
function refusedOrigin(request: IncomingMessage, headers: DecidingHeaders, path: string): LoopgateError {
  const happened = verbatim('The request carries an Origin that is not allowed.');
  if (path === callbackPath) return new LoopgateError('forbidden_origin', { happened, next: callbackAdvice });
  return new LoopgateError('forbidden_origin', {
    happened,
    ...(!isBrowser(request, headers) && {
      next: verbatim(
        `A program leaves the Origin header out, or sends http://${headers.host}, the address that it calls.`,
      ),
    }),
  });
}

/** How browsers mark what they load before a person goes there; all but the first are older ones' names. */
const speculativeNames = ['sec-purpose', 'purpose', 'x-moz', 'x-purpose'] as const;

/**
 * Any site can have an address loaded like this, and Chromium then says `Sec-Fetch-Site: none`, as if the person had
 * typed it (L3).
 */
function isSpeculative(headers: DecidingHeaders): boolean {
  return speculativeNames.some((name) => headers[name] !== undefined);
}

const decidingNames = [
  'host',
  'origin',
  'sec-fetch-site',
  'sec-fetch-mode',
  'sec-fetch-dest',
  ...speculativeNames,
] as const;
type DecidingName = (typeof decidingNames)[number];
type DecidingHeaders = Partial<Record<DecidingName, string>>;
const isDeciding = new Set<string>(decidingNames);

/** The headers that decide, each with one value. No browser sends one of them twice. */
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
