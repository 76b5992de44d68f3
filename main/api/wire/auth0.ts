import { z } from 'zod';
import type { SignInRequest, TokenRequest, TokenResult } from '../../broker/login/requests.ts';
import {
  dateOf,
  dateTimeIfSent,
  ignoredSchema,
  ignoredText,
  optionalText,
  present,
  required,
  requiredText,
  responseMode,
  s256,
  scope,
  text,
  textIfSent,
  uuid,
} from './fields.ts';
import { parametersToObject, parse, shape } from './parse.ts';

/** GET /authorize. */
export const authorizeQuery = z.object({
  audience: optionalText,
  scope: required(scope),
  response_type: required(z.literal('code')),
  client_id: requiredText,
  code_challenge_method: required(s256),
  code_challenge: requiredText,
  response_mode: required(responseMode),
  state: optionalText,
  redirect_uri: optionalText,
  connection: optionalText,
  organization: optionalText,
  prompt: optionalText,
});

/** POST /pkce/token and POST /oauth/token. A refresh needs neither code nor verifier: the session has its own token. */
export const tokenizedPkce = z.discriminatedUnion('grant_type', [
  z.object({
    schema: ignoredSchema,
    grant_type: z.literal('authorization_code'),
    client_id: requiredText,
    code: requiredText,
    redirect_uri: requiredText,
    code_verifier: required(z.string().regex(/^[A-Za-z0-9._~-]{43,128}$/)),
    audience: optionalText,
  }),
  z.object({
    schema: ignoredSchema,
    grant_type: z.literal('refresh_token'),
    client_id: requiredText,
    code: ignoredText,
    redirect_uri: ignoredText,
    code_verifier: ignoredText,
    audience: optionalText,
    refresh_token: optionalText,
  }),
]);

/**
 * The same as a form, for the description only: generated clients support only one flat object of strings. {@link
 * tokenizedPkce} checks the request.
 */
export const tokenForm = z.object({
  schema: ignoredText,
  grant_type: z.enum(['authorization_code', 'refresh_token']),
  client_id: text,
  code: optionalText,
  redirect_uri: optionalText,
  code_verifier: optionalText,
  audience: optionalText,
  refresh_token: optionalText,
});

/** GET /v2/logout. */
export const logoutQuery = z.object({
  client_id: optionalText,
  returnTo: optionalText,
  /** Present means yes, whatever its value, as at Auth0. */
  federated: text.optional(),
});
/** Part of the link on our own confirmation page, so the description leaves it out. */
const confirmedLogoutQuery = logoutQuery.extend({ confirmed: optionalText });

/** @throws LoopgateError `invalid_request` */
export function parseAuthorizeQuery(query: URLSearchParams): SignInRequest {
  const parsed = parse(authorizeQuery, parametersToObject(query));
  return {
    clientId: parsed.client_id,
    audience: parsed.audience,
    scope: parsed.scope,
    redirectUri: parsed.redirect_uri,
    responseMode: parsed.response_mode,
    state: parsed.state,
    codeChallenge: parsed.code_challenge,
    connection: parsed.connection,
    organization: parsed.organization,
    prompt: parsed.prompt,
  };
}

/** @throws LoopgateError `invalid_request` */
export function parseTokenizedPkce(body: unknown): TokenRequest {
  const parsed = parse(tokenizedPkce, body);
  const common = { clientId: parsed.client_id, audience: parsed.audience };
  return parsed.grant_type === 'refresh_token'
    ? { ...common, grantType: 'refresh_token', refreshToken: parsed.refresh_token }
    : {
        ...common,
        grantType: 'authorization_code',
        code: parsed.code,
        redirectUri: parsed.redirect_uri,
        codeVerifier: parsed.code_verifier,
      };
}

/** @throws LoopgateError `invalid_request` */
export function parseLogoutQuery(query: URLSearchParams): {
  clientId?: string | undefined;
  returnTo?: string | undefined;
  federated: boolean;
  confirmed?: string | undefined;
} {
  const asked = parse(confirmedLogoutQuery, parametersToObject(query));
  const { client_id: clientId, returnTo, federated, confirmed } = asked;
  return { clientId, returnTo, federated: federated !== undefined, confirmed };
}

/** The token of an Authorization header: raw, or after `Bearer` in any case, trimmed; undefined when empty. */
export function parseAuthorization(header: string | undefined): string | undefined {
  const token = header
    ?.trim()
    .replace(/^bearer(\s+|$)/i, '')
    .trim();
  return token === '' ? undefined : token;
}

export const oauthToken = z.object({
  access_token: text.min(1),
  token_type: z.literal('Bearer'),
  expires_in: z.int().min(0),
  scope: text,
  refresh_token: text.optional(),
  id_token: text.optional(),
});
export const auth0Identity = z.object({
  connection: textIfSent,
  isSocial: z.boolean().optional().catch(undefined),
  provider: textIfSent,
  user_id: textIfSent,
});
export const auth0UserMetadata = z.object({
  global_id: uuid,
  cloud_key: textIfSent,
  stripe_customer_id: textIfSent,
  vanityname: textIfSent,
  allocation: z.object({ project: text, region: text }).optional().catch(undefined),
});
/** Auth0User. A provider may send anything: a claim of the wrong type is left out. */
export const auth0User = z.object({
  user_id: text,
  /** The same value: OpenID Connect Core §5.3.2 requires it, and OpenID clients read it. */
  sub: text,
  name: textIfSent,
  picture: textIfSent,
  email: textIfSent,
  email_verified: z.boolean().optional().catch(undefined),
  family_name: textIfSent,
  given_name: textIfSent,
  nickname: textIfSent,
  username: textIfSent,
  locale: textIfSent,
  last_ip: textIfSent,
  created_at: dateTimeIfSent,
  updated_at: dateTimeIfSent,
  last_login: dateTimeIfSent,
  identities: z.array(auth0Identity).optional().catch(undefined),
  user_metadata: auth0UserMetadata.optional().catch(undefined),
  logins_count: z.int().optional().catch(undefined),
  blocked_for: z.array(text).optional().catch(undefined),
  guardian_authenticators: z.array(text).optional().catch(undefined),
});
export type Auth0User = z.infer<typeof auth0User>;

/** OAuthToken: the answer of POST /oauth/token. @param now - milliseconds since the epoch */
export function oauthTokenAnswer(result: TokenResult, now: number) {
  return shape(oauthToken, {
    access_token: result.accessToken,
    token_type: 'Bearer',
    expires_in: Math.max(0, Math.floor((result.expiresAt - now) / 1000)),
    scope: result.scope,
    refresh_token: result.refreshToken,
    id_token: result.idToken,
  });
}

/** Auth0User: the answer of GET /userinfo, from the provider's claims. `sub` is sent as `user_id` too. */
export function userAnswer(sent: Record<string, unknown>): Auth0User {
  const claims = present(sent);
  const identities = Array.isArray(claims.identities)
    ? claims.identities.filter((one) => typeof one === 'object' && one !== null)
    : undefined;
  return shape(auth0User, {
    ...claims,
    user_id: claims.sub,
    created_at: dateOf(claims.created_at),
    updated_at: dateOf(claims.updated_at),
    last_login: dateOf(claims.last_login),
    identities,
  });
}
