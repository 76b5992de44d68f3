/**
 * A provider that lies, one test for each lie. The broker refuses each with the name of the check, and the session stays as
 * it was.
 */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Fault } from '../../../demo/identity-provider/faults.ts';
import {
  ada,
  editor,
  exchangeOf,
  failureOf,
  forgedSignatures,
  localWorld,
  neverOpened,
  ownChallenge,
  parametersOf,
  redirectUri,
  refreshGrant,
  ScriptedProvider,
  type ScriptedWorld,
  scriptedWorld,
  signedText,
  signInAs,
  storedAccountOf,
} from '../../../testing/brokerWorld.ts';
import { hour, minute } from '../../../testing/durations.ts';
import type { ErrorCode, LoopgateError } from '../../errors/errors.ts';
import { parseStoredState } from '../session/vault.ts';

const week = 7 * 24 * hour;
const tokenPath = '/oauth/token';
const { codeChallenge, codeVerifier } = ownChallenge();

interface Lie {
  tell(provider: ScriptedProvider): void;
  /** How the refusal names the check. */
  says: RegExp;
  /** By default `provider_error`. A `provider_unreachable` is temporary (T5). */
  code?: ErrorCode;
  /** Set if it is unknown what became of the request: a code is not sent again. */
  isLost?: true;
  /** Set if the failure is temporary although it is not a `provider_unreachable`: the keys may just have changed (T20). */
  passes?: true;
  /** The operation for which it is a lie; absent for both. */
  only?: 'sign-in' | 'refresh';
}

/** Changes the ID token. */
function claims(changes: Record<string, unknown>): Lie['tell'] {
  return (provider) => {
    provider.claims = changes;
  };
}

/** Changes the times of the ID token, by milliseconds from the provider's now. */
function times(changes: Record<string, number>): Lie['tell'] {
  return (provider) => {
    for (const [claim, shift] of Object.entries(changes)) {
      Object.defineProperty(provider.claims, claim, {
        get: () => Math.floor((provider.now() + shift) / 1000),
        enumerable: true,
      });
    }
  };
}

/** Changes the token answer. */
function tokens(changes: Record<string, unknown>): Lie['tell'] {
  return (provider) => {
    provider.tokens = changes;
  };
}

/** Answers instead of the token endpoint. */
function answers(answer: (asked: RequestInit) => Response | Promise<Response>): Lie['tell'] {
  return (provider) => {
    provider.answers.set(tokenPath, answer);
  };
}

function json(body: string, options: ResponseInit = {}): Response {
  return new Response(body, { ...options, headers: { 'Content-Type': 'application/json', ...options.headers } });
}

/** Changes the metadata. */
function metadata(changes: Record<string, unknown>): Lie['tell'] {
  return (provider) => {
    provider.metadata = changes;
  };
}

/** T14: an address in the metadata that must not get any request. */
function badEndpoint(name: string, address: unknown): [string, Lie] {
  return [
    `metadata ${name}: ${address}`,
    { tell: metadata({ [name]: address }), says: new RegExp(`no usable ${name}`) },
  ];
}

/** Changes the parameters that the browser brings back. */
function response(changes: ScriptedProvider['response']): Lie['tell'] {
  return (provider) => {
    provider.response = changes;
  };
}

/** Changes the UserInfo answer. */
function profile(changes: Record<string, unknown>): Lie['tell'] {
  return (provider) => {
    provider.profile = changes;
  };
}

/** Changes every key that the provider publishes. */
function keys(change: (key: object) => object[]): Lie['tell'] {
  return (provider) => {
    const honest = new ScriptedProvider();
    provider.answers.set('/jwks.json', async () => {
      const published = (await (await honest.fetch('https://tenant.example/jwks.json', {})).json()) as {
        keys: object[];
      };
      return Response.json({ keys: published.keys.flatMap(change) });
    });
  };
}

/** The timeouts of requests, which the test triggers, so that it need not wait 60 real seconds. */
function timeouts(): { runOut(signal: AbortSignal | null | undefined): void } {
  const running = new Map<AbortSignal, { controller: AbortController; milliseconds: number }>();
  const spy = vi.spyOn(AbortSignal, 'timeout').mockImplementation((milliseconds) => {
    const controller = new AbortController();
    running.set(controller.signal, { controller, milliseconds });
    return controller.signal;
  });
  onTestFinished(() => spy.mockRestore());
  return {
    runOut(signal) {
      const { controller, milliseconds } = (signal && running.get(signal)) || {};
      expect(milliseconds).toBe(60_000);
      controller?.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    },
  };
}

const cutOff = () =>
  new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode('{"access_token": "half'));
      controller.error(new TypeError('terminated'));
    },
  });

/** A text that can be parsed, but that `JSON.stringify` cannot write again. */
const nested = '['.repeat(200_000) + ']'.repeat(200_000);

/** A nested claim of the kind that becomes the profile. */
const nestedClaim: Lie['tell'] = (provider) => {
  provider.sign = (payload) => signedText(JSON.stringify(payload).replace(/}$/, `,"name":${nested}}`));
};

/** openid-client compares exp with the machine's own clock. */
const expired: Lie['tell'] = (provider) => {
  provider.claims = { exp: Math.floor(Date.now() / 1000) - 61 };
};

const unreachable = { code: 'provider_unreachable' } as const;
const lost = { ...unreachable, isLost: true } as const;
const unfit = { passes: true } as const;

const signatureSays: Record<keyof typeof forgedSignatures, RegExp> = {
  'wrong RS256 signature': /signature/,
  'no RS256 signature': /signature/,
  'unknown kid': /\(kid\)/,
  'alg none': /"alg"/,
  'HS256 with the public key': /"alg"/,
  'a key that the token brings itself': /signature/,
};
/** An `alg` that is not accepted is refused before any key is read. */
const needsNoKey: readonly string[] = [
  'alg none',
  'HS256 with the public key',
] satisfies (keyof typeof forgedSignatures)[];
const signatures = Object.entries(forgedSignatures).map(([name, sign]): [string, Lie] => [
  name,
  {
    tell: (provider) => {
      provider.sign = sign;
    },
    says: signatureSays[name as keyof typeof forgedSignatures],
    ...(!needsNoKey.includes(name) && unfit),
  },
]);
/** The metadata allows what must never be allowed. */
const announced = signatures.map(([name, { tell, ...lie }]): [string, Lie] => [
  `${name}, announced by the metadata`,
  {
    ...lie,
    tell: (provider) => {
      tell(provider);
      provider.metadata = { id_token_signing_alg_values_supported: ['none', 'HS256', 'RS256'] };
    },
    says: /signature|\(kid\)|JWS/,
  },
]);

const lies: [string, Lie][] = [
  // T1, R5: the ID token
  ['wrong iss', { tell: claims({ iss: 'https://evil.example/' }), says: /another issuer \(iss\)/ }],
  ['iss without its slash', { tell: claims({ iss: 'https://tenant.example' }), says: /another issuer \(iss\)/ }],
  ['wrong aud', { tell: claims({ aud: 'another-client' }), says: /not for this application.*\(aud\)/ }],
  ['missing iat', { tell: claims({ iat: undefined }), says: /"iat".*missing/ }],
  ['missing sub', { tell: claims({ sub: undefined }), says: /"sub".*missing/ }],
  ['missing exp', { tell: claims({ exp: undefined }), says: /"exp".*missing/ }],
  ['second audience without azp', { tell: claims({ aud: ['loopgate-demo', 'b'] }), says: /not for it alone \(aud\)/ }],
  ['azp of another client, and one audience', { tell: claims({ azp: 'b' }), says: /\(azp\)/ }],
  ['azp of another client', { tell: claims({ aud: ['loopgate-demo', 'b'], azp: 'b' }), says: /\(azp\)/ }],
  ['expired', { tell: expired, says: /\(exp\)/ }],
  ['iat a week old', { tell: times({ iat: -week }), says: /clocks.* differ by 60480[01] seconds \(iat\)/ }],
  ['iat in the future', { tell: times({ iat: hour }), says: /clocks.* differ by (3599|3600) seconds \(iat\)/ }],
  ['nonce wrong', { tell: claims({ nonce: 'wrong' }), says: /another login \(nonce\)/, only: 'sign-in' }],
  ['nonce missing', { tell: claims({ nonce: undefined }), says: /"nonce".*missing/, only: 'sign-in' }],
  ['sub of another person', { tell: claims({ sub: 'auth0|eve' }), says: /another person/, only: 'refresh' }],
  ['empty sub', { tell: claims({ sub: '' }), says: /\(sub\)/ }],
  ['sub of 256 characters', { tell: claims({ sub: 'x'.repeat(256) }), says: /\(sub\)/ }],
  ['sub that is no text', { tell: claims({ sub: 7 }), says: /"sub"/ }],
  ['nbf in the future', { tell: times({ nbf: 2 * week }), says: /\(nbf\)/ }],
  ['a claim that is nested 200,000 times', { tell: nestedClaim, says: /nested too deeply \(ID token\)/ }],
  ...signatures,
  ...announced,
  ...[undefined, null, ''].map((none): [string, Lie] => [
    `no ID token: ${JSON.stringify(none)}`,
    { tell: tokens({ id_token: none }), says: /"id_token"/, only: 'sign-in' },
  ]),
  ['ID token that is no JWT', { tell: tokens({ id_token: 'not.a.jwt' }), says: /JWT/ }],
  ['ID token that is no text', { tell: tokens({ id_token: { sub: ada } }), says: /"id_token"/ }],
  // The keys
  ['two keys with the same kid', { tell: keys((key) => [key, key]), says: /\(kid\)/, ...unfit }],
  ['a key of alg none', { tell: keys((key) => [{ ...key, alg: 'none' }]), says: /\(kid\)/, ...unfit }],
  ['a symmetric key', { tell: keys((key) => [{ ...key, kty: 'oct', k: 'AAAA' }]), says: /\(kid\)/, ...unfit }],
  ['a key of 24 bits', { tell: keys((key) => [{ ...key, n: 'AQAB' }]), says: /modulusLength/, ...unfit }],
  ['a key that is no key', { tell: keys((key) => [{ ...key, key_ops: 7 }]), says: /could not be verified/, ...unfit }],
  // R6: the response
  ['response iss wrong', { tell: response({ iss: 'https://evil.example/' }), says: /another issuer/, only: 'sign-in' }],
  ['response iss empty', { tell: response({ iss: '' }), says: /another issuer/, only: 'sign-in' }],
  [
    'response iss missing though announced',
    { tell: response({ iss: undefined }), says: /without the issuer that was announced/, only: 'sign-in' },
  ],
  [
    'response iss wrong though not announced',
    {
      tell: (provider) => {
        provider.metadata = { authorization_response_iss_parameter_supported: undefined };
        provider.response = { iss: 'https://evil.example/' };
      },
      says: /another issuer/,
      only: 'sign-in',
    },
  ],
  [
    'response iss doubled',
    { tell: response({ iss: ['https://tenant.example/', 'b'] }), says: /"iss"/, only: 'sign-in' },
  ],
  ['response code doubled', { tell: response({ code: ['a', 'b'] }), says: /"code"/, only: 'sign-in' }],
  ['response error doubled', { tell: response({ error: ['a', 'b'] }), says: /"error"/, only: 'sign-in' }],
  ['response without a code', { tell: response({ code: undefined }), says: /without a code/, only: 'sign-in' }],
  // T14: the metadata
  [
    'metadata issuer: another host',
    {
      tell: metadata({ issuer: 'https://other.example/' }),
      says: /tenant\.example\/ .*\(issuer\), https:\/\/other\.example\//,
    },
  ],
  ['metadata issuer: another path', { tell: metadata({ issuer: 'https://tenant.example/one' }), says: /\(issuer\)/ }],
  ['metadata issuer: http', { tell: metadata({ issuer: 'http://tenant.example/' }), says: /\(issuer\)/ }],
  ['metadata issuer: none', { tell: metadata({ issuer: undefined }), says: /"issuer"/ }],
  ['metadata issuer: no address', { tell: metadata({ issuer: 'no address' }), says: /could not be verified/ }],
  ...Object.entries({
    authorization_endpoint: '/authorize',
    token_endpoint: tokenPath,
    jwks_uri: '/jwks.json',
    userinfo_endpoint: '/userinfo',
    revocation_endpoint: '/oauth/revoke',
    end_session_endpoint: '/logout',
  }).flatMap(([name, path]) => [
    badEndpoint(name, `http://tenant.example${path}`),
    badEndpoint(name, `file://${path}`),
  ]),
  ...[`https://localhost${tokenPath}`, `https://user:secret@tenant.example${tokenPath}`, 'no address', 7, null].map(
    (address) => badEndpoint('token_endpoint', address),
  ),
  ...['authorization_endpoint', 'token_endpoint', 'jwks_uri'].map((name) => badEndpoint(name, undefined)),
  // The token answer
  [
    'HTML',
    {
      tell: answers(() => new Response('<html>', { headers: { 'Content-Type': 'text/html' } })),
      says: /JSON/,
      ...lost,
    },
  ],
  ['HTML that is said to be JSON', { tell: answers(() => json('<html>')), says: /JSON/, ...lost }],
  ['empty', { tell: answers(() => json('')), says: /JSON/, ...lost }],
  ['a JSON array', { tell: answers(() => json('[]')), says: /object/ }],
  ['10 MB', { tell: answers(() => json('x'.repeat(10 * 1024 * 1024))), says: /1 MiB/, ...lost }],
  ['cut off', { tell: answers(() => new Response(cutOff())), says: /cannot be reached/, ...lost }],
  [
    'slow',
    {
      tell: (provider) => {
        const { runOut } = timeouts();
        answers(({ signal }) => {
          runOut(signal);
          return Promise.reject(signal?.reason);
        })(provider);
      },
      says: /did not answer within 60 seconds/,
      ...lost,
    },
  ],
  [
    'a redirect',
    {
      tell: answers(() => json('', { status: 302, headers: { Location: 'https://evil.example/' } })),
      says: /redirect/,
      ...lost,
    },
  ],
  [
    'a redirect, as net.fetch rejects it',
    {
      tell: answers(() => Promise.reject(new Error('net::ERR_FAILED: redirect was cancelled'))),
      says: /redirect/,
      ...lost,
    },
  ],
  // T5: neither lies nor sign-outs
  ['503', { tell: answers(() => new Response('busy', { status: 503 })), says: /status 503/, ...unreachable }],
  ['429 in words', { tell: answers(() => new Response('slow', { status: 429 })), says: /status 429/, ...unreachable }],
  [
    '429 as JSON',
    { tell: answers(() => json('{"error":"too_many"}', { status: 429 })), says: /status 429/, ...unreachable },
  ],
  [
    'no network',
    { tell: answers(() => Promise.reject(new TypeError('fetch failed'))), says: /cannot be reached/, ...lost },
  ],
  [
    'a 401 with a challenge',
    {
      tell: answers(() => json('{"error":"x"}', { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' } })),
      says: /with an error \(x\)/,
    },
  ],
  ['no access token', { tell: tokens({ access_token: undefined }), says: /"access_token"/ }],
  ['empty access token', { tell: tokens({ access_token: '' }), says: /"access_token"/ }],
  ['access token with a line break', { tell: tokens({ access_token: 'a\r\nX-Evil: 1' }), says: /\(access_token\)/ }],
  ['access token of two words', { tell: tokens({ access_token: 'a b' }), says: /\(access_token\)/ }],
  ['no token_type', { tell: tokens({ token_type: undefined }), says: /"token_type"/ }],
  ['token_type mac', { tell: tokens({ token_type: 'mac' }), says: /token_type/ }],
  ['token_type DPoP', { tell: tokens({ token_type: 'DPoP' }), says: /no Bearer token \(token_type\)/ }],
  ['expires_in negative', { tell: tokens({ expires_in: -1 }), says: /"expires_in"/ }],
  ['expires_in a negative text', { tell: tokens({ expires_in: '-3600' }), says: /"expires_in"/ }],
  ['expires_in a word', { tell: tokens({ expires_in: 'soon' }), says: /"expires_in"/ }],
  ['refresh token that is no text', { tell: tokens({ refresh_token: 7 }), says: /"refresh_token"/ }],
  ['scope that is no text', { tell: tokens({ scope: ['openid'] }), says: /"scope"/ }],
];
const atSignIn = lies.filter(([, { only }]) => only !== 'refresh');
const atRefresh = lies.filter(([, { only }]) => only !== 'sign-in');

test.each(atSignIn)('the first sign-in meets a lie, nobody is signed in: %s [T1, R5, R6]', async (_name, lie) => {
  const provider = new ScriptedProvider();
  lie.tell(provider);
  const world = await worldOf({ provider });
  expectRefusal(await failureOf(signInAs(world)), lie);
  await expectRefusedAtTray(world, lie);
  expect(world.broker.state()).toMatchObject({ person: undefined, others: [] });
  expect(world.vault.saves).toEqual([]);
  provider.beHonest();
  // T20: the keys are not read again for every answer that does not fit them.
  world.clock.jump(5_000);
  expect(await signInAs(world, 'Ada Lovelace', 'another program')).toMatchObject({ profile: { sub: ada } });
});

test.each(atSignIn)('the second sign-in meets a lie, the session is as it was: %s [T1, R5, R6]', async (_name, lie) => {
  const world = await signedIn(lie);
  const before = await everythingOf(world);
  expectRefusal(await failureOf(signInAs(world)), lie);
  await expectRefusedAtTray(world, lie);
  expect(await everythingOf(world)).toEqual(before);
  await expectRenewed(world);
});

test.each(atRefresh)(
  'a refresh meets a lie, the old access token serves, the next refresh works: %s [T1, T5, T6]',
  async (_name, lie) => {
    const world = await signedIn(lie);
    const { refreshToken: _rotates, ...kept } = storedAccountOf(world.vault);
    const { active } = world.vault.state ?? {};
    expect(await world.broker.token(editor, refreshGrant)).toMatchObject({ accessToken: kept.accessToken });
    expect((await world.broker.accessToken()).accessToken).toBe(kept.accessToken);
    expect(world.broker.state()).toMatchObject({ person: { subject: ada, profile: kept.profile }, others: [] });
    world.clock.jump(2 * hour);
    expectRefusal(await failureOf(world.broker.token(editor, refreshGrant)), lie, 'refresh');
    // T4: only the rotated refresh token may have been kept.
    expect(world.vault.state).toMatchObject({ accounts: [kept], active });
    expect(storedAccountOf(world.vault).refreshToken).toMatch(/^refresh-\d+$/);
    await expectRenewed(world);
  },
);

test('of a refresh answer that is refused the rotated refresh token alone is kept [T4]', async () => {
  const world = await signedIn({ tell: claims({ aud: 'another-client' }) });
  const { refreshToken, ...kept } = storedAccountOf(world.vault);
  await world.broker.token(editor, refreshGrant);
  expect(storedAccountOf(world.vault)).toMatchObject(kept);
  expect(storedAccountOf(world.vault).refreshToken).not.toBe(refreshToken);
});

test('an ID token that has expired although it is fresh is not blamed on the clocks [T15]', async () => {
  const world = await worldOf({});
  expired(world.provider);
  expectRefusal(await failureOf(signInAs(world)), { says: /^The ID token is not valid at this time \(exp\)\.$/ });
});

describe.each([
  ['wrong', { state: 'wrong' }],
  ['missing', { state: undefined }],
])('response state %s [R4]', (_what, changes) => {
  test('the person reads it, the login goes on', async () => {
    const world = await worldOf({});
    await expectUndisturbed(world, response(changes));
  });

  test('a session that is there stays', async () => {
    const world = await signedIn();
    const before = await everythingOf(world);
    await expectUndisturbed(world, response(changes));
    expect(await everythingOf(world)).toEqual(before);
    await expectRenewed(world);
  });
});

test('response state doubled, with the right one in both: the person reads it, the login goes on [R4]', async () => {
  const world = await worldOf({ person: null });
  const login = world.broker.authorize(editor, {});
  const opened = await world.browser.tab();
  const { state = '' } = parametersOf(opened);
  world.provider.response = { state: [state, state] };
  expect(await world.browser.finish(opened)).toMatchObject({ code: 'unknown_state' });
  world.provider.beHonest();
  await world.browser.finish(opened);
  expect((await login).code).toMatch(/^code-/);
});

const profileLies: [string, (provider: ScriptedProvider) => void, RegExp][] = [
  ['another sub', profile({ sub: 'auth0|eve', name: 'Eve' }), /another person's \(sub\)/],
  ['no sub', profile({ sub: undefined, name: 'Eve' }), /"sub"/],
  ['a sub that is no text', profile({ sub: 7, name: 'Eve' }), /"sub"/],
  [
    'a JWT of alg none',
    (provider) => {
      provider.metadata = { userinfo_signing_alg_values_supported: ['none'] };
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const jwt = `${part({ alg: 'none' })}.${part({ sub: ada, name: 'Eve' })}.`;
      provider.answers.set('/userinfo', () => new Response(jwt, { headers: { 'Content-Type': 'application/jwt' } }));
    },
    /JWS/,
  ],
  [
    'a claim that is nested 200,000 times',
    (provider) => provider.answers.set('/userinfo', () => json(`{"sub":"${ada}","name":${nested}}`)),
    /nested too deeply \(profile\)/,
  ],
];

test.each(profileLies)(
  'the first UserInfo answer lies, no profile is shown or kept: %s [T2]',
  async (_name, tell, says) => {
    const provider = new ScriptedProvider();
    tell(provider);
    const world = await worldOf({ provider });
    expect(await signInAs(world)).not.toHaveProperty('profile');
    expectRefusal(await failureOf(world.broker.userInfo()), { says });
    expect(world.broker.state().person).toMatchObject({ subject: ada, profile: undefined });
    expect(storedAccountOf(world.vault)).not.toHaveProperty('profile');
    provider.beHonest();
  },
);

test.each(profileLies)('a later UserInfo answer lies, the profile is as it was: %s', async (_name, tell, says) => {
  const world = await signedIn({ tell });
  const before = await everythingOf(world);
  world.clock.jump(10 * minute);
  expectRefusal(await failureOf(world.broker.userInfo()), { says });
  expect(await everythingOf(world)).toEqual(before);
  await expectRenewed(world);
});

test('a UserInfo answer that names __proto__ changes no other object', async () => {
  const world = await worldOf({});
  const text = `{"sub":"${ada}","__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}`;
  world.provider.answers.set('/userinfo', () => json(text));
  await signInAs(world);
  expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
  expect(Object.getPrototypeOf(await world.broker.userInfo())).toBe(Object.prototype);
});

const organizations: [string, string, Record<string, unknown>][] = [
  ['another org_id', 'org_1', { org_id: 'org_2' }],
  ['org_id in another case', 'org_1', { org_id: 'ORG_1' }],
  ['org_id missing', 'org_1', {}],
  ['an org_name that is the id asked for', 'org_1', { org_id: 'org_2', org_name: 'org_1' }],
  ['another org_name', 'acme', { org_id: 'org_1', org_name: 'evil' }],
  ['org_name missing', 'acme', { org_id: 'org_1' }],
  ['an org_id that is the name asked for', 'acme', { org_id: 'acme', org_name: 'evil' }],
];

test.each(organizations)(
  'the first sign-in is for %s, nobody is signed in [T16]',
  async (_name, organization, changes) => {
    const world = await worldOf({});
    world.provider.claims = changes;
    expectRefusal(await failureOf(signInFor(world, organization)), { says: /another organization.*org_id/ });
    expect(world.broker.state().person).toBeUndefined();
    expect(world.vault.saves).toEqual([]);
  },
);

test.each(organizations)(
  'the second sign-in is for %s, the session is as it was [T16]',
  async (_name, organization, changes) => {
    const world = await signedIn({ tell: claims(changes) });
    const before = await everythingOf(world);
    expectRefusal(await failureOf(signInFor(world, organization)), { says: /another organization.*org_id/ });
    expect(await everythingOf(world)).toEqual(before);
    await expectRenewed(world);
  },
);

test.each([
  ['org_1', { org_id: 'org_1' }],
  ['Acme', { org_id: 'org_1', org_name: 'acme' }],
])('the organization %s that was asked for signs in [T16]', async (organization, changes) => {
  const world = await worldOf({});
  world.provider.claims = changes;
  expect(await signInFor(world, organization)).toMatchObject({ profile: { sub: ada } });
});

test.each([
  ['wrong iss', claims({ iss: 'https://evil.example/' })],
  ['iat a week old', times({ iat: -week })],
  ...signatures.map(([name, { tell }]): [string, Lie['tell']] => [name, tell]),
])("a code that is not the broker's own, and an answer that lies: %s [T18]", async (_name, tell) => {
  const world = await signedIn({ tell });
  const before = await everythingOf(world);
  const asked = exchangeOf({ code: 'of-another', state: 's' }, { codeVerifier });
  expect((await failureOf(world.broker.token(editor, asked))).code).toBe('provider_error');
  expect(await everythingOf(world)).toEqual(before);
});

test('a loopback issuer sends tokens over http to this machine alone', async () => {
  const provider = new ScriptedProvider('http://localhost:4000/');
  provider.metadata = { token_endpoint: 'http://evil.example/oauth/token' };
  const world = neverOpened(await worldOf({ provider }));
  expectRefusal(await failureOf(world.broker.authorize(editor, {})), { says: /no usable token_endpoint/ });
});

test('a logout opens no address that is not https', async () => {
  const provider = new ScriptedProvider();
  provider.metadata = {
    token_endpoint: 'https://tenant.example/token',
    end_session_endpoint: 'file:///usr/bin/calculator',
  };
  const world = neverOpened(await worldOf({ provider }));
  expect(await world.broker.signOutAtProvider({ openBrowser: false })).toBeUndefined();
});

test.each([
  ['another type', 7],
  ['a text', 'form_post'],
  ['null', null],
])('response modes that are %s are none: query', async (_what, modes) => {
  const world = await worldOf({});
  world.provider.metadata = { response_modes_supported: modes };
  await signInAs(world);
  expect(parametersOf(await world.browser.tab()).response_mode).toBe('query');
});

test('2,000 keys more are no reason not to find the right one', async () => {
  const world = await worldOf({});
  keys((key) => [...Array.from({ length: 2000 }, (_, number) => ({ ...key, kid: `other-${number}` })), key])(
    world.provider,
  );
  expect(await signInAs(world)).toMatchObject({ profile: { sub: ada } });
});

describe('what is no lie', () => {
  test('the honest provider of these tests signs in, and its answer lasts an hour', async () => {
    const world = await worldOf({});
    expect(await signInAs(world)).toMatchObject({ profile: { sub: ada }, expiresAt: world.clock.now() + hour });
  });

  test('a token answer without scope means the scope that was asked for (RFC 6749 §5.1)', async () => {
    const world = await worldOf({});
    world.provider.tokens = { scope: undefined };
    const { scope } = await signInAs(world);
    expect(scope).toBe('openid profile email offline_access');
    await world.broker.token(editor, refreshGrant);
    expect(storedAccountOf(world.vault).scope).toBe(scope);
  });

  test.each([null, ''])('members of a token answer that are %j are absent', async (empty) => {
    const world = await worldOf({});
    world.provider.tokens = { scope: empty, expires_in: empty, refresh_token: empty };
    const { scope, expiresAt } = await signInAs(world);
    expect(scope).toBe('openid profile email offline_access');
    expect(expiresAt).toBe(world.clock.now() + hour);
    expect(world.broker.state().person).toMatchObject({ renewable: false });
  });

  test.each([null, ''])('members of a renewal that are %j are absent: what was there is kept', async (empty) => {
    const world = await worldOf({});
    const first = await signInAs(world);
    const { refreshToken, idToken } = storedAccountOf(world.vault);
    world.provider.tokens = { scope: empty, expires_in: empty, refresh_token: empty, id_token: empty };
    const { accessToken, scope } = await world.broker.token(editor, refreshGrant);
    expect(accessToken).not.toBe(first.accessToken);
    expect(scope).toBe(first.scope);
    expect(storedAccountOf(world.vault)).toMatchObject({ refreshToken, idToken });
  });

  test.each(['bearer', 'Bearer', 'BEARER'])('token_type %s', async (tokenType) => {
    const world = await worldOf({});
    world.provider.tokens = { token_type: tokenType };
    expect(await signInAs(world)).toMatchObject({ profile: { sub: ada } });
  });

  test('a sub of 255 characters', async () => {
    const world = await worldOf({});
    world.provider.claims = { sub: 'x'.repeat(255) };
    await signInAs(world);
    expect(world.broker.state().person?.subject).toHaveLength(255);
  });

  test.each([58, -58])('an iat that differs by %i seconds [T15]', async (seconds) => {
    const world = await worldOf({});
    times({ iat: seconds * 1000 })(world.provider);
    expect(await signInAs(world)).toMatchObject({ profile: { sub: ada } });
  });

  const year = 366 * 24 * hour;
  const jwt = (exp: string) => `e30.${Buffer.from(`{"exp":${exp}}`).toString('base64url')}.x`;
  test.each<[string, Record<string, unknown>, number]>([
    ['a text is the number in it', { expires_in: '3600' }, hour],
    ['a fraction is cut off', { expires_in: 1.5 }, 1000],
    ['0 has ended', { expires_in: 0 }, 0],
    ['absurd is a year', { expires_in: 1e15 }, year],
    ['beyond what a number can hold, once it is milliseconds, is a year', { expires_in: 1e308 }, year],
    ['absent and an opaque access token: an hour', { expires_in: undefined }, hour],
    ['absent and an exp without an end: a year', { expires_in: undefined, access_token: jwt('1e999') }, year],
    ['absent and an exp long ago: has ended', { expires_in: undefined, access_token: jwt('-5') }, 0],
    ['absent and an exp that is no number: an hour', { expires_in: undefined, access_token: jwt('"x"') }, hour],
  ])('expires_in: %s, and the vault can be read again', async (_what, answer, lifetime) => {
    const world = await worldOf({});
    world.provider.tokens = answer;
    await signInAs(world);
    const stored = parseStoredState(JSON.stringify(world.vault.state));
    expect(stored.accounts).toMatchObject([{ expiresAt: world.clock.now() + lifetime }]);
  });

  test("absent expires_in: the access token's own exp", async () => {
    const world = await worldOf({});
    const exp = Math.floor(world.clock.now() / 1000) + 1234;
    world.provider.tokens = { expires_in: undefined, access_token: jwt(String(exp)) };
    expect((await signInAs(world)).expiresAt).toBe(exp * 1000);
  });
});

describe('over a real socket', () => {
  /** Sends the beginning of an answer; then the timeout fires. */
  const slow = (): Fault => {
    let signal: AbortSignal | null | undefined;
    const { runOut } = timeouts();
    const real = globalThis.fetch;
    const spy = vi.spyOn(globalThis, 'fetch').mockImplementation((url, options) => {
      signal = options?.signal ?? signal;
      return real(url, options);
    });
    onTestFinished(() => spy.mockRestore());
    return {
      respond: (_request, answer) => {
        answer.writeHead(200, { 'Content-Type': 'application/json' });
        answer.write('{"access_token":', () => runOut(signal));
      },
    };
  };
  const faults: [string, () => Fault, Said][] = [
    [
      '10 MB',
      () => ({ status: 200, body: 'x'.repeat(10 * 1024 * 1024), headers: { 'Content-Type': 'application/json' } }),
      { says: /1 MiB/, ...lost },
    ],
    [
      'cut off',
      () => ({
        respond: (request, answer) => {
          answer.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
          answer.write('{"access_token": "half', () => request.socket.destroy());
        },
      }),
      { says: /cannot be reached/, ...lost },
    ],
    ['slow', slow, { says: /did not answer within 60 seconds/, ...lost }],
    [
      'a redirect',
      () => ({ status: 307, headers: { Location: 'https://evil.example/' } }),
      { says: /redirect/, ...lost },
    ],
    ['dropped', () => ({ drop: true }), { says: /cannot be reached/, ...lost }],
  ];

  test.each(faults)(
    'a token answer that is %s makes no session, and is not asked for again',
    async (_what, fault, lie) => {
      const world = await localWorld();
      const asked = exchangeOf(await world.broker.authorize(editor, {}));
      world.provider.fault(tokenPath, fault());
      expectRefusal(await failureOf(world.broker.token(editor, asked)), lie);
      expect(world.broker.state().person).toBeUndefined();
      expect(world.vault.saves).toEqual([]);
      expect(world.provider.count(tokenPath)).toBe(1);
    },
  );

  test.each(faults)('a refresh answer that is %s is no sign-out, and the next refresh works', async (_what, fault) => {
    const world = await localWorld({ providerOptions: { accessTokenSeconds: 30 } });
    const { accessToken } = await signInAs(world);
    const lift = world.provider.fault(tokenPath, fault());
    expect((await world.broker.token(editor, refreshGrant)).accessToken).toBe(accessToken);
    expect(world.broker.state().person).toMatchObject({ subject: ada });
    lift();
    // T4: a token that may be spent is sent again after the access token has ended.
    world.clock.jump(30_000);
    expect((await world.broker.token(editor, refreshGrant)).accessToken).not.toBe(accessToken);
  });
});

type Options = NonNullable<Parameters<typeof scriptedWorld>[0]>;

/** A world whose provider uses the same clock. */
async function worldOf(options: Options): Promise<ScriptedWorld> {
  const world = await scriptedWorld(options);
  world.provider.now = () => world.clock.now();
  return world;
}

/** A person has signed in honestly, and the program was restarted: it knows nothing of the provider but the lie. */
async function signedIn(lie?: Pick<Lie, 'tell'>): Promise<ScriptedWorld> {
  const { broker, provider, vault, clock } = await worldOf({}).then(async (world) => {
    await signInAs(world);
    return world;
  });
  await broker.close();
  lie?.tell(provider);
  return await worldOf({ provider, vault, clock });
}

/** Everything that a refused sign-in must not change. */
async function everythingOf({ broker, vault }: ScriptedWorld): Promise<unknown> {
  const { person, others } = broker.state();
  return {
    subject: person?.subject,
    profile: person?.profile,
    others,
    vault: structuredClone(vault.state),
    accessToken: (await broker.accessToken()).accessToken,
  };
}

type Said = Pick<Lie, 'says' | 'code' | 'passes' | 'isLost'>;

function expectRefusal(refusal: unknown, lie: Said, at: 'sign-in' | 'refresh' = 'sign-in'): void {
  const { says, code = 'provider_error', passes = code === 'provider_unreachable', isLost = false } = lie;
  const error = refusal as LoopgateError;
  expect(error).toMatchObject({ code, retryable: passes && !(isLost && at === 'sign-in') });
  if (isLost && at === 'sign-in') expect(error.next).toMatch(/^Start the sign-in again/);
  expect(error.happened).toMatch(says);
  expect(error.message.length).toBeLessThan(400);
  // T9: the token endpoint's tokens, and the values of the lies.
  expect(error.message).not.toMatch(/access-\d|refresh-\d|\bevil\b|\beve\b|another-client/);
}

/** The person signs in at the tray: the page in the browser, if one was opened, and the window say why it failed. */
async function expectRefusedAtTray({ browser, broker }: ScriptedWorld, lie: Lie): Promise<void> {
  const opened = browser.opened.length;
  await broker.signIn();
  if (browser.opened.length > opened) expectRefusal(await browser.page(opened), lie);
  expectRefusal(broker.state().problem, lie);
}

/** The provider is honest again: the session renews itself, and still belongs to the same person. */
async function expectRenewed({ broker, provider, clock, vault }: ScriptedWorld): Promise<void> {
  const { accessToken } = storedAccountOf(vault);
  provider.beHonest();
  clock.jump(10 * minute);
  expect((await broker.token(editor, refreshGrant)).accessToken).not.toBe(accessToken);
  expect(await broker.userInfo()).toMatchObject({ sub: ada, name: 'Ada Lovelace' });
  expect(broker.state()).toMatchObject({ person: { subject: ada }, others: [] });
}

/** The page says that no login waits for this; the login that does wait is not disturbed. */
async function expectUndisturbed({ broker, browser, provider }: ScriptedWorld, tell: Lie['tell']): Promise<void> {
  tell(provider);
  const login = broker.authorize(editor, {});
  expect(await browser.page()).toMatchObject({ code: 'unknown_state', message: expect.stringContaining('state') });
  expect(broker.state().waiting).toBeDefined();
  provider.beHonest();
  await browser.finish(await browser.tab());
  expect((await login).code).toMatch(/^code-/);
}

/** Signs in for an organization. */
async function signInFor({ broker }: ScriptedWorld, organization: string): Promise<unknown> {
  const result = await broker.authorize(editor, { organization, codeChallenge });
  return await broker.token(editor, exchangeOf(result, { codeVerifier, redirectUri }));
}
