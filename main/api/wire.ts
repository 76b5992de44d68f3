import { z } from 'zod';
import type { Challenge, SignInRequest, SignInResult, TokenRequest, TokenResult } from '../broker/login/requests.ts';
import type { OtherApi } from '../broker/provider/provider.ts';
import { LoopgateError } from '../errors/errors.ts';

/**
 * The models as on the wire, declared once: requests are parsed by them and answers are shaped by them. Outside this file
 * names are camelCase and what is absent is undefined; on the wire they are snake_case and what is absent is left out.
 */

/** The four scopes that the published clients know by name. */
const knownScopes = ['openid', 'email', 'profile', 'offline_access'] as const;
type KnownScope = (typeof knownScopes)[number];

/** Clients write "nothing" as null, an empty text or the enum value UNKNOWN; here it is undefined. */
function absent(value: unknown): unknown {
  return value === null || value === '' || value === 'UNKNOWN' ? undefined : value;
}

function optional<T extends z.ZodType>(schema: T) {
  return z.preprocess(absent, schema.optional());
}

function required<T extends z.ZodType>(schema: T) {
  return z.preprocess(absent, schema);
}

/**
 * Scopes in every form that the clients send: separated by spaces or commas, joined with nothing (known names are
 * recovered), an array, or repeated keys.
 */
export function parseScopes(value: unknown): string[] {
  const texts = Array.isArray(value) ? value : [value];
  return texts
    .filter((text) => typeof text === 'string')
    .flatMap((text) => text.split(/[\s,+]+/))
    .flatMap(recoverScopes)
    .filter((scope) => scope !== '' && scope !== 'UNKNOWN');
}

/** `openidemailprofile` → its three names; a text that is not made of known names alone stays as it is. */
function recoverScopes(text: string): string[] {
  const names: string[] = [];
  let rest = text;
  while (rest !== '') {
    const name = knownScopes.find((known) => rest.startsWith(known));
    if (name === undefined) return [text];
    names.push(name);
    rest = rest.slice(name.length);
  }
  return names;
}

const scope = z.preprocess(
  (value) => (absent(value) === undefined ? undefined : parseScopes(value)),
  z.array(z.string()),
);
// Each of these once: making a schema takes longer than anything else that is done at the start.
const text = z.string();
const optionalText = optional(text);
const requiredText = required(text);
/** What a provider may send as something else, which is left out then. */
const textIfSent = text.optional().catch(undefined);
/** Any version and variant: clients make them as they like. */
const uuid = z.guid();
const requiredUuid = required(uuid);
/** R2: `plain` is refused by not being known. */
const s256 = z.literal('S256');
const responseMode = z.enum(['form_post', 'query', 'fragment', 'web_message']);
/** Sent in many shapes by generated clients, and never needed. */
const ignoredSchema = z.unknown().optional();
/** A text that is not looked at. Its type is for the description: clients that are generated from it need one. */
const ignoredText = z.unknown().meta({ type: 'string' }).optional();

/** POST /pkce/code. */
const seededPkce = z.object({
  schema: ignoredSchema,
  response_type: required(z.literal('code')),
  state: requiredUuid,
  nonce: requiredUuid,
  redirect_uri: optionalText,
  code_challenge: requiredText,
  code_challenge_method: required(s256),
  domain: optionalText,
  audience: optionalText,
  screen_hint: optional(z.literal('signup')),
  prompt: optional(z.enum(['login', 'none'])),
  organization: optionalText,
  invitation: optionalText,
  scope: required(scope),
  client_id: requiredText,
  ADDITIONAL_PARAMETERS: optional(
    z.object({ access_type: optional(z.literal('offline')), display: optional(z.literal('popup')) }),
  ),
  response_mode: optional(responseMode),
});
export type SeededPkce = z.infer<typeof seededPkce>;

/** GET /authorize. */
const authorizeQuery = z.object({
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
const tokenizedPkce = z.discriminatedUnion('grant_type', [
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
 * The same as a form, for the description alone: generated clients know no form but that of one object with texts.
 * {@link tokenizedPkce} says what is refused.
 */
const tokenForm = z.object({
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
const logoutQuery = z.object({
  client_id: optionalText,
  returnTo: optionalText,
  /** Asked for by being there, as at Auth0: whatever its value. */
  federated: text.optional(),
});
/** In the link of the page that asks a browser's person. Not described: nobody else has it. */
const confirmedLogoutQuery = logoutQuery.extend({ confirmed: optionalText });

const shortText = text.max(200);
const requiredName = required(shortText);

/** POST /connect. Names are kept as they came: the lists of the clients grow. */
const seededConnectorConnection = z.object({
  schema: ignoredSchema,
  application: z.object({
    schema: ignoredSchema,
    name: requiredName,
    version: requiredName,
    platform: requiredName,
    privacy: optional(shortText),
  }),
});

/** POST /{application}/onboarded. */
const onboarded = z.boolean();

/** POST /user/select: an Auth0User, of which only the id is needed. */
const selectUser = z.object({ user_id: requiredText });

/** GET /user/access_token. */
const accessTokenQuery = z.object({
  audience: optionalText,
  scope: z.preprocess(
    (value) => (absent(value) === undefined ? undefined : parseScopes(value)),
    z.array(text).optional(),
  ),
});

/** What the person reads when a field is wrong, where "invalid input" says too little. */
const expectations: Record<string, string> = {
  response_type: 'must be "code"',
  code_challenge_method: 'must be "S256" ("plain" is refused)',
  state: 'must be a UUID',
  nonce: 'must be a UUID, equal to state',
  code_verifier: 'must be 43 to 128 unreserved characters (RFC 7636)',
  grant_type: 'must be "authorization_code" or "refresh_token"',
  response_mode: 'must be form_post, query, fragment or web_message',
  prompt: 'must be "login" or "none"',
};

function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, code, message }) => {
    const field = path.join('.') || 'body';
    const isMissing = code === 'invalid_type' && message.endsWith('received undefined');
    return `${field} ${isMissing ? 'is missing' : (expectations[field] ?? 'is not what it should be')}`;
  });
  throw new LoopgateError('invalid_request', { happened: `${problems.join('; ')}.` });
}

/** A query or a form as an object. RFC 6749 §3.1: nothing comes twice; `scope` alone may, as some clients send it so. */
export function parametersToObject(parameters: URLSearchParams): Record<string, string | string[]> {
  // In one pass: a look-up by name goes through all of them, and whoever is not allowed anything may send thousands.
  const given = new Map<string, [string, ...string[]]>();
  for (const [name, value] of parameters) {
    const values = given.get(name);
    if (values) values.push(value);
    else given.set(name, [value]);
  }
  const object: Record<string, string | string[]> = Object.create(null);
  for (const [name, values] of given) {
    if (values.length > 1 && name !== 'scope') {
      throw new LoopgateError('invalid_request', { happened: `${name} is given ${values.length} times.` });
    }
    object[name] = values.length > 1 ? values : values[0];
  }
  return object;
}

/** @throws LoopgateError `invalid_request` */
export function parseSeededPkce(body: unknown): { seed: SeededPkce; request: SignInRequest } {
  const seed = parse(seededPkce, body);
  if (seed.nonce !== seed.state) {
    throw new LoopgateError('invalid_request', { happened: 'nonce must be equal to state.' });
  }
  return {
    seed,
    request: {
      clientId: seed.client_id,
      audience: seed.audience,
      scope: seed.scope,
      redirectUri: seed.redirect_uri,
      responseMode: seed.response_mode,
      state: seed.state,
      codeChallenge: seed.code_challenge,
      prompt: seed.prompt,
      organization: seed.organization,
      invitation: seed.invitation,
      screenHint: seed.screen_hint,
      display: seed.ADDITIONAL_PARAMETERS?.display,
      accessType: seed.ADDITIONAL_PARAMETERS?.access_type,
    },
  };
}

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

/** The program that connects, as it says of itself: a claim, never trusted. */
export interface ClaimedApplication {
  readonly name: string;
  readonly version: string;
  readonly platform: string;
  readonly privacy: string;
}

/** @throws LoopgateError `invalid_request` */
export function parseConnection(body: unknown): ClaimedApplication {
  const { name, version, platform, privacy } = parse(seededConnectorConnection, body).application;
  return { name, version, platform, privacy: privacy ?? 'OPEN' };
}

/** @throws LoopgateError `invalid_request` */
export function parseOnboarded(body: unknown): boolean {
  return parse(onboarded, body);
}

/** @throws LoopgateError `invalid_request` */
export function parseAccessTokenQuery(query: URLSearchParams): OtherApi {
  // As it nearly always is.
  if (query.size === 0) return {};
  const { audience, scope: scopes = [] } = parse(accessTokenQuery, parametersToObject(query));
  return {
    ...(audience !== undefined && { audience }),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
  };
}

/** @returns the `sub` of the person @throws LoopgateError `invalid_request` */
export function parseSelectedUser(body: unknown): string {
  return parse(selectUser, body).user_id;
}

/** The token of an Authorization header: raw, or behind `Bearer` in any case, with spaces around it; undefined when empty. */
export function parseAuthorization(header: string | undefined): string | undefined {
  const token = header
    ?.trim()
    .replace(/^bearer(\s+|$)/i, '')
    .trim();
  return token === '' ? undefined : token;
}

const dateTime = z.iso.datetime();
const dateTimeIfSent = dateTime.optional().catch(undefined);

/** ChallengedPKCE. `nonce` is the clients' local comparator, equal to the state; it is not the OpenID nonce. */
const challengedPkce = z.object({ state: uuid, nonce: uuid, challenge: text, method: s256, verifier: text });
const resultedPkce = z.object({ code: text.min(1), state: text.min(1) });
const seedAnswer = z.object({
  ...seededPkce.shape,
  schema: z.undefined().optional(),
  scope: z.array(z.enum(knownScopes)),
});
const oauthToken = z.object({
  access_token: text.min(1),
  token_type: z.literal('Bearer'),
  expires_in: z.int().min(0),
  scope: text,
  refresh_token: text.optional(),
  id_token: text.optional(),
});
const auth0Identity = z.object({
  connection: textIfSent,
  isSocial: z.boolean().optional().catch(undefined),
  provider: textIfSent,
  user_id: textIfSent,
});
const auth0UserMetadata = z.object({
  global_id: uuid,
  cloud_key: textIfSent,
  stripe_customer_id: textIfSent,
  vanityname: textIfSent,
  allocation: z.object({ project: text, region: text }).optional().catch(undefined),
});
/** Auth0User. A provider may send anything: what is not of its type is left out, never passed on. */
const auth0User = z.object({
  user_id: text,
  /** The same: OpenID Connect Core §5.3.2 wants it, and the clients of OpenID read it. */
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

const auth0 = z.object({
  domain: text,
  client: text,
  audience: text,
  redirects: z.object({}),
  oAuth: z.object({ token: oauthToken }),
  user: auth0User.optional(),
});
const pkce = z.object({
  seed: seedAnswer.optional(),
  challenge: challengedPkce.optional(),
  result: resultedPkce.optional(),
  auth0: auth0.optional(),
});

const groupedTimestamp = z.object({ value: dateTime });
const userProfile = z.object({
  id: text.min(1),
  aesthetics: z.object({ theme: z.object({ dark: z.boolean() }), font: z.object({ size: z.int() }) }),
  email: textIfSent,
  name: textIfSent,
  username: textIfSent,
  picture: textIfSent,
  created: groupedTimestamp.optional().catch(undefined),
  updated: groupedTimestamp.optional().catch(undefined),
  auth0: auth0UserMetadata.optional().catch(undefined),
});
const returnedUserProfile = z.object({ user: userProfile.optional() });
const users = z.object({ iterable: z.array(userProfile) });
const application = z.object({
  id: uuid,
  name: text,
  version: text,
  platform: text,
  onboarded: z.boolean(),
  privacy: text,
});
const context = z.object({
  os: uuid,
  application,
  health: z.object({ os: z.object({ id: uuid, version: text }) }),
  user: userProfile.optional(),
});
const error = z.object({ error: text, error_description: text });

/** The models by the names that the published clients have for them: the schemas of the API description. */
export const models = {
  SeededPKCE: seededPkce,
  TokenizedPKCE: tokenizedPkce,
  ChallengedPKCE: challengedPkce,
  ResultedPKCE: resultedPkce,
  PKCE: pkce,
  Auth0: auth0,
  OAuthToken: oauthToken,
  Auth0User: auth0User,
  Auth0Identity: auth0Identity,
  Auth0UserMetadata: auth0UserMetadata,
  SeededConnectorConnection: seededConnectorConnection,
  Application: application,
  Context: context,
  UserProfile: userProfile,
  ReturnedUserProfile: returnedUserProfile,
  Users: users,
  GroupedTimestamp: groupedTimestamp,
  Error: error,
} as const;

/** The queries and forms of operations that have no model of their own. */
export const inputs = {
  authorizeQuery,
  tokenForm,
  logoutQuery,
  accessTokenQuery,
  onboarded,
  selectUser,
  /** What the provider sends: a code, or an error. Parsed by the broker, which must see what comes twice. */
  respondForm: z.object({
    state: text,
    code: text.optional(),
    iss: text.optional(),
    error: text.optional(),
    error_description: text.optional(),
    schema: ignoredText,
  }),
} as const;

/** The answer of GET /pkce/challenge. */
export function challengeAnswer(challenge: Required<Challenge>) {
  return shape(pkce, { challenge: challengeModel(challenge) });
}

/** The answer of POST /pkce/code. The seed comes back as it was understood; scopes that no client knows are left out. */
export function codeAnswer(result: SignInResult, seed: SeededPkce | undefined) {
  const { challenge } = result;
  return shape(pkce, {
    ...(seed && { seed: { ...seed, schema: undefined, scope: seed.scope.filter(isKnownScope) } }),
    ...(challenge?.codeVerifier !== undefined && {
      challenge: challengeModel({ ...challenge, codeVerifier: challenge.codeVerifier }),
    }),
    result: resultAnswer(result),
  });
}

/** ResultedPKCE: the answer of GET /authorize, and the `result` of others. */
export function resultAnswer({ code, state }: { code: string; state: string }) {
  return shape(resultedPkce, { code, state });
}

/** The answer of POST /pkce/response/code to a program. */
export function responseAnswer(result: { code: string; state: string }) {
  return shape(pkce, { result: resultAnswer(result) });
}

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

/** The answer of POST /pkce/token. @param now - milliseconds since the epoch */
export function tokenAnswer(result: TokenResult, domain: string, now: number) {
  return shape(pkce, {
    auth0: {
      domain,
      client: result.clientId,
      audience: result.audience ?? '',
      redirects: {},
      oAuth: { token: oauthTokenAnswer(result, now) },
      ...(result.profile && { user: userAnswer(result.profile) }),
    },
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

/** UserProfile. The id is the provider's `sub`. */
export function profileAnswer(person: Person) {
  return shape(userProfile, profileModel(person));
}

/** ReturnedUserProfile: the answer of GET /user; `{}` means signed out. */
export function currentUserAnswer(person: Person | undefined) {
  return shape(returnedUserProfile, person ? { user: profileModel(person) } : {});
}

/** Users: the answer of POST /os/sign_out, the people who are still signed in. */
export function usersAnswer(people: readonly Person[]) {
  return shape(users, { iterable: people.map(profileModel) });
}

/** Context: the answer of POST /connect. */
export function contextAnswer(
  connected: z.output<typeof application>,
  instance: { id: string; version: string },
  person: Person | undefined,
) {
  return shape(context, {
    os: instance.id,
    application: connected,
    health: { os: instance },
    ...(person && { user: profileModel(person) }),
  });
}

/** A signed-in person as the broker knows them. */
export interface Person {
  readonly subject: string;
  readonly profile: Record<string, unknown> | undefined;
}

function profileModel({ subject, profile: sent = {} }: Person) {
  const profile = present(sent);
  const timestamp = (value: unknown) => {
    const date = dateOf(value);
    return date === undefined ? undefined : { value: date };
  };
  return {
    id: subject,
    // What the clients draw their own windows with; Loopgate has no opinion on it.
    aesthetics: { theme: { dark: false }, font: { size: 14 } },
    email: profile.email,
    name: profile.name,
    username: profile.username ?? profile.preferred_username,
    picture: profile.picture,
    created: timestamp(profile.created_at),
    updated: timestamp(profile.updated_at),
    auth0: profile.user_metadata,
  };
}

/** A provider may write "nothing" like a client; in an answer it is left out (W2). */
function present(claims: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => absent(value) !== undefined));
}

function challengeModel({ state, codeChallenge, codeVerifier }: Required<Challenge>) {
  return { state, nonce: state, challenge: codeChallenge, method: 'S256' as const, verifier: codeVerifier };
}

function isKnownScope(name: string): name is KnownScope {
  return knownScopes.some((known) => known === name);
}

/** Dates as `2026-11-20T10:00:00.000Z`, from such a text or from seconds since the epoch. */
function dateOf(value: unknown): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const date = new Date(typeof value === 'number' ? value * 1000 : value);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** Shapes an answer by its model: unknown fields fall away, and a model that is not met is a fault of ours, not an answer. */
function shape<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const shaped: z.output<T> = schema.parse(value);
  return JSON.parse(JSON.stringify(shaped));
}
