import { expect, test } from 'vitest';
import { editor, type LocalWorld, localWorld, signInAs } from '../../../testing/brokerWorld.ts';

const ada = 'auth0|ada-lovelace';
const mallory = 'auth0|mallory-attacker';
const timeout = 60_000;

/** The signed-in people, the active one first. */
const peopleOf = ({ broker }: LocalWorld) => {
  const { person, others } = broker.state();
  return [person?.subject, ...others.map(({ subject }) => subject)];
};

/** A program asks for a signed-in person; the login page stays open. */
async function waiting(): Promise<LocalWorld & { readonly page: string; readonly asked: Promise<unknown> }> {
  const world = await localWorld({ person: null });
  const asked = world.broker.ensureSignedIn(editor, timeout);
  return { ...world, asked, page: await world.browser.tab() };
}

test('a login of /os/sign_in that ends after somebody has signed in adds its account, and switches nothing [T18]', async () => {
  const world = await waiting();
  const { broker, browser } = world;
  const added = broker.addAccount();
  await browser.finish(await browser.tab(1), 'Ada Lovelace');
  await added;
  expect(peopleOf(world)).toEqual([ada]);
  await browser.finish(world.page, 'Mallory Attacker');
  expect(peopleOf(world)).toEqual([ada, mallory]);
  expect(broker.state()).toMatchObject({ signedInByProgram: false, switchedFrom: undefined });
});

test('one that the person joins at the tray is theirs [T18]', async () => {
  const world = await waiting();
  const { broker, browser } = world;
  expect(broker.state().waiting?.requestedBy).toBe('program');
  const own = broker.signIn();
  await expect.poll(() => broker.state().waiting?.requestedBy).toBe('loopgate');
  await browser.finish(world.page, 'Ada Lovelace');
  await own;
  expect(peopleOf(world)).toEqual([ada]);
  expect(broker.state().signedInByProgram).toBe(false);
});

test.each<[string, (world: LocalWorld) => Promise<unknown>]>([
  ['/os/sign_in', ({ broker }) => broker.ensureSignedIn(editor, timeout)],
  ['/pkce/code and /pkce/token', (world) => signInAs(world)],
])(
  'with nobody signed in, who comes by %s is active, and that is said; the log does not name them [T18]',
  async (_by, signIn) => {
    const world = await localWorld();
    await signIn(world);
    expect(peopleOf(world)).toEqual([ada]);
    expect(world.broker.state().signedInByProgram).toBe(true);
    const log = world.log.lines.join('\n');
    expect(log).toContain('signed in by a program while nobody was');
    expect(log).not.toMatch(/lovelace/i);
  },
);

test.each<[string, (world: LocalWorld) => Promise<void> | void]>([
  ['the person keeps it', ({ broker }) => broker.acceptSwitch()],
  ['the person undoes it', ({ broker }) => broker.signOutAccount(broker.state().person?.account ?? '')],
  ['the person signs in', ({ broker }) => broker.addAccount()],
  ['somebody signs out', ({ broker }) => broker.signOut()],
])('that a program signed somebody in is said until %s [T18]', async (_what, happens) => {
  const world = await localWorld();
  await world.broker.ensureSignedIn(editor, timeout);
  await happens(world);
  expect(world.broker.state().signedInByProgram).toBe(false);
});

test('who goes back to that account later has chosen it: no program is said to have [T18]', async () => {
  const world = await localWorld();
  const { broker } = world;
  await broker.ensureSignedIn(editor, timeout);
  const arrived = broker.state().person?.account ?? '';
  await signInAs(world, 'Mallory Attacker');
  await broker.switchAccount(broker.state().others[0]?.account ?? '');
  await broker.switchAccount(arrived);
  expect(peopleOf(world)).toEqual([ada, mallory]);
  expect(broker.state().signedInByProgram).toBe(false);
});

test('the person’s own sign-in is not said to be a program’s, nor is a second account of a program’s [T18]', async () => {
  const world = await localWorld();
  await world.broker.signIn();
  expect(world.broker.state().signedInByProgram).toBe(false);
  await signInAs(world, 'Mallory Attacker');
  expect(peopleOf(world)).toEqual([ada, mallory]);
  expect(world.broker.state().signedInByProgram).toBe(false);
});
