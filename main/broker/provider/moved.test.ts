/** The provider's metadata over time (OIDC Discovery §4): endpoints that move, and Entra's issuer of many tenants. */
import { describe, expect, test, vi } from 'vitest';
import {
  ada,
  editor,
  exchangeOf,
  failureOf,
  refreshGrant,
  ScriptedProvider,
  type ScriptedWorld,
  scriptedWorld,
  signInAs,
  storedAccountOf,
} from '../../../testing/brokerWorld.ts';
import { hour, minute, second } from '../../../testing/durations.ts';

const discovery = '/.well-known/openid-configuration';

async function signedIn(): Promise<ScriptedWorld> {
  const world = await scriptedWorld();
  world.provider.now = () => world.clock.now();
  await signInAs(world);
  world.clock.jump(2 * minute);
  return world;
}

/** The token endpoint is elsewhere now, and this is what the old address answers. */
function move({ provider }: ScriptedWorld, old: () => Response): void {
  provider.metadata = { token_endpoint: 'https://tenant.example/new/token' };
  provider.answers.set('/oauth/token', old);
  provider.answers.set('/new/token', async (asked) => {
    const honest = provider.answers.get('/oauth/token');
    provider.answers.delete('/oauth/token');
    const answer = await provider.fetch('https://tenant.example/oauth/token', asked);
    if (honest) provider.answers.set('/oauth/token', honest);
    return answer;
  });
}

const status = (code: number) => () => new Response('<html>', { status: code });
const moved = () => new Response(null, { status: 301, headers: { Location: 'https://tenant.example/new/token' } });

describe('an endpoint that has moved', () => {
  test.each([404, 405, 410])(
    '%i of the old one: the metadata are read again, and the same request works',
    async (code) => {
      const world = await signedIn();
      move(world, status(code));
      const before = storedAccountOf(world.vault).accessToken;
      expect((await world.broker.token(editor, refreshGrant)).accessToken).not.toBe(before);
      expect(world.provider.count('/new/token')).toBe(1);
      expect(world.provider.count(discovery)).toBe(2);
    },
  );

  test('a code is not lost for it', async () => {
    const world = await signedIn();
    move(world, status(404));
    const result = await world.broker.authorize(editor, {});
    await world.broker.token(editor, exchangeOf(result));
    expect(world.provider.count('/new/token')).toBe(1);
  });

  test('a redirect of the old one: nothing shows that it did nothing, so the next try goes to the new one', async () => {
    const world = await signedIn();
    move(world, moved);
    world.clock.jump(2 * hour);
    expect(await failureOf(world.broker.accessToken())).toMatchObject({ code: 'provider_unreachable' });
    expect(world.provider.count('/new/token')).toBe(0);
    world.clock.jump(second);
    expect((await world.broker.accessToken()).expiresAt).toBeGreaterThan(world.clock.now());
    expect(world.provider.count('/oauth/token') + world.provider.count('/new/token')).toBe(4);
  });

  test('one that stays away does not make the broker read the metadata in a loop', async () => {
    const world = await signedIn();
    world.provider.answers.set('/userinfo', status(404));
    for (let call = 0; call < 50; call += 1) {
      await failureOf(world.broker.userInfo(`of-somebody-${call}`));
      world.clock.jump(second);
    }
    expect(world.provider.count(discovery)).toBe(2);
  });

  test('while the metadata cannot be read again the old ones serve', async () => {
    const world = await signedIn();
    world.provider.answers.set('/userinfo', status(404));
    world.provider.answers.set(discovery, status(503));
    await failureOf(world.broker.userInfo('of-somebody'));
    expect((await world.broker.token(editor, refreshGrant)).accessToken).toMatch(/^access-/);
  });
});

test('after some hours the metadata are read again, and nobody waits for it', async () => {
  const world = await signedIn();
  world.provider.metadata = { authorization_endpoint: 'https://tenant.example/authorize?new' };
  world.clock.jump(7 * hour);
  world.provider.answers.set(discovery, () => new Promise(() => undefined));
  await world.broker.authorize(editor, {});
  expect(world.browser.opened.at(-1)).not.toContain('new');
  const again = await signedIn();
  again.provider.metadata = { authorization_endpoint: 'https://tenant.example/authorize?new' };
  again.clock.jump(7 * hour);
  await again.broker.accessToken();
  await vi.waitFor(() => expect(again.provider.count(discovery)).toBe(2));
  again.clock.jump(minute);
  await again.broker.authorize(editor, {});
  expect(again.browser.opened.at(-1)).toContain('new');
});

describe('Entra, whose issuer has many tenants', () => {
  const tenant = '9188040d-6c67-4c5b-b112-36a304b66dad';
  const origin = 'https://login.microsoftonline.com';
  const template = `${origin}/{tenantid}/v2.0`;

  /** Answers as Entra does at `common` or `organizations`. */
  function entra(name: string, claims: Record<string, unknown> = {}, issuer = template): ScriptedProvider {
    const provider = new ScriptedProvider(`${origin}/${name}/v2.0`);
    provider.metadata = {
      issuer,
      authorization_response_iss_parameter_supported: undefined,
      revocation_endpoint: undefined,
    };
    provider.claims = { iss: `${origin}/${tenant}/v2.0`, tid: tenant, ...claims };
    provider.response = { iss: undefined };
    return provider;
  }

  test.each(['common', 'organizations'])(
    '%s: signs in, renews, and is still signed in after a restart',
    async (name) => {
      const provider = entra(name);
      const world = await scriptedWorld({ provider });
      provider.now = () => world.clock.now();
      await signInAs(world);
      expect(world.broker.state().person).toMatchObject({ issuer: `${origin}/${tenant}/v2.0`, subject: ada });
      // A personal account's form_post has this origin in a browser that names it [L2].
      expect(world.broker.providerOrigins).toContain('https://login.live.com');
      world.clock.jump(2 * hour);
      await world.broker.accessToken();
      const next = await scriptedWorld({ provider, vault: world.vault, clock: world.clock });
      expect(next.broker.state().person).toMatchObject({ subject: ada });
      await next.broker.signOut();
      await vi.waitFor(() => expect(next.vault.state?.revocations).toEqual([]));
    },
  );

  test('a name of one tenant, whose issuer has its id: still signed in after a restart', async () => {
    const provider = entra('company.example', {}, `${origin}/${tenant}/v2.0`);
    const world = await scriptedWorld({ provider });
    await signInAs(world);
    const next = await scriptedWorld({ provider, vault: world.vault, clock: world.clock });
    expect(next.broker.state().person).toMatchObject({ subject: ada });
    const other = await scriptedWorld({ provider: entra('common'), vault: world.vault, clock: world.clock });
    expect(other.broker.state().person).toBeUndefined();
  });

  test.each([
    ['the tenant of another', { iss: `${origin}/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0` }],
    ['no tenant', { tid: undefined }],
    ['the template itself', { iss: template }],
    ['another host', { iss: `https://evil.example/${tenant}/v2.0` }],
  ])('an ID token that names %s is refused [T1]', async (_what, claims) => {
    const world = await scriptedWorld({ provider: entra('common', claims) });
    expect(await failureOf(signInAs(world))).toMatchObject({ code: 'provider_error' });
    expect(world.broker.state().person).toBeUndefined();
  });

  test.each([
    [`${origin}/${tenant}/v2.0`, true],
    [template, false],
    [`${origin}/evil/../${tenant}/v2.0`, false],
    [`https://evil.example/${tenant}/v2.0`, false],
  ])('a response whose iss is %s is taken: %s [R6]', async (iss, isTaken) => {
    const provider = entra('common');
    provider.response = { iss };
    const world = await scriptedWorld({ provider });
    const signingIn = signInAs(world);
    if (isTaken) await signingIn;
    else expect(await failureOf(signingIn)).toMatchObject({ message: expect.stringContaining('another issuer') });
  });

  test('no other provider may have such an issuer [T14]', async () => {
    const provider = new ScriptedProvider('https://tenant.example/common/v2.0');
    provider.metadata = { issuer: 'https://tenant.example/{tenantid}/v2.0' };
    const world = await scriptedWorld({ provider });
    expect(await failureOf(signInAs(world))).toMatchObject({ code: 'provider_error' });
  });
});
