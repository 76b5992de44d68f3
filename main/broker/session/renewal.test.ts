/** Unasked renewals: early, with jitter, after sleep, after failures (T5, T7), and what ends a session. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  ada,
  editor,
  failureOf,
  refreshGrant,
  ScriptedProvider,
  type ScriptedWorld,
  scriptedWorld,
  signInAs,
  storedAccountOf,
  TestVault,
  type WorldOptions,
} from '../../../testing/brokerWorld.ts';
import { hour, minute, second } from '../../../testing/durations.ts';
import type { StoredAccount } from './vault.ts';

/** A signed-in person with a token of an hour; afterwards the provider is honest again. */
async function signedIn(options: WorldOptions = {}): Promise<ScriptedWorld> {
  const world = await scriptedWorld(options);
  await signInAs(world);
  behaveAtRenewals(world);
  world.provider.requests.length = 0;
  return world;
}

/** Renewals bring no ID token, because these tests have their own time, and an ID token would have another. */
function behaveAtRenewals({ provider }: ScriptedWorld): void {
  provider.tokens = { ...provider.tokens, id_token: undefined };
}

/** The next start, with the last vault's content. */
async function nextStart(last: ScriptedWorld, changes: Partial<StoredAccount> = {}, options: WorldOptions = {}) {
  await last.broker.close();
  const { state } = last.vault;
  if (!state) throw new Error('nothing is stored');
  const accounts = state.accounts.map((account) => ({ ...account, ...changes }));
  const vault = new TestVault({ ...state, accounts });
  const world = await scriptedWorld({ provider: last.provider, vault, clock: last.clock, ...options });
  return { ...world, provider: last.provider };
}

const refreshes = ({ provider }: ScriptedWorld) => provider.count('/oauth/token');

/** Resolves once the provider got so many renewals and their answers are stored. */
async function renewed(world: ScriptedWorld, times: number): Promise<void> {
  await vi.waitFor(() => {
    expect(refreshes(world)).toBe(times);
    expect(storedAccountOf(world.vault).renewalSentAt).toBeUndefined();
  });
}

const failedWith = (code: string) => () =>
  Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }));
const unreachable = failedWith('ENETUNREACH');
/** The request had arrived, but its result is unknown. */
const brokenOff = failedWith('ECONNRESET');

/** Cuts the network off. @returns the function that restores it */
function cutOff({ provider }: ScriptedWorld): () => void {
  const paths = ['/.well-known/openid-configuration', '/oauth/token', '/userinfo', '/jwks.json'];
  for (const path of paths) provider.answers.set(path, unreachable);
  return () => {
    for (const path of paths) provider.answers.delete(path);
  };
}

/** Does not answer until the test is over. */
function hanging(): Promise<Response> {
  return new Promise((resolve) => onTestFinished(() => resolve(new Response(null, { status: 503 }))));
}

const refuse = (status: number, error: string) => () => Response.json({ error }, { status });

/** Does everything that is due: promises settle in turns of the event loop. */
async function settled(world: ScriptedWorld): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await world.broker.person();
}

describe('early, with jitter [T7]', () => {
  test.each([
    ['the least jitter', 0, hour - minute],
    ['half of it', 0.5, hour - 1.5 * minute],
    ['nearly all of it', 0.999, hour - 1.999 * minute],
  ])('a token is renewed before anybody needs it: %s', async (_name, random, at) => {
    const world = await signedIn({ random: () => random });
    const before = storedAccountOf(world.vault).accessToken;
    world.clock.advance(at - second);
    await settled(world);
    expect(refreshes(world)).toBe(0);
    world.clock.advance(second);
    await renewed(world, 1);
    expect((await world.broker.accessToken()).accessToken).not.toBe(before);
    expect(refreshes(world)).toBe(1);
  });

  test('it goes on for days, once an hour, and nobody has to ask', async () => {
    const world = await signedIn();
    for (let hours = 1; hours <= 72; hours += 1) {
      world.clock.advance(hour - minute);
      await renewed(world, hours);
    }
    expect(world.browser.opened).toHaveLength(1);
  });

  test.each(['refresh_expires_in', 'refresh_token_expires_in'])(
    'a refresh token that ends before its access token, by %s, is renewed before that',
    async (member) => {
      const world = await scriptedWorld();
      world.provider.now = () => world.clock.now();
      world.provider.tokens = { expires_in: 36_000, [member]: 1800 };
      await signInAs(world);
      world.provider.requests.length = 0;
      world.clock.advance(28 * minute - 1);
      expect(refreshes(world)).toBe(0);
      world.clock.advance(minute + 1);
      await vi.waitFor(() => expect(refreshes(world)).toBe(1));
      await vi.waitFor(() =>
        expect(storedAccountOf(world.vault).refreshExpiresAt).toBeGreaterThan(world.clock.now() + 29 * minute),
      );
    },
  );

  test.each([0, -1, 'soon', null])('a refresh token whose end is %j has none that is known', async (seconds) => {
    const world = await scriptedWorld();
    world.provider.tokens = { refresh_expires_in: seconds };
    await signInAs(world);
    world.provider.requests.length = 0;
    expect(storedAccountOf(world.vault)).not.toHaveProperty('refreshExpiresAt');
    world.clock.advance(57 * minute);
    expect(refreshes(world)).toBe(0);
  });

  test('a token that lives for seconds is not renewed in a loop', async () => {
    const world = await scriptedWorld();
    world.provider.tokens = { expires_in: 1 };
    await signInAs(world);
    behaveAtRenewals(world);
    world.provider.requests.length = 0;
    for (let seconds = 0; seconds < 60; seconds += 1) {
      world.clock.advance(second);
      await settled(world);
    }
    expect(refreshes(world)).toBeLessThanOrEqual(2);
  });

  test('an account that is not the active one is kept alive too', async () => {
    const world = await signedIn();
    world.provider.tokens = {};
    world.provider.claims = { sub: 'auth0|grace-hopper' };
    world.provider.profile = { sub: 'auth0|grace-hopper' };
    await signInAs(world, 'Grace Hopper');
    expect(world.broker.state().others).toMatchObject([{ subject: 'auth0|grace-hopper' }]);
    behaveAtRenewals(world);
    world.provider.requests.length = 0;
    world.clock.advance(hour - minute);
    await vi.waitFor(() => expect(refreshes(world)).toBe(2));
  });

  test('after a sign-out nothing is renewed any more', async () => {
    const world = await signedIn();
    await world.broker.signOut();
    world.clock.advance(2 * hour);
    await settled(world);
    expect(refreshes(world)).toBe(0);
  });

  test('after the end of the program neither', async () => {
    const world = await signedIn();
    await world.broker.close();
    world.clock.advance(30 * second);
    await settled(world);
    expect(refreshes(world)).toBe(0);
  });
});

describe('at once after sleep, and after the clock was set [T7]', () => {
  test('the lid was shut for a night: the token is renewed when the system says that it is awake', async () => {
    const world = await signedIn();
    world.clock.jump(8 * hour);
    world.broker.wake();
    await renewed(world, 1);
  });

  test('a system that says nothing: the clock itself shows that time has passed, within half a minute', async () => {
    const world = await signedIn();
    world.clock.jump(8 * hour);
    world.clock.advance(30 * second);
    await renewed(world, 1);
  });

  test('a short sleep costs no renewal', async () => {
    const world = await signedIn();
    world.clock.jump(5 * minute);
    world.broker.wake();
    world.clock.advance(30 * second);
    await settled(world);
    expect(refreshes(world)).toBe(0);
  });

  test('a clock that was set back: how long the token still lives is not known, so it is renewed', async () => {
    const world = await signedIn();
    world.clock.advance(30 * minute);
    const before = storedAccountOf(world.vault).accessToken;
    world.clock.jump(-10 * minute);
    world.clock.advance(30 * second);
    await renewed(world, 1);
    expect((await world.broker.accessToken()).accessToken).not.toBe(before);
  });

  test('a token from the future is no valid one', async () => {
    const last = await signedIn();
    const issuedAt = last.clock.now() + 2 * hour;
    const world = await nextStart(last, { issuedAt, expiresAt: issuedAt + hour });
    await renewed(world, 1);
    expect(storedAccountOf(world.vault).expiresAt).toBe(world.clock.now() + hour);
  });
});

describe('what may pass is tried again [T5]', () => {
  test.each([
    ['the network is away', unreachable],
    ['a 503', () => new Response('busy', { status: 503 })],
    ['a 429', () => new Response('slow down', { status: 429 })],
    ['a JSON 429', refuse(429, 'too_many_requests')],
  ])('%s: again after one second, then later each time, a minute at most; the session stays', async (_name, answer) => {
    const world = await signedIn();
    world.provider.answers.set('/oauth/token', answer);
    world.clock.advance(hour - minute);
    let tries = 1;
    for (const wait of [1, 2, 4, 8, 16, 32, 60, 60]) {
      await vi.waitFor(() => expect(refreshes(world)).toBe(tries));
      await settled(world);
      world.clock.advance(wait * second - 1);
      await settled(world);
      expect(refreshes(world), `before ${wait} seconds are over`).toBe(tries);
      world.clock.advance(1);
      tries += 1;
    }
    await vi.waitFor(() => expect(refreshes(world)).toBe(tries));
    await settled(world);
    expect(world.broker.state()).toMatchObject({ person: { subject: ada, freshness: 'stale' }, problem: undefined });
    world.provider.answers.delete('/oauth/token');
    world.clock.advance(60 * second);
    await renewed(world, tries + 1);
    await vi.waitFor(() => expect(world.broker.state().person?.freshness).toBe('verified'));
  });

  test('while the old token is valid it serves, and callers wait two seconds at most for a provider that hangs', async () => {
    const world = await signedIn();
    const before = storedAccountOf(world.vault).accessToken;
    world.provider.answers.set('/oauth/token', () => hanging());
    world.clock.jump(hour - 30 * second);
    const token = world.broker.accessToken();
    await vi.waitFor(() => expect(refreshes(world)).toBe(1));
    world.clock.advance(2 * second);
    expect((await token).accessToken).toBe(before);
  });

  test('once the old token has ended, callers are told why, and the person is still signed in', async () => {
    const world = await signedIn();
    const online = cutOff(world);
    world.clock.jump(2 * hour);
    expect(await failureOf(world.broker.token(editor, refreshGrant))).toMatchObject({ code: 'provider_unreachable' });
    expect(world.broker.state().person).toMatchObject({ subject: ada });
    online();
    await world.broker.renew();
    expect((await world.broker.accessToken()).accessToken).toBe(storedAccountOf(world.vault).accessToken);
  });
});

describe('a refusal [T5]', () => {
  const refusals = ['invalid_client', 'unauthorized_client', 'access_denied', 'invalid_request'] as const;

  test.each(refusals)('%s stops the retries, keeps the token, is said and can be tried again', async (error) => {
    const world = await signedIn();
    const before = storedAccountOf(world.vault);
    world.provider.answers.set('/oauth/token', refuse(error === 'invalid_client' ? 401 : 400, error));
    world.clock.advance(hour - minute);
    await vi.waitFor(() => expect(world.broker.state().problem?.message).toContain(error));
    expect(world.broker.state()).toMatchObject({ person: { subject: ada }, remedy: 'renew' });
    world.clock.advance(24 * hour);
    await settled(world);
    expect(refreshes(world)).toBe(1);
    expect(storedAccountOf(world.vault)).toMatchObject({ refreshToken: before.refreshToken });
    world.provider.answers.delete('/oauth/token');
    await world.broker.renew();
    expect(refreshes(world)).toBe(2);
    expect(world.broker.state()).toMatchObject({ person: { freshness: 'verified' }, problem: undefined });
    world.clock.advance(hour - minute);
    await renewed(world, 3);
  });

  test('a hundred callers of an ended token cause one request, not a hundred', async () => {
    const world = await signedIn();
    world.provider.answers.set('/oauth/token', refuse(403, 'access_denied'));
    world.clock.jump(2 * hour);
    const failures = Array.from({ length: 100 }, () => failureOf(world.broker.accessToken()));
    expect(new Set((await Promise.all(failures)).map(({ code }) => code))).toEqual(new Set(['provider_error']));
    await failureOf(world.broker.accessToken());
    expect(refreshes(world)).toBe(1);
  });
});

describe('only invalid_grant ends a session [T5]', () => {
  async function ended(world: ScriptedWorld): Promise<void> {
    world.provider.answers.set('/oauth/token', refuse(400, 'invalid_grant'));
    world.clock.jump(2 * hour);
    world.broker.wake();
    await vi.waitFor(() => expect(world.broker.state().person).toBeUndefined());
  }

  test('it is said everywhere, with the reason, and a new sign-in helps', async () => {
    const world = await signedIn();
    await ended(world);
    const why = /session has ended: the identity provider no longer accepts it/;
    expect(world.broker.state()).toMatchObject({ remedy: 'sign_in', ended: { code: 'not_signed_in' } });
    expect(world.broker.state().problem?.message).toMatch(why);
    expect((await failureOf(world.broker.accessToken())).message).toMatch(why);
    expect((await failureOf(world.broker.userInfo())).message).toMatch(why);
    world.provider.answers.clear();
    world.provider.tokens = {};
    world.provider.claims = { iat: Math.floor(world.clock.now() / 1000) };
    await signInAs(world);
    expect(world.broker.state()).toMatchObject({ person: { subject: ada }, problem: undefined, ended: undefined });
  });

  test('the next start still knows why', async () => {
    const last = await signedIn();
    await ended(last);
    await last.broker.close();
    const world = await scriptedWorld({ provider: last.provider, vault: last.vault, clock: last.clock });
    expect(world.broker.state()).toMatchObject({ person: undefined, remedy: 'sign_in' });
    expect(world.broker.state().problem?.message).toContain('The session has ended');
    expect((await failureOf(world.broker.accessToken())).message).toContain('The session has ended');
  });

  test('a person who has read it is not told again', async () => {
    const last = await signedIn();
    await ended(last);
    last.broker.dismissProblem();
    await last.broker.close();
    const world = await scriptedWorld({ provider: last.provider, vault: last.vault, clock: last.clock });
    expect(world.broker.state().problem).toBeUndefined();
    expect((await failureOf(world.broker.accessToken())).message).toContain('Nobody is signed in');
  });

  test('an answer that got lost on the way is named, when the provider then refuses the old token [T4]', async () => {
    const world = await signedIn();
    world.provider.answers.set('/oauth/token', brokenOff);
    world.clock.advance(hour - minute);
    await vi.waitFor(() => expect(world.broker.state().person?.freshness).toBe('stale'));
    expect(storedAccountOf(world.vault).renewalSentAt).toBe(world.clock.now());
    await ended(world);
    expect(world.broker.state().problem?.message).toMatch(/connection broke .* answer with the new token was lost/);
  });

  test('a provider that was never reached has lost no answer [T4]', async () => {
    const world = await signedIn();
    world.provider.answers.set('/oauth/token', unreachable);
    world.clock.advance(hour - minute);
    await vi.waitFor(() => expect(world.broker.state().person?.freshness).toBe('stale'));
    await vi.waitFor(() => expect(storedAccountOf(world.vault).renewalSentAt).toBeUndefined());
    await ended(world);
    expect(world.broker.state().problem?.message).toContain('no longer accepts it');
  });

  test('a renewal that the last run did not see answered is named [T4]', async () => {
    const last = await signedIn();
    const world = await nextStart(last, { renewalSentAt: last.clock.now(), expiresAt: 0 }, { ready: false });
    await ended(world);
    expect(world.broker.state().problem?.message).toMatch(/stopped while it renewed .* answer .* was lost/);
  });

  test('a refusal is an answer: what comes later is not taken for a loss [T4]', async () => {
    const world = await signedIn();
    world.provider.answers.set('/oauth/token', refuse(400, 'unauthorized_client'));
    world.clock.advance(hour - minute);
    await vi.waitFor(() => expect(world.broker.state().problem).toBeDefined());
    await renewed(world, 1);
    await ended(world);
    expect(world.broker.state().problem?.message).toContain('no longer accepts it');
  });
});

describe('offline from the start', () => {
  test('signed in, not verified; it recovers by itself when the provider is back', async () => {
    const last = await signedIn();
    const online = cutOff(last);
    const world = await nextStart(last, { profileReadAt: 0 });
    expect(world.broker.state()).toMatchObject({
      person: { subject: ada, freshness: 'unverified' },
      problem: undefined,
    });
    expect(await world.broker.userInfo()).toMatchObject({ name: 'Ada Lovelace' });
    expect((await world.broker.accessToken()).accessToken).toBe(storedAccountOf(world.vault).accessToken);
    world.clock.advance(minute);
    await settled(world);
    expect(world.broker.state().person?.freshness).toBe('unverified');
    online();
    world.clock.advance(minute);
    await vi.waitFor(() => expect(world.broker.state().person?.freshness).toBe('verified'));
    expect(world.browser.opened).toEqual([]);
  });

  test('the token has ended too: renewed as soon as the provider is back', async () => {
    const last = await signedIn();
    const online = cutOff(last);
    const world = await nextStart(last, { expiresAt: last.clock.now() - 1 });
    await settled(world);
    expect(world.broker.state()).toMatchObject({ person: { subject: ada, freshness: 'unverified' } });
    expect(await failureOf(world.broker.accessToken())).toMatchObject({ code: 'provider_unreachable' });
    online();
    world.clock.advance(minute);
    await vi.waitFor(() => expect(world.broker.state().person?.freshness).toBe('verified'));
    expect((await world.broker.accessToken()).accessToken).toBe(storedAccountOf(world.vault).accessToken);
  });

  test('a stored token that the provider has revoked is found out at the start, and renewed', async () => {
    const last = await signedIn();
    const old = storedAccountOf(last.vault).accessToken;
    let refused = 0;
    last.provider.answers.set('/userinfo', () => {
      refused += 1;
      last.provider.answers.delete('/userinfo');
      return new Response(null, { status: 401, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } });
    });
    const world = await nextStart(last);
    await renewed(world, 1);
    expect(refused).toBe(1);
    expect((await world.broker.accessToken()).accessToken).not.toBe(old);
  });
});

test('a session without offline_access ends when it said that it would, with the reason [T17]', async () => {
  const provider = new ScriptedProvider();
  provider.tokens = { refresh_token: undefined };
  const world = await scriptedWorld({ provider });
  await signInAs(world);
  expect(world.broker.state().person).toMatchObject({ renewable: false, expiresAt: world.clock.now() + hour });
  world.clock.advance(hour - 1);
  expect(world.broker.state().person).toBeDefined();
  world.clock.advance(1);
  await vi.waitFor(() => expect(world.broker.state().person).toBeUndefined());
  expect(world.broker.state().problem?.message).toContain('granted no offline_access');
});

describe('the profile', () => {
  test('a thousand callers cause one provider call', async () => {
    const world = await signedIn();
    world.clock.jump(10 * minute);
    await Promise.all(Array.from({ length: 1000 }, () => world.broker.userInfo()));
    expect(world.provider.count('/userinfo')).toBe(1);
  });

  test('a provider that hangs: the last one known after two seconds, and marked as such once it has failed', async () => {
    const world = await signedIn();
    world.provider.answers.set('/userinfo', () => hanging());
    world.clock.jump(10 * minute);
    const profile = world.broker.userInfo();
    await vi.waitFor(() => expect(world.provider.count('/userinfo')).toBe(1));
    world.clock.advance(2 * second);
    expect(await profile).toMatchObject({ name: 'Ada Lovelace' });
  });

  test('a provider that is away: stale answers without a new attempt for each, and it is marked', async () => {
    const world = await signedIn();
    const online = cutOff(world);
    const readAt = world.broker.state().person?.profileReadAt;
    world.clock.jump(10 * minute);
    for (let call = 0; call < 10; call += 1) expect(await world.broker.userInfo()).toMatchObject({ sub: ada });
    expect(world.provider.count('/userinfo')).toBe(1);
    expect(world.broker.state().person).toMatchObject({ freshness: 'stale', profileReadAt: readAt });
    online();
    world.clock.advance(minute);
    await vi.waitFor(() => expect(world.broker.state().person?.freshness).toBe('verified'));
  });

  test('a userinfo endpoint that fails keeps nobody from a renewed token', async () => {
    const world = await signedIn();
    world.provider.answers.set('/userinfo', () => new Response(null, { status: 503 }));
    world.clock.jump(2 * hour);
    await world.broker.userInfo();
    expect((await world.broker.accessToken()).accessToken).toBe(storedAccountOf(world.vault).accessToken);
    expect(refreshes(world)).toBe(1);
  });
});

describe('the disk', () => {
  test('what could not be saved is saved as soon as it can be, and then nothing is said any more', async () => {
    const world = await signedIn();
    world.vault.saveFailure = new Error('no space left on device');
    await world.broker.token(editor, refreshGrant);
    expect(world.broker.state()).toMatchObject({ remedy: 'none', problem: { code: 'internal' } });
    world.vault.saveFailure = undefined;
    world.clock.advance(10 * second);
    await vi.waitFor(() => expect(world.broker.state().problem).toBeUndefined());
    expect(storedAccountOf(world.vault).accessToken).toBe((await world.broker.accessToken()).accessToken);
  });

  test('a keyring that does not answer holds up nobody for longer than ten seconds', async () => {
    const world = await signedIn();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    onTestFinished(() => release());
    const saving = new Promise<void>((resolve) => {
      world.vault.beforeSave = () => {
        resolve();
        return held;
      };
    });
    const renewal = world.broker.token(editor, refreshGrant);
    // First the mark that a renewal is being sent, then its answer.
    await saving;
    world.clock.advance(2 * second);
    expect((await renewal).accessToken).toBe(storedAccountOf(world.vault).accessToken);
    world.clock.advance(8 * second);
    expect(world.broker.state().problem?.message).toContain('does not answer');
    await vi.waitFor(() => expect(refreshes(world)).toBe(1));
  });
});

test('a revocation that could not be delivered is tried again while the program runs [T10]', async () => {
  const world = await signedIn();
  world.provider.answers.set('/oauth/revoke', unreachable);
  const { refreshToken } = storedAccountOf(world.vault);
  await world.broker.signOut();
  await vi.waitFor(() => expect(world.provider.count('/oauth/revoke')).toBe(1));
  await settled(world);
  expect(world.vault.state).toMatchObject({ accounts: [], revocations: [{ token: refreshToken }] });
  world.provider.answers.delete('/oauth/revoke');
  world.clock.advance(5 * minute);
  await vi.waitFor(() => expect(world.vault.state?.revocations).toEqual([]));
  expect(world.provider.count('/oauth/revoke')).toBe(2);
});

test('a refresh token of earlier, which a program still carries, is recognised after a restart [T4]', async () => {
  const last = await signedIn();
  const old = storedAccountOf(last.vault).refreshToken ?? '';
  await last.broker.token(editor, refreshGrant);
  const world = await nextStart(last);
  world.provider.requests.length = 0;
  await world.broker.token(editor, { ...refreshGrant, refreshToken: old });
  expect(world.provider.requests.map(({ parameters }) => parameters.refresh_token)).not.toContain(old);
});
