import { expect, test } from 'vitest';
import type { IdentityProvider } from '../../../demo/identity-provider/provider.ts';
import {
  ada,
  editor,
  exchangeOf,
  failureOf,
  type LocalWorld,
  localProvider,
  localWorld,
  neverOpened,
  refreshGrant,
  signInAs,
  TestVault,
  withEndedAccessToken,
} from '../../../testing/brokerWorld.ts';
import type { Broker } from '../broker.ts';

const grace = 'auth0|grace-hopper';
const mary = 'auth0|mary-jackson';

/** A world where Ada is active and the others have signed in through the API after her. */
async function signedIn(...others: string[]): Promise<LocalWorld> {
  // Short enough that an access token can end before the two clocks differ too much (T15).
  const world = await localWorld({ providerOptions: { accessTokenSeconds: 40 } });
  await signInAs(world);
  for (const name of others) await signInAs(world, name);
  world.browser.person = undefined;
  return world;
}

/** The signed-in people, the active one first; undefined in the first place when no account is active. */
function peopleOf(broker: Broker): (string | undefined)[] {
  const { person, others } = broker.state();
  return [person?.subject, ...others.map(({ subject }) => subject)];
}

function switchedFrom(broker: Broker): string | undefined {
  return broker.state().switchedFrom?.subject;
}

async function accountOf(broker: Broker, subject: string): Promise<string> {
  return (await broker.personWithSubject(subject)).account;
}

function renewals(provider: IdentityProvider): number {
  return provider.requests.filter(({ parameters }) => parameters.grant_type === 'refresh_token').length;
}

test('a sign-in through the API adds a person, who is listed behind the active one [T18]', async () => {
  const { broker } = await signedIn('Grace Hopper', 'Mary Jackson');
  expect((await broker.people()).map(({ subject }) => subject)).toEqual([ada, grace, mary]);
  expect(switchedFrom(broker)).toBeUndefined();
});

test('the active person is listed first, whoever signed in first', async () => {
  const { broker } = await signedIn('Grace Hopper', 'Mary Jackson');
  await broker.selectPerson(mary);
  expect((await broker.people()).map(({ subject }) => subject)).toEqual([mary, ada, grace]);
});

test('a switch opens no browser and asks the provider nothing while the stored access token is good', async () => {
  const { broker, browser, provider } = await signedIn('Grace Hopper');
  const opened = browser.opened.length;
  provider.clearRequests();
  expect(await broker.selectPerson(grace)).toMatchObject({ subject: grace, profile: { name: 'Grace Hopper' } });
  expect(await broker.userInfo()).toMatchObject({ sub: grace });
  expect((await broker.accessToken()).accessToken).not.toBe('');
  await broker.close();
  expect(provider.requests).toEqual([]);
  expect(browser.opened).toHaveLength(opened);
});

test('a switch to an account whose access token has ended renews it once, whoever asks, and opens no browser', async () => {
  const evening = await signedIn('Grace Hopper');
  await evening.broker.close();
  const { provider } = evening;
  provider.clearRequests();
  const lift = provider.fault('/oauth/token', { hang: true });
  const { broker } = neverOpened(await localWorld({ provider, vault: withEndedAccessToken(evening.vault) }));
  await broker.selectPerson(grace);
  const asked = Promise.all(Array.from({ length: 20 }, async () => (await broker.accessToken()).accessToken));
  await provider.waitFor(({ parameters }) => parameters.grant_type === 'refresh_token');
  lift();
  expect(new Set(await asked).size).toBe(1);
  await broker.close();
  // One for each account: Ada's was due at the start.
  const sent = provider.requests.filter(({ path }) => path === '/oauth/token').map(({ parameters }) => parameters);
  expect(sent).toHaveLength(new Set(sent.map(({ refresh_token: token }) => token)).size);
  expect(sent.length).toBeLessThanOrEqual(2);
});

test('a switch to an account whose access token ends meanwhile renews that one alone, once', async () => {
  const { broker, clock, provider } = await signedIn('Grace Hopper');
  clock.jump(40_000);
  provider.clearRequests();
  await broker.selectPerson(grace);
  const tokens = await Promise.all(Array.from({ length: 20 }, async () => (await broker.accessToken()).accessToken));
  expect(new Set(tokens).size).toBe(1);
  expect(renewals(provider)).toBe(1);
});

test('a person whom nobody knows cannot be selected, signed out or looked up, and nothing changes', async () => {
  const { broker } = await signedIn('Grace Hopper');
  const failures = [broker.selectPerson(mary), broker.personWithSubject(''), broker.signOutAccount(mary)].map(
    failureOf,
  );
  for (const failure of await Promise.all(failures)) {
    expect(failure).toMatchObject({ code: 'not_found', happened: 'Nobody with this id is signed in here.' });
  }
  expect(peopleOf(broker)).toEqual([ada, grace]);
  expect(switchedFrom(broker)).toBeUndefined();
});

test('signing out another person wipes and revokes that one alone [T10]', async () => {
  const { broker, provider, vault } = await signedIn('Grace Hopper');
  const hers = refreshTokenOf(vault, grace);
  await broker.signOutAccount(await accountOf(broker, grace));
  expect(peopleOf(broker)).toEqual([ada]);
  const { parameters } = await provider.waitFor(({ path }) => path === '/oauth/revoke');
  expect(parameters.token).toBe(hers);
  await expect.poll(() => vault.state?.revocations).toEqual([]);
  expect(provider.count('/oauth/revoke')).toBe(1);
  expect((await broker.token(editor, refreshGrant)).accessToken).not.toBe('');
});

test('signing out the active person leaves nobody active [T18]', async () => {
  const { broker, provider, vault } = await signedIn('Grace Hopper');
  const hers = refreshTokenOf(vault, ada);
  await broker.signOutAccount(await accountOf(broker, ada));
  expect(peopleOf(broker)).toEqual([undefined, grace]);
  expect((await failureOf(broker.accessToken())).code).toBe('not_signed_in');
  const { parameters } = await provider.waitFor(({ path }) => path === '/oauth/revoke');
  expect(parameters.token).toBe(hers);
});

test('the person is told who was active before a program switched [T18]', async () => {
  const { broker } = await signedIn('Grace Hopper', 'Mary Jackson');
  await broker.selectPerson(grace);
  expect(switchedFrom(broker)).toBe(ada);
  // The account that counts is the one that the person had, however often programs switch.
  await broker.selectPerson(mary);
  expect(switchedFrom(broker)).toBe(ada);
});

test('the person is told that a program made somebody active while nobody was [T18]', async () => {
  const { broker } = await signedIn('Grace Hopper');
  await broker.signOut();
  await broker.selectPerson(grace);
  expect(peopleOf(broker)).toEqual([grace]);
  expect(broker.state()).toMatchObject({ signedInByProgram: true, switchedFrom: undefined });
});

test('a program that selects the active person has switched nothing', async () => {
  const { broker } = await signedIn('Grace Hopper');
  await broker.selectPerson(ada);
  expect(switchedFrom(broker)).toBeUndefined();
});

test.each<[string, (world: LocalWorld) => Promise<void> | void]>([
  ['the person accepts it', ({ broker }) => broker.acceptSwitch()],
  ['the person switches', async ({ broker }) => broker.switchAccount(await accountOf(broker, mary))],
  ['the person switches back', async ({ broker }) => broker.switchAccount(await accountOf(broker, ada))],
  ['a program switches back', async ({ broker }) => void (await broker.selectPerson(ada))],
  ['the active person signs out', ({ broker }) => broker.signOut()],
  [
    'the active person is signed out by a program',
    async ({ broker }) => broker.signOutAccount(await accountOf(broker, grace)),
  ],
  ['the former person is signed out', async ({ broker }) => broker.signOutAccount(await accountOf(broker, ada))],
  ['the person signs in as the former one', (world) => signInAtTray(world, 'Ada Lovelace')],
  ['the person signs in as somebody else', (world) => signInAtTray(world, 'Katherine Johnson')],
  ['the person signs in as the present one', (world) => signInAtTray(world, 'Grace Hopper')],
])('that a program switched is told until %s [T18]', async (_what, happens) => {
  const world = await signedIn('Grace Hopper', 'Mary Jackson');
  await world.broker.selectPerson(grace);
  expect(switchedFrom(world.broker)).toBe(ada);
  await happens(world);
  expect(switchedFrom(world.broker)).toBeUndefined();
});

test('when the session that a program switched to has ended, the next sign-in is no switch [T18]', async () => {
  const world = await signedIn('Grace Hopper');
  await world.broker.selectPerson(grace);
  world.provider.revokeAll(grace);
  await failureOf(world.broker.token(editor, refreshGrant));
  expect(peopleOf(world.broker)).toEqual([undefined, ada]);
  expect(switchedFrom(world.broker)).toBeUndefined();
  await signInAs(world);
  expect(peopleOf(world.broker)).toEqual([ada]);
  expect(switchedFrom(world.broker)).toBeUndefined();
});

test('a switch survives a restart, and the account of before is still there', async () => {
  const world = await signedIn('Grace Hopper');
  await world.broker.selectPerson(grace);
  const { provider, vault } = world;
  await world.broker.close();
  const { broker } = neverOpened(await localWorld({ provider, vault }));
  expect(peopleOf(broker)).toEqual([grace, ada]);
  expect(await broker.userInfo()).toMatchObject({ sub: grace });
});

test('an account that ends while another one is active is said, and the active one stays [T5, T18]', async () => {
  const { broker, clock, provider, vault } = await signedIn('Grace Hopper');
  provider.revokeAll(grace);
  clock.advance(40_000);
  await expect.poll(() => peopleOf(broker)).toEqual([ada]);
  const { problem, ended } = broker.state();
  expect(problem).toMatchObject({ code: 'not_signed_in', message: expect.stringContaining('The session has ended') });
  expect(ended).toBeUndefined();
  expect(await broker.userInfo()).toMatchObject({ sub: ada });
  await expect.poll(() => vault.state?.accounts.map(({ subject }) => subject)).toEqual([ada]);
  // The next start must not complain about it.
  expect(vault.state?.ended).toBeUndefined();
});

/** Two applications at one provider, in one vault. */
async function twoApplications(): Promise<{ provider: IdentityProvider; other: { clientId: string } }> {
  const redirectUris = ['http://localhost:39300/pkce/response/code'];
  const provider = await localProvider({ clients: [{ clientId: 'other-application', redirectUris }] });
  return { provider, other: { clientId: 'other-application' } };
}

test.each([['the other application has nobody'], ['the other application has somebody too']])(
  'who was active is active again when the former application is configured again: %s',
  async (what) => {
    const { provider, other } = await twoApplications();
    const first = await localWorld({ provider });
    await signInAs(first);
    await signInAs(first, 'Grace Hopper');
    await first.broker.selectPerson(grace);
    await first.broker.close();
    const second = await localWorld({ provider, vault: first.vault, settings: other });
    expect(peopleOf(second.broker)).toEqual([undefined]);
    if (what.endsWith('too')) {
      second.browser.person = 'Mary Jackson';
      await second.broker.signIn();
      expect(peopleOf(second.broker)).toEqual([mary]);
    }
    await second.broker.close();
    const third = neverOpened(await localWorld({ provider, vault: first.vault }));
    expect(peopleOf(third.broker)).toEqual([grace, ada]);
  },
);

test('who is active in one application decides nothing in the other, also where both have the same people [T18]', async () => {
  const { provider, other } = await twoApplications();
  const first = await localWorld({ provider });
  await signInAs(first);
  await signInAs(first, 'Grace Hopper');
  await first.broker.close();
  const { vault } = first;
  const second = await localWorld({ provider, vault, settings: other });
  for (const name of ['Grace Hopper', 'Ada Lovelace']) {
    second.browser.person = name;
    const result = await second.broker.authorize(editor, {});
    await second.broker.token(editor, exchangeOf(result, other));
  }
  expect(peopleOf(second.broker)).toEqual([grace, ada]);
  await second.broker.close();
  const third = neverOpened(await localWorld({ provider, vault }));
  expect(peopleOf(third.broker)).toEqual([ada, grace]);
  await third.broker.signOut();
  await third.broker.close();
  const fourth = neverOpened(await localWorld({ provider, vault, settings: other }));
  expect(peopleOf(fourth.broker)).toEqual([grace, ada]);
});

test('the upstream provider’s session is ended when that is asked for, and else not [W14]', async () => {
  const { broker } = await signedIn();
  const federatedIn = async (federated?: boolean) => {
    const address = await broker.signOutAtProvider({
      openBrowser: false,
      ...(federated !== undefined && { federated }),
    });
    return new URL(address ?? '').searchParams.has('federated');
  };
  expect(await federatedIn()).toBe(false);
  expect(await federatedIn(false)).toBe(false);
  expect(await federatedIn(true)).toBe(true);
});

async function signInAtTray({ broker, browser }: LocalWorld, name: string): Promise<void> {
  browser.person = name;
  await broker.addAccount();
}

function refreshTokenOf(vault: TestVault, subject: string): string | undefined {
  return vault.state?.accounts.find((account) => account.subject === subject)?.refreshToken;
}

test('who was active in a vault of Loopgate 0.1 is active', async () => {
  const last = await signedIn('Grace Hopper');
  await last.broker.close();
  const { state } = last.vault;
  if (!state) throw new Error('nothing is stored');
  // Loopgate 0.1 wrote the active account without the settings.
  const vault = new TestVault({ ...state, active: JSON.stringify([last.provider.issuer, ada]) });
  const world = await localWorld({ provider: last.provider, vault, clock: last.clock });
  expect(peopleOf(world.broker)).toEqual([ada, grace]);
});
