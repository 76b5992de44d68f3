import { textAt } from './providerErrors.ts';

/**
 * The final result of a revocation: `revoked`; the code of an RFC 7009 §2.2.1 error that the same request would meet again;
 * or that the provider has no endpoint for it.
 */
export type RevocationOutcome = 'revoked' | 'no_endpoint' | { readonly refused: string };

/** Statuses that a gateway sends while the provider is away, whatever their body. */
const passing: readonly number[] = [404, 408, 425, 429];
/** The longest error code that is accepted. */
const maxCodeLength = 60;

/**
 * Reads a revocation endpoint's response.
 * @returns undefined if the revocation must be sent again: after a redirect, a page, an outage
 */
export async function revocationOutcome(response: Response): Promise<RevocationOutcome | undefined> {
  const { status } = response;
  const body = await response.text().catch(() => '');
  // RFC 7009 §2.2 ignores the body of a 200. But an HTML page comes from a network that wants the person to sign in first.
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
