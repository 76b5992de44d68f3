/**
 * T5: a temporary failure costs seconds, and a refusal stops unasked retries; a token that may be spent is not sent twice
 * (T4).
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
} from '../../../testing/brokerWorld.ts';
import { hour, minute, second } from '../../../testing/durations.ts';
import { deferred } from '../../system/deferred.ts';

const tokenPath = '/oauth/token';
const other = { audience: 'https://other.test/' };

type Answer = () => Response | Promise<Response>;

const networkFails = (code: string) => () =>
  Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }));
const html = (status: number) => () =>
  new Response('<html>hello</html>', { status, headers: { 'Content-Type': 'text/html' } });
const oauth = (status: number, error: string, headers: Record<string, string> = {}) => {
  return () => Response.json({ error }, { status, headers });
};

/** Answers that show that the request was not processed. */
const notProcessed: [string, Answer][] = [
  ['no network', networkFails('ENETUNREACH')],
  ['429', html(429)],
  ['429 as JSON', oauth(429, 'too_many_requests')],
  ['503', html(503)],
  ['404', html(404)],
  ['404 as JSON', oauth(404, 'Not Found')],
  ['408', html(408)],
  ['425', html(425)],
  ['temporarily_unavailable', oauth(400, 'temporarily_unavailable')],
];
/** Answers that leave the result open. */
const unknown: [string, Answer][] = [
  ['a connection that breaks', networkFails('ECONNRESET')],
  ['500', html(500)],
  ['502', html(502)],
  ['504', html(504)],
  ['server_error', oauth(400, 'server_error')],
  ['a redirect', () => new Response(null, { status: 302, headers: { Location: 'https://login.hotel.example/' } })],
  ['HTML with 200', html(200)],
  ['HTML that is said to be JSON', () => new Response('<html>', { headers: { 'Content-Type': 'application/json' } })],
  ['nothing with 200', () => new Response('', { headers: { 'Content-Type': 'application/json' } })],
  ['HTML with 403', html(403)],
  ['HTML with 400', html(400)],
  ['401 as JSON of a server', oauth(401, 'Unauthorized')],
];
const passing = [...notProcessed, ...unknown];
const refusals: [string, Answer][] = [
  ['invalid_client', oauth(401, 'invalid_client')],
  ['invalid_client with a challenge', oauth(401, 'invalid_client', { 'WWW-Authenticate': 'Basic realm="x"' })],
  ['unauthorized_client', oauth(400, 'unauthorized_client')],
  ['access_denied', oauth(403, 'access_denied')],
  ['invalid_scope', oauth(400, 'invalid_scope')],
  ['invalid_request', oauth(400, 'invalid_request')],
  ['invalid_client with 404', oauth(404, 'invalid_client')],
];

/** Answers once instead of the provider. */
function once({ provider }: ScriptedWorld, path: string, answer: Answer): void {
  provider.answers.set(path, () => {
    provider.answers.delete(path);
    return answer();
  });
}

/** A signed-in person with a token of an hour, at a provider whose renewals bring no times. */
async function signedIn(): Promise<ScriptedWorld> {
  const world = await scriptedWorld();
  await signInAs(world);
  world.provider.tokens = { id_token: undefined };
  world.provider.requests.length = 0;
  return world;
}

const asked = ({ provider }: ScriptedWorld) => provider.count(tokenPath);
const sent = ({ provider }: ScriptedWorld) =>
  provider.requests.filter(({ path }) => path === tokenPath).map(({ parameters }) => parameters.refresh_token);

/** Does everything that is due: promises settle in turns of the event loop. */
async function settled(world: ScriptedWorld): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await world.broker.person();
}

/** An answer that arrives when the test says so. */
function late({ provider }: ScriptedWorld): { release(): void } {
  const released = deferred();
  onTestFinished(() => released.resolve());
  const honest = new ScriptedProvider();
  honest.tokens = { id_token: undefined, refresh_token: 'refresh-late', access_token: 'access-late' };
  provider.answers.set(tokenPath, async () => {
    await released.promise;
    return await honest.fetch('https://tenant.example/oauth/token', { body: '' });
  });
  return { release: released.resolve };
}

describe('the token endpoint fails once, and is healthy at once [T5]', () => {
  test.each(passing)('%s: who asks has a token within seconds, by the second request', async (_name, answer) => {
    const world = await signedIn();
    once(world, tokenPath, answer);
    world.clock.jump(2 * hour);
    expect(await failureOf(world.broker.accessToken())).toMatchObject({ code: 'provider_unreachable' });
    expect(world.broker.state()).toMatchObject({ person: { subject: ada }, problem: undefined });
    // Timers stand still, so the caller must be the cause.
    world.clock.jump(second);
    expect((await world.broker.accessToken()).expiresAt).toBeGreaterThan(world.clock.now());
    expect(asked(world)).toBe(2);
  });

  test.each(passing)('%s: nobody has to ask', async (_name, answer) => {
    const world = await signedIn();
    once(world, tokenPath, answer);
    world.clock.jump(2 * hour);
    world.broker.wake();
    await vi.waitFor(() => expect(world.broker.state().person?.freshness).toBe('stale'));
    await settled(world);
    world.clock.advance(2 * second);
    await vi.waitFor(() => expect(world.broker.state().person?.freshness).toBe('verified'));
    expect(asked(world)).toBe(2);
  });

  test.each(notProcessed)('%s: a token for another API comes within seconds', async (_name, answer) => {
    const world = await signedIn();
    once(world, tokenPath, answer);
    expect(await failureOf(world.broker.accessToken(other))).toMatchObject({ code: 'provider_unreachable' });
    world.clock.jump(second);
    expect((await world.broker.accessToken(other)).accessToken).toMatch(/^access-/);
    expect(asked(world)).toBe(2);
  });

  const atUserInfo = passing.filter(([name]) => !name.startsWith('401'));
  test.each(atUserInfo)(
    '%s at userinfo: the profile that is known is given, and read again soon',
    async (_n, answer) => {
      const world = await signedIn();
      world.clock.jump(10 * minute);
      once(world, '/userinfo', answer);
      for (let call = 0; call < 20; call += 1) {
        expect(await world.broker.userInfo()).toMatchObject({ sub: ada, name: 'Ada Lovelace' });
      }
      expect(world.provider.count('/userinfo')).toBe(1);
      world.provider.profile = { name: 'Ada King' };
      world.clock.jump(second);
      expect(await world.broker.userInfo()).toMatchObject({ name: 'Ada King' });
      expect(world.provider.count('/userinfo')).toBe(2);
    },
  );
});

describe('a refresh token whose answer was lost [T4]', () => {
  test.each(unknown)('%s: it is not sent again while the access token serves', async (_name, answer) => {
    const world = await signedIn();
    const { accessToken, refreshToken } = storedAccountOf(world.vault);
    once(world, tokenPath, answer);
    expect((await world.broker.token(editor, refreshGrant)).accessToken).toBe(accessToken);
    for (let past = 0; past < 50; past += 1) {
      world.clock.advance(minute);
      await settled(world);
      expect((await world.broker.token(editor, refreshGrant)).accessToken).toBe(accessToken);
    }
    expect(sent(world)).toEqual([refreshToken]);
    // There is nothing left to lose: the provider may never have got it.
    world.clock.advance(10 * minute);
    await vi.waitFor(() => expect(world.broker.state().person?.freshness).toBe('verified'));
    expect(sent(world)).toEqual([refreshToken, refreshToken]);
    expect((await world.broker.accessToken()).accessToken).not.toBe(accessToken);
  });

  test.each(unknown)('%s, for another API: it is not sent again either', async (_name, answer) => {
    const world = await signedIn();
    const { accessToken, refreshToken } = storedAccountOf(world.vault);
    once(world, tokenPath, answer);
    await failureOf(world.broker.accessToken(other));
    for (let past = 0; past < 50; past += 1) {
      world.clock.advance(minute);
      await settled(world);
      expect(await failureOf(world.broker.accessToken(other))).toMatchObject({ code: 'provider_unreachable' });
      expect((await world.broker.token(editor, refreshGrant)).accessToken).toBe(accessToken);
    }
    expect(sent(world)).toEqual([refreshToken]);
    world.clock.advance(10 * minute);
    await vi.waitFor(() => expect(world.broker.state().person?.freshness).toBe('verified'));
    expect((await world.broker.accessToken(other)).accessToken).toMatch(/^access-/);
  });

  test.each(unknown)('%s at a renewal: another API does not have it sent again', async (_name, answer) => {
    const world = await signedIn();
    const { refreshToken } = storedAccountOf(world.vault);
    const isAnswered = deferred();
    once(world, tokenPath, async () => {
      await isAnswered.promise;
      return await answer();
    });
    const renewed = world.broker.token(editor, refreshGrant);
    await vi.waitFor(() => expect(asked(world)).toBe(1));
    // This waits for its turn, and has to look at how the first one ended.
    const told = failureOf(world.broker.accessToken(other));
    isAnswered.resolve();
    await renewed;
    expect(await told).toMatchObject({ code: 'provider_unreachable', next: expect.stringContaining('sign in again') });
    world.clock.jump(minute);
    await failureOf(world.broker.accessToken(other));
    expect(sent(world)).toEqual([refreshToken]);
  });

  test.each(notProcessed)('%s: no answer was lost, it is sent again at once', async (_name, answer) => {
    const world = await signedIn();
    const { accessToken } = storedAccountOf(world.vault);
    once(world, tokenPath, answer);
    expect((await world.broker.token(editor, refreshGrant)).accessToken).toBe(accessToken);
    world.clock.jump(second);
    expect((await world.broker.token(editor, refreshGrant)).accessToken).not.toBe(accessToken);
    expect(asked(world)).toBe(2);
  });

  test('a provider that does not rotate is asked again: there is nothing to lose', async () => {
    const world = await signedIn();
    world.provider.tokens = { id_token: undefined, refresh_token: undefined };
    const { accessToken } = await world.broker.token(editor, refreshGrant);
    once(world, tokenPath, networkFails('ECONNRESET'));
    await world.broker.token(editor, refreshGrant);
    world.clock.jump(second);
    expect((await world.broker.token(editor, refreshGrant)).accessToken).not.toBe(accessToken);
  });

  test('a provider that needs 20 seconds: the caller waits, and it is asked once', async () => {
    const world = await signedIn();
    const { release } = late(world);
    world.clock.jump(2 * hour);
    const token = world.broker.accessToken();
    await vi.waitFor(() => expect(asked(world)).toBe(1));
    world.clock.advance(20 * second);
    release();
    expect((await token).expiresAt).toBeGreaterThan(world.clock.now());
  });

  test.each([
    ['its own API', undefined],
    ['another API', other],
  ])(
    'a caller for %s gives up after 30 seconds; the request goes on, and its answer serves the next',
    async (_n, api) => {
      const world = await signedIn();
      const { release } = late(world);
      if (!api) world.clock.jump(2 * hour);
      const told = failureOf(world.broker.accessToken(api));
      await vi.waitFor(() => expect(asked(world)).toBe(1));
      await settled(world);
      world.clock.advance(30 * second);
      expect(await told).toMatchObject({
        code: 'provider_unreachable',
        message: expect.stringContaining('its answer is still waited for'),
      });
      const next = world.broker.accessToken(api);
      release();
      expect((await next).accessToken).toBe('access-late');
      expect(sent(world)).toHaveLength(1);
    },
  );
});

describe('a refusal [T5]', () => {
  test.each(refusals)('%s is not repeated unasked, and who asks after a repair is let try', async (_name, answer) => {
    const world = await signedIn();
    world.provider.answers.set(tokenPath, answer);
    world.clock.advance(hour - minute);
    await vi.waitFor(() => expect(world.broker.state()).toMatchObject({ remedy: 'renew' }));
    world.clock.advance(3 * hour);
    await settled(world);
    expect(asked(world)).toBe(1);
    for (let caller = 0; caller < 20; caller += 1) {
      expect(await failureOf(world.broker.accessToken())).toMatchObject({ code: 'provider_error', refused: true });
    }
    expect(asked(world)).toBe(2);
    // The administrator has repaired it; a headless host has no "Try again" button.
    world.provider.answers.delete(tokenPath);
    world.clock.jump(5 * second);
    expect((await world.broker.accessToken()).expiresAt).toBeGreaterThan(world.clock.now());
    expect(world.broker.state().problem).toBeUndefined();
  });

  test.each(refusals)('%s for another API: who asks after a repair is let try', async (_name, answer) => {
    const world = await signedIn();
    world.provider.answers.set(tokenPath, answer);
    for (let caller = 0; caller < 20; caller += 1) await failureOf(world.broker.accessToken(other));
    expect(asked(world)).toBe(1);
    world.provider.answers.delete(tokenPath);
    world.clock.jump(5 * second);
    expect((await world.broker.accessToken(other)).accessToken).toMatch(/^access-/);
  });

  test.each(['interaction_required', 'login_required', 'consent_required', 'account_selection_required'])(
    '%s asks for a new sign-in, and keeps the session until then',
    async (error) => {
      const world = await signedIn();
      const { refreshToken } = storedAccountOf(world.vault);
      world.provider.answers.set(tokenPath, oauth(400, error));
      world.clock.jump(2 * hour);
      const told = await failureOf(world.broker.accessToken());
      expect(told).toMatchObject({ code: 'provider_error', providerError: error });
      expect(told.message).toBe(
        `The identity provider wants a new sign-in (${error}). Sign in again; until then the session is kept.`,
      );
      expect(world.broker.state()).toMatchObject({ person: { subject: ada }, remedy: 'sign_in_again' });
      expect(storedAccountOf(world.vault)).toMatchObject({ refreshToken });
      world.provider.answers.delete(tokenPath);
      world.provider.tokens = {};
      world.provider.now = () => world.clock.now();
      await signInAs(world);
      expect(world.broker.state()).toMatchObject({ person: { subject: ada }, problem: undefined });
    },
  );

  test.each([
    ['login_required', 'provider_error', 'without prompt=none'],
    ['interaction_required', 'provider_error', 'without prompt=none'],
    ['temporarily_unavailable', 'provider_unreachable', 'Start the sign-in again in a moment'],
    ['server_error', 'provider_unreachable', 'Start the sign-in again in a moment'],
    ['invalid_scope', 'provider_error', 'the setting scope (LOOPGATE_SCOPE)'],
    ['invalid_request', 'provider_error', 'Check the settings'],
  ])('%s at the callback is told with what to do [R13]', async (error, code, next) => {
    const world = await scriptedWorld();
    world.provider.response = { code: undefined, error };
    const told = await failureOf(world.broker.authorize(editor, {}));
    expect(told).toMatchObject({ code, message: expect.stringContaining(`(${error})`) });
    expect(told.next).toContain(next);
  });
});

describe('Retry-After is obeyed [T5]', () => {
  const inTwenty = (now: number) => new Date(now + 20 * second).toUTCString();
  const forms: [string, (now: number) => Record<string, string>, number][] = [
    ['seconds', () => ({ 'Retry-After': '20' }), 20 * second],
    // By the provider's own clock, which may be another than ours.
    ['a date', () => ({ 'Retry-After': inTwenty(hour), Date: new Date(hour).toUTCString() }), 20 * second],
    ['an hour is cut to five minutes', () => ({ 'Retry-After': '3600' }), 5 * minute],
  ];
  const busy = (status: number, headers: Record<string, string>) => () =>
    status === 400
      ? Response.json({ error: 'temporarily_unavailable' }, { status, headers })
      : new Response('busy', { status, headers });
  const rows = forms.flatMap(([form, headers, wait]) =>
    [429, 503, 400, 404].map((status): [string, number, (now: number) => Record<string, string>, number] => [
      form,
      status,
      headers,
      wait,
    ]),
  );

  test.each(rows)(
    '%s with %i: the renewal waits, whoever asks, and then works by itself',
    async (_f, status, headers, wait) => {
      const world = await signedIn();
      once(world, tokenPath, busy(status, headers(world.clock.now())));
      world.clock.jump(2 * hour);
      await failureOf(world.broker.accessToken());
      await settled(world);
      world.clock.advance(wait - 1);
      await settled(world);
      await failureOf(world.broker.accessToken());
      expect(asked(world)).toBe(1);
      world.clock.advance(1);
      await vi.waitFor(() => expect(world.broker.state().person?.freshness).toBe('verified'));
      expect(asked(world)).toBe(2);
    },
  );

  test.each(rows)('%s with %i: a token for another API waits', async (_f, status, headers, wait) => {
    const world = await signedIn();
    once(world, tokenPath, busy(status, headers(world.clock.now())));
    await failureOf(world.broker.accessToken(other));
    world.clock.jump(wait - 1);
    await failureOf(world.broker.accessToken(other));
    expect(sent(world).length).toBe(1);
    world.clock.jump(1);
    expect((await world.broker.accessToken(other)).accessToken).toMatch(/^access-/);
  });

  test.each(rows.filter(([, status]) => status !== 400))(
    '%s with %i: userinfo waits',
    async (_f, status, headers, wait) => {
      const world = await signedIn();
      world.clock.advance(10 * minute);
      once(world, '/userinfo', busy(status, headers(world.clock.now())));
      await world.broker.userInfo();
      world.clock.advance(wait - 1);
      await settled(world);
      expect(await world.broker.userInfo()).toMatchObject({ sub: ada });
      expect(world.provider.count('/userinfo')).toBe(1);
      world.clock.advance(1);
      await world.broker.userInfo();
      await vi.waitFor(() => expect(world.provider.count('/userinfo')).toBe(2));
    },
  );
});

test('Retry-After of the metadata counts once, from when the provider said it [T5]', async () => {
  const first = await scriptedWorld();
  await signInAs(first);
  // The next start has no metadata yet.
  const { provider, vault, clock } = first;
  const metadata = '/.well-known/openid-configuration';
  provider.answers.set(metadata, () => new Response('busy', { status: 503, headers: { 'Retry-After': '100' } }));
  clock.jump(2 * hour);
  const world = await scriptedWorld({ provider, vault, clock, ready: false });
  await vi.waitFor(() => expect(world.broker.state().person).toBeDefined());
  await settled(world);
  provider.answers.delete(metadata);
  provider.tokens = { id_token: undefined };
  provider.requests.length = 0;
  // Another part of the broker asks for the metadata late, and gets the kept failure.
  world.clock.jump(90 * second);
  await failureOf(world.broker.authorize(editor, {}));
  await failureOf(world.broker.userInfo('of-somebody'));
  expect(provider.count(metadata)).toBe(0);
  world.clock.jump(10 * second);
  await world.broker.userInfo('of-somebody');
  expect(provider.count(metadata)).toBe(1);
});

test('a userinfo endpoint that is not there is no sign that the provider is away', async () => {
  const world = await signedIn();
  world.provider.answers.set('/userinfo', html(404));
  world.clock.jump(10 * minute);
  expect(await world.broker.userInfo()).toMatchObject({ sub: ada, name: 'Ada Lovelace' });
  expect(world.broker.state()).toMatchObject({ person: { freshness: 'verified' }, problem: undefined });
});

test.each([
  ['a Bearer challenge', { 'WWW-Authenticate': 'Bearer error="invalid_token"' }],
  ['no challenge', {}],
])('a 401 of userinfo with %s is a token that is not accepted', async (_how, headers) => {
  const world = await signedIn();
  world.provider.answers.set('/userinfo', () => Response.json({ message: 'no' }, { status: 401, headers }));
  expect(await failureOf(world.broker.userInfo('of-somebody'))).toMatchObject({ code: 'invalid_token' });
});
