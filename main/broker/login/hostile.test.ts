/**
 * Sessions in a hostile world: storms of callers, answers that no longer match, races between sign-ins, sign-outs and disks.
 */
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
import { grantWorld, signsIn } from '../../../testing/grantWorld.ts';
import { deferred } from '../../system/deferred.ts';
import type { StoredAccount } from '../session/vault.ts';

const grace = 'auth0|grace-hopper';

/** A signed-in person with a token of an hour. Renewals bring no ID token, because the test has its own time. */
async function signedIn(options: WorldOptions & { provider?: ScriptedProvider } = {}): Promise<ScriptedWorld> {
  const world = await scriptedWorld(options);
  await signInAs(world);
  world.provider.tokens = { id_token: undefined };
  world.provider.requests.length = 0;
  return world;
}

/** Makes this person the next one who signs in, now. */
function signsInNext({ provider, clock }: ScriptedWorld, subject: string): void {
  provider.tokens = {};
  provider.claims = { sub: subject, iat: Math.floor(clock.now() / 1000) };
  provider.profile = { sub: subject };
}

/** Ada is active, and Grace is signed in too. */
async function bothSignedIn(): Promise<ScriptedWorld> {
  const world = await signedIn();
  signsInNext(world, grace);
  await signInAs(world, 'Grace Hopper');
  signsInNext(world, ada);
  world.provider.tokens = { id_token: undefined };
  world.provider.requests.length = 0;
  return world;
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
const failing = (code: string) => () =>
  Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }));
/** The request was sent, and its answer never came. */
const broken = failing('ECONNRESET');
/** There is no network: nothing was sent. */
const offline = failing('ENOTFOUND');
const refuse = (status: number, error: string) => () => Response.json({ error }, { status });

/** Does everything that is due, without advancing the time. */
async function settled({ clock }: ScriptedWorld, turns = 10): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(0);
  }
}

/** Writes that begin from now on wait until this is called. */
function holdSaves({ vault }: ScriptedWorld): () => void {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  onTestFinished(() => release());
  vault.beforeSave = () => held;
  return () => {
    vault.beforeSave = () => undefined;
    release();
  };
}

/** Advances the time by ten seconds, one at a time, and lets everything due happen. */
async function tenSeconds(world: ScriptedWorld): Promise<void> {
  for (let passed = 0; passed < 10; passed += 1) {
    await settled(world, 3);
    world.clock.advance(second);
  }
  await settled(world, 3);
}

describe('no storms', () => {
  test('offline with an ended token, and the profile is due too: one try, then the backoff [T5]', async () => {
    const last = await signedIn();
    for (const path of ['/oauth/token', '/userinfo']) last.provider.answers.set(path, offline);
    const world = await nextStart(last);
    await settled(world);
    expect(world.provider.count('/userinfo')).toBe(1);
    world.clock.jump(2 * hour);
    world.provider.requests.length = 0;
    world.broker.wake();
    await settled(world, 100);
    expect(refreshes(world)).toBe(1);
    for (let seconds = 0; seconds < 120; seconds += 1) {
      world.clock.advance(second);
      await settled(world, 3);
    }
    expect(refreshes(world)).toBeLessThanOrEqual(9);
  });

  test('a refusal is not repeated unasked because the profile cannot be read [T5]', async () => {
    const world = await signedIn();
    world.provider.answers.set('/userinfo', () => new Response(null, { status: 503 }));
    world.clock.advance(10 * minute);
    await world.broker.userInfo();
    world.provider.answers.set('/oauth/token', refuse(401, 'invalid_client'));
    await world.broker.token(editor, refreshGrant);
    expect(refreshes(world)).toBe(1);
    for (let seconds = 0; seconds < 2 * 3600; seconds += 10) {
      world.clock.advance(10 * second);
      await settled(world, 3);
    }
    expect(refreshes(world)).toBe(1);
    expect(world.provider.count('/userinfo')).toBeLessThan(70);
  });

  test('the profile: while the provider is busy it is not asked by every caller, although none is known', async () => {
    const provider = new ScriptedProvider();
    provider.claims = { name: undefined };
    provider.answers.set('/userinfo', () => new Response(null, { status: 429 }));
    const world = await signedIn({ provider });
    for (let call = 0; call < 50; call += 1) {
      expect(await failureOf(world.broker.userInfo())).toMatchObject({ code: 'provider_unreachable' });
    }
    expect(provider.count('/userinfo')).toBeLessThanOrEqual(1);
  });

  test.each([
    // A token that is refused is renewed once, and asked about again.
    [401, 'invalid_token', 2],
    [403, 'insufficient_scope', 1],
  ])('a %s of userinfo is not asked for again by every caller [T5]', async (status, error, asked) => {
    const world = await signedIn();
    world.clock.jump(10 * minute);
    const headers = { 'WWW-Authenticate': `Bearer error="${error}"` };
    world.provider.answers.set('/userinfo', () => new Response(null, { status, headers }));
    for (let call = 0; call < 50; call += 1) expect(await world.broker.userInfo()).toMatchObject({ sub: ada });
    for (let call = 0; call < 50; call += 1) await failureOf(world.broker.refreshProfile());
    expect(world.provider.count('/userinfo')).toBe(asked);
    world.provider.answers.delete('/userinfo');
    await world.broker.token(editor, refreshGrant);
    expect(await world.broker.userInfo()).toMatchObject({ sub: ada });
  });

  test('a provider that is busy is not asked by every caller of a token for another API [T5]', async () => {
    const world = await signedIn();
    world.provider.answers.set('/oauth/token', () => new Response(null, { status: 429 }));
    for (let call = 0; call < 50; call += 1) {
      expect(await failureOf(world.broker.accessToken({ audience: 'https://other.test/' }))).toMatchObject({
        code: 'provider_unreachable',
      });
    }
    expect(refreshes(world)).toBe(1);
    world.provider.answers.delete('/oauth/token');
    world.clock.advance(second);
    expect((await world.broker.accessToken({ audience: 'https://other.test/' })).accessToken).toBeTruthy();
  });

  test.each([0, 1e15])('expires_in %d: at most one renewal in half a minute unasked', async (lifetime) => {
    const provider = new ScriptedProvider();
    provider.tokens = { expires_in: lifetime };
    const world = await scriptedWorld({ provider });
    await signInAs(world);
    provider.tokens = { expires_in: lifetime, id_token: undefined };
    provider.requests.length = 0;
    for (let seconds = 0; seconds < 90; seconds += 1) {
      world.clock.advance(second);
      await settled(world, 3);
    }
    expect(refreshes(world)).toBeLessThanOrEqual(3);
  });

  test('a clock that goes back and forth: nothing is renewed more often than it is looked at', async () => {
    const world = await signedIn();
    for (let turn = 0; turn < 20; turn += 1) {
      world.clock.jump(turn % 2 === 0 ? hour / 2 : -hour / 2);
      world.clock.advance(30 * second);
      await settled(world, 3);
    }
    expect(refreshes(world)).toBeLessThanOrEqual(20);
    expect(world.broker.state().person).toMatchObject({ subject: ada, freshness: 'verified' });
  });
});

describe('what is said, and until when [T5]', () => {
  test('a refusal is not shown any more when the renewal works again, although the network failed in between', async () => {
    const world = await signedIn();
    world.provider.answers.set('/oauth/token', refuse(403, 'access_denied'));
    world.clock.jump(2 * hour);
    await failureOf(world.broker.accessToken());
    expect(world.broker.state()).toMatchObject({ remedy: 'renew', problem: { code: 'provider_error' } });
    world.provider.answers.set('/oauth/token', offline);
    await world.broker.renew();
    world.provider.answers.delete('/oauth/token');
    await world.broker.renew();
    expect((await world.broker.accessToken()).accessToken).toBe(storedAccountOf(world.vault).accessToken);
    expect(world.broker.state().problem).toBeUndefined();
  });

  test('Try again is for the account whose refusal is shown, also when it is not the active one', async () => {
    const world = await bothSignedIn();
    const tokenOf = (subject: string) =>
      world.vault.state?.accounts.find((one) => one.subject === subject)?.refreshToken;
    const graces = tokenOf(grace);
    world.provider.answers.set('/oauth/token', (asked) => {
      const isGraces = new URLSearchParams(String(asked.body)).get('refresh_token') === graces;
      if (isGraces) return Response.json({ error: 'access_denied' }, { status: 403 });
      return Response.json({ access_token: 'adas', token_type: 'Bearer', expires_in: 3600 });
    });
    world.clock.advance(hour - minute);
    await vi.waitFor(() => expect(world.broker.state().problem?.message).toContain('access_denied'));
    await settled(world);
    world.provider.answers.delete('/oauth/token');
    await world.broker.renew();
    expect(tokenOf(grace)).not.toBe(graces);
    expect(world.broker.state().problem).toBeUndefined();
  });

  test('a provider that refuses at the start was reached: nobody is told that it cannot be', async () => {
    const last = await signedIn();
    last.provider.answers.set('/oauth/token', refuse(401, 'invalid_client'));
    const world = await nextStart(last, { expiresAt: 0 });
    await vi.waitFor(() => expect(world.broker.state().problem?.message).toContain('invalid_client'));
    expect(world.broker.state().person?.freshness).toBe('verified');
  });

  test('a refusal of an account that has signed out is not shown any more', async () => {
    const world = await bothSignedIn();
    await world.broker.selectPerson(grace);
    world.provider.answers.set('/oauth/token', refuse(403, 'access_denied'));
    await world.broker.token(editor, refreshGrant);
    world.provider.answers.delete('/oauth/token');
    await world.broker.selectPerson(ada);
    expect(world.broker.state().problem?.message).toContain('access_denied');
    await world.broker.signOutAccount(world.broker.state().others[0]?.account ?? '');
    expect(world.broker.state().problem).toBeUndefined();
  });

  test('an e-mail address in the words of the provider is not logged [T9]', async () => {
    const world = await signedIn();
    const words = { error: 'access_denied', error_description: 'the user ada@example.com is blocked' };
    world.provider.answers.set('/oauth/token', () => Response.json(words, { status: 403 }));
    world.clock.advance(hour - minute);
    await vi.waitFor(() => expect(world.broker.state().problem).toBeDefined());
    expect(world.log.lines.join('\n')).not.toContain('ada@example.com');
  });
});

describe('why a session has ended', () => {
  async function ended(world: ScriptedWorld): Promise<string | undefined> {
    world.provider.answers.set('/oauth/token', refuse(400, 'invalid_grant'));
    world.clock.jump(2 * hour);
    world.broker.wake();
    await vi.waitFor(() => expect(world.broker.state().person).toBeUndefined());
    return world.broker.state().problem?.message;
  }

  test.each([
    ['there was no network', '/oauth/token', offline],
    ['the metadata could not be read', '/.well-known/openid-configuration', broken],
    ['the provider had no time (429)', '/oauth/token', () => new Response(null, { status: 429 })],
  ])('%s: no answer was lost, and none is said to be [T4]', async (_name, path, answer) => {
    const last = await signedIn();
    last.provider.answers.set(path, answer);
    const world = await nextStart(last, { expiresAt: 0 });
    await vi.waitFor(() => expect(world.provider.count(path)).toBeGreaterThan(0));
    await settled(world);
    world.provider.answers.delete(path);
    expect(await ended(world)).toContain('no longer accepts it');
  });

  test('an answer that broke off stays lost, although another try was refused for another reason [T4]', async () => {
    const world = await signedIn();
    world.provider.answers.set('/oauth/token', broken);
    world.clock.advance(hour - minute);
    await vi.waitFor(() => expect(world.broker.state().person?.freshness).toBe('stale'));
    world.provider.answers.set('/oauth/token', refuse(401, 'invalid_client'));
    await world.broker.renew();
    expect(await ended(world)).toMatch(/connection broke .* was lost/);
  });

  test('a loss of this run is not taken for one of the last run [T4]', async () => {
    const last = await signedIn();
    const world = await nextStart(last, { renewalSentAt: last.clock.now(), expiresAt: 0 });
    await vi.waitFor(() => expect(storedAccountOf(world.vault).renewalSentAt).toBeUndefined());
    await settled(world);
    world.provider.answers.set('/oauth/token', broken);
    world.clock.jump(2 * hour);
    await failureOf(world.broker.accessToken());
    expect(await ended(world)).toMatch(/connection broke/);
  });

  test('a sign-out after the end: neither the window nor the next start say it any more', async () => {
    const last = await signedIn();
    await ended(last);
    await settled(last);
    let told = 0;
    last.broker.onChange(() => {
      told += 1;
    });
    await last.broker.signOut();
    expect(last.broker.state()).toMatchObject({ problem: undefined, ended: undefined });
    expect(told).toBeGreaterThan(0);
    await last.broker.close();
    const world = await scriptedWorld({ provider: last.provider, vault: last.vault, clock: last.clock });
    expect(world.broker.state()).toMatchObject({ problem: undefined, ended: undefined });
  });
});

describe('the disk', () => {
  test('what is not on disk is still said after a sign-out', async () => {
    const world = await signedIn();
    world.vault.saveFailure = new Error('no space left on device');
    await world.broker.token(editor, refreshGrant);
    expect(world.broker.state().problem?.message).toContain('no space left');
    await world.broker.signOut();
    expect(world.broker.state().problem?.message).toContain('no space left');
  });

  test('what is not on disk is still said after a sign-in at the tray', async () => {
    const world = await signedIn();
    world.vault.saveFailure = new Error('no space left on device');
    await world.broker.token(editor, refreshGrant);
    signsInNext(world, ada);
    await world.broker.signIn();
    expect(world.broker.state().person).toMatchObject({ subject: ada });
    expect(world.broker.state().problem?.message).toContain('no space left');
  });

  test('what is not on disk is still said when another problem was solved meanwhile', async () => {
    const world = await signedIn();
    world.vault.saveFailure = new Error('no space left on device');
    await world.broker.token(editor, refreshGrant);
    world.provider.answers.set('/oauth/token', refuse(401, 'invalid_client'));
    world.clock.advance(5 * second);
    await world.broker.token(editor, refreshGrant);
    expect(world.broker.state().problem?.message).toContain('invalid_client');
    world.provider.answers.delete('/oauth/token');
    await world.broker.renew();
    expect(world.broker.state().problem?.message).toContain('no space left');
    world.vault.saveFailure = undefined;
    world.clock.advance(10 * second);
    await vi.waitFor(() => expect(world.broker.state().problem).toBeUndefined());
  });

  test('a window or tray that fails to show something keeps nothing from being saved', async () => {
    const world = await signedIn();
    const stop = world.broker.onChange(() => {
      throw new Error('Object has been destroyed');
    });
    world.vault.saveFailure = new Error('no space left on device');
    await world.broker.token(editor, refreshGrant);
    stop();
    world.vault.saveFailure = undefined;
    world.clock.advance(5 * second);
    const { accessToken } = await world.broker.token(editor, refreshGrant);
    expect(storedAccountOf(world.vault).accessToken).toBe(accessToken);
    expect(world.broker.state().problem).toBeUndefined();
  });

  test('a replaced refresh token is revoked as soon as the new one is on disk, also when that took two tries [T10]', async () => {
    // Of two sessions in browsers one may be revoked while the other is kept (T19).
    const world = await grantWorld('session');
    await signsIn(world, { sid: 'one' });
    const { refreshToken } = storedAccountOf(world.vault);
    world.vault.saveFailure = new Error('no space left on device');
    await signsIn(world, { sid: 'two' });
    await settled(world);
    expect(world.provider.count('/oauth/revoke')).toBe(0);
    world.vault.saveFailure = undefined;
    world.clock.advance(10 * second);
    await settled(world);
    expect(world.provider.requests.filter(({ path }) => path === '/oauth/revoke')).toMatchObject([
      { parameters: { token: refreshToken } },
    ]);
    await vi.waitFor(() => expect(world.vault.state?.revocations).toEqual([]));
  });

  test('a keyring that does not answer holds up neither the sign-out nor its revocation [T10]', async () => {
    const world = await signedIn();
    const { refreshToken } = storedAccountOf(world.vault);
    holdSaves(world);
    let isDone = false;
    const signingOut = world.broker.signOut().then(() => {
      isDone = true;
    });
    await tenSeconds(world);
    expect(isDone).toBe(true);
    await signingOut;
    await settled(world);
    expect(world.provider.requests).toMatchObject([{ path: '/oauth/revoke', parameters: { token: refreshToken } }]);
  });

  test('a keyring that does not answer holds up no sign-in for longer than ten seconds', async () => {
    const world = await scriptedWorld();
    const release = holdSaves(world);
    let isDone = false;
    void signInAs(world).then(() => {
      isDone = true;
    });
    await vi.waitFor(() => expect(world.broker.state().person).toBeDefined());
    await tenSeconds(world);
    await settled(world);
    expect(isDone).toBe(true);
    expect(world.broker.state().problem?.message).toContain('does not answer');
    release();
    await vi.waitFor(() => expect(world.broker.state().problem).toBeUndefined());
    expect(storedAccountOf(world.vault).subject).toBe(ada);
  });

  test('a keyring that does not answer holds up the caller of an ended token once, not for every write', async () => {
    const world = await signedIn();
    world.clock.jump(2 * hour);
    holdSaves(world);
    let token: string | undefined;
    void world.broker.accessToken().then((given) => {
      token = given.accessToken;
    });
    await settled(world);
    await tenSeconds(world);
    await vi.waitFor(() => expect(token).toBeDefined());
  });
});

describe('wrong answers', () => {
  const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

  test('a provider that ignores the audience (as Auth0 does without a policy): its own token is not handed out as the other', async () => {
    const own = 'https://api.example/';
    const provider = new ScriptedProvider();
    provider.tokens = { access_token: jwt({ aud: [own, 'https://tenant.example/userinfo'] }) };
    const world = await scriptedWorld({ provider, settings: { audience: own } });
    await signInAs(world);
    provider.tokens = { ...provider.tokens, id_token: undefined };
    const refused = await failureOf(world.broker.accessToken({ audience: 'https://other.test/' }));
    expect(refused).toMatchObject({ code: 'provider_error' });
    provider.tokens = { access_token: jwt({ aud: 'https://third.test/' }), id_token: undefined };
    expect((await world.broker.accessToken({ audience: 'https://third.test/' })).accessToken).toBeTruthy();
    provider.tokens = { access_token: 'opaque', id_token: undefined };
    expect((await world.broker.accessToken({ audience: 'https://fourth.test/' })).accessToken).toBe('opaque');
  });

  test('a refresh that waits while the same person signs in anew hands out the refresh token that is still good', async () => {
    const world = await signedIn({ settings: { exposeRefreshToken: true } });
    const answer = deferred<Response>();
    world.provider.answers.set('/oauth/token', () => answer.promise);
    const waiting = world.broker.token(editor, refreshGrant);
    await vi.waitFor(() => expect(refreshes(world)).toBe(1));
    world.provider.answers.delete('/oauth/token');
    signsInNext(world, ada);
    await signInAs(world);
    answer.resolve(Response.json({ error: 'invalid_grant' }, { status: 400 }));
    expect((await waiting).refreshToken).toBe(storedAccountOf(world.vault).refreshToken);
  });
});

test('a refresh token that a new sign-in has brought again is not revoked for an old sign-out [T10]', async () => {
  const provider = new ScriptedProvider();
  provider.tokens = { refresh_token: 'the-same' };
  const world = await scriptedWorld({ provider });
  await signInAs(world);
  provider.answers.set('/oauth/revoke', offline);
  await world.broker.signOut();
  await settled(world);
  await signInAs(world);
  provider.answers.delete('/oauth/revoke');
  provider.requests.length = 0;
  world.clock.advance(5 * minute);
  await settled(world);
  expect(provider.count('/oauth/revoke')).toBe(0);
});

test('a sign-out while a new sign-in of the same person is being written: nothing of either stays [T10]', async () => {
  const world = await signedIn();
  const release = holdSaves(world);
  signsInNext(world, ada);
  const signingIn = signInAs(world).catch(() => undefined);
  await vi.waitFor(() => expect(refreshes(world)).toBe(1));
  await settled(world);
  const signingOut = world.broker.signOut();
  await settled(world);
  release();
  await Promise.all([signingIn, signingOut]);
  await vi.waitFor(() => expect(world.vault.state).toMatchObject({ accounts: [], revocations: [] }));
  expect(world.provider.count('/oauth/revoke')).toBe(2);
  expect(world.broker.state().person).toBeUndefined();
});
