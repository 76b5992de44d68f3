import type { CustomFetch } from 'openid-client';
import { type Message, message, sentences } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';

/** The platform's HTTP client: Electron's `net.fetch` on the desktop, Node's `fetch` in the headless host. */
export type PlatformFetch = (url: string, options: RequestInit) => Promise<Response>;

/** How long one request to the provider may take, in seconds. */
export const requestTimeout = 15;
/**
 * The timeout of a request that counts only once, such as one with a code. Giving it up means losing its answer, and Auth0
 * lets an Action take 20 s. Callers may give up earlier. Seconds.
 */
export const onceTimeout = 60;
/** The failures of a connection that was never made: nothing was sent. */
const neverReached: readonly string[] = [
  ...['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ENETDOWN', 'ENETUNREACH', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'],
  ...['net::ERR_INTERNET_DISCONNECTED', 'net::ERR_NAME_NOT_RESOLVED', 'net::ERR_CONNECTION_REFUSED'],
  ...['net::ERR_ADDRESS_UNREACHABLE', 'net::ERR_CONNECTION_TIMED_OUT'],
];
/** An untrusted certificate, as Chromium and Node word it: nothing was sent either. */
const notTrusted =
  /^(?:net::ERR_CERT_|CERT_|ERR_TLS_CERT_|SELF_SIGNED_CERT_|DEPTH_ZERO_|UNABLE_TO_GET_ISSUER_|UNABLE_TO_VERIFY_LEAF_)/;
/** No provider sends a larger answer. openid-client has no limit of its own, so this file enforces one. */
const maxAnswerSize = 1024 * 1024;

/** Thrown by the platform's fetch when a proxy failed: the request did not reach the provider. */
export class ProxyFailure extends Error {
  override readonly name = 'ProxyFailure';
  /** `status 407`, or Chromium's name for the failure. */
  readonly reason: string;
  /** The proxy's `host:port`, if known. */
  readonly proxy: string | undefined;

  constructor(reason: string, proxy: string | undefined) {
    super(`proxy failed: ${reason}`);
    this.reason = reason;
    this.proxy = proxy;
  }
}

/**
 * Wraps the platform's fetch for requests to a provider. It never follows a redirect and never reads more than 1 MiB. It
 * tells a failed network (which is retried, T5) from a provider that misbehaves.
 * @throws LoopgateError `provider_unreachable` or `provider_error`; an abort by the caller passes through unchanged
 */
export function providerFetch(platform: PlatformFetch): CustomFetch {
  return async (url, { method, headers, body: content, signal }) => {
    let response: Response;
    try {
      response = await platform(url, {
        method,
        headers,
        redirect: 'manual',
        // Electron's fetch keeps cookies on disk; requests to a provider need none.
        credentials: 'omit',
        ...(content != null && { body: content instanceof URLSearchParams ? content.toString() : content }),
        ...(signal && { signal }),
      });
    } catch (error) {
      throw fetchFailure(error, url);
    }
    // A browser-like fetch hides a redirect behind an opaque response of status 0.
    if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) {
      await response.body?.cancel().catch(() => undefined);
      throw redirected(url);
    }
    let body: Uint8Array<ArrayBuffer>;
    try {
      body = await readBounded(response, url);
    } catch (error) {
      throw fetchFailure(error, url);
    }
    const bodyless = response.status === 204 || response.status === 205;
    return new Response(bodyless ? null : body, { status: response.status, headers: response.headers });
  };
}

/** Statuses of an address that no longer serves what it did. */
export const gone: readonly number[] = [404, 405, 410];

/** Wraps a fetch, and reports when an endpoint is not there: an address that is gone, or a redirect. */
export function watched(fetch: CustomFetch, missing: () => void): CustomFetch {
  return async (url, options) => {
    try {
      const response = await fetch(url, options);
      if (gone.includes(response.status)) missing();
      return response;
    } catch (error) {
      if (error instanceof LoopgateError && error.answered) missing();
      throw error;
    }
  };
}

async function readBounded(response: Response, url: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (response.body) {
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.byteLength;
      if (size > maxAnswerSize) {
        await reader.cancel();
        throw noAnswer(message('answerTooLarge', { address: pathOf(url) }));
      }
      chunks.push(part.value);
    }
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function fetchFailure(error: unknown, url: string): unknown {
  if (error instanceof LoopgateError) return error;
  if (error instanceof DOMException) return error;
  const { host } = new URL(url);
  if (error instanceof ProxyFailure) return proxyFailed(error, host);
  const text = error instanceof Error ? error.message : String(error);
  // Electron's net.fetch rejects on a 3xx where Node's returns the response: the provider answered, so it was reached.
  if (/redirect/i.test(text)) return redirected(url);
  const code = networkCodeOf(error);
  if (code !== undefined && notTrusted.test(code)) return untrusted(code, host);
  if (code !== undefined && isWrongScheme(code, url)) {
    return kept(message('hostUnreachable', { host, reason: code }), message('checkScheme'), true);
  }
  return new LoopgateError('provider_unreachable', {
    happened: message('hostUnreachable', { host, reason: code ?? message('networkError') }),
    retryable: true,
    undone: code !== undefined && neverReached.includes(code),
  });
}

/** Whether https met a server that speaks http: nothing was sent then. */
function isWrongScheme(code: string, url: string): boolean {
  const isNoTls = ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'net::ERR_SSL_PROTOCOL_ERROR'];
  return url.startsWith('https:') && isNoTls.includes(code);
}

function proxyFailed({ reason, proxy }: ProxyFailure, host: string): LoopgateError {
  const [named, unnamed, next] =
    reason === 'status 407'
      ? (['namedProxyWantsPassword', 'proxyWantsPassword', message('askForNoPassword', { host })] as const)
      : reason === 'net::ERR_TUNNEL_CONNECTION_FAILED'
        ? (['namedProxyRefuses', 'proxyRefuses', message('askToAllowHost', { host })] as const)
        : (['namedProxyUnusable', 'proxyUnusable', message('correctProxy')] as const);
  const happened = proxy === undefined ? message(unnamed, { host, reason }) : message(named, { proxy, host, reason });
  // Inside TLS the 407 comes from a gateway, which may have passed the request on.
  return kept(happened, next, reason !== 'status 407');
}

function untrusted(reason: string, host: string): LoopgateError {
  const [happened, next] = /DATE_INVALID|HAS_EXPIRED|NOT_YET_VALID/.test(reason)
    ? (['certificateNotValidNow', 'checkDate'] as const)
    : /COMMON_NAME_INVALID|ALTNAME_INVALID/.test(reason)
      ? (['certificateForOtherName', 'checkAddressAndNetwork'] as const)
      : reason.startsWith('net::')
        ? (['certificateNotTrusted', 'trustCertificate'] as const)
        : (['certificateNotTrustedByNode', 'trustCertificateInNode'] as const);
  return kept(message(happened, { host, reason }), message(next), true);
}

/** A temporary failure. @param undone - true when nothing was sent, so the provider has not changed anything */
function kept(happened: Message, next: Message, undone: boolean): LoopgateError {
  return new LoopgateError('provider_unreachable', {
    happened,
    next: sentences(next, message('sessionIsKept')),
    retryable: true,
    undone,
  });
}

function redirected(url: string): LoopgateError {
  return noAnswer(message('redirectNotFollowed', { address: pathOf(url) }));
}

/**
 * T5: a response that is not from the provider: it restarts, a network's sign-in page intercepts, or the address is wrong.
 * @param details.undone - whether the response shows that the request was not processed
 */
export function noAnswer(happened: Message, details: { undone?: boolean; retryAfter?: number } = {}): LoopgateError {
  return new LoopgateError('provider_unreachable', {
    happened,
    next: message('tryAgainOrCheckIssuer'),
    ...{ retryable: true, answered: true },
    ...details,
  });
}

function pathOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`.slice(0, 200);
}

/** A short reason without addresses or parameters: `ECONNREFUSED`, `net::ERR_NAME_NOT_RESOLVED`; undefined if unknown. */
function networkCodeOf(error: unknown): string | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    const code = 'code' in current && typeof current.code === 'string' ? current.code : undefined;
    const chromium = /net::ERR_[A-Z_]+/.exec(current.message)?.[0];
    if (code ?? chromium) return code ?? chromium ?? '';
  }
  return undefined;
}
