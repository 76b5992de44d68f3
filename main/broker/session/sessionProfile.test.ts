/** What is said of the signed-in person: the verified ID token's claims, and userinfo over them (T21). */
import { describe, expect, test, vi } from 'vitest';
import {
  ada,
  failureOf,
  ScriptedProvider,
  type ScriptedWorld,
  scriptedWorld,
  signInAs,
  storedAccountOf,
} from '../../../testing/brokerWorld.ts';
import { hour, minute, second } from '../../../testing/durations.ts';

const person = { name: 'Ada King', email: 'ada@tenant.example', email_verified: true, preferred_username: 'ada' };

async function worldOf(provider: ScriptedProvider): Promise<ScriptedWorld> {
  const world = await scriptedWorld({ provider });
  provider.now = () => world.clock.now();
  await signInAs(world);
  return world;
}

/** A provider whose userinfo says only who it is (Keycloak without its mappers, AD FS). */
function silent(): ScriptedProvider {
  const provider = new ScriptedProvider();
  provider.claims = { ...person };
  provider.profile = { name: undefined };
  return provider;
}

describe("the ID token's claims are the ground of the profile [T21]", () => {
  test('what userinfo leaves out stays: after the sign-in, minutes later, and after a restart', async () => {
    const world = await worldOf(silent());
    expect(await world.broker.userInfo()).toMatchObject({ sub: ada, ...person });
    world.clock.advance(10 * minute);
    expect(await world.broker.userInfo()).toMatchObject({ sub: ada, ...person });
    expect((await world.broker.refreshProfile()).profile).toMatchObject({ sub: ada, ...person });
    const again = await scriptedWorld({ provider: world.provider, vault: world.vault, clock: world.clock });
    await vi.waitFor(() => expect(again.broker.state().person?.freshness).toBe('verified'));
    expect(again.broker.state().person?.profile).toMatchObject({ sub: ada, ...person });
  });

  test('userinfo is the newer word where both say something; null and "" say nothing', async () => {
    const provider = silent();
    provider.profile = { name: 'Ada Lovelace', email: null, preferred_username: '' };
    const world = await worldOf(provider);
    expect(await world.broker.userInfo()).toMatchObject({ ...person, name: 'Ada Lovelace' });
  });

  test('a claim that the provider no longer sends is gone', async () => {
    const provider = new ScriptedProvider();
    provider.profile = { nickname: 'ada' };
    const world = await worldOf(provider);
    provider.profile = {};
    world.clock.advance(10 * minute);
    expect(await world.broker.userInfo()).not.toHaveProperty('nickname');
  });

  test('the protocol of a sign-in is no part of a profile', async () => {
    const provider = silent();
    provider.claims = { ...person, acr: '1', sid: 'a session', auth_time: 1 };
    const profile = await (await worldOf(provider)).broker.userInfo();
    for (const name of ['iss', 'aud', 'exp', 'iat', 'nonce', 'acr', 'sid', 'auth_time']) {
      expect(profile).not.toHaveProperty(name);
    }
  });
});

test('a person has their username in every answer, and nobody has to be nameless', async () => {
  const provider = silent();
  provider.claims = { preferred_username: 'ada' };
  const world = await worldOf(provider);
  expect(await world.broker.userInfo()).toMatchObject({ sub: ada, username: 'ada' });
  provider.profile = { name: undefined, preferred_username: 'ada.king' };
  world.clock.advance(10 * minute);
  expect(await world.broker.userInfo()).toMatchObject({ username: 'ada.king' });
});

test.each([
  ['email_verified', 'true', true],
  ['email_verified', 'false', false],
  ['email_verified', true, true],
  ['updated_at', 1_795_168_800_000, 1_795_168_800],
  ['updated_at', '1795168800', 1_795_168_800],
  ['updated_at', '1795168800000', 1_795_168_800],
  ['updated_at', '2026-11-20T10:00:00Z', '2026-11-20T10:00:00Z'],
])('%s = %j of a provider is %j (OIDC Core §5.1)', async (name, value, right) => {
  const provider = new ScriptedProvider();
  provider.profile = { [name]: value };
  expect(await (await worldOf(provider)).broker.userInfo()).toHaveProperty(name, right);
});

describe('a provider without a userinfo endpoint (OIDC Discovery §3)', () => {
  test('is no error: the ID token says who it is, at the sign-in and after a renewal', async () => {
    const provider = silent();
    provider.metadata = { userinfo_endpoint: undefined };
    const world = await worldOf(provider);
    expect(await world.broker.userInfo()).toMatchObject({ sub: ada, ...person });
    provider.claims = { ...person, name: 'Ada Lovelace' };
    world.clock.jump(2 * hour);
    expect((await world.broker.refreshProfile()).profile).toMatchObject({ name: 'Ada Lovelace' });
    expect(provider.count('/userinfo')).toBe(0);
    expect(world.broker.state()).toMatchObject({ problem: undefined, person: { freshness: 'verified' } });
  });

  test('a stored session is verified by a renewal at the start', async () => {
    const provider = silent();
    provider.metadata = { userinfo_endpoint: undefined };
    const { vault, clock } = await worldOf(provider);
    const world = await scriptedWorld({ provider, vault, clock });
    await vi.waitFor(() => expect(world.broker.state().person?.freshness).toBe('verified'));
    expect(provider.count('/oauth/token')).toBe(2);
  });
});

describe('userinfo refuses the token of the session before its end', () => {
  /** Refuses every access token but those that come later. */
  function refusesOld({ provider, vault }: ScriptedWorld): string {
    const old = storedAccountOf(vault).accessToken;
    provider.answers.set('/userinfo', ({ headers }) => {
      if (new Headers(headers).get('authorization') === `Bearer ${old}`) return new Response(null, { status: 401 });
      return Response.json({ sub: ada, name: 'Ada Renewed' });
    });
    return old;
  }

  test.each([
    ['/userinfo', (world: ScriptedWorld) => world.broker.userInfo()],
    ['/user/refresh', async (world: ScriptedWorld) => (await world.broker.refreshProfile()).profile],
  ])('who asks %s did not send it: it is renewed once, and the answer comes', async (_path, ask) => {
    const world = await worldOf(new ScriptedProvider());
    const old = refusesOld(world);
    world.clock.jump(10 * minute);
    expect(await ask(world)).toMatchObject({ name: 'Ada Renewed' });
    expect(world.provider.count('/oauth/token')).toBe(2);
    expect((await world.broker.accessToken()).accessToken).not.toBe(old);
  });

  test('the session is over: it ends at once, with the reason', async () => {
    const world = await worldOf(new ScriptedProvider());
    refusesOld(world);
    world.provider.answers.set('/oauth/token', () => Response.json({ error: 'invalid_grant' }, { status: 400 }));
    expect(await failureOf(world.broker.refreshProfile())).toMatchObject({
      code: 'not_signed_in',
      message: expect.stringContaining('no longer accepts it'),
    });
    expect(world.broker.state().person).toBeUndefined();
  });

  test('it refuses every token: the profile that is known is given, and nothing is renewed in a loop', async () => {
    const provider = silent();
    const world = await worldOf(provider);
    provider.answers.set('/userinfo', () => new Response(null, { status: 401 }));
    for (let call = 0; call < 50; call += 1) {
      world.clock.jump(10 * second);
      expect(await world.broker.userInfo()).toMatchObject({ sub: ada, ...person });
    }
    world.clock.jump(10 * minute);
    expect(await world.broker.userInfo()).toMatchObject({ sub: ada, ...person });
    expect(provider.count('/oauth/token')).toBe(2);
    expect(await failureOf(world.broker.refreshProfile())).toMatchObject({ code: 'provider_error', refused: true });
  });

  test('while the token cannot be renewed, the reason is the renewal’s, and the known profile is given', async () => {
    const world = await worldOf(new ScriptedProvider());
    refusesOld(world);
    world.provider.answers.set('/oauth/token', () => new Response(null, { status: 503 }));
    world.clock.jump(10 * minute);
    expect(await world.broker.userInfo()).toMatchObject({ name: 'Ada Lovelace' });
    expect(await failureOf(world.broker.refreshProfile())).toMatchObject({ code: 'provider_unreachable' });
  });

  test('a token that a program has brought itself is refused as before', async () => {
    const world = await worldOf(new ScriptedProvider());
    refusesOld(world);
    world.provider.answers.set('/userinfo', () => new Response(null, { status: 401 }));
    expect(await failureOf(world.broker.userInfo('of-somebody'))).toMatchObject({ code: 'invalid_token' });
    expect(world.provider.count('/oauth/token')).toBe(1);
  });
});
