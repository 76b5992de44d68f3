/** T5: however many callers ask while the provider is away, and however often, it gets one request in a few seconds. */
import { expect, test, vi } from 'vitest';
import {
  editor,
  exchangeOf,
  failureOf,
  refreshGrant,
  type ScriptedWorld,
  scriptedWorld,
  signInAs,
} from '../../../testing/brokerWorld.ts';
import { second } from '../../../testing/durations.ts';

const discovery = '/.well-known/openid-configuration';
const callers = 50;

const busy = (headers: Record<string, string> = {}) => new Response('busy', { status: 503, headers });

/** One after the other, because concurrent callers share the answer. */
async function allFail(ask: () => Promise<unknown>): Promise<void> {
  for (let caller = 0; caller < callers; caller += 1) {
    expect(await failureOf(ask())).toMatchObject({ code: 'provider_unreachable', retryable: true });
  }
}

const questions: [string, (world: ScriptedWorld) => Promise<unknown>][] = [
  ['a sign-in', ({ broker }) => broker.authorize(editor, {})],
  ['somebody to be signed in', ({ broker }) => broker.ensureSignedIn(editor, second)],
  ['a code for another device', ({ broker }) => broker.deviceCode(editor)],
  ['the profile of a token', ({ broker }) => broker.userInfo('of-somebody')],
  [
    'a token for a code of their own',
    ({ broker }) => broker.token(editor, { ...exchangeOf({ code: 'c', state: 's' }), codeVerifier: 'v'.repeat(43) }),
  ],
];

test.each(questions)('metadata that cannot be read, and callers who want %s', async (_what, ask) => {
  const world = await scriptedWorld();
  world.provider.answers.set(discovery, () => busy());
  await allFail(() => ask(world));
  expect(world.provider.count(discovery)).toBe(1);
  for (let past = 0; past < 60; past += 1) {
    world.clock.jump(second);
    await failureOf(ask(world));
  }
  expect(world.provider.count(discovery)).toBeLessThan(17);
  // A caller that asks after a repair may try within seconds.
  world.provider.answers.delete(discovery);
  world.clock.jump(5 * second);
  const before = world.provider.count(discovery);
  for (let caller = 0; caller < 2; caller += 1) await ask(world).catch(() => undefined);
  expect(world.provider.count(discovery)).toBe(before + 1);
});

test('metadata with Retry-After is read again no earlier, whoever asks, the person too', async () => {
  const world = await scriptedWorld();
  world.provider.answers.set(discovery, () => busy({ 'Retry-After': '20' }));
  await allFail(() => world.broker.authorize(editor, {}));
  await world.broker.signIn();
  world.clock.jump(20 * second - 1);
  await failureOf(world.broker.authorize(editor, {}));
  expect(world.provider.count(discovery)).toBe(1);
  world.provider.answers.delete(discovery);
  world.clock.jump(1);
  await signInAs(world);
});

test.each<[string, (world: ScriptedWorld) => Promise<void> | void]>([
  ['the person signs in', ({ broker }) => broker.signIn()],
  ['the machine wakes', ({ broker }) => broker.wake()],
  ['the network is back', ({ broker }) => broker.networkIsBack()],
  ['the person tries again', ({ broker }) => broker.renew()],
])('metadata that could not be read is read again at once when %s', async (_when, happens) => {
  const world = await scriptedWorld();
  world.provider.answers.set(discovery, () => busy());
  await allFail(() => world.broker.authorize(editor, {}));
  world.provider.answers.delete(discovery);
  await happens(world);
  await world.broker.authorize(editor, {});
  expect(world.provider.count(discovery)).toBe(2);
});

test('a code that the provider has no time for is sent again after a pause, and not by each who asks', async () => {
  const world = await scriptedWorld();
  const asked = exchangeOf(await world.broker.authorize(editor, {}));
  world.provider.answers.set('/oauth/token', () => busy({ 'Retry-After': '20' }));
  await allFail(() => world.broker.token(editor, asked));
  world.clock.jump(20 * second - 1);
  await failureOf(world.broker.token(editor, asked));
  expect(world.provider.count('/oauth/token')).toBe(1);
  world.provider.answers.delete('/oauth/token');
  world.clock.jump(1);
  expect((await world.broker.token(editor, asked)).accessToken).toMatch(/^access-/);
});

test('a profile that is to be read anew waits as long as the provider has asked for', async () => {
  const world = await scriptedWorld();
  await signInAs(world);
  const before = world.provider.count('/userinfo');
  world.provider.answers.set('/userinfo', () => busy({ 'Retry-After': '20' }));
  await allFail(() => world.broker.refreshProfile());
  expect(world.provider.count('/userinfo')).toBe(before + 1);
  world.provider.answers.delete('/userinfo');
  world.provider.profile = { name: 'Ada King' };
  world.clock.jump(20 * second);
  expect((await world.broker.refreshProfile()).profile).toMatchObject({ name: 'Ada King' });
});

test('the profile of a token that is not the session’s waits too', async () => {
  const world = await scriptedWorld();
  await signInAs(world);
  const before = world.provider.count('/userinfo');
  world.provider.answers.set('/userinfo', () => busy({ 'Retry-After': '20' }));
  await allFail(() => world.broker.userInfo('of-somebody'));
  expect(world.provider.count('/userinfo')).toBe(before + 1);
  world.provider.answers.delete('/userinfo');
  world.clock.jump(20 * second);
  expect(await world.broker.userInfo('of-somebody')).toMatchObject({ name: 'Ada Lovelace' });
});

test('a day without the provider: what nobody asks for is asked less than once a minute', async () => {
  const world = await scriptedWorld();
  await signInAs(world);
  world.provider.answers.set('/oauth/token', () => busy());
  world.provider.answers.set('/userinfo', () => busy());
  world.provider.requests.length = 0;
  for (let past = 0; past < 24 * 60; past += 1) {
    world.clock.advance(60 * second);
    for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(world.provider.requests.length).toBeGreaterThan(500);
  expect(world.provider.requests.length).toBeLessThan(24 * 60 + 10);
  world.provider.beHonest();
  world.provider.now = () => world.clock.now();
  world.clock.advance(2 * 60 * second);
  await vi.waitFor(() => expect(world.broker.state().person?.freshness).toBe('verified'));
  expect((await world.broker.token(editor, refreshGrant)).accessToken).toMatch(/^access-/);
});
