/** T19: tokens that are given up are revoked, and that ends none that is kept. */
import { describe, expect, test, vi } from 'vitest';
import {
  ada,
  editor,
  exchangeOf,
  failureOf,
  localProvider,
  localWorld,
  refreshGrant,
  signInAs,
  storedAccountOf,
  TestVault,
} from '../../../testing/brokerWorld.ts';
import { hour, minute } from '../../../testing/durations.ts';
import {
  type GrantWorld,
  grantWorld,
  nextStart,
  settled,
  signsIn,
  unreachable,
  waitingIn,
} from '../../../testing/grantWorld.ts';
import { latch } from '../../../testing/latch.ts';
import type { StoredState } from '../session/vault.ts';

const revoke = '/oauth/revoke';
const empty: StoredState = { version: 1, accounts: [], revocations: [] };

const refreshTokenOf = (world: GrantWorld) => storedAccountOf(world.vault).refreshToken ?? '';

/**
 * The kept session still works: it renews at the provider, even after hours in which every waiting revocation could have been
 * sent.
 */
async function expectAlive(world: GrantWorld): Promise<void> {
  const before = refreshTokenOf(world);
  world.clock.advance(2 * hour);
  await settled(world);
  await world.broker.token(editor, refreshGrant);
  expect(refreshTokenOf(world)).not.toBe(before);
  expect(world.grants.live).toContain(refreshTokenOf(world));
}

/** Everything is given up, and none of it can be used any more. */
async function expectNothingLeft(world: GrantWorld): Promise<void> {
  await vi.waitFor(() => expect(world.vault.state).toEqual(empty));
  expect(world.grants.live).toEqual([]);
}

describe('a session that is kept is never ended by a revocation of ours [T19]', () => {
  test.each([
    ['a tenant whose revocations delete the grant', 'person', undefined, undefined],
    ['such a tenant, from two sessions in browsers', 'person', 'one', 'two'],
    ['a provider that ends the session in the browser', 'session', 'one', 'one'],
    ['a provider that names no session', 'family', undefined, undefined],
    ['a provider that names one of two sessions', 'family', undefined, 'two'],
  ] as const)('signed in, and signed in again by a program, at %s', async (_what, ends, first, second) => {
    const world = await grantWorld(ends);
    await signsIn(world, { sid: first });
    const replaced = refreshTokenOf(world);
    await signsIn(world, { sid: second });
    await settled(world);
    await expectAlive(world);
    expect(world.provider.count(revoke)).toBe(0);
    expect(waitingIn(world.vault)).toEqual([replaced]);
    await world.broker.signOut();
    await expectNothingLeft(world);
    expect(world.grants.wasRevoked(replaced)).toBe(true);
  });

  test('of two sessions in browsers the one that was replaced is revoked at once, and the other lives', async () => {
    const world = await grantWorld('session');
    await signsIn(world, { sid: 'one' });
    const replaced = refreshTokenOf(world);
    await signsIn(world, { sid: 'two' });
    await vi.waitFor(() => expect(waitingIn(world.vault)).toEqual([]));
    expect(world.grants.wasRevoked(replaced)).toBe(true);
    await expectAlive(world);
  });

  test.each([
    ['its token endpoint', { token_endpoint: 'https://tenant.example/oauth/token' }],
    ['its login page', { authorization_endpoint: 'https://tenant.example/authorize' }],
    ['its keys', { jwks_uri: 'https://tenant.example/.well-known/jwks.json' }],
  ])('a provider that has %s where Auth0 has it may be Auth0: the sid says nothing there', async (_what, changes) => {
    const world = await grantWorld('person');
    world.provider.metadata = {
      authorization_endpoint: 'https://login.example/authorize',
      token_endpoint: 'https://login.example/oauth/token',
      ...changes,
    };
    if ('jwks_uri' in changes) {
      const keys = await world.provider.fetch('https://tenant.example/jwks.json', {});
      const body = await keys.text();
      world.provider.answers.set('/.well-known/jwks.json', () => new Response(body));
    }
    await signsIn(world, { sid: 'one' });
    await signsIn(world, { sid: 'two' });
    await expectAlive(world);
  });

  test('somebody else’s session keeps nothing from being revoked', async () => {
    const world = await grantWorld('person');
    await signsIn(world, { subject: 'auth0|grace-hopper' });
    await signsIn(world);
    const mine = world.vault.state?.accounts.find(({ subject }) => subject === ada)?.refreshToken ?? '';
    const [other] = world.broker.state().others;
    await world.broker.signOutAccount(other?.account ?? '');
    await vi.waitFor(() => expect(world.grants.wasRevoked(mine)).toBe(true));
    await expectAlive(world);
  });

  test('signed out while the provider is away, and signed in again: it is sent after the next sign-out', async () => {
    const world = await grantWorld('person');
    await signsIn(world);
    const given = refreshTokenOf(world);
    world.provider.answers.set(revoke, unreachable);
    await world.broker.signOut();
    await settled(world);
    await signsIn(world);
    world.provider.answers.delete(revoke);
    await expectAlive(world);
    expect(waitingIn(world.vault)).toEqual([given]);
    await world.broker.signOut();
    await expectNothingLeft(world);
    expect(world.grants.wasRevoked(given)).toBe(true);
  });

  test('what waits survives a restart, and still waits', async () => {
    const first = await grantWorld('person');
    await signsIn(first);
    const replaced = refreshTokenOf(first);
    await signsIn(first);
    const world = await nextStart(first);
    await expectAlive(world);
    expect(waitingIn(world.vault)).toEqual([replaced]);
    await world.broker.signOut();
    await expectNothingLeft(world);
  });

  test('what Loopgate 0.1 has stored says neither whose it is nor from which session: it waits for everybody', async () => {
    const first = await grantWorld('session');
    await signsIn(first, { sid: 'one' });
    const old = refreshTokenOf(first);
    await signsIn(first, { sid: 'two', subject: 'auth0|grace-hopper' });
    const [, grace] = first.vault.state?.accounts ?? [];
    if (!grace) throw new Error('she is not stored');
    const { sid: _, ...account } = grace;
    const revocations = [{ issuer: first.provider.issuer, clientId: 'loopgate-demo', token: old }];
    const vault = new TestVault({ ...empty, accounts: [account], revocations });
    const world = await nextStart(first, { vault });
    world.clock.advance(2 * hour);
    await settled(world);
    expect(world.provider.count(revoke)).toBe(0);
    for (const { account } of world.broker.state().others) await world.broker.signOutAccount(account);
    await vi.waitFor(() => expect(waitingIn(world.vault)).toEqual([]));
    expect(world.grants.wasRevoked(old)).toBe(true);
  });

  test('the same person’s session for another API is kept too: a sign-out waits until that is given up', async () => {
    const settings = { audience: 'https://api.example/' };
    const first = await grantWorld('person');
    await signsIn(first);
    const second = await nextStart(first, { settings });
    await signsIn(second);
    const given = second.vault.state?.accounts.find(({ audience }) => audience !== undefined)?.refreshToken ?? '';
    await second.broker.signOut();
    await settled(second);
    expect(waitingIn(second.vault)).toEqual([given]);
    const elsewhere = await nextStart(second, { settings: { clientId: 'another' } });
    await settled(elsewhere);
    const world = await nextStart(elsewhere);
    await expectAlive(world);
    await world.broker.signOut();
    await expectNothingLeft(world);
    expect(world.grants.wasRevoked(given)).toBe(true);
  });

  test('when the session that was kept ends by itself, what waited for its sake is sent', async () => {
    const world = await grantWorld('family');
    await signsIn(world);
    const replaced = refreshTokenOf(world);
    await signsIn(world);
    world.provider.answers.set('/oauth/token', () => Response.json({ error: 'invalid_grant' }, { status: 400 }));
    await failureOf(world.broker.token(editor, refreshGrant));
    await vi.waitFor(() => expect(waitingIn(world.vault)).toEqual([]));
    expect(world.grants.wasRevoked(replaced)).toBe(true);
  });

  test('a renewal of the replaced session that was under way brings a token: it waits like the one before', async () => {
    const world = await grantWorld('person');
    await signsIn(world);
    const replaced = refreshTokenOf(world);
    const [asked, answer] = [latch(), latch()];
    world.provider.answers.set('/oauth/token', async (request) => {
      world.provider.answers.delete('/oauth/token');
      asked.open();
      await answer.opened;
      return await world.provider.fetch('https://tenant.example/oauth/token', request);
    });
    const renewing = world.broker.token(editor, refreshGrant);
    await asked.opened;
    await signsIn(world);
    answer.open();
    await renewing;
    await vi.waitFor(() => expect(waitingIn(world.vault)).toHaveLength(2));
    expect(waitingIn(world.vault)).toContain(replaced);
    await expectAlive(world);
    await world.broker.signOut();
    await expectNothingLeft(world);
  });

  test('a renewed token that names another session than the sign-in did: from then on none is known', async () => {
    const world = await grantWorld('family');
    await signsIn(world, { sid: 'one' });
    const { grants } = world.provider;
    world.provider.grants = undefined;
    world.provider.claims = { sid: 'another', iat: Math.floor(world.clock.now() / 1000) };
    await world.broker.token(editor, refreshGrant);
    world.provider.grants = grants;
    expect(storedAccountOf(world.vault).sid).toBeUndefined();
    await signsIn(world, { sid: 'three' });
    await settled(world);
    expect(world.provider.count(revoke)).toBe(0);
  });

  test('a login that was exchanged during a sign-out does not end the one that followed', async () => {
    const world = await grantWorld('person');
    await signsIn(world);
    const [asked, answer] = [latch(), latch()];
    world.provider.answers.set('/oauth/token', async (request) => {
      world.provider.answers.delete('/oauth/token');
      const given = await world.provider.fetch('https://tenant.example/oauth/token', request);
      asked.open();
      await answer.opened;
      return given;
    });
    const slow = await world.broker.authorize(editor, {});
    const exchanged = failureOf(world.broker.token(editor, exchangeOf(slow)));
    await asked.opened;
    await world.broker.signOut();
    await signsIn(world);
    answer.open();
    expect((await exchanged).code).toBe('authorization_cleared');
    await settled(world);
    await expectAlive(world);
    expect(waitingIn(world.vault)).toHaveLength(2);
    await world.broker.signOut();
    await expectNothingLeft(world);
  });

  test('a revocation that is on its way when a login comes back is waited for, and none follows before the login is kept', async () => {
    const world = await grantWorld('person');
    await signsIn(world);
    const [asked, answer] = [latch(), latch()];
    world.provider.answers.set(revoke, async (request) => {
      world.provider.answers.delete(revoke);
      asked.open();
      await answer.opened;
      return await world.provider.fetch(`https://tenant.example${revoke}`, request);
    });
    await world.broker.signOut();
    await asked.opened;
    const exchanges = () =>
      world.provider.requests.filter(({ parameters }) => parameters.grant_type === 'authorization_code').length;
    const before = exchanges();
    const signingIn = signsIn(world);
    await settled(world);
    expect(exchanges()).toBe(before);
    answer.open();
    await signingIn;
    await expectAlive(world);
  });

  test('an exchange whose answer cannot be verified yet may bring a session: nothing that could end it is revoked meanwhile', async () => {
    const first = await grantWorld('person');
    await signsIn(first);
    const given = refreshTokenOf(first);
    first.provider.answers.set(revoke, unreachable);
    await first.broker.signOut();
    const world = await nextStart(first);
    await settled(world);
    world.provider.answers.set('/jwks.json', unreachable);
    const login = await world.broker.authorize(editor, {});
    const failure = await failureOf(world.broker.token(editor, exchangeOf(login)));
    expect(failure.retryable).toBe(true);
    world.provider.answers.clear();
    world.broker.networkIsBack();
    await settled(world);
    world.clock.advance(30_000);
    await settled(world);
    await world.broker.token(editor, exchangeOf(login));
    await expectAlive(world);
    expect(waitingIn(world.vault)).toEqual([given]);
  });

  test('a provider that is silent about a revocation holds up a login for fifteen seconds and no longer', async () => {
    const world = await grantWorld('person');
    await signsIn(world);
    const answer = latch();
    world.provider.answers.set(revoke, async () => {
      await answer.opened;
      return new Response(null, { status: 503 });
    });
    await world.broker.signOut();
    await vi.waitFor(() => expect(world.provider.count(revoke)).toBe(1));
    let isIn = false;
    const signingIn = signsIn(world).then(() => {
      isIn = true;
    });
    await settled(world);
    world.clock.advance(14_000);
    await settled(world);
    expect(isIn).toBe(false);
    world.clock.advance(1_000);
    await signingIn;
    answer.open();
    await settled(world);
    expect(waitingIn(world.vault)).toHaveLength(1);
  });
});

describe('what is given up is revoked in the end [T10]', () => {
  /** A sign-out whose revocations could not be sent: what the next start finds. */
  const unsent = (...tokens: string[]) =>
    new TestVault({
      ...empty,
      revocations: tokens.map((token) => ({ issuer: 'https://tenant.example/', clientId: 'loopgate-demo', token })),
    });
  const sent = (world: GrantWorld) =>
    world.provider.requests.filter(({ path }) => path === revoke).map(({ parameters }) => parameters.token);
  const page = '<!doctype html><title>Sign in to the Wi-Fi</title>';
  const json = (status: number, body: object) => () => Response.json(body, { status });
  const html = (status: number) => () => new Response(page, { status, headers: { 'Content-Type': 'text/html' } });

  test.each([
    ['200', () => new Response(null, { status: 200 })],
    ['200 with a body that RFC 7009 ignores', json(200, {})],
    ['invalid_request', json(400, { error: 'invalid_request' })],
    ['invalid_client', json(401, { error: 'invalid_client' })],
    [
      'invalid_client with a challenge',
      () =>
        Response.json({ error: 'invalid_client' }, { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' } }),
    ],
    ['invalid_token', json(400, { error: 'invalid_token' })],
    ['unsupported_token_type', json(400, { error: 'unsupported_token_type' })],
  ])('%s ends it', async (_what, answer) => {
    const world = await grantWorld('family', {
      vault: unsent('one', 'two'),
      before: ({ answers }) => answers.set(revoke, answer),
    });
    await vi.waitFor(() => expect(waitingIn(world.vault)).toEqual([]));
    expect(sent(world)).toEqual(['one', 'two']);
  });

  test.each([
    ['a connection that breaks', unreachable],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://login.example/' } })],
    ['404', json(404, { error: 'invalid_request' })],
    ['408', html(408)],
    ['429', json(429, { error: 'invalid_request' })],
    ['500', json(500, { error: 'invalid_request' })],
    ['503', html(503)],
    ['a page with status 200, of a network that asks to sign in', html(200)],
    ['a page with status 403', html(403)],
    ['201', () => new Response(null, { status: 201 })],
    ['temporarily_unavailable', json(400, { error: 'temporarily_unavailable' })],
    ['server_error', json(400, { error: 'server_error' })],
    ['an error that is no text', json(400, { error: { invalid_client: true } })],
  ])('%s does not: it is tried again, later each time, and sent', async (_what, answer) => {
    const world = await grantWorld('family', {
      vault: unsent('one', 'two'),
      before: ({ answers }) => answers.set(revoke, answer),
    });
    await settled(world);
    expect(sent(world)).toEqual(['one']);
    for (let minutes = 0; minutes < 60; minutes += 1) {
      world.clock.advance(minute);
      await settled(world, 5);
    }
    // A revocation that is always refused does not hold up the others.
    expect(new Set(sent(world))).toEqual(new Set(['one', 'two']));
    // 10 s, 20 s, 40 s ...
    expect(sent(world).length).toBeGreaterThan(5);
    expect(sent(world).length).toBeLessThan(12);
    expect(new Set(waitingIn(world.vault))).toEqual(new Set(['one', 'two']));
    world.provider.answers.delete(revoke);
    world.clock.advance(2 * hour);
    await vi.waitFor(() => expect(waitingIn(world.vault)).toEqual([]));
  });

  test('what waits is dropped a week after the token has ended by itself, and not before', async () => {
    const world = await grantWorld('family', {
      before: (provider) => {
        provider.tokens = { refresh_expires_in: 3 * 24 * 60 * 60 };
        provider.answers.set(revoke, unreachable);
      },
    });
    await signInAs(world);
    await world.broker.signOut();
    await settled(world);
    for (let days = 0; days < 9; days += 1) world.clock.advance(24 * hour);
    await settled(world);
    expect(waitingIn(world.vault)).toHaveLength(1);
    for (let hours = 0; hours < 48; hours += 1) {
      world.clock.advance(hour);
      await settled(world, 5);
    }
    expect(waitingIn(world.vault)).toEqual([]);
  });

  test('Retry-After is obeyed, also when somebody else signs out or the machine wakes meanwhile', async () => {
    const world = await grantWorld('family', {
      vault: unsent('one'),
      before: ({ answers }) =>
        answers.set(revoke, () => new Response('busy', { status: 503, headers: { 'Retry-After': '120' } })),
    });
    await settled(world);
    world.provider.answers.delete(revoke);
    world.clock.advance(minute);
    world.broker.wake();
    await signsIn(world);
    await world.broker.signOut();
    await settled(world);
    expect(sent(world)).toEqual(['one']);
    world.clock.advance(minute);
    await vi.waitFor(() => expect(waitingIn(world.vault)).toEqual([]));
  });

  test('metadata that cannot be read is tried again too', async () => {
    const discovery = '/.well-known/openid-configuration';
    const world = await grantWorld('family', {
      vault: unsent('one'),
      before: ({ answers }) => answers.set(discovery, html(503)),
    });
    await settled(world);
    world.provider.answers.delete(discovery);
    world.clock.advance(minute);
    await vi.waitFor(() => expect(waitingIn(world.vault)).toEqual([]));
  });

  test('after one that was sent, the next failure is soon tried again', async () => {
    const answers = [unreachable, unreachable, unreachable, () => new Response(null), unreachable];
    const world = await grantWorld('family', {
      vault: unsent('one', 'two'),
      before: (provider) => provider.answers.set(revoke, () => (answers.shift() ?? (() => new Response(null)))()),
    });
    for (const seconds of [0, 10, 20, 40]) {
      world.clock.advance(seconds * 1000);
      await settled(world);
    }
    expect(sent(world)).toEqual(['one', 'two', 'one', 'two', 'one']);
    world.clock.advance(10_000);
    await vi.waitFor(() => expect(waitingIn(world.vault)).toEqual([]));
  });

  test('hundreds that have waited are all kept over a restart, and sent one after the other', async () => {
    const world = await grantWorld('person');
    for (let times = 0; times < 300; times += 1) {
      world.clock.advance(10_000);
      await signsIn(world);
    }
    expect(waitingIn(world.vault)).toHaveLength(299);
    const next = await nextStart(world);
    await expectAlive(next);
    let [underWay, most] = [0, 0];
    next.provider.answers.set(revoke, async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      return new Response(null, { status: 200 });
    });
    const saves = next.vault.saves.length;
    await next.broker.signOut();
    await vi.waitFor(() => expect(next.vault.state).toEqual(empty), 10_000);
    expect(new Set(sent(next)).size).toBe(300);
    expect(most).toBe(1);
    // It does not write all the others for each of them.
    expect(next.vault.saves.length - saves).toBeLessThan(5);
  });

  test.each([
    ['refuses to revoke', () => json(401, { error: 'invalid_client' }), {}],
    ['has no revocation', undefined, { revocation_endpoint: undefined }],
  ])('who signs out at a provider that %s is told so, once, with what to do', async (_what, answer, metadata) => {
    const world = await grantWorld('family', {
      before: (provider) => {
        provider.metadata = { ...provider.metadata, ...metadata };
        if (answer) provider.answers.set(revoke, answer());
      },
    });
    await signInAs(world);
    // The token that this replaces is given up too, but nobody has signed out.
    await signInAs(world);
    await settled(world);
    expect(world.broker.state().problem).toBeUndefined();
    await world.broker.signOut();
    await vi.waitFor(() => expect(world.broker.state().problem).toBeDefined());
    expect(world.broker.state()).toMatchObject({ person: undefined, remedy: 'none' });
    expect(world.broker.state().problem?.message).toMatch(
      /tenant\.example did not revoke the sign-in.*page for your account/,
    );
    world.broker.dismissProblem();
    await signInAs(world);
    await world.broker.signOut();
    await settled(world);
    expect(world.broker.state().problem).toBeUndefined();
  });

  test.each([
    ['a provider that refuses to revoke', () => json(401, { error: 'invalid_client' }), {}, 'invalid_client'],
    ['a provider without revocation', undefined, { revocation_endpoint: undefined }, 'no revocation endpoint'],
  ])('%s is said once in the log, without the token', async (_what, answer, metadata, words) => {
    const world = await grantWorld('family', {
      vault: unsent('the-first-token', 'the-second-token'),
      before: (provider) => {
        provider.metadata = { ...provider.metadata, ...metadata };
        if (answer) provider.answers.set(revoke, answer());
      },
    });
    await vi.waitFor(() => expect(waitingIn(world.vault)).toEqual([]));
    const lines = world.log.lines.filter((line) => line.includes(words));
    expect(lines).toHaveLength(1);
    expect(world.log.lines.join()).not.toContain('-token');
  });

  test('who has signed out is not named by what waits', async () => {
    const world = await grantWorld('family', { before: ({ answers }) => answers.set(revoke, unreachable) });
    await signsIn(world, { sid: 'the-session' });
    await world.broker.signOut();
    await settled(world);
    expect(world.vault.state?.revocations).toEqual([
      {
        issuer: 'https://tenant.example/',
        clientId: 'loopgate-demo',
        token: expect.any(String),
        person: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
        sid: 'the-session',
      },
    ]);
    expect(JSON.stringify(world.vault.state)).not.toContain(ada);
  });
});

test('at an Auth0 tenant of before 2021, signed in again by the API, the session renews; signed out, all tokens are dead [T19]', async () => {
  const provider = await localProvider({ revocationDeletesGrant: true });
  const world = await localWorld({ provider });
  await signInAs(world);
  await signInAs(world);
  expect((await world.broker.token(editor, refreshGrant)).accessToken).not.toBe('');
  expect(provider.count(revoke)).toBe(0);
  await world.broker.signOut();
  await expect.poll(() => world.vault.state).toEqual(empty);
  expect(provider.count(revoke)).toBe(2);
  expect(provider.revokeAll(ada)).toBe(0);
});
