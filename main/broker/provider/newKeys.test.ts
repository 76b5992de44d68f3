/** T20: the provider has new signing keys, which Loopgate has not read yet. That must not cost a code, a token or a minute. */
import { exportJWK, generateKeyPair, type JWTPayload } from 'jose';
import { describe, expect, test } from 'vitest';
import {
  ada,
  editor,
  exchangeOf,
  FakeClock,
  failureOf,
  ownChallenge,
  redirectUri,
  refreshGrant,
  ScriptedProvider,
  type ScriptedWorld,
  scriptedWorld,
  signedText,
  signInAs,
  storedAccountOf,
} from '../../../testing/brokerWorld.ts';
import { minute, second } from '../../../testing/durations.ts';
import { Provider } from './provider.ts';

const tokenPath = '/oauth/token';
const keysPath = '/jwks.json';
const newPair = generateKeyPair('RS256', { extractable: true });
const { codeVerifier } = ownChallenge();

type Publish = 'both' | 'the old one still';

/** From now on the provider signs with another key. */
async function changeKeys(provider: ScriptedProvider, kid: string, publish: Publish = 'both'): Promise<void> {
  provider.sign = (claims) => signedText(JSON.stringify(claims), newPair, { kid });
  if (publish === 'the old one still') return;
  const { publicKey } = await newPair;
  const keys = [{ ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' }];
  provider.answers.set(keysPath, () => Response.json({ keys }));
}

const kinds = [
  ['an unknown kid', 'two'],
  ['a signature that does not fit the known kid', 'one'],
] as const;

/** A provider that was asked a moment ago, so that its keys are known. */
async function knownProvider(clock = new FakeClock()): Promise<{ asked: Provider; scripted: ScriptedProvider }> {
  const scripted = new ScriptedProvider();
  scripted.now = () => clock.now();
  scripted.metadata = { userinfo_signing_alg_values_supported: ['RS256'] };
  const asked = new Provider({ issuer: scripted.issuer, clientId: 'loopgate-demo' }, scripted.fetch, clock);
  await operations.exchange(asked, scripted);
  await operations.renewal(asked);
  scripted.requests.length = 0;
  return { asked, scripted };
}

/** Signs in at the login page. @returns what the exchange needs */
async function codeOf(scripted: ScriptedProvider): Promise<string> {
  const response = await scripted.login(`${scripted.issuer}authorize?state=s&nonce=n`, 'Ada Lovelace', {});
  return response.get('code') ?? '';
}

/** Every operation whose answer is verified by the keys; each returns the verified `sub`. */
const operations = {
  exchange: async (asked: Provider, scripted: ScriptedProvider) => {
    const code = await codeOf(scripted);
    const { claims } = await asked.exchange({
      ...{ clientId: 'loopgate-demo', code, redirectUri, codeVerifier, state: 's', nonce: 'n' },
      ...{ requestedScope: 'openid', issuer: scripted.issuer },
    });
    return claims.sub;
  },
  renewal: async (asked: Provider) => {
    const session = { clientId: 'loopgate-demo', refreshToken: 'refresh-1', scope: 'openid' };
    return (await asked.refresh(session, async () => undefined)).claims?.sub;
  },
  'renewal for another API': async (asked: Provider) => {
    const session = { clientId: 'loopgate-demo', refreshToken: 'refresh-1', scope: 'openid' };
    return (await asked.refresh(session, async () => undefined, { audience: 'https://other.test/' })).claims?.sub;
  },
  'login on another device': async (asked: Provider) =>
    (
      await asked.deviceTokens(
        { clientId: 'loopgate-demo', scope: 'openid' },
        { deviceCode: 'the-device-code', codeVerifier },
      )
    ).claims.sub,
  "a client's own code": async (asked: Provider) =>
    (await asked.passThrough('loopgate-demo', 'authorization_code', { code: 'c', code_verifier: codeVerifier })).claims
      ?.sub,
  'signed userinfo': async (asked: Provider, scripted: ScriptedProvider) => {
    scripted.answers.set('/userinfo', async () => {
      const now = Math.floor(scripted.now() / second);
      const claims: JWTPayload = { sub: ada, iss: scripted.issuer, aud: 'loopgate-demo', iat: now, exp: now + 60 };
      return new Response(await scripted.sign(claims), { headers: { 'Content-Type': 'application/jwt' } });
    });
    return (await asked.userInfo('access', ada)).sub;
  },
} as const;

describe.each(kinds)('%s [T20]', (_kind, kid) => {
  test.each(Object.entries(operations))('is verified after the keys were read once more: %s', async (name, ask) => {
    const { asked, scripted } = await knownProvider();
    await changeKeys(scripted, kid);
    expect(await ask(asked, scripted)).toBe(ada);
    expect(scripted.count(keysPath)).toBe(1);
    expect(scripted.count(name === 'signed userinfo' ? '/userinfo' : tokenPath)).toBe(1);
    // And from then on they are known.
    expect(await ask(asked, scripted)).toBe(ada);
    expect(scripted.count(keysPath)).toBe(1);
  });
});

test('a hundred answers that do not fit read the keys once, and all of them are verified [T20]', async () => {
  const { asked, scripted } = await knownProvider();
  await changeKeys(scripted, 'two');
  const all = await Promise.all(Array.from({ length: 100 }, () => operations.renewal(asked)));
  expect(new Set(all)).toEqual(new Set([ada]));
  expect(scripted.count(keysPath)).toBe(1);
});

test('answers that never fit do not make the broker read the keys in a loop [T20]', async () => {
  const clock = new FakeClock();
  const { asked, scripted } = await knownProvider(clock);
  await changeKeys(scripted, 'two', 'the old one still');
  for (let round = 0; round < 20; round += 1) await failureOf(operations.renewal(asked));
  expect(scripted.count(keysPath)).toBe(1);
  clock.jump(5 * second);
  for (let round = 0; round < 20; round += 1) await failureOf(operations.renewal(asked));
  expect(scripted.count(keysPath)).toBe(2);
});

/** A signed-in person, at a provider with the same clock. */
async function signedIn(): Promise<ScriptedWorld> {
  const world = await scriptedWorld();
  world.provider.now = () => world.clock.now();
  await signInAs(world);
  world.provider.requests.length = 0;
  return world;
}

const refreshTokensSent = ({ provider }: ScriptedWorld) =>
  provider.requests.filter(({ path }) => path === tokenPath).map(({ parameters }) => parameters.refresh_token);

describe.each(kinds)('a provider that publishes its new key a moment late: %s [T20]', (_kind, kid) => {
  test('the answer to a code is verified at the next try; the code is sent once', async () => {
    const world = await signedIn();
    const asked = exchangeOf(await world.broker.authorize('another', {}));
    await changeKeys(world.provider, kid, 'the old one still');
    expect(await failureOf(world.broker.token('another', asked))).toMatchObject({
      code: 'provider_error',
      retryable: true,
      next: expect.stringMatching(/^Try again in a moment: the provider may just have changed its keys/),
    });
    await changeKeys(world.provider, kid);
    world.clock.advance(5 * second);
    expect(await world.broker.token('another', asked)).toMatchObject({ profile: { sub: ada } });
    expect(world.provider.count(tokenPath)).toBe(1);
  });

  test('nobody else gets that answer by a code that was seen and another verifier', async () => {
    const { provider, clock } = await signedIn();
    const asked = new Provider({ issuer: provider.issuer, clientId: 'loopgate-demo' }, provider.fetch, clock);
    await changeKeys(provider, kid, 'the old one still');
    const sent = { code: 'c', code_verifier: codeVerifier };
    await failureOf(asked.passThrough('loopgate-demo', 'authorization_code', sent));
    await changeKeys(provider, kid);
    clock.jump(5 * second);
    provider.answers.set(tokenPath, () => Response.json({ error: 'invalid_grant' }, { status: 400 }));
    const other = { code: 'c', code_verifier: ownChallenge('other').codeVerifier };
    expect((await failureOf(asked.passThrough('loopgate-demo', 'authorization_code', other))).code).toBe(
      'invalid_grant',
    );
    expect((await asked.passThrough('loopgate-demo', 'authorization_code', sent)).claims?.sub).toBe(ada);
  });

  test('a renewal: the old access token serves, the new refresh token is used next, and it works by itself', async () => {
    const world = await signedIn();
    const before = storedAccountOf(world.vault);
    await changeKeys(world.provider, kid, 'the old one still');
    expect((await world.broker.token(editor, refreshGrant)).accessToken).toBe(before.accessToken);
    const rotated = storedAccountOf(world.vault).refreshToken;
    expect(rotated).not.toBe(before.refreshToken);
    expect(world.broker.state()).toMatchObject({ person: { freshness: 'stale' }, problem: undefined });
    await changeKeys(world.provider, kid);
    world.clock.advance(5 * second);
    expect((await world.broker.token(editor, refreshGrant)).accessToken).not.toBe(before.accessToken);
    expect(refreshTokensSent(world).slice(0, 2)).toEqual([before.refreshToken, rotated]);
    expect(world.broker.state()).toMatchObject({ person: { freshness: 'verified' }, problem: undefined });
  });
});

test('keys that cannot be read after a code was exchanged: verified at the next try, the code is sent once [T20]', async () => {
  const world = await scriptedWorld();
  const asked = exchangeOf(await world.broker.authorize(editor, {}));
  world.provider.answers.set(keysPath, () => new Response('busy', { status: 503 }));
  expect(await failureOf(world.broker.token(editor, asked))).toMatchObject({ code: 'provider_unreachable' });
  world.provider.answers.delete(keysPath);
  world.clock.jump(second);
  expect(await world.broker.token(editor, asked)).toMatchObject({ profile: { sub: ada } });
  expect(world.provider.count(tokenPath)).toBe(1);
});

test('an answer that never fits is given up after a minute, and its code is not sent again [T20]', async () => {
  const world = await scriptedWorld();
  world.provider.now = () => world.clock.now();
  const asked = exchangeOf(await world.broker.authorize(editor, {}));
  await changeKeys(world.provider, 'two', 'the old one still');
  const told: boolean[] = [];
  for (let past = 0; past <= minute; past += 10 * second) {
    const { happened, retryable } = await failureOf(world.broker.token(editor, asked));
    expect(happened).toContain('(kid)');
    told.push(retryable);
    world.clock.advance(10 * second);
  }
  expect(told).toEqual([true, true, true, true, true, true, false]);
  expect(world.provider.count(tokenPath)).toBe(1);
});

test('a code whose answer is held is not sent again because another answer does not fit either [T20]', async () => {
  const world = await scriptedWorld();
  world.provider.now = () => world.clock.now();
  const first = exchangeOf(await world.broker.authorize(editor, {}));
  await changeKeys(world.provider, 'two', 'the old one still');
  await failureOf(world.broker.token(editor, first));
  const other = exchangeOf(await world.broker.authorize('another', {}));
  world.clock.advance(minute + second);
  await failureOf(world.broker.token('another', other));
  world.clock.advance(5 * second);
  await failureOf(world.broker.token(editor, first));
  const codes = world.provider.requests.flatMap(({ path, parameters }) =>
    path === tokenPath ? [parameters.code] : [],
  );
  expect(codes).toEqual([first.code, other.code]);
});

test('new keys a moment after a renewal cost nobody a token [T20]', async () => {
  const world = await signedIn();
  const { accessToken: first } = await world.broker.token(editor, refreshGrant);
  await changeKeys(world.provider, 'two');
  const { accessToken: second } = await world.broker.token(editor, refreshGrant);
  expect(second).not.toBe(first);
  expect(world.provider.count(tokenPath)).toBe(2);
  expect(world.broker.state()).toMatchObject({ person: { freshness: 'verified' }, problem: undefined });
});
