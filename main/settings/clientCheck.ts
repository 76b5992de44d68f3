/**
 * Whether a provider knows a client ID, found out with a token request that cannot succeed. `untested`: its answer does not
 * show it. `secret`: the application exists but requires a secret, which a person's machine cannot keep.
 */
export type ClientAnswer = 'known' | 'unknown' | 'secret' | 'untested';

/** The request; redirects are not followed. */
interface TokenRequest {
  readonly method: 'POST';
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly redirect: 'manual';
  readonly signal?: AbortSignal;
}

/** The members of the metadata that are read (OpenID Connect Discovery 1.0 §3). */
export interface ClientCheckMetadata {
  readonly issuer: string;
  readonly token_endpoint: string;
  readonly jwks_uri?: string | undefined;
}

/** An error answer: OAuth's fields (RFC 6749 §5.2), and the additional ones of Entra and Okta. */
interface Refusal {
  readonly error: string;
  readonly codes: readonly number[];
}

interface Kind {
  readonly isLaidOutLikeThat: (metadata: ClientCheckMetadata) => boolean;
  readonly read: (refusal: Refusal) => ClientAnswer;
}

/** The test documents the source of each answer. */
const kinds: readonly Kind[] = [
  {
    // Auth0
    isLaidOutLikeThat: ({ issuer, token_endpoint: token, jwks_uri: keys }) =>
      token === `${slashed(issuer)}oauth/token` && keys === `${slashed(issuer)}.well-known/jwks.json`,
    read: ({ error }) => {
      if (error === 'invalid_grant') return 'known';
      return ['access_denied', 'invalid_client', 'unauthorized_client'].includes(error) ? 'unknown' : 'untested';
    },
  },
  {
    // Keycloak
    isLaidOutLikeThat: ({ issuer, token_endpoint: token }) =>
      /\/realms\/[^/]+$/.test(issuer) && token === `${issuer}/protocol/openid-connect/token`,
    read: ({ error }) => {
      if (error === 'invalid_grant') return 'known';
      if (error === 'unauthorized_client') return 'secret';
      return error === 'invalid_client' ? 'unknown' : 'untested';
    },
  },
  {
    // Entra
    isLaidOutLikeThat: ({ token_endpoint: token }) =>
      /^login\.(microsoftonline\.(com|us)|partner\.microsoftonline\.cn|windows\.net)$/.test(new URL(token).hostname),
    // Entra checks the form of a code before the application, so an invalid_grant does not show anything.
    read: ({ codes }) => {
      if (codes.includes(700016)) return 'unknown';
      return codes.includes(7000218) ? 'secret' : 'untested';
    },
  },
  {
    // Okta
    isLaidOutLikeThat: ({ issuer, token_endpoint: token }) =>
      token === `${issuer}/v1/token` || token === `${issuer}/oauth2/v1/token`,
    read: ({ error }) => {
      if (error === 'invalid_grant') return 'known';
      return error === 'invalid_client' ? 'unknown' : 'untested';
    },
  },
];

/** RFC 6749 §5.2 names an unknown client as its first example. Which other providers check the client first is not known. */
const anyOther = ({ error }: Refusal): ClientAnswer => (error === 'invalid_client' ? 'unknown' : 'untested');

/**
 * Asks the provider. It sends an invented code and verifier, so no token can result.
 * @returns `untested` also if the provider does not answer
 */
export async function checkClient(asked: {
  metadata: ClientCheckMetadata;
  clientId: string;
  /** The callback that a login would have. */
  redirectUri: string;
  fetch: (url: string, options: TokenRequest) => Promise<Response>;
  signal?: AbortSignal;
}): Promise<ClientAnswer> {
  const { metadata, clientId, redirectUri, fetch, signal } = asked;
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code: 'loopgate-asks-whether-this-client-is-known',
    code_verifier: 'loopgate-asks-whether-this-client-is-known-',
  });
  try {
    const response = await fetch(metadata.token_endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: body.toString(),
      redirect: 'manual',
      ...(signal && { signal }),
    });
    return clientAnswer(metadata, response.status, await response.json());
  } catch {
    return 'untested';
  }
}

/** Interprets the answer to that request. Exported for its test. */
export function clientAnswer(metadata: ClientCheckMetadata, status: number, body: unknown): ClientAnswer {
  const refusal = status >= 400 && status < 500 && status !== 429 ? refusalOf(body) : undefined;
  if (!refusal) return 'untested';
  return (kinds.find(({ isLaidOutLikeThat }) => isLaidOutLikeThat(metadata))?.read ?? anyOther)(refusal);
}

function refusalOf(body: unknown): Refusal | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { error, errorCode, error_codes: codes } = body as Record<string, unknown>;
  // Okta's own form, for an unknown client ID.
  const name = typeof error === 'string' ? error : errorCode;
  if (typeof name !== 'string') return undefined;
  return {
    error: name,
    codes: Array.isArray(codes) ? codes.filter((one) => typeof one === 'number') : [],
  };
}

function slashed(issuer: string): string {
  return issuer.endsWith('/') ? issuer : `${issuer}/`;
}
