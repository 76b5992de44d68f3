import type * as client from 'openid-client';
import { message } from '../../../preload/texts/messages.ts';
import { LoopgateError, MessageError } from '../../errors/errors.ts';
import type { IdTokenClaims } from './claims.ts';

/** T15: how far the clocks of this machine and of the provider may differ, in seconds. */
export const clockTolerance = 60;
/** The assumed lifetime if the provider does not send expires_in, which RFC 6749 §5.1 only recommends. Seconds. */
const assumedLifetime = 3600;
/** The longest lifetime that is believed: renewing a token early is always right, and no absurd time is stored. Seconds. */
const maxLifetime = 366 * 24 * 3600;
/** OIDC Core §2: how long a `sub` may be, in characters. */
const maxSubjectLength = 255;
/** How deep a claim may be nested: far deeper than any profile needs, and far below the depth that could not be stored. */
const deepestNesting = 20;
/** The metadata's addresses that Loopgate uses, and whether a provider must have them. */
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
 * Turns an issuer into an address: a bare domain gets `https://`; http is allowed only for loopback (T14).
 * @throws MessageError with the expectation when the text cannot be an issuer
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

/**
 * How much of a provider is laid out like Auth0. With `part` it may be Auth0, or another provider that has one path in common
 * with it.
 */
export type Auth0Layout = 'all' | 'part' | 'none';

/**
 * Auth0 has these paths directly below the issuer, on a custom domain too. Another provider may have one of them, but not
 * all.
 */
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

/** Entra's mark for the tenant, in the issuer of its metadata for all tenants. */
const anyTenant = '{tenantid}';

export function isOfManyTenants({ issuer }: Pick<client.ServerMetadata, 'issuer'>): boolean {
  return issuer.includes(anyTenant);
}

/**
 * Whether an issuer is the one of the metadata. Entra serves all tenants at one address: its metadata has `{tenantid}` in
 * place of the tenant, and each token names its own.
 */
export function isIssuerOf({ issuer }: Pick<client.ServerMetadata, 'issuer'>, found: string): boolean {
  const [before = '', after, ...more] = issuer.split(anyTenant);
  if (after === undefined || more.length > 0) return found === issuer;
  const tenant = found.slice(before.length, found.length - after.length);
  return found === `${before}${tenant}${after}` && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(tenant);
}

/** T14: https, or http on loopback. */
function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
}

function isLoopback(url: URL): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
}

/** The error for a failed check. @param name - what was wrong */
export function failedCheck(name: string): LoopgateError {
  return new LoopgateError('provider_error', { happened: message('checkFailed', { name }) });
}

/**
 * T14: the addresses that get the browser or tokens must be secure, and may be on this machine only if the issuer is too.
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

/**
 * T14: the address must be https, or http if the issuer itself is on this machine, and must not contain a user name or
 * password.
 */
export function isUsable(address: string, issuer: string): boolean {
  if (!/^[\x21-\x7e]{1,2048}$/.test(address) || !URL.canParse(address)) return false;
  const url = new URL(address);
  return isSecure(url) && (!isLoopback(url) || isLoopback(new URL(issuer))) && url.username + url.password === '';
}

/**
 * Whether a browser may be sent there: the address must be https, or belong to the configured provider.
 * @param issuer - the configured issuer
 */
export function mayLeadTo(address: string, issuer: string | undefined): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return url.protocol === 'https:' || (issuer !== undefined && url.origin === new URL(issuer).origin);
}

/** openid-client also accepts a DPoP token, which Loopgate cannot use, and any characters, which could end a header line. */
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

/** OIDC Core §3.1.3.7: openid-client checks azp only if there are several audiences. */
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

/** A value that is nested too deeply can be parsed but not written again: the vault could not be saved any more. */
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

/**
 * openid-client accepts any iat. In a fresh login it must be within the tolerance (T1); otherwise the error names the clocks
 * (T15).
 */
export function checkIssuedAt(issuedAt: number, now: number): void {
  const difference = Math.round(issuedAt - now / 1000);
  if (Math.abs(difference) <= clockTolerance) return;
  throw clocksDiffer(-difference, 'iat');
}

/**
 * T15: the error for clocks that differ by more than the tolerance.
 * @param ahead - how far this machine's clock is ahead of the provider's, in seconds; negative when it is behind
 * @param claim - the claim that shows it
 */
export function clocksDiffer(ahead: number, claim: string): LoopgateError {
  return new LoopgateError('provider_error', {
    happened: message('clocksDiffer', { seconds: Math.abs(ahead), claim }),
    next: message('setClock'),
    clockAhead: ahead,
  });
}

/** T16, by Auth0's rules: an ID must equal org_id exactly; a name must equal org_name, ignoring case. */
export function checkOrganization(claims: IdTokenClaims, organization: string | undefined): void {
  if (organization === undefined) return;
  // A name never begins like an ID: otherwise an organization could use another one's ID as its name.
  const isSame = organization.startsWith('org_')
    ? claims.org_id === organization
    : typeof claims.org_name === 'string' && claims.org_name.toLowerCase() === organization.toLowerCase();
  if (isSame) return;
  throw new LoopgateError('provider_error', {
    happened: message('otherOrganization'),
  });
}

/** When an access token ends, in milliseconds since the epoch; an absurd lifetime is cut to the longest that is believed. */
export function expiry(answer: client.TokenEndpointResponse, issuedAt: number): number {
  const exp = answer.expires_in === undefined ? jwtExpiry(answer.access_token) : undefined;
  const end = exp === undefined ? issuedAt + Math.floor(answer.expires_in ?? assumedLifetime) * 1000 : exp * 1000;
  return Math.min(Math.max(end, issuedAt), issuedAt + maxLifetime * 1000);
}

/**
 * When a refresh token ends, by the members that Keycloak, Entra and others add to the answer; absent if it is not said. 0 is
 * Keycloak's word for never.
 */
export function refreshExpiry(answer: client.TokenEndpointResponse, issuedAt: number): { refreshExpiresAt?: number } {
  const seconds = answer.refresh_expires_in ?? answer.refresh_token_expires_in;
  if (typeof seconds !== 'number' || !(seconds > 0)) return {};
  return { refreshExpiresAt: issuedAt + Math.min(Math.floor(seconds), maxLifetime) * 1000 };
}

/**
 * The `exp` of an access token that happens to be a JWT. It is only a hint about its lifetime, and never a reason to trust
 * it.
 */
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
