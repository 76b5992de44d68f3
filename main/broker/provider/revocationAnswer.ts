import { textAt } from './providerErrors.ts';

/**
 * What ends a revocation: `revoked`; an error of RFC 7009 §2.2.1 that the same request would meet again, by its code; or that the
 * provider has no endpoint for it.
 */
export type RevocationOutcome = 'revoked' | 'no_endpoint' | { readonly refused: string };

/** Statuses that a gateway sends while the provider is away, whatever they carry. */
const passing: readonly number[] = [404, 408, 425, 429];
/** No error code is longer. */
const maxCodeLength = 60;

/**
 * What a revocation endpoint's answer ends.
 * @returns undefined for an answer after which the revocation is to be sent again: a redirect, a page, an outage
 */
export async function revocationOutcome(response: Response): Promise<RevocationOutcome | undefined> {
  const { status } = response;
  const body = await response.text().catch(() => '');
  // RFC 7009 §2.2 ignores the body of a 200. A page is what a network shows in which one has to sign in first.
  if (status === 200) return /^\s*</.test(body) ? undefined : 'revoked';
  if (status < 400 || status >= 500 || passing.includes(status)) return undefined;
  const error = textAt(parsed(body), 'error')?.slice(0, maxCodeLength);
  return error !== undefined && /^(?:invalid_[a-z_]+|unsupported_token_type)$/.test(error)
    ? { refused: error }
    : undefined;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
