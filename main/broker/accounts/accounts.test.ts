import { expect, test, vi } from 'vitest';
import { inEnglish, type Message, verbatim } from '../../../preload/texts/messages.ts';
import {
  ada,
  editor,
  exchangeOf,
  failureOf,
  localProvider,
  localWorld,
  neverOpened,
  ownChallenge,
  refreshGrant,
  scriptedWorld,
  signInAs,
  storedAccountOf,
  TestVault,
} from '../../../testing/brokerWorld.ts';
import { grantWorld, signsIn } from '../../../testing/grantWorld.ts';
import { latch } from '../../../testing/latch.ts';
import { accountKey } from '../session/account.ts';
import { MemoryVault, parseStoredState, type StoredState, VaultUnreadable } from '../session/vault.ts';

const grace = 'auth0|grace-hopper';
const goodbye = 'https://tool.example/goodbye';
const empty: StoredState = { version: 1, accounts: [], revocations: [] };

const noticeOf = ({ notice }: { notice?: Message }) => notice && inEnglish(notice);

test('a person is issuer and subject: the same subject at another issuer is somebody else [T3]', () => {
  const one = accountKey({ issuer: 'https://one.example/', subject: ada });
  expect(accountKey({ issuer: 'https://two.example/', subject: ada })).not.toBe(one);
  expect(accountKey({ issuer: 'https://one.example/', subject: grace })).not.toBe(one);
  expect(accountKey({ issuer: 'a"', subject: 'b' })).not.toBe(accountKey({ issuer: 'a', subject: '"b' }));
});

test('two subjects with the same e-mail address are two people [T3]', async () => {
  const world = await scriptedWorld();
  world.provider.claims = { email: 'ada@example.test' };
  await signInAs(world);
  world.provider.claims = { email: 'ada@example.test', sub: 'google|ada' };
  world.provider.profile = { sub: 'google|ada' };
  await signInAs(world);
  const { person, others } = world.broker.state();
  expect([person?.subject, ...others.map(({ subject }) => subject)]).toEqual([ada, 'google|ada']);
});

test('another person who signs in through the API is added, and does not become the active one [T18]', async () => {
  const world = await localWorld();
  await signInAs(world);
  const second = await signInAs(world, 'Grace Hopper');
  expect(second.profile).toMatchObject({ sub: grace });
  expect(world.broker.state()).toMatchObject({ person: { subject: ada }, others: [{ subject: grace }] });
  expect(await world.broker.userInfo()).toMatchObject({ sub: ada });
  expect(world.vault.state?.accounts).toHaveLength(2);
});

test('another person who signs in at the tray becomes the active one [T18]', async () => {
  const world = await localWorld();
  await signInAs(world);
  world.browser.person = 'Grace Hopper';
  await world.broker.signIn();
  expect(world.broker.state()).toMatchObject({ person: { subject: grace }, others: [{ subject: ada }] });
  expect(await world.broker.userInfo()).toMatchObject({ sub: grace });
});

test('the first person who signs in through the API becomes the active one [T18]', async () => {
  const world = await localWorld();
  await signInAs(world, 'Grace Hopper');
  expect(world.broker.state()).toMatchObject({ person: { subject: grace }, others: [] });
});

test('after the active person has signed out nobody else takes their place [T18]', async () => {
  const world = await localWorld();
  await signInAs(world);
  await signInAs(world, 'Grace Hopper');
  await world.broker.signOut();
  expect(world.broker.state()).toMatchObject({ person: undefined, others: [{ subject: grace }] });
  expect((await failureOf(world.broker.userInfo())).code).toBe('not_signed_in');
});

test('after the session of the active person has ended nobody else takes their place [T18]', async () => {
  const world = await localWorld();
  await signInAs(world);
  await signInAs(world, 'Grace Hopper');
  world.provider.revokeAll(ada);
  await failureOf(world.broker.token(editor, refreshGrant));
  expect(world.broker.state()).toMatchObject({ person: undefined, others: [{ subject: grace }] });
  expect((await failureOf(world.broker.token(editor, refreshGrant))).code).toBe('not_signed_in');
});

test('the person at the tray can switch between accounts, and the choice is there after a restart', async () => {
  const world = await localWorld();
  await signInAs(world);
  await signInAs(world, 'Grace Hopper');
  const [other] = world.broker.state().others;
  await world.broker.switchAccount(other?.account ?? '');
  expect(await world.broker.userInfo()).toMatchObject({ sub: grace });
  const { provider, vault } = world;
  const again = neverOpened(await localWorld({ provider, vault }));
  expect(again.broker.state()).toMatchObject({ person: { subject: grace }, others: [{ subject: ada }] });
});

test('an account that is not there cannot be switched to', async () => {
  const world = await localWorld();
  await signInAs(world);
  expect((await failureOf(world.broker.switchAccount('nobody'))).code).toBe('not_found');
  expect(world.broker.state().person).toMatchObject({ subject: ada });
});

test('the refresh token that a new sign-in of the same person replaces waits, and is revoked after the sign-out [T19]', async () => {
  const world = await localWorld();
  await signInAs(world);
  const { refreshToken: replaced } = storedAccountOf(world.vault);
  await signInAs(world);
  expect(world.vault.state).toMatchObject({ accounts: [{ subject: ada }], revocations: [{ token: replaced }] });
  expect((await world.broker.token(editor, refreshGrant)).accessToken).not.toBe('');
  expect(world.provider.count('/oauth/revoke')).toBe(0);
  await world.broker.signOut();
  const { parameters } = await world.provider.waitFor(
    ({ path, parameters: { token } }) => path === '/oauth/revoke' && token === replaced,
  );
  expect(parameters).toMatchObject({ client_id: 'loopgate-demo', token_type_hint: 'refresh_token' });
  await expect.poll(() => world.vault.state).toEqual(empty);
});

test('the refresh token that is replaced is revoked only after the new one is on disk [T4]', async () => {
  // Of two sessions in browsers one may be revoked while the other is kept (T19).
  const world = await grantWorld('session');
  await signsIn(world, { sid: 'one' });
  const { refreshToken } = storedAccountOf(world.vault);
  let revokedBefore = 0;
  world.vault.beforeSave = async () => {
    if (storedAccountOf(world.vault).refreshToken === refreshToken)
      revokedBefore += world.provider.count('/oauth/revoke');
  };
  await signsIn(world, { sid: 'two' });
  await vi.waitFor(() => expect(world.grants.wasRevoked(refreshToken ?? '')).toBe(true));
  expect(revokedBefore).toBe(0);
  expect(world.broker.state().problem).toBeUndefined();
});

test('the access token of a sign-in is handed to nobody before the sign-in is on disk [T4]', async () => {
  const world = await localWorld();
  const [saving, saved] = [latch(), latch()];
  world.vault.beforeSave = () => {
    saving.open();
    return saved.opened;
  };
  const signedIn = signInAs(world);
  await saving.opened;
  const onDisk: boolean[] = [];
  const callers = [1, 2].map(() =>
    world.broker.accessToken().then(() => onDisk.push((world.vault.state?.accounts.length ?? 0) > 0)),
  );
  // A caller that need not wait has the token after a few turns of the event loop.
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(onDisk).toEqual([]);
  saved.open();
  await Promise.all([signedIn, ...callers]);
  expect(onDisk).toEqual([true, true]);
});

test('a sign-out wipes first, and revokes after [T10]', async () => {
  const world = await localWorld();
  await signInAs(world);
  const { refreshToken } = storedAccountOf(world.vault);
  const lift = world.provider.fault('/oauth/revoke', { hang: true });
  await world.broker.signOut();
  expect(world.broker.state()).toMatchObject({ person: undefined, others: [] });
  expect(world.vault.state?.accounts).toEqual([]);
  const { parameters } = await world.provider.waitFor(({ path }) => path === '/oauth/revoke');
  expect(parameters).toMatchObject({ token: refreshToken, token_type_hint: 'refresh_token' });
  lift();
  await expect.poll(() => world.vault.state).toEqual(empty);
  expect(world.browser.opened).toHaveLength(1);
});

test('what is stored after a sign-out holds no access token, ID token or profile [T10]', async () => {
  const world = await localWorld();
  await signInAs(world);
  const { accessToken, idToken } = storedAccountOf(world.vault);
  await world.broker.signOut();
  const stored = JSON.stringify(world.vault.state);
  for (const wiped of [accessToken, idToken, ada, 'Ada Lovelace']) expect(stored).not.toContain(wiped);
});

test('offline a sign-out still wipes, and the revocation is tried at the next start [T10]', async () => {
  const world = await localWorld();
  await signInAs(world);
  const { refreshToken } = storedAccountOf(world.vault);
  const lift = world.provider.fault('/oauth/revoke', { drop: true });
  await world.broker.signOut();
  expect(world.broker.state().person).toBeUndefined();
  await world.provider.waitFor(({ path }) => path === '/oauth/revoke');
  await world.broker.close();
  expect(world.vault.state).toMatchObject({ accounts: [], revocations: [{ token: refreshToken }] });
  lift();
  const { vault, provider } = world;
  provider.clearRequests();
  neverOpened(await localWorld({ vault, provider }));
  const { parameters } = await provider.waitFor(({ path }) => path === '/oauth/revoke');
  expect(parameters.token).toBe(refreshToken);
  await expect.poll(() => vault.state).toEqual(empty);
});

/** A sign-out whose revocation could not be sent: what the next start finds. */
function unsentRevocation(issuer: string): TestVault {
  return new TestVault({ ...empty, revocations: [{ issuer, clientId: 'loopgate-demo', token: 'a refresh token' }] });
}

test.each([
  ['503', { status: 503 }],
  ['429', { status: 429 }],
  ['a dropped connection', { drop: true }],
] as const)('a revocation that meets %s is kept for the next start [T10]', async (_what, fault) => {
  const provider = await localProvider();
  provider.fault('/oauth/revoke', fault);
  const vault = unsentRevocation(provider.issuer);
  const { broker } = neverOpened(await localWorld({ provider, vault }));
  await provider.waitFor(({ path }) => path === '/oauth/revoke');
  await broker.signOut();
  await broker.close();
  expect(vault.state?.revocations).toHaveLength(1);
});

test('a revocation that the provider refuses for good is not tried for ever [T10]', async () => {
  const provider = await localProvider();
  provider.fault('/oauth/revoke', { status: 400, body: { error: 'unsupported_token_type' } });
  const vault = unsentRevocation(provider.issuer);
  neverOpened(await localWorld({ provider, vault }));
  await expect.poll(() => vault.state?.revocations).toEqual([]);
});

test('a revocation that never reached the endpoint, for the metadata could not be read, is kept [T10]', async () => {
  const provider = await localProvider();
  provider.fault('/.well-known/openid-configuration', { status: 404, body: 'no such tenant' });
  const vault = unsentRevocation(provider.issuer);
  const { broker } = neverOpened(await localWorld({ provider, vault }));
  await failureOf(broker.authorize(editor, {}));
  await broker.signOut();
  await broker.close();
  expect(vault.state?.revocations).toHaveLength(1);
});

test("a refresh token is revoked at its own issuer only: another provider's is never sent to the configured one [T9]", async () => {
  const provider = await localProvider();
  const vault = unsentRevocation('https://former-tenant.example/');
  const world = await localWorld({ provider, vault });
  await signInAs(world);
  await world.broker.signOut();
  await provider.waitFor(({ path }) => path === '/oauth/revoke');
  await world.broker.close();
  const sent = provider.requests.map(({ parameters }) => parameters.token);
  expect(sent).not.toContain('a refresh token');
  expect(vault.state?.revocations).toContainEqual(expect.objectContaining({ token: 'a refresh token' }));
});

test("logout opens the provider's logout with client_id, and without an ID token [W14]", async () => {
  const world = await localWorld();
  await signInAs(world);
  expect(await world.broker.signOutAtProvider({ openBrowser: true })).toBeUndefined();
  expect(world.broker.state().person).toBeUndefined();
  const opened = await world.browser.tab(1);
  expect(opened).toBe(`${world.provider.issuer}v2/logout?client_id=loopgate-demo`);
  await world.provider.waitFor(({ path }) => path === '/oauth/revoke');
});

test('for a browser that came by itself the address is given and nothing is opened [W14]', async () => {
  const world = await localWorld({ settings: { returnTo: [goodbye] } });
  await signInAs(world);
  const given = await world.broker.signOutAtProvider({ openBrowser: false, returnTo: goodbye });
  expect(given).toBe(
    `${world.provider.issuer}v2/logout?client_id=loopgate-demo&returnTo=${encodeURIComponent(goodbye)}`,
  );
  expect(world.browser.opened).toHaveLength(1);
});

test.each([goodbye.slice(0, -1), `${goodbye}/`, `${goodbye}?x`, 'javascript:alert(1)', ''])(
  'a returnTo that is not on the list is refused, and nobody is signed out: %j [T11]',
  async (returnTo) => {
    const world = await scriptedWorld({ settings: { returnTo: [goodbye] } });
    await signInAs(world);
    const failure = await failureOf(world.broker.signOutAtProvider({ returnTo, openBrowser: true }));
    expect(failure).toMatchObject({ code: 'invalid_request', message: expect.stringContaining('returnTo') });
    expect(world.broker.state().person).toMatchObject({ subject: ada });
    expect(world.browser.opened).toHaveLength(1);
  },
);

test('a logout with a client_id that is not known is refused, and nobody is signed out [W12]', async () => {
  const world = await scriptedWorld({ settings: { clients: ['known'] } });
  world.provider.metadata = { end_session_endpoint: 'https://tenant.example/logout' };
  await signInAs(world);
  expect((await failureOf(world.broker.signOutAtProvider({ clientId: 'unknown', openBrowser: true }))).code).toBe(
    'invalid_request',
  );
  expect(world.broker.state().person).toMatchObject({ subject: ada });
  const given = await world.broker.signOutAtProvider({ clientId: 'known', openBrowser: false });
  expect(new URL(given ?? '').searchParams.get('client_id')).toBe('known');
});

test('a logout works offline, and opens nothing that it does not know [W14]', async () => {
  const evening = await localWorld();
  await signInAs(evening);
  const { provider, vault } = evening;
  const offline = neverOpened(
    await localWorld({ provider, vault, fetch: () => Promise.reject(new TypeError('fetch failed')) }),
  );
  expect(offline.broker.state().person).toMatchObject({ subject: ada });
  expect(await offline.broker.signOutAtProvider({ openBrowser: false })).toBeUndefined();
  await offline.broker.signOutAtProvider({ openBrowser: true });
  expect(vault.state).toMatchObject({ accounts: [], revocations: [{ clientId: 'loopgate-demo' }] });
});

test('a logout of nobody opens no tab [W14]', async () => {
  const { broker, vault } = neverOpened(await localWorld());
  await broker.signOutAtProvider({ openBrowser: true });
  await broker.close();
  expect(vault.state?.accounts ?? []).toEqual([]);
});

test('ten sign-outs at once are one [T10]', async () => {
  const world = await localWorld();
  await signInAs(world);
  await Promise.all(Array.from({ length: 10 }, () => world.broker.signOut()));
  await expect.poll(() => world.vault.state).toEqual(empty);
  expect(world.provider.count('/oauth/revoke')).toBe(1);
});

test('a vault that cannot be read signs the person out with the reason, and takes the next sign-in', async () => {
  const vault = new TestVault();
  vault.loadFailure = new VaultUnreadable(verbatim('the stored session cannot be decrypted'));
  const world = await localWorld({ vault });
  const reason = { code: 'not_signed_in', message: expect.stringContaining('the stored session cannot be decrypted') };
  expect(world.broker.state()).toMatchObject({ ready: true, person: undefined, problem: reason });
  expect(await failureOf(world.broker.userInfo())).toMatchObject(reason);
  await signInAs(world);
  expect(world.broker.state()).toMatchObject({ person: { subject: ada }, problem: undefined });
  expect(storedAccountOf(vault).subject).toBe(ada);
});

test('a vault that fails with something that is not an error is said to fail for an unknown reason', async () => {
  const vault = new TestVault();
  const world = await localWorld({ vault });
  vault.saveFailure = { code: 7 } as unknown as Error;
  await signInAs(world);
  expect(world.broker.state().problem?.happened).toContain('could not be saved (unknown reason)');
});

test('a vault that could not even be set aside is not written over: the session is kept for this run only', async () => {
  const vault = new TestVault(empty);
  vault.loadFailure = new Error('EACCES: permission denied, open /secret/place');
  const world = await localWorld({ vault });
  expect(world.broker.state()).toMatchObject({ person: undefined, problem: { code: 'not_signed_in' } });
  expect(noticeOf(world.broker.state().vault)).toContain('this run only');
  await signInAs(world);
  expect(world.broker.state().person).toMatchObject({ subject: ada });
  expect(vault.saves).toEqual([]);
});

test('a session that cannot be saved is usable all the same, and the person reads that it will not last', async () => {
  const vault = new TestVault();
  vault.saveFailure = new Error('no space left on device');
  const world = await localWorld({ vault });
  const result = await signInAs(world);
  expect(result).toMatchObject({ profile: { sub: ada } });
  expect(world.broker.state()).toMatchObject({
    person: { subject: ada },
    problem: { message: expect.stringContaining('no space left on device') },
  });
  expect((await world.broker.token(editor, refreshGrant)).accessToken).not.toBe(result.accessToken);
  vault.saveFailure = undefined;
  world.clock.advance(5_000);
  await world.broker.token(editor, refreshGrant);
  expect(storedAccountOf(vault).subject).toBe(ada);
});

test('a sign-out that cannot be saved is said as such: the person is not told that a session lasts', async () => {
  const world = await localWorld();
  await signInAs(world);
  world.vault.saveFailure = new Error('no space left on device');
  await world.broker.signOut();
  expect(world.broker.state()).toMatchObject({
    person: undefined,
    problem: { message: expect.stringContaining('no space left') },
  });
  expect(world.broker.state().problem?.message).not.toContain('it lasts until Loopgate is closed');
});

test('the API may be asked before the vault is read: whoever needs the session waits for it', async () => {
  const evening = await localWorld();
  await signInAs(evening);
  const { provider } = evening;
  let unlock = (): void => undefined;
  const unlocked = new Promise<void>((resolve) => {
    unlock = resolve;
  });
  class LockedVault extends TestVault {
    override async load(): Promise<StoredState | undefined> {
      await unlocked;
      return super.load();
    }
  }
  const vault = new LockedVault(evening.vault.state);
  const { broker } = neverOpened(await localWorld({ provider, vault, ready: false }));
  expect(broker.state()).toMatchObject({ ready: false, person: undefined });
  const answers = [broker.userInfo(), broker.token(editor, refreshGrant)];
  const { state } = broker.challenge(editor);
  expect(state).not.toBe('');
  unlock();
  expect(await Promise.all(answers)).toMatchObject([{ sub: ada }, { profile: { sub: ada } }]);
  expect(broker.state()).toMatchObject({ ready: true, person: { subject: ada } });
});

test('a sign-out while the vault is still being read waits for it, and wipes', async () => {
  const evening = await localWorld();
  await signInAs(evening);
  const { provider, vault } = evening;
  const { broker } = neverOpened(await localWorld({ provider, vault, ready: false }));
  await broker.signOut();
  expect(broker.state().person).toBeUndefined();
  expect(vault.state?.accounts).toEqual([]);
});

test.each([
  ['client', { clientId: 'another' }],
  ['audience', { audience: 'https://api.loopgate.test/' }],
])(
  'an account of another %s than the configured one is not used, and kept for when that is configured again',
  async (_what, settings) => {
    const before = await localWorld();
    await signInAs(before);
    const { provider, vault } = before;
    const other = neverOpened(await localWorld({ provider, vault, settings }));
    expect(other.broker.state()).toMatchObject({ person: undefined, others: [] });
    expect((await failureOf(other.broker.userInfo())).code).toBe('not_signed_in');
    await other.broker.signOut();
    const again = neverOpened(await localWorld({ provider, vault }));
    const { person, others } = again.broker.state();
    expect([person, ...others].map((one) => one?.subject)).toContain(ada);
  },
);

test('an account is found again when the issuer is written without its slash [T14]', async () => {
  const before = await localWorld();
  await signInAs(before);
  const { provider, vault } = before;
  const again = neverOpened(await localWorld({ provider, vault, settings: { issuer: provider.issuer.slice(0, -1) } }));
  expect(again.broker.state().person).toMatchObject({ subject: ada });
  expect((await again.broker.token(editor, refreshGrant)).accessToken).not.toBe('');
});

test('two people who sign in at the same moment are both kept', async () => {
  const world = await localWorld({ person: null });
  const [first, second] = [ownChallenge('the first verifier'), ownChallenge('the second verifier')];
  const signIns = [first, second].map(({ codeChallenge }) => world.broker.authorize(editor, { codeChallenge }));
  await Promise.all([
    world.browser.finish(await world.browser.tab(0), 'Ada Lovelace'),
    world.browser.finish(await world.browser.tab(1), 'Grace Hopper'),
  ]);
  const [one, two] = await Promise.all(signIns);
  if (!one || !two) throw new Error('no codes');
  await Promise.all([
    world.broker.token(editor, exchangeOf(one, { codeVerifier: first.codeVerifier })),
    world.broker.token(editor, exchangeOf(two, { codeVerifier: second.codeVerifier })),
  ]);
  const { person, others } = world.broker.state();
  expect([person?.subject, ...others.map(({ subject }) => subject)].sort()).toEqual([ada, grace]);
  expect(world.vault.state?.accounts).toHaveLength(2);
});

test('a memory vault gives back what was saved, apart from what is changed later', async () => {
  const vault = new MemoryVault(verbatim('Kept for this run only.'));
  expect(await vault.load()).toBeUndefined();
  const state: StoredState = { ...empty, revocations: [] };
  await vault.save(state);
  state.revocations.push({ issuer: 'i', clientId: 'c', token: 't' });
  expect(await vault.load()).toEqual(empty);
  expect(noticeOf(vault.location)).toBe('Kept for this run only.');
});

test.each([
  ['not JSON', '{', 'not complete'],
  ['another version', JSON.stringify({ ...empty, version: 2 }), 'another version'],
  ['a member missing', JSON.stringify({ version: 1, accounts: [] }), 'another version'],
  ['null', 'null', 'another version'],
])('what a vault has decrypted is refused when it is %s, without quoting it', (_what, json, words) => {
  expect(() => parseStoredState(json)).toThrow(VaultUnreadable);
  expect(() => parseStoredState(json)).toThrow(words);
});

test('what a vault has written is read', async () => {
  const world = await localWorld();
  await signInAs(world);
  expect(parseStoredState(JSON.stringify(world.vault.state))).toEqual(world.vault.state);
});
