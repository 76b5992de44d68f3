import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LoopgateError } from '../../errors/errors.ts';
import {
  oauthTokenAnswer,
  parseAuthorization,
  parseAuthorizeQuery,
  parseLogoutQuery,
  parseTokenizedPkce,
  userAnswer,
} from './auth0.ts';
import { parseScopes } from './fields.ts';
import { parametersToObject } from './parse.ts';
import { challengeAnswer, codeAnswer, parseSeededPkce, responseAnswer, resultAnswer, tokenAnswer } from './pkce.ts';

const uuid = '0b0f1c1e-6f0a-4c7e-9d52-3f6d2c7b8a91';
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const now = Date.UTC(2026, 10, 20, 10);

const seed = {
  response_type: 'code',
  state: uuid,
  nonce: uuid,
  code_challenge: challenge,
  code_challenge_method: 'S256',
  scope: ['openid', 'email'],
  client_id: 'editor',
};
const query = {
  audience: 'https://api.example/',
  scope: 'openid',
  response_type: 'code',
  client_id: 'editor',
  code_challenge_method: 'S256',
  code_challenge: challenge,
  response_mode: 'form_post',
};
const exchange = {
  grant_type: 'authorization_code',
  client_id: 'editor',
  code: 'the-code',
  redirect_uri: 'http://localhost:1000/pkce/response/code',
  code_verifier: verifier,
};
const tokens = {
  accessToken: 'at',
  expiresAt: now + 3_599_999,
  scope: 'openid email',
  clientId: 'editor',
  audience: undefined,
};

/** What the client reads of a refusal; fails when there is none. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (!(error instanceof LoopgateError)) throw error;
    expect(error.code).toBe('invalid_request');
    return error.happened;
  }
  throw new Error('it was accepted');
}

function without<T extends object>(value: T, ...names: (keyof T)[]): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.some((one) => one === name))) as Partial<T>;
}

/** Every place where something is null, undefined or UNKNOWN, which no client reads (W2). */
function unreadable(value: unknown, path = '$'): string[] {
  if (value === null || value === undefined || value === 'UNKNOWN') return [path];
  if (typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, one]) => unreadable(one, `${path}.${name}`));
}

describe('what real clients send [W3]', () => {
  it.each<[string, unknown, string[]]>([
    ['TypeScript, Python: spaces', 'openid profile email', ['openid', 'profile', 'email']],
    ['Dart: plus signs that were not decoded', 'openid+profile', ['openid', 'profile']],
    ['C#: commas', 'openid,profile,offline_access', ['openid', 'profile', 'offline_access']],
    ['Kotlin: joined with nothing', 'openidemailprofile', ['openid', 'email', 'profile']],
    ['Kotlin: all four', 'offline_accessopenidprofileemail', ['offline_access', 'openid', 'profile', 'email']],
    ['a JSON array', ['openid', 'email'], ['openid', 'email']],
    ['repeated keys', ['openid email', 'profile'], ['openid', 'email', 'profile']],
    ['another scope beside', 'openid read:things', ['openid', 'read:things']],
    ['a scope that only begins like a known one', 'openidish emails', ['openidish', 'emails']],
    ['UNKNOWN among them', ['UNKNOWN', 'openid'], ['openid']],
    ['what is no text', [1, null, 'openid'], ['openid']],
    ['nothing', '', []],
  ])('scopes as %s', (_name, sent, expected) => {
    expect(parseScopes(sent)).toEqual(expected);
  });

  it('a scope given under repeated keys is one list, in a query and in a form', () => {
    const asked = new URLSearchParams([...Object.entries(query), ['scope', 'email']]);
    expect(parseAuthorizeQuery(asked).scope).toEqual(['openid', 'email']);
  });

  it.each([null, '', 'UNKNOWN'])('%j for an optional field means absent', (nothing) => {
    const names = ['redirect_uri', 'audience', 'domain', 'screen_hint', 'prompt', 'organization', 'invitation'];
    const empty = Object.fromEntries(
      [...names, 'response_mode', 'ADDITIONAL_PARAMETERS'].map((name) => [name, nothing]),
    );
    expect(parseSeededPkce({ ...seed, ...empty }).request).toEqual(parseSeededPkce(seed).request);
    const nested = { ...seed, ADDITIONAL_PARAMETERS: { access_type: nothing, display: nothing } };
    expect(parseSeededPkce(nested).request).toEqual(parseSeededPkce(seed).request);
    expect(parseTokenizedPkce({ ...exchange, audience: nothing }).audience).toBeUndefined();
  });

  it('UNKNOWN and an empty text in the optional fields of a query mean absent', () => {
    const asked = new URLSearchParams({ ...query, prompt: 'UNKNOWN', state: '', connection: '', redirect_uri: '' });
    const parsed = parseAuthorizeQuery(asked);
    expect([parsed.prompt, parsed.state, parsed.connection, parsed.redirectUri]).toEqual(Array(4).fill(undefined));
    expect(parseLogoutQuery(new URLSearchParams('client_id=&returnTo=UNKNOWN'))).toEqual({ federated: false });
  });

  it.each(Object.keys(seed))('null, an empty text and UNKNOWN in the required %s of a seed are a 400', (name) => {
    for (const nothing of [null, '', 'UNKNOWN', undefined]) {
      expect(refusal(() => parseSeededPkce({ ...seed, [name]: nothing }))).toContain(name);
    }
  });

  it.each(Object.keys(without(query, 'audience')))('UNKNOWN in the required %s of /authorize is a 400', (name) => {
    expect(refusal(() => parseAuthorizeQuery(new URLSearchParams({ ...query, [name]: 'UNKNOWN' })))).toContain(name);
    expect(refusal(() => parseAuthorizeQuery(new URLSearchParams(without(query, name as 'scope'))))).toContain(name);
  });

  it.each(Object.keys(exchange))('UNKNOWN in the required %s of a token request is a 400', (name) => {
    expect(refusal(() => parseTokenizedPkce({ ...exchange, [name]: 'UNKNOWN' }))).toContain(name);
    expect(refusal(() => parseTokenizedPkce({ ...exchange, [name]: undefined }))).toContain(name);
  });

  it.each<[string, unknown]>([
    ['TypeScript', '[object Blob]'],
    ['Python', "{'migration': 0, 'semantic': 'MAJOR_0_MINOR_0_PATCH_1'}"],
    ['C#', '{"migration":0}'],
    ['a model', { migration: 0, semantic: 'MAJOR_0_MINOR_0_PATCH_1' }],
    ['null', null],
  ])('a schema as %s writes it is ignored', (_name, schema) => {
    expect(parseTokenizedPkce({ ...exchange, schema })).toEqual(parseTokenizedPkce(exchange));
    expect(parseSeededPkce({ ...seed, schema }).request).toEqual(parseSeededPkce(seed).request);
  });

  it('unknown fields are ignored', () => {
    expect(parseSeededPkce({ ...seed, colour: 'red' }).request).toEqual(parseSeededPkce(seed).request);
    expect(parseTokenizedPkce({ ...exchange, colour: 'red' })).toEqual(parseTokenizedPkce(exchange));
  });

  it.each<[string | undefined, string | undefined]>([
    [undefined, undefined],
    ['', undefined],
    ['Bearer ', undefined],
    ['Bearer', undefined],
    ['raw.token', 'raw.token'],
    ['Bearer raw.token', 'raw.token'],
    ['bearer raw.token', 'raw.token'],
    ['BEARER  raw.token ', 'raw.token'],
    ['bearertoken', 'bearertoken'],
  ])('Authorization %j is the token %j', (header, token) => {
    expect(parseAuthorization(header)).toBe(token);
  });

  it('the state of /authorize may be any text', () => {
    const state = 'a'.repeat(64);
    expect(parseAuthorizeQuery(new URLSearchParams({ ...query, state })).state).toBe(state);
  });

  it.each(['11111111-1111-1111-1111-111111111111', '018f3c2e-7a31-7cc1-9e2a-5d1f0a9b7c11', uuid.toUpperCase()])(
    'the state of a seed may be any UUID, such as %s',
    (state) => {
      expect(parseSeededPkce({ ...seed, state, nonce: state }).request.state).toBe(state);
    },
  );
});

describe('what is refused', () => {
  it.each<[string, object, RegExp]>([
    ['plain', { code_challenge_method: 'plain' }, /code_challenge_method must be "S256" \("plain" is refused\)/],
    ['an implicit response', { response_type: 'id_token' }, /response_type must be "code"/],
    ['a state that is no UUID', { state: 'x', nonce: 'x' }, /state must be a UUID/],
    [
      'a nonce that is not the state',
      { nonce: '5c1d7e52-8a5c-4b4c-8b0e-0c8a6a1d2f33' },
      /nonce must be equal to state/,
    ],
    ['an unknown prompt', { prompt: 'consent' }, /prompt must be/],
    ['an unknown response mode', { response_mode: 'smoke' }, /response_mode must be/],
    ['a client_id that is no text', { client_id: 7 }, /client_id/],
    ['an object in place of a text', { redirect_uri: { toString: 'x' } }, /redirect_uri/],
  ])('a seed with %s is refused, and the message says what is expected [R2, W3]', (_name, change, words) => {
    expect(refusal(() => parseSeededPkce({ ...seed, ...change }))).toMatch(words);
  });

  it('plain is refused at /authorize too [R2]', () => {
    const asked = new URLSearchParams({ ...query, code_challenge_method: 'plain' });
    expect(refusal(() => parseAuthorizeQuery(asked))).toContain('"plain" is refused');
  });

  it.each(['a'.repeat(42), 'a'.repeat(129), `${'a'.repeat(43)}!`, `${'a'.repeat(43)}\n`, 'ü'.repeat(43)])(
    '%j is no code verifier [R3]',
    (code_verifier) => {
      expect(refusal(() => parseTokenizedPkce({ ...exchange, code_verifier }))).toContain('code_verifier must be 43');
    },
  );

  it.each(['a'.repeat(43), '-._~'.repeat(32)])('%j is a code verifier [R3]', (code_verifier) => {
    expect(parseTokenizedPkce({ ...exchange, code_verifier }).codeVerifier).toBe(code_verifier);
  });

  it.each([[[]], ['text'], [7], [true]])('a body that is %j is a 400 with words [W10]', (body) => {
    expect(refusal(() => parseSeededPkce(body))).not.toBe('');
    expect(refusal(() => parseTokenizedPkce(body))).not.toBe('');
  });

  it('a refusal names every field, and repeats no value [W10, T9]', () => {
    const words = refusal(() =>
      parseTokenizedPkce({ ...exchange, code_verifier: 'secret', code: 17, client_id: null }),
    );
    expect(words).toContain('code_verifier');
    expect(words).toContain('client_id is missing');
    expect(words).toMatch(/(^|; )code /);
    expect(words).not.toContain('secret');
    expect(words).not.toContain('17');
  });

  it.each(['state', 'client_id', 'code_challenge'])('%s given twice is a 400, even with equal values [R4]', (name) => {
    const given = { ...query, state: 's' }[name] ?? '';
    const asked = new URLSearchParams([...Object.entries({ ...query, state: 's' }), [name, given]]);
    expect(refusal(() => parseAuthorizeQuery(asked))).toBe(`${name} is given 2 times.`);
  });

  it('parameters named like members of every object are parameters only [R4]', () => {
    const object = parametersToObject(new URLSearchParams('__proto__=a&constructor=b&toString=c'));
    expect(Object.entries(object)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['toString', 'c'],
    ]);
  });

  it('of a query or form each parameter is read once, however many there are [L6]', () => {
    // Counted, not timed: a look-up by name goes through all of them, and so is as dear as reading each of them.
    class Counted extends URLSearchParams {
      reads = 0;
      override *[Symbol.iterator](): ReturnType<URLSearchParams['entries']> {
        for (const pair of super[Symbol.iterator]()) {
          this.reads += 1;
          yield pair;
        }
      }
      override entries = () => this[Symbol.iterator]();
      override *keys(): ReturnType<URLSearchParams['keys']> {
        for (const [name] of this) yield name;
      }
      override forEach = (visit: (value: string, name: string, parent: URLSearchParams) => void) => {
        for (const [name, value] of this) visit(value, name, this);
      };
      override getAll = (name: string) => {
        this.reads += this.size;
        return super.getAll(name);
      };
      override get = (name: string) => this.getAll(name)[0] ?? null;
      override has = (name: string) => this.getAll(name).length > 0;
    }
    const scopes = fc.array(fc.tuple(fc.constant('scope'), fc.string()), { maxLength: 100 });
    const others = fc.uniqueArray(fc.tuple(fc.string(), fc.string()), { selector: ([name]) => name, maxLength: 2_000 });
    fc.assert(
      fc.property(scopes, others, (repeated, single) => {
        const parameters = new Counted([...single.filter(([name]) => name !== 'scope'), ...repeated]);
        const object = parametersToObject(parameters);
        expect(parameters.reads).toBeLessThanOrEqual(parameters.size);
        const expected = [...single.filter(([name]) => name !== 'scope'), ...repeated].map(([, value]) => value);
        expect(Object.values(object).flat().sort()).toEqual(expected.sort());
      }),
      { seed: 20_261_201, numRuns: 100 },
    );
  });
});

describe('requests in the broker’s words', () => {
  it('every field of a seed arrives [W1]', () => {
    const full = {
      ...seed,
      redirect_uri: 'http://localhost:9/cb',
      audience: 'https://api.example/',
      screen_hint: 'signup',
      prompt: 'login',
      organization: 'org_1',
      invitation: 'inv',
      ADDITIONAL_PARAMETERS: { access_type: 'offline', display: 'popup' },
      response_mode: 'query',
    };
    expect(parseSeededPkce(full).request).toEqual({
      clientId: 'editor',
      audience: 'https://api.example/',
      scope: ['openid', 'email'],
      redirectUri: 'http://localhost:9/cb',
      responseMode: 'query',
      state: uuid,
      codeChallenge: challenge,
      prompt: 'login',
      organization: 'org_1',
      invitation: 'inv',
      screenHint: 'signup',
      display: 'popup',
      accessType: 'offline',
    });
  });

  it('every parameter of /authorize arrives [W1]', () => {
    const full = {
      ...query,
      state: 'any',
      redirect_uri: 'http://localhost:9/cb',
      connection: 'google',
      prompt: 'consent',
    };
    expect(parseAuthorizeQuery(new URLSearchParams(full))).toEqual({
      audience: 'https://api.example/',
      scope: ['openid'],
      clientId: 'editor',
      codeChallenge: challenge,
      responseMode: 'form_post',
      state: 'any',
      redirectUri: 'http://localhost:9/cb',
      connection: 'google',
      prompt: 'consent',
      organization: undefined,
    });
  });

  it('a refresh needs neither code nor verifier, whatever the client fills in [W8]', () => {
    const asked = { ...exchange, grant_type: 'refresh_token', code: '', code_verifier: 'UNKNOWN', redirect_uri: null };
    expect(parseTokenizedPkce(asked)).toEqual({ grantType: 'refresh_token', clientId: 'editor' });
    expect(parseTokenizedPkce({ ...asked, refresh_token: 'own' }).refreshToken).toBe('own');
    expect(parseTokenizedPkce({ ...asked, refresh_token: '' }).refreshToken).toBeUndefined();
  });

  it('the query of /v2/logout [W1]', () => {
    const asked = new URLSearchParams({ client_id: 'editor', returnTo: 'https://a.example/' });
    expect(parseLogoutQuery(asked)).toEqual({ clientId: 'editor', returnTo: 'https://a.example/', federated: false });
    for (const federated of ['federated', 'federated=', 'federated=true']) {
      expect(parseLogoutQuery(new URLSearchParams(federated)).federated).toBe(true);
    }
  });
});

describe('answers', () => {
  const answered = { state: uuid, codeChallenge: challenge, codeVerifier: verifier };

  it('a challenge has nonce equal to state, and S256 [W1]', () => {
    expect(challengeAnswer(answered)).toEqual({
      challenge: { state: uuid, nonce: uuid, challenge, method: 'S256', verifier },
    });
  });

  it('a code, with the challenge only when the broker made it for this request [W6]', () => {
    expect(codeAnswer({ code: 'c', state: 's' }, undefined)).toEqual({ result: { code: 'c', state: 's' } });
    const made = codeAnswer({ code: 'c', state: uuid, challenge: answered }, undefined);
    expect(made).toEqual({ ...challengeAnswer(answered), result: { code: 'c', state: uuid } });
    const kept = { code: 'c', state: uuid, challenge: { state: uuid, codeChallenge: challenge } };
    expect(codeAnswer(kept, undefined)).not.toHaveProperty('challenge');
  });

  it('the seed comes back without what Python refuses: unknown scopes, schema, empty values [W4]', () => {
    const sent = {
      ...seed,
      scope: 'openid read:things',
      schema: '[object Blob]',
      prompt: 'UNKNOWN',
      audience: null,
      x: 1,
    };
    const { seed: back } = codeAnswer({ code: 'c', state: uuid }, parseSeededPkce(sent).seed);
    expect(back).toEqual({ ...seed, scope: ['openid'] });
    expect(unreadable(back)).toEqual([]);
  });

  it('a program’s callback and /authorize get code and state [W1]', () => {
    expect(resultAnswer({ code: 'c', state: 's' })).toEqual({ code: 'c', state: 's' });
    expect(responseAnswer({ code: 'c', state: 's' })).toEqual({ result: { code: 'c', state: 's' } });
  });

  it.each([
    [3_599_999, 3599],
    [999, 0],
    [-5000, 0],
  ])('with %i ms left, expires_in is the integer %i [W4]', (left, seconds) => {
    expect(oauthTokenAnswer({ ...tokens, expiresAt: now + left }, now).expires_in).toBe(seconds);
  });

  it('a token is exactly Bearer, always has a scope, and leaves out what there is not [W2, W4]', () => {
    expect(oauthTokenAnswer({ ...tokens, scope: '' }, now)).toEqual({
      access_token: 'at',
      token_type: 'Bearer',
      expires_in: 3599,
      scope: '',
    });
    const all = oauthTokenAnswer({ ...tokens, idToken: 'it', refreshToken: 'rt' }, now);
    expect(all).toMatchObject({ id_token: 'it', refresh_token: 'rt' });
  });

  it('/pkce/token answers auth0 with redirects and oAuth, an empty audience, and no echo of the request [W7]', () => {
    const answer = tokenAnswer({ ...tokens, profile: { sub: 'auth0|1', name: 'Ada' } }, 'tenant.example', now);
    expect(answer).toEqual({
      auth0: {
        domain: 'tenant.example',
        client: 'editor',
        audience: '',
        redirects: {},
        oAuth: { token: oauthTokenAnswer(tokens, now) },
        user: { user_id: 'auth0|1', sub: 'auth0|1', name: 'Ada' },
      },
    });
    expect(tokenAnswer(tokens, 'tenant.example', now).auth0).not.toHaveProperty('user');
  });
});

describe('Auth0User', () => {
  it('sub is sent, and as user_id, also beside a claim user_id that nobody verified [W2]', () => {
    expect(userAnswer({ sub: 'auth0|1' })).toEqual({ user_id: 'auth0|1', sub: 'auth0|1' });
    expect(userAnswer({ sub: 'auth0|1', user_id: 'auth0|2' })).toEqual({ user_id: 'auth0|1', sub: 'auth0|1' });
  });

  it.each<[unknown, string | undefined]>([
    [1_795_168_800, '2026-11-20T10:00:00.000Z'],
    ['2026-11-20T10:00:00Z', '2026-11-20T10:00:00.000Z'],
    ['2026-11-20T12:00:00+02:00', '2026-11-20T10:00:00.000Z'],
    ['yesterday', undefined],
    [8.64e15, undefined],
    [null, undefined],
    [{}, undefined],
  ])('updated_at %j is the date %j [W4]', (sent, date) => {
    expect(userAnswer({ sub: 'a', updated_at: sent, created_at: sent, last_login: sent })).toEqual(
      date === undefined
        ? { user_id: 'a', sub: 'a' }
        : { user_id: 'a', sub: 'a', updated_at: date, created_at: date, last_login: date },
    );
  });

  it.each<[string, unknown]>([
    ['email_verified', 'true'],
    ['logins_count', 1.5],
    ['logins_count', '3'],
    ['name', null],
    ['picture', 7],
    ['user_metadata', {}],
    ['user_metadata', { global_id: 'not a uuid' }],
    ['identities', 'none'],
    ['blocked_for', 'x'],
    ['guardian_authenticators', [1]],
    ['locale', ['en']],
    ['a_claim_of_its_own', 'x'],
  ])('%s = %j is left out, never passed on [W4]', (name, value) => {
    expect(userAnswer({ sub: 'a', [name]: value })).toEqual({ user_id: 'a', sub: 'a' });
  });

  it('an identity keeps what is of its type; a number as user_id and a token are left out [W4, T9]', () => {
    const identities = [{ connection: 'google', isSocial: true, user_id: 17, access_token: 'secret' }, null, 'x'];
    expect(userAnswer({ sub: 'a', identities }).identities).toEqual([{ connection: 'google', isSocial: true }]);
  });

  it('the metadata is passed on whole once its global_id is known [W4]', () => {
    const user_metadata = { global_id: uuid, vanityname: 'ada', allocation: { project: 'p', region: 'r' } };
    expect(userAnswer({ sub: 'a', user_metadata }).user_metadata).toEqual(user_metadata);
  });

  it('of the metadata too, what is null or of a wrong type is left out [W2]', () => {
    const user_metadata = {
      global_id: uuid,
      cloud_key: 7,
      vanityname: null,
      allocation: {},
      open_AI: null,
      beta: null,
    };
    const answer = userAnswer({ sub: 'a', user_metadata });
    expect(answer.user_metadata).toEqual({ global_id: uuid });
    expect(unreadable(answer)).toEqual([]);
  });

  it('a whole profile comes through [W1]', () => {
    const profile = {
      name: 'Ada Lovelace',
      picture: 'https://p.example/a.png',
      email: 'ada@example.com',
      email_verified: true,
      family_name: 'Lovelace',
      given_name: 'Ada',
      nickname: 'ada',
      username: 'ada',
      locale: 'en',
      last_ip: '203.0.113.5',
      logins_count: 3,
      blocked_for: [],
      guardian_authenticators: ['otp'],
    };
    expect(userAnswer({ sub: 'auth0|1', ...profile })).toEqual({ user_id: 'auth0|1', sub: 'auth0|1', ...profile });
  });
});

describe('never "UNKNOWN", in any answer [W2]', () => {
  it('what a provider writes for nothing is left out', () => {
    expect(userAnswer({ sub: 'auth0|1', name: 'Ada', locale: 'UNKNOWN', nickname: '', picture: null })).toEqual({
      user_id: 'auth0|1',
      sub: 'auth0|1',
      name: 'Ada',
    });
  });
});
