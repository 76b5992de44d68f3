import type * as client from 'openid-client';
import { message } from '../../../preload/texts/messages.ts';
import { LoopgateError, MessageError } from '../../errors/errors.ts';
import type { IdTokenClaims } from './claims.ts';

/** T15: how far the clocks of this machine and of the provider may differ, in seconds. */
export const clockTolerance = 60;
/** What openid-client leaves out when the provider does: RFC 6749 §5.1 only recommends expires_in. Seconds. */
const assumedLifetime = 3600;
/** No access token is believed to last longer: renewing it early is always right, and no absurd time is stored. Seconds. */
const maxLifetime = 366 * 24 * 3600;
/** OIDC Core §2: how long a `sub` may be, in characters. */
const maxSubjectLength = 255;
/** How deep a claim may be nested: far more than any profile needs, and far less than what cannot be stored any more. */
const deepestNesting = 20;
/** The metadata's addresses that are used, and whether a provider must have them. */
const endpoints = {
  authorization_endpoint: true,
  token_endpoint: true,
  jwks_uri: true,
  userinfo_endpoint: false,
  revocation_endpoint: false,
  end_session_endpoint: false,
  device_authorization_endpoint: false,
} as const;

/**
 * The issuer as an address: a bare domain gets `https://`; http is for loopback only (T14).
 * @throws MessageError with the expectation when it cannot be one.
 */
export function normaliseIssuer(text: string): string {
  const trimmed = text.trim();
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  let url: URL;
  try {
    url = new URL(withScheme);
  } catch {
    throw new MessageError(message('expected', { what: message('expectedAddress') }));
  }
  if (!isSecure(url)) {
    throw new MessageError(message('expected', { what: message('expectedHttps') }));
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new MessageError(message('expected', { what: message('expectedPlainAddress') }));
  }
  url.pathname = url.pathname.replace(/\/?\.well-known\/openid-configuration$/, '/');
  return url.href;
}

/** How much of a provider is laid out like Auth0: `part` may be it, and may be another one that has a path in common with it. */
export type Auth0Layout = 'all' | 'part' | 'none';

/** Auth0 has these directly below the issuer, also under a domain of one's own. Another provider may have one, but not all. */
export function auth0Layout(metadata: client.ServerMetadata): Auth0Layout {
  const base = metadata.issuer.endsWith('/') ? metadata.issuer : `${metadata.issuer}/`;
  const like = [
    metadata.authorization_endpoint === `${base}authorize`,
    metadata.token_endpoint === `${base}oauth/token`,
    metadata.jwks_uri === `${base}.well-known/jwks.json`,
  ];
  if (like.every(Boolean)) return 'all';
  return like.some(Boolean) ? 'part' : 'none';
}

/** T14: https, or http on loopback. */
function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
}

function isLoopback(url: URL): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
}

/** A check that failed, by the name of what was wrong. */
export function failedCheck(name: string): LoopgateError {
  return new LoopgateError('provider_error', { happened: message('checkFailed', { name }) });
}

/**
 * T14: where the browser and the tokens are sent is a secure address, and on this machine only where the issuer is as well.
 * @throws LoopgateError `provider_error`
 */
export function checkEndpoints(metadata: client.ServerMetadata): void {
  for (const [name, isRequired] of Object.entries(endpoints)) {
    const address: unknown = metadata[name];
    if (address === undefined && !isRequired) continue;
    if (typeof address !== 'string' || !isUsable(address, metadata.issuer)) {
      throw new LoopgateError('provider_error', {
        happened: message('unusableMetadata', { name }),
      });
    }
  }
}

/** T14: https, or http where the issuer itself is on this machine; and no name or password in it. */
export function isUsable(address: string, issuer: string): boolean {
  if (!/^[\x21-\x7e]{1,2048}$/.test(address) || !URL.canParse(address)) return false;
  const url = new URL(address);
  return isSecure(url) && (!isLoopback(url) || isLoopback(new URL(issuer))) && url.username + url.password === '';
}

/**
 * Where a browser may be sent: https, or the very provider that is configured.
 * @param issuer - the configured one
 */
export function mayLeadTo(address: string, issuer: string | undefined): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return url.protocol === 'https:' || (issuer !== undefined && url.origin === new URL(issuer).origin);
}

/** openid-client takes a DPoP token too, which nobody here could use, and any characters, which could end a header line. */
export function checkBearer(answer: client.TokenEndpointResponse): void {
  if (answer.token_type !== 'bearer') {
    throw new LoopgateError('provider_error', {
      happened: message('notBearer'),
    });
  }
  if (!/^[\x21-\x7e]+$/.test(answer.access_token)) {
    throw new LoopgateError('provider_error', {
      happened: message('badTokenCharacters'),
    });
  }
}

/** OIDC Core §3.1.3.7: openid-client looks at azp only where there are several audiences. */
export function checkAuthorizedParty({ azp }: IdTokenClaims, clientId: string): void {
  if (azp === undefined || azp === clientId) return;
  throw new LoopgateError('provider_error', {
    happened: message('namedCheckFailedAs', { what: message('checkAzp'), name: 'azp' }),
  });
}

export function checkSubject(subject: string): void {
  if (subject.length > 0 && subject.length <= maxSubjectLength) return;
  throw new LoopgateError('provider_error', {
    happened: message('noSubject', { max: maxSubjectLength }),
  });
}

/** What is nested too deeply can be parsed but not written again: the vault would keep nothing from then on. */
export function checkNesting(value: unknown, what: string): void {
  if (isNestedWithin(deepestNesting, value)) return;
  throw new LoopgateError('provider_error', {
    happened: message('claimTooDeep', { claim: what }),
  });
}

function isNestedWithin(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isNestedWithin(levels - 1, member));
}

/** openid-client takes any iat; a fresh login's lies within the tolerance (T1), and a skew is named as one (T15). */
export function checkIssuedAt(issuedAt: number, now: number): void {
  const difference = Math.round(issuedAt - now / 1000);
  if (Math.abs(difference) <= clockTolerance) return;
  throw clocksDiffer(-difference, 'iat');
}

/**
 * T15: a skew beyond the tolerance, named as what it is.
 * @param ahead - how far this machine's clock is ahead of the provider's, in seconds; negative when it is behind
 * @param claim - what shows it
 */
export function clocksDiffer(ahead: number, claim: string): LoopgateError {
  return new LoopgateError('provider_error', {
    happened: message('clocksDiffer', { seconds: Math.abs(ahead), claim }),
    next: message('setClock'),
    clockAhead: ahead,
  });
}

/** T16, by Auth0's rules: an id is compared with org_id exactly, a name with org_name without regard to case. */
export function checkOrganization(claims: IdTokenClaims, organization: string | undefined): void {
  if (organization === undefined) return;
  // No name begins as an id does: else an organization could take another one's id for its name.
  const isSame = organization.startsWith('org_')
    ? claims.org_id === organization
    : typeof claims.org_name === 'string' && claims.org_name.toLowerCase() === organization.toLowerCase();
  if (isSame) return;
  throw new LoopgateError('provider_error', {
    happened: message('otherOrganization'),
  });
}

/** When an access token ends, in milliseconds since the epoch; what no token has is taken back to what one may have. */
export function expiry(answer: client.TokenEndpointResponse, issuedAt: number): number {
  const exp = answer.expires_in === undefined ? jwtExpiry(answer.access_token) : undefined;
  const end = exp === undefined ? issuedAt + Math.floor(answer.expires_in ?? assumedLifetime) * 1000 : exp * 1000;
  return Math.min(Math.max(end, issuedAt), issuedAt + maxLifetime * 1000);
}

/** The `exp` of an access token that happens to be a JWT. Only a hint of its lifetime: never used to trust it. */
function jwtExpiry(token: string): number | undefined {
  const payload = token.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const exp = typeof claims === 'object' && claims !== null && 'exp' in claims ? claims.exp : undefined;
    return typeof exp === 'number' ? exp : undefined;
  } catch {
    return undefined;
  }
}
