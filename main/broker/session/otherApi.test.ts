import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import type { RecordedRequest } from '../../../demo/identity-provider/provider.ts';
import {
  ada,
  editor,
  failureOf,
  type LocalWorld,
  localProvider,
  localWorld,
  neverOpened,
  refreshGrant,
  signInAs,
  storedAccountOf,
  TestVault,
} from '../../../testing/brokerWorld.ts';
import { second } from '../../../testing/durations.ts';

/** `GET /user/access_token?audience=&scope=`: a token for another API of the same tenant, by the session's refresh token. */

const own = 'https://api.loopgate.test/';
const other = 'https://other.test/';
const third = 'https://third.test/';
/**
 * The lifetime of access tokens: short, because the provider's own clock stands still while the test's advances (T15 allows
 * 60 s).
 */
const accessTokenSeconds = 50;

/** Signed in for {@link own}, at a provider that grants a refresh a token for {@link other} and {@link third} too. */
async function signedIn(options: Parameters<typeof localWorld>[0] = {}): Promise<LocalWorld> {
  const world = await localWorld({
    settings: { audience: own },
    providerOptions: { accessTokenSeconds, refreshAudiences: [other, third] },
    ...options,
  });
  await signInAs(world);
  world.provider.clearRequests();
  return world;
}

function audienceOf(token: string): string[] {
  return [decodeJwt(token).aud ?? []].flat();
}

/** The refreshes that the provider has accepted. */
function refreshesOf({ provider }: LocalWorld): RecordedRequest[] {
  return provider.requests.filter(
    ({ path, parameters, status }) =>
      path === '/oauth/token' && parameters.grant_type === 'refresh_token' && status === 200,
  );
}

/** True after every renewal: no refresh token was used twice, and the last one is stored. */
async function expectUnbrokenFamily(world: LocalWorld): Promise<void> {
  const used = refreshesOf(world).map(({ parameters }) => parameters.refresh_token);
  expect(new Set(used).size).toBe(used.length);
  expect(used).not.toContain(storedAccountOf(world.vault).refreshToken);
  // The provider proves it by accepting the stored token.
  const { accessToken } = await world.broker.token(editor, refreshGrant);
  expect(audienceOf(accessToken)).toContain(own);
  expect(world.broker.state()).toMatchObject({ person: { subject: ada }, problem: undefined });
}

test('a token for another API has that audience, and is the same person', async () => {
  const world = await signedIn();
  const { accessToken: token } = await world.broker.accessToken({ audience: other });
  expect(audienceOf(token)).toContain(other);
  expect(audienceOf(token)).not.toContain(own);
  expect(decodeJwt(token).sub).toBe(ada);
  await expectUnbrokenFamily(world);
});

test("the session's own audience is the session's own token, and asks nobody", async () => {
  const world = await signedIn();
  const { accessToken } = storedAccountOf(world.vault);
  expect((await world.broker.accessToken()).accessToken).toBe(accessToken);
  expect((await world.broker.accessToken({ audience: own })).accessToken).toBe(accessToken);
  expect(world.provider.requests).toEqual([]);
});

test('only the request for another API names it; a renewal of the session names neither audience nor scope [T12]', async () => {
  const world = await signedIn();
  await world.broker.accessToken({ audience: other, scope: 'openid email' });
  world.clock.advance(46 * second);
  await world.broker.accessToken();
  const [forOther, ofSession] = refreshesOf(world).map(({ parameters }) => Object.keys(parameters).sort());
  expect(forOther).toEqual(['audience', 'client_id', 'grant_type', 'refresh_token', 'scope']);
  expect(ofSession).toEqual(['client_id', 'grant_type', 'refresh_token']);
});

test('a scope alone gives a narrower token of the same API; the session keeps its own scopes', async () => {
  const world = await signedIn();
  const { accessToken: token } = await world.broker.accessToken({ scope: 'openid email' });
  expect(decodeJwt(token).scope).toBe('openid email');
  expect(audienceOf(token)).toContain(own);
  expect(storedAccountOf(world.vault).scope).toContain('offline_access');
  expect(decodeJwt((await world.broker.accessToken()).accessToken).scope).toContain('offline_access');
});

test('it is kept until it is about to end, and asked for anew then [T7]', async () => {
  const world = await signedIn();
  const { accessToken: first } = await world.broker.accessToken({ audience: other });
  world.clock.jump(40 * second);
  expect((await world.broker.accessToken({ audience: other })).accessToken).toBe(first);
  expect(refreshesOf(world)).toHaveLength(1);
  world.clock.jump(6 * second);
  expect((await world.broker.accessToken({ audience: other })).accessToken).not.toBe(first);
  expect(refreshesOf(world)).toHaveLength(2);
});

test('one is kept for each audience and scope', async () => {
  const world = await signedIn();
  const { broker } = world;
  const otherApis = [{ audience: other }, { audience: third }, { audience: other, scope: 'openid' }];
  const tokens = [];
  for (const api of otherApis) tokens.push((await broker.accessToken(api)).accessToken);
  expect(new Set(tokens).size).toBe(3);
  const again = await Promise.all(otherApis.map((api) => broker.accessToken(api)));
  expect(again.map(({ accessToken }) => accessToken)).toEqual(tokens);
  expect(refreshesOf(world)).toHaveLength(3);
  await expectUnbrokenFamily(world);
});

test('100 callers at the same time make one request and get the same token', async () => {
  const world = await signedIn();
  const tokens = await Promise.all(Array.from({ length: 100 }, () => world.broker.accessToken({ audience: other })));
  expect(new Set(tokens).size).toBe(1);
  expect(refreshesOf(world)).toHaveLength(1);
  await expectUnbrokenFamily(world);
});

test('renewals of the session and for other APIs at the same time never use a refresh token twice [T4]', async () => {
  const world = await signedIn();
  const { broker, clock } = world;
  clock.advance(46 * second);
  const [first, forOther, , forThird, , , last] = await Promise.all([
    broker.accessToken(),
    broker.accessToken({ audience: other }),
    broker.token(editor, refreshGrant),
    broker.accessToken({ audience: third }),
    broker.refreshProfile(),
    broker.accessToken({ audience: other, scope: 'openid' }),
    broker.accessToken(),
  ]);
  expect(audienceOf(first.accessToken)).toContain(own);
  expect(audienceOf(forOther.accessToken)).toContain(other);
  expect(audienceOf(forThird.accessToken)).toContain(third);
  expect(last.accessToken).toBe(first.accessToken);
  expect(refreshesOf(world).length).toBe(4);
  await expectUnbrokenFamily(world);
});

test('the rotated refresh token is on disk before the token is handed out [T4]', async () => {
  const world = await signedIn();
  const before = storedAccountOf(world.vault).refreshToken;
  let isSaving = false;
  world.vault.beforeSave = async () => {
    isSaving = true;
    await new Promise((resolve) => setImmediate(resolve));
    isSaving = false;
  };
  await world.broker.accessToken({ audience: other });
  expect(isSaving).toBe(false);
  expect(storedAccountOf(world.vault).refreshToken).not.toBe(before);
});

test('a restart after it goes on with the rotated refresh token; the token for the other API is not on disk [T4]', async () => {
  const world = await signedIn();
  const { provider } = world;
  const { accessToken: token } = await world.broker.accessToken({ audience: other });
  // Killed, not closed: only what is on disk now counts.
  const { state } = world.vault;
  expect(JSON.stringify(state)).not.toContain(token);
  const vault = new TestVault(state);
  const next = neverOpened(await localWorld({ provider, vault, settings: { audience: own } }));
  expect(audienceOf((await next.broker.accessToken({ audience: other })).accessToken)).toContain(other);
  expect(audienceOf((await next.broker.token(editor, refreshGrant)).accessToken)).toContain(own);
});

test.each([
  ['that nobody knows', 'https://unknown.test/', 'access_denied', 'Service not found: https://unknown.test/'],
  ['of the tenant', 'https://second.test/', 'invalid_target', 'resource indicator is missing'],
])(
  "an API %s that is not granted is provider_error with the provider's own words, and the session goes on",
  async (_which, audience, providerError, words) => {
    const world = await signedIn({
      providerOptions: { accessTokenSeconds, audiences: [own, 'https://second.test/'], refreshAudiences: [other] },
    });
    const refused = await failureOf(world.broker.accessToken({ audience }));
    expect(refused).toMatchObject({ code: 'provider_error', providerError });
    expect(refused.message).toContain(`${providerError}: ${words}`);
    expect(world.broker.state()).toMatchObject({ person: { subject: ada }, problem: undefined });
    expect(audienceOf((await world.broker.accessToken({ audience: other })).accessToken)).toContain(other);
    await expectUnbrokenFamily(world);
  },
);

test('a scope that was not granted is provider_error, and the session goes on', async () => {
  const world = await signedIn();
  const refused = await failureOf(world.broker.accessToken({ audience: other, scope: 'delete:everything openid' }));
  expect(refused).toMatchObject({ code: 'provider_error' });
  await expectUnbrokenFamily(world);
});

test('what may pass is provider_unreachable, and after its backoff is asked again by the next caller [T5]', async () => {
  const world = await signedIn();
  world.provider.fault('/oauth/token', { status: 503, times: 1 });
  expect(await failureOf(world.broker.accessToken({ audience: other }))).toMatchObject({
    code: 'provider_unreachable',
  });
  world.clock.advance(second);
  expect(audienceOf((await world.broker.accessToken({ audience: other })).accessToken)).toContain(other);
  await expectUnbrokenFamily(world);
});

test('a session that was revoked ends, with the reason for this caller, the next one and the person [T5]', async () => {
  const world = await signedIn();
  world.provider.revokeAll(ada);
  const first = await failureOf(world.broker.accessToken({ audience: other }));
  expect(first.code).toBe('not_signed_in');
  expect(first.message).toContain('The session has ended: the identity provider no longer accepts it');
  expect(world.broker.state()).toMatchObject({ person: undefined, problem: first });
  expect(await failureOf(world.broker.accessToken({ audience: other }))).toMatchObject({ message: first.message });
  expect(await failureOf(world.broker.accessToken())).toMatchObject({ message: first.message });
  expect(world.vault.state?.accounts).toEqual([]);
});

test('after the session has ended, a kept token for another API is handed to nobody [T5]', async () => {
  const world = await signedIn();
  await world.broker.accessToken({ audience: other });
  await world.broker.signOut();
  expect(await failureOf(world.broker.accessToken({ audience: other }))).toMatchObject({ code: 'not_signed_in' });
});

test('a sign-out while it is asked for wins: no token is handed out, and both refresh tokens are revoked [T10]', async () => {
  const world = await signedIn();
  const { broker, provider } = world;
  const release = provider.fault('/oauth/token', { hang: true });
  const asked = failureOf(broker.accessToken({ audience: other }));
  await provider.waitFor(({ path }) => path === '/oauth/token');
  await broker.signOut();
  release();
  expect(await asked).toMatchObject({ code: 'not_signed_in' });
  await broker.close();
  await provider.waitFor(() => provider.count('/oauth/revoke') === 2);
  const revoked = provider.requests.filter(({ path }) => path === '/oauth/revoke');
  expect(new Set(revoked.map(({ parameters }) => parameters.token)).size).toBe(2);
});

test('without offline_access it is a clear error that says so, and the session goes on [T17]', async () => {
  const world = await signedIn({
    providerOptions: { offlineAccess: false, accessTokenSeconds, refreshAudiences: [other] },
  });
  const refused = await failureOf(world.broker.accessToken({ audience: other }));
  expect(refused).toMatchObject({ code: 'provider_error' });
  expect(refused.message).toContain('the provider granted no offline_access');
  expect(refreshesOf(world)).toEqual([]);
  expect(audienceOf((await world.broker.accessToken()).accessToken)).toContain(own);
});

test('signed out it is not_signed_in, and the provider is not asked', async () => {
  const world = await localWorld({ settings: { audience: own } });
  expect(await failureOf(world.broker.accessToken({ audience: other }))).toMatchObject({ code: 'not_signed_in' });
  expect(world.provider.requests).toEqual([]);
});

test("tokens for other APIs are kept for each person: after a switch the other person's is asked for", async () => {
  const world = await signedIn();
  const { broker } = world;
  const { accessToken: adas } = await broker.accessToken({ audience: other });
  await signInAs(world, 'Grace Hopper');
  const [grace] = broker.state().others;
  await broker.switchAccount(grace?.account ?? '');
  const { accessToken: graces } = await broker.accessToken({ audience: other });
  expect(decodeJwt(graces).sub).toBe('auth0|grace-hopper');
  expect(decodeJwt(adas).sub).toBe(ada);
});

test('a person who signs in anew while it is asked for gets a token of the newer session', async () => {
  const world = await signedIn();
  const { broker, provider } = world;
  const release = provider.fault('/oauth/token', { hang: true, times: 1 });
  const asked = broker.accessToken({ audience: other });
  asked.catch(() => undefined);
  await provider.waitFor(({ path }) => path === '/oauth/token');
  await signInAs(world);
  release();
  expect(audienceOf((await asked).accessToken)).toContain(other);
});

test('quitting waits for it, so that the rotated refresh token is not lost', async () => {
  const provider = await localProvider({ refreshAudiences: [other] });
  const world = await signedIn({ provider });
  const { broker } = world;
  const release = provider.fault('/oauth/token', { hang: true, times: 1 });
  const asked = broker.accessToken({ audience: other });
  await provider.waitFor(({ path }) => path === '/oauth/token');
  const closed = broker.close();
  release();
  await closed;
  const { state } = world.vault;
  await asked;
  const next = neverOpened(await localWorld({ provider, vault: new TestVault(state), settings: { audience: own } }));
  expect(audienceOf((await next.broker.accessToken({ audience: other })).accessToken)).toContain(other);
});
