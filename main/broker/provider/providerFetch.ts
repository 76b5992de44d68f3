import type { CustomFetch } from 'openid-client';
import { type Message, message, sentences } from '../../../preload/texts/messages.ts';
import { LoopgateError } from '../../errors/errors.ts';

/** What the platform offers for HTTP: Electron's `net.fetch` on the desktop, Node's `fetch` headless. */
export type PlatformFetch = (url: string, options: RequestInit) => Promise<Response>;

/** How long one request to the provider may take, in seconds. */
export const requestTimeout = 15;
/**
 * The same for a request that counts once, such as one that sends a code: to give it up is to lose its answer, and Auth0 lets
 * an Action take 20 s. Callers may give up earlier. Seconds.
 */
export const onceTimeout = 60;
/** The failures of a connection that never was: nothing was sent. */
const neverReached: readonly string[] = [
  ...['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ENETDOWN', 'ENETUNREACH', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'],
  ...['net::ERR_INTERNET_DISCONNECTED', 'net::ERR_NAME_NOT_RESOLVED', 'net::ERR_CONNECTION_REFUSED'],
  ...['net::ERR_ADDRESS_UNREACHABLE', 'net::ERR_CONNECTION_TIMED_OUT'],
];
/** A certificate that is not accepted, in the words of Chromium and of Node: nothing was sent either. */
const notTrusted =
  /^(?:net::ERR_CERT_|CERT_|ERR_TLS_CERT_|SELF_SIGNED_CERT_|DEPTH_ZERO_|UNABLE_TO_GET_ISSUER_|UNABLE_TO_VERIFY_LEAF_)/;
/** No answer of a provider is larger; openid-client reads whatever comes, so the limit is held here. */
const maxAnswerSize = 1024 * 1024;

/** What the platform's fetch throws when it was a proxy that failed: the provider was not reached. */
export class ProxyFailure extends Error {
  override readonly name = 'ProxyFailure';
  /** `status 407`, or as Chromium names it. */
  readonly reason: string;
  /** Its `host:port`, where that is known. */
  readonly proxy: string | undefined;

  constructor(reason: string, proxy: string | undefined) {
    super(`proxy failed: ${reason}`);
    this.reason = reason;
    this.proxy = proxy;
  }
}

/**
 * Wraps the platform's fetch for talking to a provider: never follows a redirect, never reads more than 1 MiB, and tells
 * a network that failed (to be tried again, T5) from a provider that misbehaved.
 * @throws LoopgateError `provider_unreachable` or `provider_error`; the caller's own abort passes through as it is.
 */
export function providerFetch(platform: PlatformFetch): CustomFetch {
  return async (url, { method, headers, body: content, signal }) => {
    let response: Response;
    try {
      response = await platform(url, {
        method,
        headers,
        redirect: 'manual',
        // Electron's fetch has a cookie jar on disk; nothing between the broker and a provider needs one.
        credentials: 'omit',
        ...(content != null && { body: content instanceof URLSearchParams ? content.toString() : content }),
        ...(signal && { signal }),
      });
    } catch (error) {
      throw fetchFailure(error, url);
    }
    // A browser-like fetch hides a redirect behind an opaque answer of status 0.
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
  // Electron's net.fetch rejects on a 3xx where Node's gives the answer: the provider answered, so it was reached.
  if (/redirect/i.test(text)) return redirected(url);
  const code = networkCodeOf(error);
  if (code !== undefined && notTrusted.test(code)) return untrusted(code, host);
  return new LoopgateError('provider_unreachable', {
    happened: message('hostUnreachable', { host, reason: code ?? message('networkError') }),
    retryable: true,
    undone: code !== undefined && neverReached.includes(code),
  });
}

function proxyFailed({ reason, proxy }: ProxyFailure, host: string): LoopgateError {
  const [named, unnamed, next] =
    reason === 'status 407'
      ? (['namedProxyWantsPassword', 'proxyWantsPassword', message('askForNoPassword', { host })] as const)
      : reason === 'net::ERR_TUNNEL_CONNECTION_FAILED'
        ? (['namedProxyRefuses', 'proxyRefuses', message('askToAllowHost', { host })] as const)
        : (['namedProxyUnusable', 'proxyUnusable', message('correctProxy')] as const);
  const happened = proxy === undefined ? message(unnamed, { host, reason }) : message(named, { proxy, host, reason });
  // Inside of TLS it is a gateway that says so, which may have passed the request on.
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

/** What may pass. @param undone - nothing was sent: the provider is as it was */
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
 * T5: an answer, but no provider's word: it restarts, a page of the network stands before it, or the address is wrong.
 * @param details.undone - whether it shows that the request was not processed
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

/** A short reason without addresses or parameters: `ECONNREFUSED`, `net::ERR_NAME_NOT_RESOLVED`; undefined when none is known. */
function networkCodeOf(error: unknown): string | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    const code = 'code' in current && typeof current.code === 'string' ? current.code : undefined;
    const chromium = /net::ERR_[A-Z_]+/.exec(current.message)?.[0];
    if (code ?? chromium) return code ?? chromium ?? '';
  }
  return undefined;
}
