import { expect, test } from 'vitest';
import {
  ada,
  editor,
  failureOf,
  type LocalWorld,
  localProvider,
  localWorld,
  neverOpened,
  plainFetch,
  refreshGrant,
  ScriptedProvider,
  scriptedWorld,
  signInAs,
  storedAccountOf,
  withEndedAccessToken,
} from '../../../testing/brokerWorld.ts';
import { minute, second } from '../../../testing/durations.ts';
import { latch } from '../../../testing/latch.ts';
import { Provider } from '../provider/provider.ts';
import { Session } from './session.ts';
import type { StoredAccount } from './vault.ts';

/** Signs in. @returns the state for the next start: the access token has ended overnight */
async function theMorningAfter(options: Parameters<typeof localWorld>[0] = {}): Promise<LocalWorld> {
  const provider = options.provider ?? (await localProvider(options.providerOptions));
  const evening = await localWorld({ ...options, provider });
  await signInAs(evening);
  await evening.broker.close();
  const vault = withEndedAccessToken(evening.vault);
  const morning = await localWorld({ ...options, provider, vault });
  provider.clearRequests();
  return neverOpened(morning);
}

test('a session is there again after a restart, and its valid access token needs no provider', async () => {
  const evening = await localWorld();
  const { accessToken } = await signInAs(evening);
  const { vault, provider } = evening;
  const morning = neverOpened(await localWorld({ vault, provider }));
  provider.clearRequests();
  expect(morning.broker.state()).toMatchObject({
    ready: true,
    person: { subject: ada, profile: { name: 'Ada Lovelace' } },
  });
  expect(await morning.broker.userInfo(accessToken)).toMatchObject({ sub: ada });
  expect(provider.requests).toEqual([]);
});

test('an access token that ended overnight is renewed when it is needed, before the profile is read [T7]', async () => {
  const { broker, provider, vault } = await theMorningAfter();
  const before = storedAccountOf(vault);
  const renewed = await broker.token(editor, refreshGrant);
  expect(renewed.accessToken).not.toBe(before.accessToken);
  expect(provider.count('/oauth/token')).toBe(1);
  expect(storedAccountOf(vault).refreshToken).not.toBe(before.refreshToken);
});

test('an access token is renewed a little before it ends, and not long before [T7]', async () => {
  const world = await localWorld({ providerOptions: { accessTokenSeconds: 50 } });
  await signInAs(world);
  const { accessToken } = storedAccountOf(world.vault);
  world.clock.jump(44 * second);
  expect((await world.broker.accessToken()).accessToken).toBe(accessToken);
  expect(world.provider.count('/oauth/token')).toBe(1);
  world.clock.jump(1 * second);
  expect((await world.broker.accessToken()).accessToken).not.toBe(accessToken);
  expect(world.provider.count('/oauth/token')).toBe(2);
});

test('1,000 concurrent callers make one refresh and get the same token [T4]', async () => {
  const { broker, provider } = await theMorningAfter();
  const all = await Promise.all(Array.from({ length: 1000 }, () => broker.token(editor, refreshGrant)));
  expect(new Set(all.map(({ accessToken }) => accessToken)).size).toBe(1);
  expect(provider.count('/oauth/token')).toBe(1);
});

test('callers of different operations share one refresh [T4]', async () => {
  const { broker, provider } = await theMorningAfter();
  await Promise.all([broker.token(editor, refreshGrant), broker.userInfo(), broker.token('another', refreshGrant)]);
  expect(provider.count('/oauth/token')).toBe(1);
});

test('a renewed access token is handed to nobody before its refresh token is on disk [T4]', async () => {
  const { vault, provider, clock } = await scriptedWorld().then(async (world) => {
    await signInAs(world);
    return world;
  });
  const saving = latch();
  const saved = latch();
  const saves: StoredAccount[] = [];
  const host = {
    persist: () => {
      saves.push(session.account);
      // The first write records that a renewal is being sent; the second stores the new token.
      if (saves.length === 1) return Promise.resolve();
      saving.open();
      return saved.opened;
    },
    changed: () => undefined,
    ended: () => expect.unreachable(),
    problem: () => expect.unreachable(),
    resolved: () => expect.unreachable(),
    track: () => undefined,
    revokeLater: () => expect.unreachable(),
  };
  const account = storedAccountOf(vault);
  const configured = new Provider({ issuer: provider.issuer, clientId: 'loopgate-demo' }, provider.fetch, clock);
  const world = { clock, random: () => 0 };
  const session: Session = new Session({ ...account, expiresAt: clock.now() }, configured, world, host, {
    verified: false,
  });
  provider.claims = { nonce: undefined };
  const handedOut: string[] = [];
  const callers = [session.accessToken({ renew: true }).then(({ accessToken }) => handedOut.push(accessToken))];
  await saving.opened;
  // The provider has answered, the disk has not: a new caller must wait for the disk too.
  callers.push(session.accessToken().then(({ accessToken }) => handedOut.push(accessToken)));
  callers.push(session.accessToken({ renew: true }).then(({ accessToken }) => handedOut.push(accessToken)));
  await new Promise((resolve) => setImmediate(resolve));
  expect(handedOut).toEqual([]);
  saved.open();
  await Promise.all(callers);
  expect(new Set(handedOut)).toEqual(new Set([session.account.accessToken]));
  expect(session.account.refreshToken).not.toBe(account.refreshToken);
  expect(saves.map(({ refreshToken, renewalSentAt }) => [refreshToken, renewalSentAt])).toEqual([
    [account.refreshToken, clock.now()],
    // At once, before the answer is checked, and then with the access token.
    [session.account.refreshToken, undefined],
    [session.account.refreshToken, undefined],
  ]);
});

test('the answer of a refresh waits for the vault [T4]', async () => {
  const { broker, vault } = await theMorningAfter();
  const saving = latch();
  const saved = latch();
  vault.beforeSave = () => {
    saving.open();
    return saved.opened;
  };
  const order: string[] = [];
  const answers = [broker.token(editor, refreshGrant), broker.token('another', refreshGrant)].map((one) =>
    one.then(() => order.push('answered')),
  );
  await saving.opened;
  await new Promise((resolve) => setImmediate(resolve));
  order.push('saved');
  saved.open();
  await Promise.all(answers);
  expect(order).toEqual(['saved', 'answered', 'answered']);
});

test('quitting waits for a refresh that is under way, and what it brought is on disk [T4]', async () => {
  const { broker, provider, vault } = await theMorningAfter();
  const before = storedAccountOf(vault).refreshToken;
  const lift = provider.fault('/oauth/token', { hang: true });
  const refreshing = broker.token(editor, refreshGrant).catch(() => undefined);
  await provider.waitFor(({ path }) => path === '/oauth/token');
  const closed = broker.close();
  lift();
  await closed;
  expect(storedAccountOf(vault).refreshToken).not.toBe(before);
  await refreshing;
});

const unreachable = [
  ['503', { status: 503, body: 'busy' }],
  ['503 as JSON', { status: 503, body: { error: 'temporarily_unavailable' } }],
  ['500 that says invalid_grant', { status: 500, body: { error: 'invalid_grant' } }],
  ['429', { status: 429, body: 'slow down' }],
  ['429 as JSON', { status: 429, body: { error: 'too_many_requests' } }],
  ['a dropped connection', { drop: true }],
] as const;

test.each(unreachable)('%s at the token endpoint is no sign-out [T5]', async (_what, fault) => {
  const { broker, provider } = await theMorningAfter();
  const lift = provider.fault('/oauth/token', fault);
  expect(await failureOf(broker.token(editor, refreshGrant))).toMatchObject({
    code: 'provider_unreachable',
    retryable: true,
  });
  expect(broker.state().person).toMatchObject({ subject: ada });
  lift();
  await broker.close();
});

test.each(unreachable)('after %s the session is renewed when the provider is back [T5]', async (_what, fault) => {
  const { broker, provider, clock } = await theMorningAfter();
  const lift = provider.fault('/oauth/token', fault);
  await failureOf(broker.token(editor, refreshGrant));
  lift();
  // Whatever the backoff is, it is over.
  clock.advance(30 * second);
  expect((await broker.token(editor, refreshGrant)).accessToken).not.toBe('');
});

test.each(unreachable)('while %s lasts, an access token that is still valid is served [T5]', async (_what, fault) => {
  const world = await localWorld();
  const { accessToken } = await signInAs(world);
  world.provider.fault('/oauth/token', fault);
  expect((await world.broker.token(editor, refreshGrant)).accessToken).toBe(accessToken);
});

test('a time-out is no sign-out, and is named [T5]', async () => {
  const world = await theMorningAfter({
    fetch: (url, options) =>
      String(options.body).includes('grant_type=refresh_token')
        ? Promise.reject(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
        : plainFetch(url, options),
  });
  const failure = await failureOf(world.broker.token(editor, refreshGrant));
  expect(failure).toMatchObject({
    code: 'provider_unreachable',
    retryable: true,
    message: expect.stringContaining('60 seconds'),
  });
  expect(world.broker.state().person).toMatchObject({ subject: ada });
});

test('a start without a network is no sign-out: the profile is served from what is stored [T5]', async () => {
  const evening = await localWorld();
  await signInAs(evening);
  const vault = withEndedAccessToken(evening.vault);
  const offline = neverOpened(
    await localWorld({ provider: evening.provider, vault, fetch: () => Promise.reject(new TypeError('fetch failed')) }),
  );
  offline.clock.advance(24 * 60 * minute);
  expect(await offline.broker.userInfo()).toMatchObject({ sub: ada });
  expect(await failureOf(offline.broker.token(editor, refreshGrant))).toMatchObject({ code: 'provider_unreachable' });
  expect(offline.broker.state().person).toMatchObject({ subject: ada });
  expect(storedAccountOf(vault).refreshToken).toBe(storedAccountOf(evening.vault).refreshToken);
});

test('while the provider is busy it is not asked again by every caller [T5]', async () => {
  const { broker, provider } = await theMorningAfter();
  provider.fault('/oauth/token', { status: 429 });
  for (let caller = 0; caller < 20; caller++) {
    expect((await failureOf(broker.token(editor, refreshGrant))).code).toBe('provider_unreachable');
  }
  expect(provider.count('/oauth/token')).toBeLessThan(5);
});

test.each([
  ['invalid_client', 401],
  ['unauthorized_client', 400],
  ['access_denied', 403],
  ['invalid_scope', 400],
])('%s keeps the session and says why [T5]', async (error, status) => {
  const { broker, provider, vault } = await theMorningAfter();
  const lift = provider.fault('/oauth/token', { status, body: { error, error_description: 'as the provider says' } });
  const failure = await failureOf(broker.token(editor, refreshGrant));
  expect(failure).toMatchObject({
    code: 'provider_error',
    providerError: error,
    message: expect.stringContaining(error),
  });
  expect(broker.state().person).toMatchObject({ subject: ada });
  expect(storedAccountOf(vault).refreshToken).toBeTypeOf('string');
  lift();
});

test('invalid_client is shown to the person and stops the retries of every caller [T5]', async () => {
  const { broker, provider } = await theMorningAfter();
  provider.fault('/oauth/token', { status: 401, body: { error: 'invalid_client' } });
  for (let caller = 0; caller < 20; caller++) await failureOf(broker.token(editor, refreshGrant));
  expect(broker.state().problem).toMatchObject({ message: expect.stringContaining('invalid_client') });
  expect(provider.count('/oauth/token')).toBeLessThan(5);
});

test('invalid_grant ends the session, with the reason for the person and for the next caller [T5]', async () => {
  const { broker, provider, vault } = await theMorningAfter();
  provider.revokeAll();
  const ended = { code: 'not_signed_in', message: expect.stringContaining('no longer accepts') };
  expect(await failureOf(broker.token(editor, refreshGrant))).toMatchObject(ended);
  expect(broker.state()).toMatchObject({ person: undefined, problem: ended });
  for (const next of [broker.userInfo(), broker.token(editor, refreshGrant)]) {
    expect(await failureOf(next)).toMatchObject(ended);
  }
  expect(provider.count('/oauth/token')).toBe(1);
  await broker.close();
  expect(vault.state?.accounts).toEqual([]);
});

test('invalid_grant ends the session also while the old access token is valid [T5]', async () => {
  const world = await localWorld();
  await signInAs(world);
  world.provider.revokeAll();
  expect((await failureOf(world.broker.token(editor, refreshGrant))).code).toBe('not_signed_in');
  expect(world.broker.state().person).toBeUndefined();
});

test('all callers of a refresh that ends the session get the reason, and the window shows it once [T5]', async () => {
  const { broker, provider, log } = await theMorningAfter();
  provider.revokeAll();
  const all = await Promise.all(Array.from({ length: 100 }, () => failureOf(broker.token(editor, refreshGrant))));
  expect(new Set(all.map(({ code }) => code))).toEqual(new Set(['not_signed_in']));
  expect(log.lines.filter((line) => line.includes('no longer accepts'))).toHaveLength(1);
});

test('after a session has ended the next sign-in takes its reason away', async () => {
  const world = await localWorld();
  await signInAs(world);
  world.provider.revokeAll();
  await failureOf(world.broker.token(editor, refreshGrant));
  await signInAs(world);
  expect(world.broker.state()).toMatchObject({ person: { subject: ada }, problem: undefined });
  await world.broker.signOut();
  expect((await failureOf(world.broker.userInfo())).message).toContain('Nobody is signed in');
});

test('a refresh whose ID token could not be checked, for the keys could not be read, does not lose the new refresh token [T4]', async () => {
  const { broker, provider, clock } = await theMorningAfter();
  const lift = provider.fault('/.well-known/jwks.json', { status: 503 });
  await failureOf(broker.token(editor, refreshGrant));
  lift();
  clock.advance(30 * second);
  expect((await broker.token(editor, refreshGrant)).accessToken).not.toBe('');
  expect(broker.state().person).toMatchObject({ subject: ada });
});

test('a refresh while the clock is wrong does not lose the new refresh token [T4]', async () => {
  const { broker, clock } = await theMorningAfter();
  clock.jump(10 * minute);
  expect((await failureOf(broker.token(editor, refreshGrant))).message).toMatch(/differ by (599|600|601) seconds/);
  clock.jump(-10 * minute + 30 * second);
  expect((await broker.token(editor, refreshGrant)).accessToken).not.toBe('');
  expect(broker.state().person).toMatchObject({ subject: ada });
});

test('a refresh answer without a refresh token, ID token or scope keeps those that are there', async () => {
  const world = await scriptedWorld();
  const first = await signInAs(world);
  const { refreshToken, idToken } = storedAccountOf(world.vault);
  world.provider.tokens = { refresh_token: undefined, id_token: undefined, scope: undefined };
  const second = await world.broker.token(editor, refreshGrant);
  expect(second).toMatchObject({ scope: first.scope, idToken });
  expect(second.accessToken).not.toBe(first.accessToken);
  expect(storedAccountOf(world.vault)).toMatchObject({ refreshToken, idToken });
});

test.each(['https://tenant.example:443/oauth/token', 'https://TENANT.example/oauth/token'])(
  'the rotated refresh token is kept however the metadata writes the token endpoint: %s [T4]',
  async (endpoint) => {
    const provider = new ScriptedProvider();
    provider.metadata = { token_endpoint: endpoint };
    const world = await scriptedWorld({ provider });
    await signInAs(world);
    const { refreshToken: first } = storedAccountOf(world.vault);
    await world.broker.token(editor, refreshGrant);
    const { refreshToken: second } = storedAccountOf(world.vault);
    expect(second).not.toBe(first);
    world.clock.advance(5_000);
    await world.broker.token(editor, refreshGrant);
    const sent = provider.requests
      .filter(({ path }) => path === '/oauth/token')
      .map(({ parameters }) => parameters.refresh_token);
    expect(sent).toEqual([undefined, first, second]);
  },
);

test('those who want an ended token renewed within seconds of another one have its token; later there is a new one [T4]', async () => {
  const world = await scriptedWorld();
  const first = await signInAs(world);
  world.provider.tokens = { id_token: undefined };
  world.clock.jump(120 * minute);
  const renewed = await world.broker.token(editor, refreshGrant);
  expect(renewed.accessToken).not.toBe(first.accessToken);
  world.clock.advance(4 * second);
  expect((await world.broker.token(editor, refreshGrant)).accessToken).toBe(renewed.accessToken);
  world.clock.advance(1 * second);
  expect((await world.broker.token(editor, refreshGrant)).accessToken).not.toBe(renewed.accessToken);
});

test('without offline_access the session says until when it lasts, and that it cannot renew [T17]', async () => {
  const world = await localWorld({ providerOptions: { offlineAccess: false } });
  const { accessToken, expiresAt } = await signInAs(world);
  expect(world.broker.state().person).toMatchObject({ renewable: false, expiresAt });
  expect((await world.broker.token(editor, refreshGrant)).accessToken).toBe(accessToken);
  expect(world.provider.count('/oauth/token')).toBe(1);
});

test('a session that cannot renew ends with its access token, and says why [T17]', async () => {
  const world = await localWorld({ providerOptions: { offlineAccess: false } });
  const { expiresAt } = await signInAs(world);
  world.clock.advance(expiresAt - world.clock.now() - 1);
  expect((await world.broker.token(editor, refreshGrant)).expiresAt).toBe(expiresAt);
  world.clock.advance(1);
  const failure = await failureOf(world.broker.token(editor, refreshGrant));
  expect(failure).toMatchObject({ code: 'not_signed_in', message: expect.stringContaining('offline_access') });
  expect((await failureOf(world.broker.userInfo())).message).toBe(failure.message);
});

test('100 callers of the profile make one call to the provider [W9]', async () => {
  const evening = await localWorld();
  await signInAs(evening);
  evening.provider.clearRequests();
  evening.clock.advance(6 * minute);
  const all = await Promise.all(Array.from({ length: 100 }, () => evening.broker.userInfo()));
  expect(all).toEqual(Array.from({ length: 100 }, () => expect.objectContaining({ sub: ada })));
  expect(evening.provider.count('/userinfo')).toBe(1);
});

test('the profile is cached, with and without the token of the session, and read anew after some minutes [W9]', async () => {
  const world = await localWorld();
  const { accessToken } = await signInAs(world);
  expect(world.provider.count('/userinfo')).toBe(1);
  for (let caller = 0; caller < 10; caller++) {
    await world.broker.userInfo();
    await world.broker.userInfo(accessToken);
  }
  expect(world.provider.count('/userinfo')).toBe(1);
  world.clock.advance(10 * minute);
  await world.broker.userInfo();
  expect(world.provider.count('/userinfo')).toBe(2);
});

test('Auth0 allows five calls a minute: an hour of callers stays far below [W9]', async () => {
  const world = await scriptedWorld();
  await signInAs(world);
  for (let at = 0; at < 360; at++) {
    world.clock.advance(5 * second);
    await world.broker.userInfo();
  }
  expect(world.provider.count('/userinfo')).toBeLessThan(30 * 5);
});

test('the last profile that is known is served while the provider is busy [W9]', async () => {
  const world = await localWorld();
  await signInAs(world);
  world.clock.advance(10 * minute);
  world.provider.fault('/userinfo', { status: 429 });
  expect(await world.broker.userInfo()).toMatchObject({ sub: ada });
});

test('signed out, the profile is not_signed_in [W9]', async () => {
  const { broker } = neverOpened(await localWorld());
  expect((await failureOf(broker.userInfo())).code).toBe('not_signed_in');
});

test("another token's profile comes from the provider, once a minute for each token [W9]", async () => {
  const provider = await localProvider();
  const { accessToken } = await signInAs(await localWorld({ provider }), 'Grace Hopper');
  const world = await localWorld({ provider });
  await signInAs(world);
  provider.clearRequests();
  const all = await Promise.all(Array.from({ length: 50 }, () => world.broker.userInfo(accessToken)));
  expect(new Set(all.map(({ sub }) => sub))).toEqual(new Set(['auth0|grace-hopper']));
  await world.broker.userInfo(accessToken);
  expect(provider.count('/userinfo')).toBe(1);
  world.clock.advance(minute);
  await world.broker.userInfo(accessToken);
  expect(provider.count('/userinfo')).toBe(2);
  expect(await world.broker.userInfo()).toMatchObject({ sub: ada });
});

test('a token that the provider refuses is invalid_token, and is not asked about again and again [W9]', async () => {
  const { broker, provider } = neverOpened(await localWorld());
  for (let caller = 0; caller < 5; caller++) {
    expect((await failureOf(broker.userInfo('made-up'))).code).toBe('invalid_token');
  }
  expect(provider.count('/userinfo')).toBe(1);
});

test("a failure to read another token's profile is kept for a second [W9]", async () => {
  const world = await scriptedWorld();
  world.provider.answers.set('/userinfo', () => new Response('busy', { status: 503 }));
  expect((await failureOf(world.broker.userInfo('any'))).code).toBe('provider_unreachable');
  world.provider.answers.clear();
  world.clock.jump(1_000);
  expect(await world.broker.userInfo('any')).toMatchObject({ sub: ada });
});

test('the profiles of other tokens are bounded [W9]', async () => {
  const world = await scriptedWorld();
  for (let number = 0; number <= 100; number++) await world.broker.userInfo(`token-${number}`);
  expect(world.provider.count('/userinfo')).toBe(101);
  await world.broker.userInfo('token-100');
  expect(world.provider.count('/userinfo')).toBe(101);
  await world.broker.userInfo('token-0');
  expect(world.provider.count('/userinfo')).toBe(102);
});

test('a sign-out during a refresh wins: the token that comes then is revoked and kept nowhere [T10]', async () => {
  const world = await theMorningAfter();
  const lift = world.provider.fault('/oauth/token', { hang: true });
  const refreshing = failureOf(world.broker.token(editor, refreshGrant));
  await world.provider.waitFor(({ path }) => path === '/oauth/token');
  const out = world.broker.signOut();
  await out;
  lift();
  expect((await refreshing).code).toBe('not_signed_in');
  expect(world.broker.state().person).toBeUndefined();
  expect(world.vault.state?.accounts).toEqual([]);
});

test('the refresh token that arrives after a sign-out is revoked [T10]', async () => {
  const answer = latch();
  const world = await scriptedWorld();
  await signInAs(world);
  const provider = world.provider;
  const honest = provider.fetch;
  const asked = latch();
  provider.answers.set('/oauth/token', async () => {
    asked.open();
    await answer.opened;
    provider.answers.delete('/oauth/token');
    provider.claims = { nonce: undefined };
    return await honest(`${provider.issuer}oauth/token`, { body: 'grant_type=refresh_token' });
  });
  const refreshing = failureOf(world.broker.token(editor, refreshGrant));
  await asked.opened;
  await world.broker.signOut();
  answer.open();
  expect((await refreshing).code).toBe('not_signed_in');
  await world.broker.close();
  await expect.poll(() => provider.count('/oauth/revoke')).toBe(2);
  const revoked = provider.requests
    .filter(({ path }) => path === '/oauth/revoke')
    .map(({ parameters }) => parameters.token);
  expect(new Set(revoked).size).toBe(2);
  await expect.poll(() => world.vault.state).toEqual({ version: 1, accounts: [], revocations: [] });
});

test('a caller that waits for a refresh while the same person signs in again gets a token all the same', async () => {
  const world = await localWorld();
  await signInAs(world);
  const lift = world.provider.fault('/oauth/token', { hang: true, times: 1 });
  world.provider.clearRequests();
  const refreshing = world.broker.token(editor, refreshGrant);
  await world.provider.waitFor(({ path }) => path === '/oauth/token');
  const again = signInAs(world);
  await again;
  lift();
  expect((await refreshing).accessToken).not.toBe('');
});

test('a caller that waits for the profile while the same person signs in again gets it all the same', async () => {
  const world = await localWorld();
  await signInAs(world);
  world.clock.advance(10 * minute);
  world.provider.clearRequests();
  const lift = world.provider.fault('/userinfo', { hang: true, times: 1 });
  const reading = world.broker.userInfo();
  await world.provider.waitFor(({ path }) => path === '/userinfo');
  world.clock.jump(-10 * minute);
  await signInAs(world);
  lift();
  expect(await reading).toMatchObject({ sub: ada });
});
