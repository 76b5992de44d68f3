import { createHash, randomBytes } from 'node:crypto';
import { BrowserDouble } from '../../demo/identity-provider/person.ts';
import type { IdentityProvider } from '../../demo/identity-provider/provider.ts';
import { type Pair, printedLogin, startPair } from './client.ts';
import type { Headless } from './headless.ts';

/** The answers of the API by operationId: JSON as it is, anything else as text. */
export type RecordedExamples = Readonly<Record<string, unknown>>;

/**
 * A host whose answers can be recorded: nobody opens its logins, so that a program can relay their codes, which two of the
 * operations are for.
 */
export function startPairForExamples(): Promise<Pair> {
  return startPair();
}

/**
 * Asks for every operation that answers with a body, once, and gives the answers; what differs from one run to the next is
 * replaced, so that two recordings are equal. Needs a host of {@link startPairForExamples} where nobody has signed in yet.
 * @throws Error when an operation answers with an error
 */
export async function recordExamples(host: Headless, provider: IdentityProvider): Promise<RecordedExamples> {
  const ada = new BrowserDouble();
  const answers: Record<string, unknown> = {};

  async function record(operationId: string, path: string, request: RequestInit = {}): Promise<unknown> {
    // Two are asked for at the same time: their order is that of the questions.
    answers[operationId] = undefined;
    const response = await fetch(`${host.address}${path}`, request);
    const text = await response.text();
    if (!response.ok) throw new Error(`${operationId} answered ${response.status}: ${text}`);
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    answers[operationId] = isJson ? JSON.parse(text) : text;
    return answers[operationId];
  }

  /** Signs in at the provider and gives the callback's parameters, which a program then relays. */
  async function callbackOf(state: string): Promise<URLSearchParams> {
    const address = await printedLogin(host, state);
    const { fields } = await ada.signInAs(address, 'Ada Lovelace', { deliver: false });
    return new URLSearchParams(fields);
  }

  await record('getWellKnownHealth', '/.well-known/health');
  await record('getWellKnownVersion', '/.well-known/version');

  const signIn = () => record('signIntoOS', '/os/sign_in', { method: 'POST' });
  await Promise.all([signIn(), printedLogin(host).then((address) => ada.signInAs(address, 'Ada Lovelace'))]);
  // Right after the login only the ID token is known; from here on the answers have the whole profile.
  await record('refreshUser', '/user/refresh');
  await signIn();

  const application = { name: 'VS_CODE', version: '1.106.0', platform: 'LINUX' };
  const connected = await record('connect', '/connect', asJson({ application }));
  await record('onboarded', `/${textAt(connected, 'application', 'id')}/onboarded`, asJson(true));

  const redirectUri = `${host.address}/pkce/response/code`;
  const { clientId, audience } = provider;
  const challenged = await record('getChallenge', '/pkce/challenge');
  const state = textAt(challenged, 'challenge', 'state');
  const seed = {
    response_type: 'code',
    state,
    nonce: state,
    redirect_uri: redirectUri,
    code_challenge: textAt(challenged, 'challenge', 'challenge'),
    code_challenge_method: 'S256',
    audience,
    scope: ['openid', 'profile', 'email', 'offline_access'],
    client_id: clientId,
  };
  const [coded] = await Promise.all([
    record('generateCode', '/pkce/code', asJson(seed)),
    callbackOf(state).then((body) => record('respondWithCode', '/pkce/response/code', { method: 'POST', body })),
  ]);
  const exchange = {
    grant_type: 'authorization_code',
    client_id: clientId,
    code: textAt(coded, 'result', 'code'),
    redirect_uri: redirectUri,
    code_verifier: textAt(challenged, 'challenge', 'verifier'),
  };
  await record('generateToken', '/pkce/token', asJson(exchange));

  const ownVerifier = randomBytes(32).toString('base64url');
  const ownState = randomBytes(32).toString('hex');
  const query = new URLSearchParams({
    audience,
    scope: 'openid profile email offline_access',
    response_type: 'code',
    client_id: clientId,
    code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update(ownVerifier).digest('base64url'),
    response_mode: 'query',
    state: ownState,
  });
  const [authorized] = await Promise.all([
    record('authorizeAuth0', `/authorize?${query}`),
    callbackOf(ownState).then((callback) => record('respondWithCodeByQuery', `/pkce/response/code?${callback}`)),
  ]);
  const form = new URLSearchParams({ ...exchange, code: textAt(authorized, 'code'), code_verifier: ownVerifier });
  await record('exchangeForAuth0Token', '/oauth/token', { method: 'POST', body: form });

  await record('getAuth0UserInfo', '/userinfo');
  const current = await record('userSnapshot', '/user');
  const user = textAt(current, 'user', 'id');
  await record('usersSnapshot', '/users');
  await record('usersSpecificUserSnapshot', `/users/${encodeURIComponent(user)}`);
  await record('selectUser', '/user/select', asJson({ user_id: user }));
  await record('userAccessToken', '/user/access_token');
  await record('usersDisconnectUser', `/users/${encodeURIComponent(user)}/disconnect`, { method: 'POST' });
  await record('auth0Logout', '/v2/logout');
  await record('signOutOfOS', '/os/sign_out', { method: 'POST' });

  return new StandIns(host, provider).replaceIn(answers);
}

function asJson(body: unknown): RequestInit {
  return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

/** A text inside of an answer. @throws Error when there is none */
function textAt(value: unknown, ...path: readonly string[]): string {
  const found = path.reduce<unknown>(
    (inside, name) => (typeof inside === 'object' && inside !== null ? Reflect.get(inside, name) : undefined),
    value,
  );
  if (typeof found !== 'string') throw new Error(`no ${path.join('.')} in ${JSON.stringify(value)}`);
  return found;
}

/** What stands for a field whose value is a secret or another one each time. The texts of the RFCs, where they have one. */
const standIns: Readonly<Record<string, string | number>> = {
  access_token: 'an.access.token',
  // The whole answer of GET /user/access_token.
  userAccessToken: 'an.access.token',
  id_token: 'an.id.token',
  // RFC 6749 §4.1.2.
  code: 'SplxlOBeZQQYbYS6WxSbIA',
  // RFC 7636 appendix B.
  verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
  challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw_cM',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw_cM',
  expires_in: 3600,
};
const date = '2026-11-20T10:00:00.000Z';

/** Replaces what varies. Equal UUIDs stay equal ones, so that one sees which answers belong together. */
class StandIns {
  readonly #identifiers = new Map<string, string>();
  readonly #hosts: readonly (readonly [from: string, to: string])[];

  constructor(host: Headless, provider: IdentityProvider) {
    this.#hosts = [
      [`localhost:${host.port}`, 'localhost:1000'],
      [`http://localhost:${provider.port}`, 'https://tenant.us.auth0.com'],
      [`localhost:${provider.port}`, 'tenant.us.auth0.com'],
    ];
  }

  replaceIn(value: object): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(value).map(([name, inside]) => {
        const standIn = standIns[name];
        return [name, typeof inside === typeof standIn ? standIn : this.#replaceInAny(inside)];
      }),
    );
  }

  #replaceInAny(value: unknown): unknown {
    if (typeof value === 'string') return this.#replaceInText(value);
    if (Array.isArray(value)) return value.map((one) => this.#replaceInAny(one));
    return typeof value === 'object' && value !== null ? this.replaceIn(value) : value;
  }

  #replaceInText(text: string): string {
    let replaced = text;
    for (const [from, to] of this.#hosts) replaced = replaced.replaceAll(from, to);
    return replaced
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, date)
      .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (identifier) => this.#identifier(identifier))
      .replace(/^[0-9a-f]{64}$/, 'the-state-of-the-client')
      .replace(/<style>.*<\/style>/s, '<style>…</style>');
  }

  #identifier(identifier: string): string {
    const known = this.#identifiers.get(identifier);
    if (known !== undefined) return known;
    const made = `00000000-0000-4000-8000-${String(this.#identifiers.size + 1).padStart(12, '0')}`;
    this.#identifiers.set(identifier, made);
    return made;
  }
}
