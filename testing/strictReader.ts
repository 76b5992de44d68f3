/**
 * A reader for each family of published clients, which refuses what that client refuses (W2, W4, W11). It is based on what
 * those clients do, and deliberately not on the code that writes the answers.
 */

const families = ['TypeScript', 'Python', 'Kotlin', 'C#', 'Dart'] as const;
type Family = (typeof families)[number];

/** An answer, from any source. */
interface ReadAnswer {
  readonly status: number;
  /** Only lower-case names are requested. */
  readonly headers: { get(name: string): string | null | undefined };
  readonly body: string;
}

/** What is refused, and by which family: `all` if a rule holds for every answer or every client. */
const rules = {
  status: { by: 'all', says: 'the status must be exactly the documented one' },
  redirect: { by: 'all', says: 'an SDK follows a 3xx and chokes on the page behind it' },
  empty: { by: 'all', says: 'a 200 must not be empty' },
  body204: { by: 'all', says: 'a 204 has no body' },
  pythonType: { by: ['Python'], says: 'the Content-Type must be application/json or application/*+json' },
  kotlinType: { by: ['Kotlin'], says: 'the Content-Type must be application/json' },
  textType: { by: 'all', says: 'the Content-Type must be the documented text' },
  json: { by: 'all', says: 'the body must be JSON' },
  text: { by: 'all', says: 'the text is not as documented' },
  retryAfter: { by: ['Python'], says: 'a GET with Retry-After makes it sleep and ask again' },
  error: { by: 'all', says: 'an error must be readable: JSON with error and error_description' },
  isNull: { by: 'all', says: 'must be left out instead of null' },
  unknown: { by: 'all', says: 'must be left out instead of "UNKNOWN"' },
  missing: { by: 'all', says: 'is missing' },
  type: { by: 'all', says: 'has the wrong type' },
  value: { by: 'all', says: 'has a value that is not among the documented ones' },
  blank: { by: 'all', says: 'must not be empty' },
  integer: { by: 'all', says: 'must be a JSON integer, without a fraction or an exponent' },
  uuid: { by: ['Kotlin', 'C#'], says: 'must parse as a UUID' },
  date: { by: 'all', says: 'must be a date-time' },
  offset: { by: ['Kotlin', 'C#'], says: 'must have an offset' },
  nonce: { by: 'all', says: 'must be equal to state' },
  sub: { by: 'all', says: 'is no field of the model: user_id is' },
} as const satisfies Record<string, { by: 'all' | readonly Family[]; says: string }>;
type Rule = keyof typeof rules;

/** One family refused one answer. */
class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(family: Family, rule: Rule, where: string, seen: string) {
    super(`${family} refuses ${where}: ${rules[rule].says} (${rule}); it was ${seen}`);
  }
}

/** Reads as one family does: it accepts what that family accepts. */
class Reading {
  readonly #family: Family;
  readonly #operation: string;

  constructor(family: Family, operation: string) {
    this.#family = family;
    this.#operation = operation;
  }

  /** @throws Refusal when the rule applies to this family */
  refuse(rule: Rule, path: string, value: unknown): void {
    const { by }: { by: 'all' | readonly Family[] } = rules[rule];
    if (by !== 'all' && !by.includes(this.#family)) return;
    const where = path === '' ? this.#operation : `${this.#operation} ${path}`;
    throw new Refusal(this.#family, rule, where, seen(value));
  }
}

function seen(value: unknown): string {
  const written = typeof value === 'string' ? value : JSON.stringify(value);
  return `"${String(written).slice(0, 200)}"`;
}

/** One kind of value on the wire. */
type Kind = (value: unknown, path: string, reading: Reading) => void;

const text: Kind = (value, path, reading) => {
  if (typeof value !== 'string') reading.refuse('type', path, value);
};
const filled: Kind = (value, path, reading) => {
  text(value, path, reading);
  if (value === '') reading.refuse('blank', path, value);
};
const boolean: Kind = (value, path, reading) => {
  if (typeof value !== 'boolean') reading.refuse('type', path, value);
};
/** Only the text shows whether `3600.0` was written: see {@link integerFields}. */
const integer: Kind = (value, path, reading) => {
  if (typeof value !== 'number') reading.refuse('type', path, value);
  else if (!Number.isSafeInteger(value)) reading.refuse('integer', path, value);
};
const uuid: Kind = (value, path, reading) => {
  text(value, path, reading);
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(String(value))) reading.refuse('uuid', path, value);
};
const dateTime: Kind = (value, path, reading) => {
  text(value, path, reading);
  const written = String(value);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(written) || Number.isNaN(Date.parse(written))) {
    reading.refuse('date', path, value);
  }
  if (!/(Z|[+-]\d\d:\d\d)$/.test(written)) reading.refuse('offset', path, value);
};

function oneOf(...values: readonly string[]): Kind {
  return (value, path, reading) => {
    text(value, path, reading);
    if (!values.includes(String(value))) reading.refuse('value', path, value);
  };
}

function listOf(kind: Kind): Kind {
  return (value, path, reading) => {
    if (!Array.isArray(value)) return reading.refuse('type', path, value);
    value.forEach((one: unknown, index) => {
      kind(one, `${path}[${index}]`, reading);
    });
  };
}

/** @param also - a check across the fields */
function model(
  required: Readonly<Record<string, Kind>>,
  optional: Readonly<Record<string, Kind>> = {},
  also: (fields: Record<string, unknown>, path: string, reading: Reading) => void = () => undefined,
): Kind {
  return (value, path, reading) => {
    if (!isObject(value)) return reading.refuse('type', path, value);
    for (const [name, kind] of Object.entries({ ...optional, ...required })) {
      const at = path === '' ? name : `${path}.${name}`;
      if (value[name] !== undefined) kind(value[name], at, reading);
      else if (name in required) reading.refuse('missing', at, undefined);
    }
    also(value, path, reading);
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const schema = model({ migration: integer, semantic: oneOf('MAJOR_0_MINOR_0_PATCH_1') });
const resultedPkce = model({ code: filled, state: filled }, { schema });
const challengedPkce = model(
  { state: uuid, nonce: uuid, challenge: filled, method: oneOf('S256'), verifier: filled },
  { schema },
  ({ state, nonce }, path, reading) => {
    if (nonce !== state) reading.refuse('nonce', `${path}.nonce`, nonce);
  },
);
const seededPkce = model(
  {
    response_type: oneOf('code', 'token', 'id_token'),
    state: uuid,
    nonce: uuid,
    code_challenge: filled,
    code_challenge_method: oneOf('S256'),
    scope: listOf(oneOf('openid', 'email', 'profile', 'offline_access')),
    client_id: filled,
  },
  {
    schema,
    redirect_uri: text,
    domain: text,
    audience: text,
    screen_hint: oneOf('signup'),
    prompt: oneOf('login', 'none'),
    organization: text,
    invitation: text,
    ADDITIONAL_PARAMETERS: model({}, { access_type: oneOf('offline'), display: oneOf('popup') }),
    response_mode: oneOf('form_post', 'web_message', 'fragment', 'query'),
  },
);
const tokenizedPkce = model(
  {
    grant_type: oneOf('authorization_code', 'refresh_token'),
    client_id: filled,
    code: text,
    redirect_uri: text,
    code_verifier: text,
  },
  { schema, audience: text },
);
const revokedPkce = model({ client_id: filled, token: filled }, { schema });
const oauthToken = model(
  // Only the newest clients treat `scope` as optional.
  { access_token: filled, token_type: oneOf('Bearer'), expires_in: integer, scope: text },
  { schema, refresh_token: filled, id_token: filled },
);
const oauthAccount = model({
  client_id: filled,
  email: filled,
  connection: filled,
  username: filled,
  given_name: filled,
  family_name: filled,
  name: filled,
  picture: filled,
  nickname: filled,
});
const auth0Identity = model(
  {},
  { connection: text, isSocial: boolean, provider: text, user_id: text, access_token: text, expires_in: integer },
);
const auth0UserMetadata = model(
  { global_id: uuid },
  {
    schema,
    cloud_key: text,
    stripe_customer_id: text,
    vanityname: text,
    allocation: model({ project: text, region: text }),
    open_AI: model({}),
    beta: model({}),
  },
);
const auth0User = model(
  {},
  {
    name: text,
    picture: text,
    email: text,
    email_verified: boolean,
    family_name: text,
    given_name: text,
    nickname: text,
    username: text,
    locale: text,
    user_id: text,
    last_ip: text,
    created_at: dateTime,
    updated_at: dateTime,
    last_login: dateTime,
    identities: listOf(auth0Identity),
    user_metadata: auth0UserMetadata,
    logins_count: integer,
    blocked_for: listOf(text),
    guardian_authenticators: listOf(text),
  },
  ({ sub, user_id: userId }, path, reading) => {
    if (sub !== undefined && userId === undefined) reading.refuse('sub', path === '' ? 'sub' : `${path}.sub`, sub);
  },
);
const auth0 = model(
  {
    domain: text,
    client: text,
    audience: text,
    redirects: model({}, { authenticated: text, unauthenticated: text }),
    oAuth: model({}, { token: oauthToken, account: oauthAccount }),
  },
  { identity: auth0Identity, user: auth0User, metadata: auth0UserMetadata, namespace: text },
);
const pkce = model(
  {},
  {
    schema,
    result: resultedPkce,
    challenge: challengedPkce,
    revocation: revokedPkce,
    seed: seededPkce,
    token: tokenizedPkce,
    auth0,
  },
);
const groupedTimestamp = model({ value: dateTime }, { schema, readable: text });
const userProfile = model(
  { id: filled, aesthetics: model({ theme: model({ dark: boolean }), font: model({ size: integer }) }) },
  {
    schema,
    email: text,
    name: text,
    username: text,
    picture: text,
    vanityname: text,
    created: groupedTimestamp,
    updated: groupedTimestamp,
    auth0: auth0UserMetadata,
  },
);
const context = model(
  {
    os: filled,
    application: model(
      { id: uuid, name: text, version: text, platform: text, onboarded: boolean, privacy: text },
      { schema },
    ),
    health: model({ os: model({ id: filled, version: text }) }),
  },
  { schema, user: userProfile },
);
/** The fields that {@link integer} reads. A parsed `3600.0` is 3600, so this checks their text as well. */
const integerFields = /"(migration|expires_in|logins_count|size)"\s*:\s*(-?\d[\d.eE+-]*)/g;

interface OperationForm {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly path: RegExp;
  /** A JSON model; a text of that type; nothing (204); or headers only (HEAD). */
  readonly answer: Kind | { readonly type: string; readonly form: RegExp } | 'nothing' | 'headers';
  /** The statuses whose error is a text instead of JSON. */
  readonly textErrors?: readonly number[];
}

const health = { type: 'text/plain', form: /^ok/ };

/** The nine operations of section 1 and their neighbours in section 7, by their names in the published clients. */
const operations = {
  clearPKCE: { method: 'POST', path: /^\/pkce\/clear$/, answer: 'nothing' },
  generateCode: { method: 'POST', path: /^\/pkce\/code$/, answer: pkce },
  generateToken: { method: 'POST', path: /^\/pkce\/token$/, answer: pkce },
  getChallenge: { method: 'GET', path: /^\/pkce\/challenge$/, answer: pkce },
  respondWithCode: { method: 'POST', path: /^\/pkce\/response\/code$/, answer: pkce },
  authorizeAuth0: { method: 'GET', path: /^\/authorize$/, answer: resultedPkce },
  exchangeForAuth0Token: { method: 'POST', path: /^\/oauth\/token$/, answer: oauthToken },
  getAuth0UserInfo: { method: 'GET', path: /^\/userinfo$/, answer: auth0User },
  auth0Logout: { method: 'GET', path: /^\/v2\/logout$/, answer: { type: 'text/html', form: /</ } },
  getWellKnownHealth: { method: 'GET', path: /^\/\.well-known\/health$/, answer: health },
  headWellKnownHealth: { method: 'HEAD', path: /^\/\.well-known\/health$/, answer: 'headers' },
  getWellKnownVersion: {
    method: 'GET',
    path: /^\/\.well-known\/version$/,
    answer: { type: 'text/plain', form: /^\d+\.\d+\.\d+([-.].+)?$/ },
  },
  connect: { method: 'POST', path: /^\/connect$/, answer: context },
  onboarded: {
    method: 'POST',
    path: /^\/[^/]+\/onboarded$/,
    answer: { type: 'text/plain', form: /./ },
    textErrors: [401],
  },
  signIntoOS: { method: 'POST', path: /^\/os\/sign_in$/, answer: userProfile },
  signOutOfOS: { method: 'POST', path: /^\/os\/sign_out$/, answer: model({ iterable: listOf(userProfile) }) },
  userSnapshot: { method: 'GET', path: /^\/user$/, answer: model({}, { user: userProfile }) },
  clearUser: { method: 'POST', path: /^\/user\/clear$/, answer: 'nothing' },
  refreshUser: { method: 'GET', path: /^\/user\/refresh$/, answer: userProfile },
  userAccessToken: { method: 'GET', path: /^\/user\/access_token$/, answer: { type: 'text/plain', form: /^\S+$/ } },
} as const satisfies Record<string, OperationForm>;
type OperationId = keyof typeof operations;
const operationIds = Object.keys(operations) as OperationId[];

/** The operation at a path; undefined for a path that no published client uses. */
export function operationAt(method: string, path: string): OperationId | undefined {
  return operationIds.find((id) => operations[id].method === method && operations[id].path.test(path));
}

/**
 * Reads an answer as every family does.
 * @returns the parsed JSON, or the text
 * @throws Refusal with the first family that refuses it, and the rule
 */
export function readStrictly(operation: OperationId, answer: ReadAnswer): unknown {
  let value: unknown;
  for (const family of families) value = read(operations[operation], answer, new Reading(family, operation));
  return value;
}

/** Reads a frame of `/user/stream`: a UserProfile, or an empty text if no account is signed in. @throws Refusal */
export function readUserFrame(frame: string): unknown {
  if (frame === '') return undefined;
  let value: unknown;
  for (const family of families) {
    const reading = new Reading(family, 'streamUser');
    value = parseJson(frame, reading);
    userProfile(value, '', reading);
  }
  return value;
}

/** The operation of a request; undefined if there is none, and for the page that a browser gets from the callback. */
export function operationOf(asked: Request): OperationId | undefined {
  const operation = operationAt(asked.method, new URL(asked.url).pathname);
  const isPage = operation === 'respondWithCode' && asked.headers.get('accept')?.includes('text/html') === true;
  return isPage ? undefined : operation;
}

/** `fetch` that reads every answer strictly, except pages for browsers. It does not follow redirects. */
export const checkedFetch: typeof fetch = async (input, init) => {
  const asked = new Request(input, init);
  const response = await fetch(input, { redirect: 'manual', ...init });
  const body = await response.text();
  const { status, statusText, headers } = response;
  const operation = operationOf(asked);
  if (operation !== undefined) readStrictly(operation, { status, headers, body });
  return new Response(body === '' ? null : body, { status, statusText, headers });
};

function read(form: OperationForm, { status, headers, body }: ReadAnswer, reading: Reading): unknown {
  const retryAfter = headers.get('retry-after') ?? undefined;
  if (form.method === 'GET' && retryAfter !== undefined) reading.refuse('retryAfter', '', retryAfter);
  if (status >= 300 && status < 400) reading.refuse('redirect', '', status);
  const type = headers.get('content-type') ?? '';
  if (status >= 400) return readError(form, status, type, body, reading);
  if (status !== (form.answer === 'nothing' ? 204 : 200)) reading.refuse('status', '', status);
  if (form.answer === 'headers') return undefined;
  if (form.answer === 'nothing') {
    if (body !== '') reading.refuse('body204', '', body);
    return undefined;
  }
  if (body === '') reading.refuse('empty', '', body);
  if (typeof form.answer === 'object') {
    if (mediaTypeOf(type) !== form.answer.type) reading.refuse('textType', '', type);
    if (!form.answer.form.test(body)) reading.refuse('text', '', body);
    return body;
  }
  const value = readJson(type, body, reading);
  form.answer(value, '', reading);
  return value;
}

function readError(form: OperationForm, status: number, type: string, body: string, reading: Reading): unknown {
  if (form.textErrors?.includes(status) && mediaTypeOf(type) === 'text/plain' && body !== '') return body;
  if (mediaTypeOf(type) !== 'application/json') reading.refuse('error', '', type);
  const value = readJson(type, body, reading);
  const isReadable = isObject(value) && [value.error, value.error_description].every(isFilledText);
  if (!isReadable) reading.refuse('error', '', body);
  return value;
}

function readJson(type: string, body: string, reading: Reading): unknown {
  const mediaType = mediaTypeOf(type);
  if (!/^application\/([^/]+\+)?json$/.test(mediaType)) reading.refuse('pythonType', '', type);
  if (mediaType !== 'application/json') reading.refuse('kotlinType', '', type);
  return parseJson(body, reading);
}

function parseJson(body: string, reading: Reading): unknown {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    reading.refuse('json', '', body);
  }
  for (const [, name = '', written = ''] of body.matchAll(integerFields)) {
    if (!/^-?\d+$/.test(written)) reading.refuse('integer', name, written);
  }
  refuseAbsentValues(value, '', reading);
  return value;
}

/** "Never null, never UNKNOWN, in any answer", also in fields that no model names. */
function refuseAbsentValues(value: unknown, path: string, reading: Reading): void {
  if (value === null) reading.refuse('isNull', path, value);
  if (value === 'UNKNOWN') reading.refuse('unknown', path, value);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, one] of Object.entries(value)) {
    refuseAbsentValues(one, path === '' ? name : `${path}.${name}`, reading);
  }
}

function isFilledText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function mediaTypeOf(type: string): string {
  return type.split(';')[0]?.trim().toLowerCase() ?? '';
}
