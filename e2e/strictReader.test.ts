import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  checkedFetch,
  type Family,
  families,
  type OperationId,
  operationAt,
  operationIds,
  type ReadAnswer,
  Refusal,
  type Rule,
  readStrictly,
  readUserFrame,
  ruleNames,
} from '../testing/strictReader.ts';

const state = '0e6f1f0c-6f0f-4e5e-9d6b-0a1b2c3d4e5f';
const date = '2026-11-20T10:00:00.000Z';
const schema = { migration: 0, semantic: 'MAJOR_0_MINOR_0_PATCH_1' };
const result = { code: 'a-code', state };
const challenge = { state, nonce: state, challenge: 'a-challenge', method: 'S256', verifier: 'a-verifier' };
const seed = {
  schema,
  response_type: 'code',
  state,
  nonce: state,
  code_challenge: 'a-challenge',
  code_challenge_method: 'S256',
  prompt: 'login',
  scope: ['openid', 'email', 'profile', 'offline_access'],
  client_id: 'a-client',
  ADDITIONAL_PARAMETERS: { access_type: 'offline', display: 'popup' },
};
const token = { access_token: 'a-token', token_type: 'Bearer', expires_in: 3600, scope: 'openid profile' };
const user = {
  user_id: 'auth0|ada-lovelace',
  name: 'Ada Lovelace',
  email: 'ada@example.test',
  email_verified: true,
  updated_at: date,
  logins_count: 3,
  identities: [{ connection: 'a', isSocial: false, provider: 'auth0', user_id: 'ada-lovelace' }],
  user_metadata: { global_id: state, allocation: { project: 'p', region: 'r' } },
};
const account = {
  client_id: 'a-client',
  email: 'ada@example.test',
  connection: 'a',
  username: 'ada',
  given_name: 'Ada',
  family_name: 'Lovelace',
  name: 'Ada Lovelace',
  picture: 'https://example.test/ada.png',
  nickname: 'ada',
};
const auth0 = {
  domain: 'tenant.example',
  client: 'a-client',
  audience: '',
  redirects: {},
  oAuth: { token, account },
  user,
};
const profile = {
  id: 'auth0|ada-lovelace',
  aesthetics: { theme: { dark: false }, font: { size: 14 } },
  name: 'Ada Lovelace',
  updated: { value: date },
};
const application = { id: state, name: 'VS_CODE', version: '1', platform: 'LINUX', onboarded: false, privacy: 'OPEN' };
const context = { os: state, application, health: { os: { id: state, version: '1.0.0' } }, user: profile };

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly retryAfter?: string;
  readonly body: string;
}

const answerOf = ({ status, type, retryAfter, body }: Answer): ReadAnswer => ({
  status,
  headers: new Headers({
    ...(type !== undefined && { 'Content-Type': type }),
    ...(retryAfter !== undefined && { 'Retry-After': retryAfter }),
  }),
  body,
});
const json = (value: unknown, type = 'application/json; charset=utf-8'): Answer => ({
  status: 200,
  type,
  body: JSON.stringify(value),
});
const plain = (body: string): Answer => ({ status: 200, type: 'text/plain; charset=utf-8', body });
const nothing: Answer = { status: 204, body: '' };
const errorBody = JSON.stringify({ error: 'not_signed_in', error_description: 'Nobody is signed in. Sign in.' });

const good: Record<OperationId, Answer> = {
  clearPKCE: nothing,
  generateCode: json({ seed, challenge, result }),
  generateToken: json({ auth0 }),
  getChallenge: json({ challenge }),
  respondWithCode: json({ result }),
  authorizeAuth0: json({ code: 'a-code', state: 'any text' }),
  exchangeForAuth0Token: json(token),
  getAuth0UserInfo: json(user),
  auth0Logout: { status: 200, type: 'text/html; charset=utf-8', body: '<!doctype html><p>You are signed out' },
  getWellKnownHealth: plain(`ok:${state}`),
  headWellKnownHealth: plain(''),
  getWellKnownVersion: plain('0.1.0-rc.1'),
  connect: json(context),
  onboarded: plain('onboarded'),
  signIntoOS: json(profile),
  signOutOfOS: json({ iterable: [profile] }),
  userSnapshot: json({ user: profile }),
  clearUser: nothing,
  refreshUser: json(profile),
  userAccessToken: plain('a-token'),
};

/** Who refuses, and why; empty when everybody can read it. */
function refusals(operation: OperationId, answer: Answer): { families: Family[]; rules: Rule[] } {
  const refused = families.flatMap((family) => {
    try {
      readStrictly(operation, answerOf(answer), [family]);
      return [];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      expect(error.message).toContain(family);
      return [error];
    }
  });
  return { families: refused.map(({ family }) => family), rules: [...new Set(refused.map(({ rule }) => rule))] };
}

describe('a good answer is read by every family', () => {
  test.for(operationIds)('%s', (operation) => {
    expect(refusals(operation, good[operation]).families).toEqual([]);
  });

  test.for<[string, OperationId, Answer]>([
    ['`{}` is a legal PKCE', 'getChallenge', json({})],
    ['`{}` is nobody', 'userSnapshot', json({})],
    ['an oAuth without token and account', 'generateToken', json({ auth0: { ...auth0, oAuth: {} } })],
    ['an empty Auth0User', 'getAuth0UserInfo', json({})],
    ['sub beside user_id', 'getAuth0UserInfo', json({ ...user, sub: user.user_id })],
    ['an offset instead of Z', 'getAuth0UserInfo', json({ updated_at: '2026-11-20T10:00:00+01:00' })],
    ['a field that no model names', 'exchangeForAuth0Token', json({ ...token, later: [1.5] })],
    ['a readable error', 'getAuth0UserInfo', { status: 401, type: 'application/json', body: errorBody }],
    ['401 of /onboarded as text', 'onboarded', { status: 401, type: 'text/plain', body: 'Call /connect first.' }],
  ])('%s', ([, operation, answer]) => {
    expect(refusals(operation, answer).families).toEqual([]);
  });
});

describe('section 4: a broken answer is refused', () => {
  const all = [...families];
  const raw = (body: string): Answer => ({ status: 200, type: 'application/json', body });
  /** What is wrong, where, the rule that says so, and who refuses it. */
  const broken: readonly [string, OperationId, Answer, Rule, Family[]][] = [
    // Content types.
    ['no Content-Type', 'getChallenge', { status: 200, body: '{}' }, 'pythonType', ['Python', 'Kotlin']],
    ['JSON as text/plain', 'getChallenge', json({ challenge }, 'text/plain'), 'pythonType', ['Python', 'Kotlin']],
    [
      'JSON as form-urlencoded',
      'authorizeAuth0',
      json(result, 'application/x-www-form-urlencoded'),
      'pythonType',
      ['Python', 'Kotlin'],
    ],
    [
      'application/problem+json',
      'getChallenge',
      json({ challenge }, 'application/problem+json'),
      'kotlinType',
      ['Kotlin'],
    ],
    ['a page as JSON', 'auth0Logout', json('<p>'), 'textType', all],
    ['a token as a page', 'userAccessToken', { status: 200, type: 'text/html', body: 'a-token' }, 'textType', all],
    // Statuses.
    ['an empty 200', 'getChallenge', raw(''), 'empty', all],
    ['an empty 200 of a text', 'userAccessToken', plain(''), 'empty', all],
    ['200 instead of 204', 'clearPKCE', raw('{}'), 'status', all],
    ['204 instead of 200', 'signOutOfOS', nothing, 'status', all],
    ['201', 'exchangeForAuth0Token', { ...json(token), status: 201 }, 'status', all],
    ['204 with a body', 'clearUser', { status: 204, body: '{}' }, 'body204', all],
    ['a 303 to an SDK', 'authorizeAuth0', { status: 303, type: 'text/html', body: '' }, 'redirect', all],
    ['a 302 to an SDK', 'auth0Logout', { status: 302, body: '' }, 'redirect', all],
    // Retry-After on GETs.
    [
      'a 503 with Retry-After on a GET',
      'getAuth0UserInfo',
      { status: 503, type: 'application/json', retryAfter: '5', body: errorBody },
      'retryAfter',
      ['Python'],
    ],
    ['a 200 with Retry-After on a GET', 'getChallenge', { ...json({}), retryAfter: '5' }, 'retryAfter', ['Python']],
    // Errors.
    ['an error as a page', 'getChallenge', { status: 500, type: 'text/html', body: '<p>' }, 'error', all],
    ['an empty error', 'getChallenge', { status: 500, type: 'application/json', body: '' }, 'json', all],
    ['an error as a text', 'getChallenge', { status: 404, type: 'text/plain', body: 'no' }, 'error', all],
    [
      'an error without description',
      'getChallenge',
      { status: 400, type: 'application/json', body: '{"error":"x"}' },
      'error',
      all,
    ],
    [
      'an error in another form',
      'getChallenge',
      { status: 400, type: 'application/json', body: '{"message":"x"}' },
      'error',
      all,
    ],
    ['400 of /onboarded as text', 'onboarded', { status: 400, type: 'text/plain', body: 'no' }, 'error', all],
    // Absent values.
    ['null for a text', 'exchangeForAuth0Token', json({ ...token, refresh_token: null }), 'isNull', all],
    ['null for a date', 'getAuth0UserInfo', json({ ...user, created_at: null }), 'isNull', all],
    ['null for a model', 'getChallenge', json({ challenge, seed: null }), 'isNull', all],
    ['null in a list', 'getAuth0UserInfo', json({ ...user, blocked_for: [null] }), 'isNull', all],
    ['null in a field that no model names', 'getAuth0UserInfo', json({ ...user, later: null }), 'isNull', all],
    ['UNKNOWN', 'generateCode', json({ result, seed: { ...seed, prompt: 'UNKNOWN' } }), 'unknown', all],
    ['literal null', 'userSnapshot', raw('null'), 'isNull', all],
    // Required fields.
    ['no state', 'authorizeAuth0', json({ code: 'x' }), 'missing', all],
    ['no code', 'respondWithCode', json({ result: { state } }), 'missing', all],
    ['an empty code', 'authorizeAuth0', json({ code: '', state }), 'blank', all],
    ['no access_token', 'exchangeForAuth0Token', json({ ...token, access_token: undefined }), 'missing', all],
    ['no expires_in', 'exchangeForAuth0Token', json({ ...token, expires_in: undefined }), 'missing', all],
    ['no scope', 'exchangeForAuth0Token', json({ ...token, scope: undefined }), 'missing', all],
    ['auth0 without oAuth', 'generateToken', json({ auth0: { ...auth0, oAuth: undefined } }), 'missing', all],
    ['oauth for oAuth', 'generateToken', json({ auth0: { ...auth0, oAuth: undefined, oauth: {} } }), 'missing', all],
    ['auth0 without redirects', 'generateToken', json({ auth0: { ...auth0, redirects: undefined } }), 'missing', all],
    ['auth0 without audience', 'generateToken', json({ auth0: { ...auth0, audience: undefined } }), 'missing', all],
    ['user_metadata: {}', 'getAuth0UserInfo', json({ ...user, user_metadata: {} }), 'missing', all],
    [
      'a partial account',
      'generateToken',
      json({ auth0: { ...auth0, oAuth: { account: { ...account, username: undefined } } } }),
      'missing',
      all,
    ],
    [
      'an account with an empty name',
      'generateToken',
      json({ auth0: { ...auth0, oAuth: { account: { ...account, name: '' } } } }),
      'blank',
      all,
    ],
    ['no verifier', 'getChallenge', json({ challenge: { ...challenge, verifier: undefined } }), 'missing', all],
    ['a profile without aesthetics', 'refreshUser', json({ id: 'x' }), 'missing', all],
    ['a profile without id', 'userSnapshot', json({ user: { ...profile, id: undefined } }), 'missing', all],
    ['Users without iterable', 'signOutOfOS', json({}), 'missing', all],
    ['a Context without health', 'connect', json({ ...context, health: undefined }), 'missing', all],
    // Exact types.
    ['expires_in as a text', 'exchangeForAuth0Token', json({ ...token, expires_in: '3600' }), 'type', all],
    ['expires_in as a fraction', 'exchangeForAuth0Token', json({ ...token, expires_in: 3599.5 }), 'integer', all],
    [
      'expires_in as 3600.0',
      'exchangeForAuth0Token',
      raw(JSON.stringify(token).replace('3600', '3600.0')),
      'integer',
      all,
    ],
    ['expires_in as 36e2', 'generateToken', raw(JSON.stringify({ auth0 }).replace('3600', '36e2')), 'integer', all],
    ['token_type bearer', 'exchangeForAuth0Token', json({ ...token, token_type: 'bearer' }), 'value', all],
    ['scope as a list', 'exchangeForAuth0Token', json({ ...token, scope: ['openid'] }), 'type', all],
    ['email_verified as a text', 'getAuth0UserInfo', json({ ...user, email_verified: 'true' }), 'type', all],
    ['logins_count as a fraction', 'getAuth0UserInfo', json({ ...user, logins_count: 1.5 }), 'integer', all],
    ['identities[].user_id as a number', 'getAuth0UserInfo', json({ identities: [{ user_id: 7 }] }), 'type', all],
    ['isSocial as a text', 'getAuth0UserInfo', json({ identities: [{ isSocial: 'no' }] }), 'type', all],
    ['identities as a model', 'getAuth0UserInfo', json({ identities: {} }), 'type', all],
    ['a name as a number', 'getAuth0UserInfo', json({ name: 7 }), 'type', all],
    [
      'a seed.scope entry beyond the four',
      'generateCode',
      json({ result, seed: { ...seed, scope: ['openid', 'read:contacts'] } }),
      'value',
      all,
    ],
    ['seed.scope as a text', 'generateCode', json({ seed: { ...seed, scope: 'openid' } }), 'type', all],
    ['method plain', 'getChallenge', json({ challenge: { ...challenge, method: 'plain' } }), 'value', all],
    ['sub only', 'getAuth0UserInfo', json({ sub: 'auth0|ada', name: 'Ada' }), 'sub', all],
    ['another semantic', 'getChallenge', json({ schema: { ...schema, semantic: '1' } }), 'value', all],
    [
      'onboarded as a text',
      'connect',
      json({ ...context, application: { ...application, onboarded: '' } }),
      'type',
      all,
    ],
    // UUIDs and dates.
    [
      'a state that is no UUID',
      'getChallenge',
      json({ challenge: { ...challenge, state: 'x', nonce: 'x' } }),
      'uuid',
      ['Kotlin', 'C#'],
    ],
    [
      'a nonce that is no UUID',
      'generateCode',
      json({ seed: { ...seed, nonce: '0e6f1f0c' } }),
      'uuid',
      ['Kotlin', 'C#'],
    ],
    [
      'a global_id that is no UUID',
      'getAuth0UserInfo',
      json({ user_metadata: { global_id: 'ada' } }),
      'uuid',
      ['Kotlin', 'C#'],
    ],
    [
      'a nonce beside the state',
      'getChallenge',
      json({ challenge: { ...challenge, nonce: state.replace('0', '1') } }),
      'nonce',
      all,
    ],
    [
      'a date without offset',
      'getAuth0UserInfo',
      json({ updated_at: '2026-11-20T10:00:00' }),
      'offset',
      ['Kotlin', 'C#'],
    ],
    ['a date as a number', 'getAuth0UserInfo', json({ updated_at: 1_795_168_800 }), 'type', all],
    ['a date alone', 'refreshUser', json({ ...profile, updated: { value: '20 November' } }), 'date', all],
    // Texts.
    ['a health that is not ok', 'getWellKnownHealth', plain('fine'), 'text', all],
    ['a version in words', 'getWellKnownVersion', plain('v1'), 'text', all],
    ['a token as JSON', 'userAccessToken', plain('{"access_token": "x"}'), 'text', all],
    ['a page for a model', 'getChallenge', { status: 200, type: 'text/html', body: '<p>' }, 'json', all],
    ['no JSON', 'getChallenge', raw('{'), 'json', all],
    ['a list for a model', 'getChallenge', raw('[]'), 'type', all],
  ];

  test.for(broken)('%s (%s)', ([, operation, answer, rule, by]) => {
    const refused = refusals(operation, answer);
    expect(refused.rules).toContain(rule);
    expect(refused.families).toEqual(by);
  });

  test('every rule of the reader has a broken answer above', () => {
    const shown = new Set(broken.map(([, , , rule]) => rule));
    expect(ruleNames.filter((rule) => !shown.has(rule))).toEqual([]);
  });

  test('a refusal names the client, the field and the rule', () => {
    expect(() => readStrictly('exchangeForAuth0Token', answerOf(json({ ...token, token_type: 'bearer' })))).toThrow(
      'TypeScript refuses exchangeForAuth0Token token_type: has a value that is not among the documented ones',
    );
  });
});

describe('/user/stream', () => {
  test('a profile and an empty frame are read', () => {
    expect(readUserFrame(JSON.stringify(profile))).toEqual(profile);
    expect(readUserFrame('')).toBeUndefined();
  });

  test.for([['{}'], ['null'], [' '], [JSON.stringify({ user: profile })]])('%s is refused', ([frame]) => {
    expect(() => readUserFrame(frame ?? '')).toThrow(Refusal);
  });
});

describe('the operation at a path', () => {
  test.for<[string, string, OperationId | undefined]>([
    ['GET', '/user', 'userSnapshot'],
    ['GET', '/user/refresh', 'refreshUser'],
    ['HEAD', '/.well-known/health', 'headWellKnownHealth'],
    ['POST', `/${state}/onboarded`, 'onboarded'],
    ['POST', '/user', undefined],
    ['GET', '/openapi.json', undefined],
  ])('%s %s is %s', ([method, path, id]) => {
    expect(operationAt(method, path)).toBe(id);
  });
});

describe('checkedFetch', () => {
  async function serving(answer: Answer): Promise<string> {
    const server = createServer((_request, response) => {
      response.writeHead(answer.status, answer.type === undefined ? {} : { 'Content-Type': answer.type });
      response.end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test('gives a good answer as it is, and throws for a broken one', async () => {
    const response = await checkedFetch(`${await serving(good.getChallenge)}/pkce/challenge`);
    expect(await response.json()).toEqual({ challenge });
    const broken = await serving(json({ challenge: { ...challenge, method: null } }));
    await expect(checkedFetch(`${broken}/pkce/challenge`)).rejects.toThrow('challenge.method');
  });

  test('knows an operation by its method too, and leaves unknown paths alone', async () => {
    const address = await serving(nothing);
    expect((await checkedFetch(`${address}/user/clear`, { method: 'POST' })).status).toBe(204);
    expect((await checkedFetch(`${address}/docs`)).status).toBe(204);
    await expect(checkedFetch(`${address}/user`)).rejects.toThrow(Refusal);
  });

  test('a page at the callback is the browser’s', async () => {
    const address = await serving({ status: 200, type: 'text/html', body: '<p>' });
    const page = await checkedFetch(`${address}/pkce/response/code`, {
      method: 'POST',
      headers: { Accept: 'text/html' },
    });
    expect(await page.text()).toBe('<p>');
    await expect(checkedFetch(`${address}/pkce/response/code`, { method: 'POST' })).rejects.toThrow(Refusal);
  });
});
