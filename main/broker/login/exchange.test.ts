import { expect, test } from 'vitest';
import { BrowserDouble } from '../../../demo/identity-provider/person.ts';
import {
  ada,
  editor,
  exchangeOf,
  failureOf,
  type LocalWorld,
  localProvider,
  localWorld,
  neverOpened,
  ownChallenge,
  parametersOf,
  plainFetch,
  redirectUri,
  refreshGrant,
  scriptedWorld,
  signInAs,
  storedAccountOf,
} from '../../../testing/brokerWorld.ts';
import { minute } from '../../../testing/durations.ts';
import { s256 } from './challenge.ts';
import type { TokenRequest } from './requests.ts';

const another = 'another program';
const api = 'https://api.loopgate.test/';
const toolCallback = 'https://tool.example/callback';
const toolClient = { clientId: 'tool', redirectUris: [toolCallback] };
const { codeVerifier, codeChallenge } = ownChallenge();

test("a code of the broker's own sign-in becomes the session, with the profile in the answer [W15]", async () => {
  const world = await localWorld();
  const result = await signInAs(world);
  expect(result).toMatchObject({
    clientId: 'loopgate-demo',
    audience: undefined,
    scope: 'openid profile email offline_access',
    profile: { sub: ada, name: 'Ada Lovelace' },
  });
  expect(result.expiresAt).toBe(world.clock.now() + 3_600_000);
  expect(world.broker.state().person).toMatchObject({ subject: ada, renewable: true, expiresAt: result.expiresAt });
  expect(storedAccountOf(world.vault).accessToken).toBe(result.accessToken);
});

test('the refresh token of the session is in no answer [W8]', async () => {
  const world = await localWorld();
  const answers = [
    await signInAs(world),
    await world.broker.token(editor, refreshGrant),
    await world.broker.userInfo(),
  ];
  for (const account of world.vault.saves.flatMap(({ accounts }) => accounts)) {
    expect(account.refreshToken).toBeTypeOf('string');
    expect(JSON.stringify([answers, world.broker.state()])).not.toContain(account.refreshToken);
  }
  for (const answer of answers) expect(answer).not.toHaveProperty('refreshToken');
});

test('with exposeRefreshToken the answers have it [W8]', async () => {
  const world = await localWorld({ settings: { exposeRefreshToken: true } });
  const first = await signInAs(world);
  expect(first.refreshToken).toBe(storedAccountOf(world.vault).refreshToken);
  const second = await world.broker.token(editor, refreshGrant);
  expect(second.refreshToken).toBe(storedAccountOf(world.vault).refreshToken);
  expect(second.refreshToken).not.toBe(first.refreshToken);
});

test('no token, code, verifier or e-mail address is logged [T9]', async () => {
  const world = await localWorld();
  const result = await world.broker.authorize(editor, {});
  const tokens = await world.broker.token(editor, exchangeOf(result));
  world.provider.fault('/oauth/token', { status: 400, body: { error: 'invalid_grant' } });
  await failureOf(world.broker.token(editor, refreshGrant));
  const logged = world.log.lines.join();
  expect(logged).toContain('signed in');
  const { refreshToken, idToken } = world.vault.saves[0]?.accounts[0] ?? {};
  const secrets = [
    result.code,
    result.state,
    result.challenge?.codeVerifier,
    tokens.accessToken,
    refreshToken,
    idToken,
  ];
  for (const secret of [...secrets, '@example.test']) {
    expect(secret).toBeTypeOf('string');
    expect(logged).not.toContain(secret);
  }
});

test.each<[string, string, Partial<TokenRequest>]>([
  ['the verifier', editor, { codeVerifier: 'a-wrong-verifier-that-is-as-long-as-it-must-be-x' }],
  ['no verifier', editor, { codeVerifier: undefined }],
  ['an empty verifier', editor, { codeVerifier: '' }],
  ['the owner', another, {}],
  ['the redirect_uri', editor, { redirectUri: toolCallback }],
  ['no redirect_uri', editor, { redirectUri: undefined }],
  ['the client', editor, { clientId: 'tool' }],
])('what does not fit is refused before the provider sees the code: %s [W7]', async (_what, owner, changes) => {
  const world = await localWorld({
    settings: { redirectUris: [toolCallback], clients: ['tool'] },
    providerOptions: { clients: [toolClient] },
  });
  const result = await world.broker.authorize(editor, {});
  const failure = await failureOf(world.broker.token(owner, exchangeOf(result, changes)));
  expect(failure.code).toBe('invalid_grant');
  expect(world.provider.count('/oauth/token')).toBe(0);
  // Nothing was used up: the owner of the code still gets the tokens.
  expect(await world.broker.token(editor, exchangeOf(result))).toMatchObject({ profile: { sub: ada } });
});

test('an exchange for a client that is not known is refused [W12]', async () => {
  const world = await localWorld();
  const result = await world.broker.authorize(editor, {});
  const failure = await failureOf(world.broker.token(editor, exchangeOf(result, { clientId: 'unknown' })));
  expect(failure.code).toBe('invalid_request');
  expect(world.provider.count('/oauth/token')).toBe(0);
});

test('without a body the code that came last is exchanged with its own verifier [W7]', async () => {
  const world = await localWorld();
  await world.broker.authorize(editor, {});
  expect(await world.broker.token(editor, undefined)).toMatchObject({ profile: { sub: ada } });
  expect((await failureOf(world.broker.token(another, undefined))).code).toBe('invalid_grant');
});

test('without a body a challenge of GET /pkce/challenge is enough [W7]', async () => {
  const world = await localWorld();
  world.broker.challenge(editor);
  await world.broker.authorize(editor, {});
  expect(await world.broker.token(editor, undefined)).toMatchObject({ profile: { sub: ada } });
});

test('without a body and without a code of this owner nothing reaches the provider [W7]', async () => {
  const world = await localWorld();
  await world.broker.authorize(another, {});
  expect((await failureOf(world.broker.token(editor, undefined))).code).toBe('invalid_grant');
  expect(world.provider.count('/oauth/token')).toBe(0);
});

test('equal exchanges at the same moment share one answer [R15]', async () => {
  const world = await localWorld();
  const asked = exchangeOf(await world.broker.authorize(editor, {}));
  const answers = await Promise.all(Array.from({ length: 50 }, () => world.broker.token(editor, asked)));
  expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(1);
  expect(world.provider.count('/oauth/token')).toBe(1);
});

test('a repeated exchange gets the first answer for 60 seconds, and invalid_grant after [R15]', async () => {
  const world = await localWorld();
  const asked = exchangeOf(await world.broker.authorize(editor, {}));
  const first = await world.broker.token(editor, asked);
  world.clock.advance(minute - 1);
  expect(await world.broker.token(editor, asked)).toEqual(first);
  world.clock.advance(1);
  expect((await failureOf(world.broker.token(editor, asked))).code).toBe('invalid_grant');
  world.clock.advance(9 * minute - 1);
  expect((await failureOf(world.broker.token(editor, asked))).code).toBe('invalid_grant');
  expect(world.provider.count('/oauth/token')).toBe(1);
});

test('the first answer is for its owner and verifier only [R15]', async () => {
  const world = await localWorld();
  const asked = exchangeOf(await world.broker.authorize(editor, {}));
  await world.broker.token(editor, asked);
  expect((await failureOf(world.broker.token(another, asked))).code).toBe('invalid_grant');
  const wrong = { ...asked, codeVerifier };
  expect((await failureOf(world.broker.token(editor, wrong))).code).toBe('invalid_grant');
});

test('after a sign-out a repeated exchange does not give the tokens that were wiped [T10]', async () => {
  const world = await localWorld();
  const asked = exchangeOf(await world.broker.authorize(editor, {}));
  await world.broker.token(editor, asked);
  await world.broker.signOut();
  expect((await failureOf(world.broker.token(editor, asked))).code).toBe('invalid_grant');
  expect(world.provider.count('/oauth/token')).toBe(1);
});

test.each([
  ['503', { status: 503 }],
  ['429', { status: 429, body: { error: 'too_many_requests' } }],
  ['404', { status: 404, body: 'not here' }],
  ['408', { status: 408 }],
  ['425', { status: 425 }],
  ['temporarily_unavailable', { status: 400, body: { error: 'temporarily_unavailable' } }],
] as const)('a code can be exchanged again a second after the provider could not answer: %s', async (_what, fault) => {
  const world = await localWorld();
  const asked = exchangeOf(await world.broker.authorize(editor, {}));
  world.provider.fault('/oauth/token', { ...fault, times: 1 });
  expect(await failureOf(world.broker.token(editor, asked))).toMatchObject({
    code: 'provider_unreachable',
    retryable: true,
  });
  expect(world.broker.state().person).toBeUndefined();
  world.clock.jump(1_000);
  expect(await world.broker.token(editor, asked)).toMatchObject({ profile: { sub: ada } });
});

test.each([
  ['a dropped connection', { drop: true }],
  ['HTML with 200', { status: 200, body: '<html>', headers: { 'Content-Type': 'text/html' } }],
  ['500', { status: 500 }],
  ['502', { status: 502, body: 'bad gateway' }],
  ['server_error', { status: 400, body: { error: 'server_error' } }],
  ['a redirect', { status: 302, headers: { Location: 'https://evil.example/' } }],
] as const)('a code is not sent again when nobody knows what came of it: %s', async (_what, fault) => {
  const world = await localWorld();
  const asked = exchangeOf(await world.broker.authorize(editor, { codeChallenge }), { codeVerifier });
  world.provider.fault('/oauth/token', { ...fault, times: 1 });
  expect(await failureOf(world.broker.token(editor, asked))).toMatchObject({
    code: 'provider_unreachable',
    retryable: false,
    next: 'Start the sign-in again: its code may have been used.',
  });
  expect((await failureOf(world.broker.token(editor, asked))).code).toBe('invalid_grant');
  expect(world.provider.count('/oauth/token')).toBe(1);
  // And the sign-in that is started again is a new one, also for the same challenge.
  const again = exchangeOf(await world.broker.authorize(editor, { codeChallenge }), { codeVerifier });
  expect(again.code).not.toBe(asked.code);
  expect(await world.broker.token(editor, again)).toMatchObject({ profile: { sub: ada } });
});

test("the provider's refusal of a code is invalid_grant with its words, and is not asked for twice", async () => {
  const world = await localWorld();
  const asked = exchangeOf(await world.broker.authorize(editor, {}));
  world.provider.fault('/oauth/token', {
    status: 403,
    body: { error: 'invalid_grant', error_description: 'Code expired' },
  });
  for (let round = 0; round < 2; round++) {
    const failure = await failureOf(world.broker.token(editor, asked));
    expect(failure).toMatchObject({ code: 'invalid_grant', message: expect.stringContaining('Code expired') });
  }
  expect(world.provider.count('/oauth/token')).toBe(1);
});

test('a code that the provider refused is given to nobody again: an equal sign-in opens a new login [R15]', async () => {
  const world = await scriptedWorld();
  const { codeVerifier, codeChallenge } = ownChallenge();
  const first = await world.broker.authorize(editor, { codeChallenge });
  world.provider.answers.set('/oauth/token', () => Response.json({ error: 'invalid_grant' }, { status: 400 }));
  await failureOf(world.broker.token(editor, exchangeOf(first, { codeVerifier })));
  world.provider.answers.delete('/oauth/token');
  const second = await world.broker.authorize(editor, { codeChallenge });
  expect(second.code).not.toBe(first.code);
  expect(world.browser.tabs).toHaveLength(2);
  await world.broker.token(editor, exchangeOf(second, { codeVerifier }));
  expect(world.broker.state().person).toMatchObject({ subject: ada });
});

test('for the session the configured scopes are asked for beside those of the client [W15]', async () => {
  const world = await localWorld();
  const result = await world.broker.authorize(editor, { scope: ['openid', 'email'], codeChallenge });
  expect(
    parametersOf(await world.browser.tab())
      .scope?.split(' ')
      .sort(),
  ).toEqual(['email', 'offline_access', 'openid', 'profile']);
  await world.broker.token(editor, exchangeOf(result, { codeVerifier }));
  expect(world.broker.state().person?.renewable).toBe(true);
});

test('for another audience only the scopes of the client are asked for, and no session comes of it [W15]', async () => {
  const world = await localWorld();
  const result = await world.broker.authorize(editor, { scope: ['openid'], audience: api, codeChallenge });
  expect(parametersOf(await world.browser.tab())).toMatchObject({ scope: 'openid', audience: api });
  const tokens = await world.broker.token(editor, exchangeOf(result, { codeVerifier }));
  expect(tokens).toMatchObject({ audience: api });
  expect(world.broker.state().person).toBeUndefined();
  expect(world.vault.saves).toEqual([]);
});

test('for another client no session comes of it [W15]', async () => {
  const world = await localWorld({
    settings: { clients: ['tool'] },
    providerOptions: { clients: [{ clientId: 'tool', redirectUris: [redirectUri] }] },
  });
  const result = await world.broker.authorize(editor, { clientId: 'tool', codeChallenge });
  const tokens = await world.broker.token(editor, exchangeOf(result, { clientId: 'tool', codeVerifier }));
  expect(tokens).toMatchObject({ clientId: 'tool' });
  expect(world.broker.state().person).toBeUndefined();
  expect(world.vault.saves).toEqual([]);
});

test('with a configured audience the session is for it [W15]', async () => {
  const world = await localWorld({ settings: { audience: api } });
  expect(await signInAs(world)).toMatchObject({ audience: api });
  expect(storedAccountOf(world.vault).audience).toBe(api);
});

/** A code that another program got by itself, without the broker. */
async function foreignCode({ provider }: LocalWorld, state = 'foreign'): Promise<TokenRequest> {
  const parameters = new URLSearchParams({
    response_type: 'code',
    client_id: 'tool',
    redirect_uri: toolCallback,
    scope: 'openid profile offline_access',
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    state,
  });
  const { fields } = await new BrowserDouble().signInAs(`${provider.issuer}authorize?${parameters}`, 'Eve', {
    deliver: false,
  });
  return {
    grantType: 'authorization_code',
    clientId: 'tool',
    code: fields.code,
    redirectUri: toolCallback,
    codeVerifier,
  };
}

function toolWorld(): Promise<LocalWorld> {
  return localWorld({
    settings: { clients: ['tool'], redirectUris: [toolCallback] },
    providerOptions: { clients: [toolClient] },
  });
}

test('a foreign code is passed through and changes nothing here [T18]', async () => {
  const world = neverOpened(await toolWorld());
  const result = await world.broker.token(editor, await foreignCode(world));
  expect(result).toMatchObject({ clientId: 'tool' });
  expect(result).not.toHaveProperty('refreshToken');
  expect(result).not.toHaveProperty('profile');
  expect(world.broker.state()).toMatchObject({ person: undefined, others: [] });
  expect(world.vault.saves).toEqual([]);
});

test('a foreign code of the configured client leaves the person who is signed in [T18]', async () => {
  const world = await localWorld({
    providerOptions: { redirectUris: [redirectUri, toolCallback] },
    settings: { redirectUris: [toolCallback] },
  });
  await signInAs(world);
  const saves = world.vault.saves.length;
  const opened = `${world.provider.issuer}authorize?${new URLSearchParams({ response_type: 'code', client_id: 'loopgate-demo', redirect_uri: toolCallback, scope: 'openid offline_access', code_challenge: codeChallenge, code_challenge_method: 'S256' })}`;
  const { fields } = await new BrowserDouble().signInAs(opened, 'Eve', { deliver: false });
  await world.broker.token(editor, {
    grantType: 'authorization_code',
    clientId: 'loopgate-demo',
    code: fields.code,
    redirectUri: toolCallback,
    codeVerifier,
  });
  expect(world.broker.state()).toMatchObject({ person: { subject: ada }, others: [] });
  expect(world.vault.saves).toHaveLength(saves);
});

test('a foreign code that was exchanged here is refused the second time, and the provider is not asked [T18]', async () => {
  const world = await toolWorld();
  const asked = await foreignCode(world);
  await world.broker.token(editor, asked);
  expect((await failureOf(world.broker.token(another, asked))).code).toBe('invalid_grant');
  expect(world.provider.count('/oauth/token')).toBe(1);
});

test('a foreign code with a wrong verifier is refused by the provider, and still good for the right one [T18]', async () => {
  const world = await toolWorld();
  const asked = await foreignCode(world);
  world.provider.fault('/oauth/token', { status: 400, body: { error: 'invalid_grant' }, times: 1 });
  expect((await failureOf(world.broker.token(editor, asked))).code).toBe('invalid_grant');
  expect(await world.broker.token(editor, asked)).toMatchObject({ clientId: 'tool' });
});

test.each([
  ['code', { code: undefined }],
  ['redirect_uri', { redirectUri: undefined }],
  ['code_verifier', { codeVerifier: undefined }],
])('an exchange without a %s does not reach the provider [T18]', async (_what, changes) => {
  const world = neverOpened(await toolWorld());
  const asked = {
    grantType: 'authorization_code',
    clientId: 'tool',
    code: 'unknown',
    redirectUri: toolCallback,
    codeVerifier,
  } as const;
  expect((await failureOf(world.broker.token(editor, { ...asked, ...changes }))).code).toBe('invalid_grant');
  expect(world.provider.count('/oauth/token')).toBe(0);
});

test("a code that went to the client's own redirect_uri is the client's, and whoever waited for it here has it too [T18]", async () => {
  const world = await toolWorld();
  world.browser.person = undefined;
  const asked = { clientId: 'tool', redirectUri: toolCallback, codeChallenge, state: 'mine' };
  const waiting = world.broker.authorize(editor, asked);
  const parameters = await world.browser.callback(await world.browser.tab());
  const code = parameters.get('code') ?? '';
  const exchange = {
    grantType: 'authorization_code',
    clientId: 'tool',
    code,
    redirectUri: toolCallback,
    codeVerifier,
  } as const;
  expect(await world.broker.token(editor, exchange)).toMatchObject({ clientId: 'tool' });
  expect(await waiting).toEqual({ code, state: 'mine' });
  expect(world.broker.state()).toMatchObject({ person: undefined, waiting: undefined });
});

test('grant_type=refresh_token gives a fresh access token of the session [W8]', async () => {
  const world = await localWorld();
  const first = await signInAs(world);
  const second = await world.broker.token(another, refreshGrant);
  expect(second.accessToken).not.toBe(first.accessToken);
  expect(second).toMatchObject({ clientId: 'loopgate-demo', scope: first.scope, profile: { sub: ada } });
  expect(storedAccountOf(world.vault).accessToken).toBe(second.accessToken);
});

test('without a session a refresh says that nobody is signed in [W8]', async () => {
  const { broker, provider } = neverOpened(await localWorld());
  expect((await failureOf(broker.token(editor, refreshGrant))).code).toBe('not_signed_in');
  expect(provider.count('/oauth/token')).toBe(0);
});

test.each<[string, Partial<TokenRequest>]>([
  ['audience', { audience: api }],
  ['client_id', { clientId: 'tool' }],
])('a refresh for another %s is refused before the provider is asked [T12]', async (_what, changes) => {
  const world = await localWorld({ settings: { clients: ['tool'] } });
  await signInAs(world);
  const failure = await failureOf(world.broker.token(editor, { ...refreshGrant, ...changes }));
  expect(failure.code).toBe('invalid_request');
  expect(world.provider.count('/oauth/token')).toBe(1);
});

test('a refresh asks neither for a scope nor for an audience [T12]', async () => {
  const world = await localWorld({ settings: { audience: api } });
  await signInAs(world);
  world.provider.clearRequests();
  const renewed = await world.broker.token(editor, { ...refreshGrant, audience: api });
  const { parameters } = await world.provider.waitFor(({ path }) => path === '/oauth/token');
  expect(Object.keys(parameters).sort()).toEqual(['client_id', 'grant_type', 'refresh_token']);
  expect(renewed.scope).toBe('openid profile email offline_access');
});

test("a refresh token that the client carries is the client's own affair: passed through, the new one handed back [W8]", async () => {
  const provider = await localProvider();
  const others = await localWorld({ provider, settings: { exposeRefreshToken: true } });
  const { refreshToken: carried } = await signInAs(others, 'Grace Hopper');
  const world = await localWorld({ provider });
  await signInAs(world);
  const saves = world.vault.saves.length;
  const result = await world.broker.token(editor, { ...refreshGrant, refreshToken: carried });
  expect(result.refreshToken).toBeTypeOf('string');
  expect(result.refreshToken).not.toBe(carried);
  expect(world.broker.state()).toMatchObject({ person: { subject: ada }, others: [] });
  expect(world.vault.saves).toHaveLength(saves);
});

test('a carried refresh token that the provider refuses is invalid_grant, and the session stays [W8]', async () => {
  const world = await localWorld();
  await signInAs(world);
  const failure = await failureOf(world.broker.token(editor, { ...refreshGrant, refreshToken: 'made up' }));
  expect(failure.code).toBe('invalid_grant');
  expect(world.broker.state().person).toMatchObject({ subject: ada });
});

test("the session's own refresh token, which a client may have by exposeRefreshToken, renews the session [W8]", async () => {
  const world = await localWorld({ settings: { exposeRefreshToken: true } });
  const { refreshToken } = await signInAs(world);
  const renewed = await world.broker.token(editor, { ...refreshGrant, refreshToken });
  expect(storedAccountOf(world.vault)).toMatchObject({
    refreshToken: renewed.refreshToken,
    accessToken: renewed.accessToken,
  });
});

test('an earlier refresh token of the session, which a client still has, does not end the session [W8]', async () => {
  const world = await localWorld({ settings: { exposeRefreshToken: true } });
  const { refreshToken } = await signInAs(world);
  await world.broker.token(editor, refreshGrant);
  await world.broker.token(editor, { ...refreshGrant, refreshToken }).catch(() => undefined);
  expect((await world.broker.token(editor, refreshGrant)).accessToken).not.toBe('');
});

test("a carried refresh token of another account of the broker never gives the active person's tokens [W8]", async () => {
  const world = await localWorld({ settings: { exposeRefreshToken: true } });
  const active = await signInAs(world);
  const { refreshToken, accessToken } = await signInAs(world, 'Grace Hopper');
  const renewed = await world.broker.token(editor, { ...refreshGrant, refreshToken });
  expect([active.accessToken, accessToken]).not.toContain(renewed.accessToken);
  expect(await world.broker.userInfo(renewed.accessToken)).toMatchObject({ sub: 'auth0|grace-hopper' });
  expect(await world.broker.userInfo()).toMatchObject({ sub: ada });
});

test("a failed check names the claim and quotes nothing of the provider's answer [T9]", async () => {
  const world = await scriptedWorld();
  world.provider.claims = { aud: 'secret-audience-value' };
  const { message } = await failureOf(signInAs(world));
  expect(message).toContain('aud');
  expect(message).not.toContain('secret-audience-value');
});

test.each([
  ['behind', 7200, {}],
  ['ahead', -7200, {}],
  ['so far ahead that the ID token seems to be expired', -7200, { exp: Math.floor(Date.now() / 1000) - 3600 }],
])('a clock that is %s is named as such, with the difference in seconds [T15]', async (_what, seconds, more) => {
  const world = await scriptedWorld();
  world.provider.claims = { iat: Math.floor(Date.now() / 1000) + seconds, ...more };
  const { message } = await failureOf(signInAs(world));
  expect(message).toMatch(/clocks?\b.*\b(7199|7200|7201) seconds/);
});

test('the organization of a real sign-in is accepted [T16]', async () => {
  const world = await localWorld();
  const result = await world.broker.authorize(editor, { organization: 'org_1', codeChallenge });
  expect(await world.broker.token(editor, exchangeOf(result, { codeVerifier }))).toMatchObject({
    profile: { sub: ada },
  });
});

test('the sign-in works while the profile cannot be read', async () => {
  const world = await localWorld();
  world.provider.fault('/userinfo', { status: 429 });
  expect(await signInAs(world)).not.toHaveProperty('profile');
  world.provider.clearFaults();
  expect(await world.broker.userInfo()).toMatchObject({ sub: ada });
});

test('the verifier that reaches the provider is the one of the challenge [R2]', async () => {
  const world = await localWorld();
  const result = await world.broker.authorize(editor, {});
  await world.broker.token(editor, exchangeOf(result));
  const { parameters } = await world.provider.waitFor(({ path }) => path === '/oauth/token');
  expect(s256(parameters.code_verifier ?? '')).toBe(parametersOf(await world.browser.tab()).code_challenge);
  expect(parameters).toMatchObject({ redirect_uri: redirectUri, code: result.code });
  expect(Object.keys(parameters)).not.toContain('client_secret');
});

test('a lost answer to an exchange is not a session, and the code is spent', async () => {
  const world = await localWorld({ fetch: plainFetch });
  const asked = exchangeOf(await world.broker.authorize(editor, {}));
  world.provider.fault('/oauth/token', { loseAnswer: true, times: 1 });
  expect((await failureOf(world.broker.token(editor, asked))).code).toBe('provider_unreachable');
  expect((await failureOf(world.broker.token(editor, asked))).code).toBe('invalid_grant');
  expect(world.broker.state().person).toBeUndefined();
});
