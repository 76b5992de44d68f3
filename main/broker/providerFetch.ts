import type { CustomFetch } from 'openid-client';
import { BrokerError } from './errors.ts';

/** What the platform offers for HTTP: Electron's `net.fetch` on the desktop, Node's `fetch` headless. */
export type PlatformFetch = (url: string, options: RequestInit) => Promise<Response>;

/** How long one request to the provider may take, in seconds. */
export const requestTimeout = 15;
/** The failures of a connection that never was: nothing was sent. */
const neverReached: readonly string[] = [
  ...['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ENETDOWN', 'ENETUNREACH', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'],
  ...['net::ERR_INTERNET_DISCONNECTED', 'net::ERR_NAME_NOT_RESOLVED', 'net::ERR_CONNECTION_REFUSED'],
  ...['net::ERR_ADDRESS_UNREACHABLE', 'net::ERR_CONNECTION_TIMED_OUT', 'net::ERR_PROXY_CONNECTION_FAILED'],
];
/** No answer of a provider is larger; openid-client reads whatever comes, so the limit is held here. */
const largestAnswer = 1024 * 1024;

/**
 * Wraps the platform's fetch for talking to a provider: never follows a redirect, never reads more than 1 MiB, and tells
 * a network that failed (to be tried again, T5) from a provider that misbehaved.
 * @throws BrokerError `provider_unreachable` or `provider_error`; the caller's own abort passes through as it is.
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
      if (size > largestAnswer) {
        await reader.cancel();
        throw new BrokerError('provider_error', { happened: `The answer of ${pathOf(url)} is larger than 1 MiB.` });
      }
      chunks.push(part.value);
    }
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function fetchFailure(error: unknown, url: string): unknown {
  if (error instanceof BrokerError) return error;
  if (error instanceof DOMException) return error;
  const text = error instanceof Error ? error.message : String(error);
  // Electron's net.fetch rejects on a 3xx where Node's gives the answer: the provider answered, so it was reached.
  if (/redirect/i.test(text)) return redirected(url);
  const reason = reasonOf(error);
  return new BrokerError('provider_unreachable', {
    happened: `The identity provider at ${new URL(url).host} cannot be reached (${reason}).`,
    retryable: true,
    undone: neverReached.includes(reason),
  });
}

function redirected(url: string): BrokerError {
  return new BrokerError('provider_error', {
    happened: `The identity provider answered ${pathOf(url)} with a redirect, which is not followed.`,
  });
}

function pathOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

/** A short reason without addresses or parameters: `ECONNREFUSED`, `net::ERR_NAME_NOT_RESOLVED`. */
function reasonOf(error: unknown): string {
  for (let current = error; current instanceof Error; current = current.cause) {
    const code = 'code' in current && typeof current.code === 'string' ? current.code : undefined;
    const chromium = /net::ERR_[A-Z_]+/.exec(current.message)?.[0];
    if (code ?? chromium) return code ?? chromium ?? '';
  }
  return 'network error';
}
