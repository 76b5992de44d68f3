/** T13 (RFC 8628): signing in on another device, with a scripted provider and with the real one. */
import { describe, expect, test, vi } from 'vitest';
import { BrowserDouble } from '../../../demo/identity-provider/person.ts';
import {
  ada,
  editor,
  exchangeOf,
  FakeClock,
  failureOf,
  forgedSignatures,
  localWorld,
  neverOpened,
  ownChallenge,
  refreshGrant,
  ScriptedProvider,
  type ScriptedWorld,
  scriptedWorld,
  storedAccountOf,
  TestVault,
  type WorldOptions,
} from '../../../testing/brokerWorld.ts';
import { minute, second } from '../../../testing/durations.ts';
import { Grants } from '../../../testing/grants.ts';
import { arrivedAt } from '../../../testing/loginAddress.ts';
import { deferred } from '../../system/deferred.ts';
import { s256 } from './challenge.ts';
import type { DeviceCode } from './deviceLogin.ts';

/** The broker has no other timer of this length, and none that grows to it, so that tests can tell them apart. */
const interval = 7 * second;
const timeout = 110 * second;
const terminal = 'terminal';

/** A clock that records which timers were set. */
class WatchedClock extends FakeClock {
  readonly #timers: number[] = [];
  readonly #watchers = new Set<() => void>();

  override after(milliseconds: number, callback: () => void): () => void {
    this.#timers.push(milliseconds);
    for (const watcher of this.#watchers) watcher();
    return super.after(milliseconds, callback);
  }

  /** Resolves when a new timer of this length was set. */
  async timer(milliseconds: number): Promise<void> {
    while (!this.#timers.includes(milliseconds)) {
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
    this.#timers.splice(this.#timers.indexOf(milliseconds), 1);
  }

  /** Resolves when a timer of this length was set, and advances the time by it. */
  async passes(milliseconds: number): Promise<void> {
    await this.timer(milliseconds);
    this.advance(milliseconds);
  }
}

interface DeviceWorld extends ScriptedWorld {
  readonly clock: WatchedClock;
  /** Every code that the terminal has shown. */
  readonly shown: DeviceCode[];
  /** When the token endpoint was asked, in milliseconds since the test began. */
  readonly asked: number[];
  /** The token endpoint's answer; undefined for the honest tokens. */
  answer: (() => Response | Promise<Response>) | undefined;
}

const deviceAnswer = {
  device_code: 'the-device-code',
  user_code: 'BCDF-GHJK',
  verification_uri: 'https://tenant.example/activate',
  verification_uri_complete: 'https://tenant.example/activate?user_code=BCDF-GHJK',
  expires_in: 900,
  interval: interval / second,
};

/** Without a browser, and a provider with device authorization whose person has not answered yet. */
async function deviceWorld(changes: Record<string, unknown> = {}, options: WorldOptions = {}): Promise<DeviceWorld> {
  const clock = new WatchedClock();
  const begin = clock.now();
  const provider = new ScriptedProvider();
  const shown: DeviceCode[] = [];
  const asked: number[] = [];
  provider.now = () => clock.now();
  provider.metadata = { device_authorization_endpoint: 'https://tenant.example/oauth/device/code' };
  provider.answers.set('/oauth/device/code', () => Response.json({ ...deviceAnswer, ...changes }));
  const world = await scriptedWorld({
    provider,
    clock,
    person: null,
    showDeviceCode: (code) => shown.push(code),
    ...options,
  });
  const device: DeviceWorld = { ...world, clock, shown, asked, answer: () => refusal('authorization_pending') };
  const ask = async (request: RequestInit): Promise<Response> => {
    const isPoll = String(request.body).includes('device_code');
    if (isPoll) asked.push(clock.now() - begin);
    const answer = isPoll ? device.answer?.() : undefined;
    if (answer) return await answer;
    provider.answers.delete('/oauth/token');
    try {
      return await provider.fetch('https://tenant.example/oauth/token', request);
    } finally {
      provider.answers.set('/oauth/token', ask);
    }
  };
  provider.answers.set('/oauth/token', ask);
  return device;
}

const refusal = (error: string, status = 400) => Response.json({ error }, { status });
const unreachable = () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ENETUNREACH' } }));

/** A response that the test holds back. */
function held(): { answer: () => Promise<Response>; arrived: Promise<void>; release: (response: Response) => void } {
  const response = deferred<Response>();
  const arrived = deferred();
  const answer = () => {
    arrived.resolve();
    return response.promise;
  };
  return { answer, arrived: arrived.promise, release: response.resolve };
}

/** The present answer of the honest token endpoint. */
async function tokensOf({ provider }: DeviceWorld): Promise<Response> {
  const other = new ScriptedProvider();
  other.now = provider.now;
  other.tokens = { refresh_token: 'refresh-of-the-device' };
  return await other.fetch('https://tenant.example/oauth/token', { body: '' });
}

/** A login that waits between two requests, with a caller that waits for it. */
async function started(world: DeviceWorld, owner = editor, milliseconds = timeout) {
  const signedIn = world.broker.ensureSignedIn(owner, milliseconds);
  const failed = failureOf(signedIn);
  await world.clock.timer(interval);
  return { signedIn, failed };
}

/** Nothing of a login is left: no account is signed in, nothing is stored, nothing waits. */
function expectNothing({ broker, vault }: DeviceWorld): void {
  expect(broker.state()).toMatchObject({ person: undefined, others: [], waiting: undefined });
  expect(vault.state?.accounts ?? []).toEqual([]);
}

describe('a login on another device [T13]', () => {
  test('shows the address and the code, waits, and signs the person in', async () => {
    const world = neverOpened(await deviceWorld({}, { settings: { audience: 'https://api.example/' } }));
    const { broker, clock, provider, shown, vault } = world;
    const signedIn = broker.ensureSignedIn(editor, timeout);
    await clock.timer(interval);
    expect(shown).toEqual([
      {
        verificationUri: deviceAnswer.verification_uri,
        verificationUriComplete: deviceAnswer.verification_uri_complete,
        userCode: 'BCDF-GHJK',
        deadline: clock.now() + 15 * minute,
      },
    ]);
    expect(broker.state().waiting).toEqual({
      id: expect.any(String),
      requestedBy: 'program',
      deadline: clock.now() + 15 * minute,
      page: 'elsewhere',
    });
    world.answer = undefined;
    clock.advance(interval);
    expect(await signedIn).toMatchObject({ subject: ada, renewable: true });
    expect(broker.state().waiting).toBeUndefined();
    expect((await broker.accessToken()).accessToken).toBe(storedAccountOf(vault).accessToken);
    expect(await broker.userInfo()).toMatchObject({ sub: ada, name: 'Ada Lovelace' });
    const parametersOf = (path: string) => provider.requests.find((request) => request.path === path)?.parameters;
    expect(parametersOf('/oauth/device/code')).toEqual({
      client_id: 'loopgate-demo',
      scope: 'openid profile email offline_access',
      audience: 'https://api.example/',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    expect(parametersOf('/oauth/token')).toEqual({
      client_id: 'loopgate-demo',
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: 'the-device-code',
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
    });
    const { code_verifier: verifier = '' } = parametersOf('/oauth/token') ?? {};
    expect(s256(verifier)).toBe(parametersOf('/oauth/device/code')?.code_challenge);
    await expect(broker.token(editor, refreshGrant)).resolves.toMatchObject({ accessToken: expect.any(String) });
  });

  test('works with the real provider: the person enters the code there, and the session can be renewed', async () => {
    const shown: DeviceCode[] = [];
    const clock = new WatchedClock();
    const world = await localWorld({
      clock,
      providerOptions: { deviceIntervalSeconds: 1 },
      showDeviceCode: (code) => shown.push(code),
    });
    const { broker, provider } = neverOpened(world);
    const signedIn = broker.ensureSignedIn(editor, timeout);
    await clock.passes(second);
    await clock.timer(second);
    const { verificationUri = '', userCode = '' } = shown[0] ?? {};
    await new BrowserDouble().approveDevice(verificationUri, 'Ada Lovelace', { userCode });
    clock.advance(second);
    expect(await signedIn).toMatchObject({ subject: ada, profile: { name: 'Ada Lovelace' }, renewable: true });
    // T18: reported like the login of any program.
    expect(broker.state().signedInByProgram).toBe(true);
    const first = (await broker.accessToken()).accessToken;
    await broker.token(editor, refreshGrant);
    expect((await broker.accessToken()).accessToken).not.toBe(first);
    expect(provider.count('/oauth/device/code')).toBe(1);
  });

  test('is denied with the person’s word: access_denied', async () => {
    const shown: DeviceCode[] = [];
    const clock = new WatchedClock();
    const world = await localWorld({
      clock,
      providerOptions: { deviceIntervalSeconds: 1 },
      showDeviceCode: (code) => shown.push(code),
    });
    const failed = failureOf(world.broker.ensureSignedIn(editor, timeout));
    await clock.timer(second);
    const { verificationUri = '', userCode = '' } = shown[0] ?? {};
    await new BrowserDouble().approveDevice(verificationUri, 'Ada Lovelace', { userCode, deny: true });
    clock.advance(second);
    expect(await failed).toMatchObject({ code: 'access_denied', message: expect.stringContaining('denied') });
    expect(world.broker.state()).toMatchObject({ person: undefined, waiting: undefined });
    expect(world.provider.count('/oauth/token')).toBe(1);
  });

  test('has an ID token without a nonce, an answer without scope, and a profile that comes later', async () => {
    const world = await deviceWorld();
    world.provider.tokens = { scope: undefined };
    const { signedIn } = await started(world);
    world.answer = undefined;
    world.clock.advance(interval);
    expect(await signedIn).toMatchObject({ profile: { name: 'Ada Lovelace' } });
    expect(storedAccountOf(world.vault).scope).toBe('openid profile email offline_access');
  });

  test('answers with the person although the profile does not come', async () => {
    const world = await deviceWorld();
    world.provider.answers.set('/userinfo', () => new Promise<Response>(() => undefined));
    const { signedIn } = await started(world);
    world.answer = undefined;
    world.clock.advance(interval);
    await world.clock.passes(2 * second);
    expect(await signedIn).toMatchObject({ subject: ada, profile: undefined });
    expect(world.broker.state().waiting).toBeUndefined();
  });
});

describe('where a browser is tried and does not open [T13]', () => {
  const failing = async (options: WorldOptions = {}) => {
    const world = await deviceWorld({}, { opens: true, ...options });
    world.browser.failure = () => new Error('spawn xdg-open ENOENT');
    return world;
  };

  test('the code is shown beside the address, whichever is finished first signs in, and the other ends', async () => {
    const addresses: string[] = [];
    const world = await failing({ showAddress: (one) => addresses.push(one) });
    const { broker, clock, shown } = world;
    const { signedIn } = await started(world);
    expect(shown).toHaveLength(1);
    expect(addresses).toHaveLength(1);
    world.answer = undefined;
    clock.advance(interval);
    expect(await signedIn).toMatchObject({ subject: ada });
    expect(broker.state().waiting).toBeUndefined();
  });

  test('a login that is finished at its address ends the one on the other device', async () => {
    const addresses: string[] = [];
    const world = await failing({ showAddress: (one) => addresses.push(one) });
    const { signedIn } = await started(world);
    await world.browser.finish(arrivedAt(world.broker, addresses[0] ?? ''), 'Ada Lovelace');
    expect(await signedIn).toMatchObject({ subject: ada });
    expect(world.broker.state().waiting).toBeUndefined();
  });

  test('the command gets the code in the place of the address, and waits for that', async () => {
    const shown: string[] = [];
    const world = await failing({ showAddress: (one) => shown.push(one) });
    const { broker, clock } = world;
    const { code, address } = await broker.openForCommand(editor);
    expect({ code, address }).toMatchObject({ code: { userCode: 'BCDF-GHJK' }, address: undefined });
    expect(broker.state().waiting).toMatchObject({ page: 'elsewhere' });
    // It would lead to a login that has ended.
    expect(shown).toEqual([]);
    const finished = broker.finishDeviceLogin(editor, timeout);
    await clock.timer(interval);
    world.answer = undefined;
    clock.advance(interval);
    expect(await finished).toMatchObject({ subject: ada });
  });

  test('the command gets the address where the application may not use device codes, or has no need of one', async () => {
    const shown: string[] = [];
    const world = await failing({ showAddress: (one) => shown.push(one) });
    world.provider.answers.set('/oauth/device/code', () => refusal('unauthorized_client', 403));
    const { code, address } = await world.broker.openForCommand(editor);
    expect(code).toBeUndefined();
    expect(shown).toEqual([address]);
    expect(arrivedAt(world.broker, address ?? '')).toMatch(/^https:\/\/tenant\.example\/authorize\?/);
    // A person with a window sits at this machine.
    const atDesktop = await scriptedWorld({ person: null, provider: world.provider });
    atDesktop.browser.failure = () => new Error('failed');
    expect(await atDesktop.broker.openForCommand(editor)).toEqual({ address: expect.any(String) });
  });
});

describe('how often the provider is asked (RFC 8628 §3.5) [T13]', () => {
  test('never faster than the interval, five seconds slower after each slow_down', async () => {
    const world = await deviceWorld();
    const { clock } = world;
    const { signedIn } = await started(world);
    clock.advance(interval);
    await clock.passes(interval);
    await clock.timer(interval);
    world.answer = () => refusal('slow_down');
    clock.advance(interval);
    await clock.passes(interval + 5 * second);
    // Auth0 sends it with another status.
    world.answer = () => refusal('slow_down', 429);
    await clock.passes(interval + 10 * second);
    await clock.timer(interval + 15 * second);
    world.answer = () => refusal('authorization_pending', 403);
    clock.advance(interval + 15 * second);
    await clock.timer(interval + 15 * second);
    world.answer = undefined;
    clock.advance(interval + 15 * second);
    await signedIn;
    expect(world.asked.map((at) => at / second)).toEqual([7, 14, 21, 33, 50, 72, 94]);
  });

  test('every five seconds where the provider names no interval', async () => {
    const world = await deviceWorld({ interval: undefined });
    void failureOf(world.broker.ensureSignedIn(editor, timeout));
    await world.clock.passes(5 * second);
    await world.clock.timer(5 * second);
    expect(world.asked).toEqual([5 * second]);
  });

  test.each([
    ['a network that is down', unreachable],
    ['a provider that is down', async () => new Response('down', { status: 503 })],
    ['too many requests', async () => refusal('too_many_requests', 429)],
  ])('%s slows it down and does not end it; then it goes on as before', async (_, failing) => {
    const world = await deviceWorld();
    const { clock } = world;
    const { signedIn } = await started(world, editor, 10 * minute);
    world.answer = failing;
    clock.advance(interval);
    await clock.passes(14 * second);
    await clock.passes(28 * second);
    await clock.passes(56 * second);
    await clock.passes(minute);
    // However long it takes: a person who has entered the code waits a minute at most.
    await clock.timer(minute);
    world.answer = () => refusal('authorization_pending');
    clock.advance(minute);
    await clock.timer(interval);
    world.answer = undefined;
    clock.advance(interval);
    expect(await signedIn).toMatchObject({ subject: ada });
  });
});

describe('how a login on another device ends [T13]', () => {
  test.each(['expired_token', 'the deadline'])(
    'by %s: authorization_timeout, with words for the person',
    async (by) => {
      const world = await deviceWorld({ expires_in: 10 });
      const { clock } = world;
      const { failed } = await started(world);
      if (by === 'expired_token') world.answer = () => refusal('expired_token');
      clock.advance(interval);
      // The rest of the ten seconds is shorter than the interval: callers still get the answer in time.
      if (by === 'the deadline') await clock.passes(3 * second);
      const reason = await failed;
      expect(reason.code).toBe('authorization_timeout');
      expect(reason.message).toBe('The code was not entered in time. Start the sign-in again and enter the new code.');
      expect(world.asked).toHaveLength(1);
      expectNothing(world);
    },
  );

  test('tokens that are under way when the code expires still count', async () => {
    const world = await deviceWorld({ expires_in: 10 });
    const { signedIn } = await started(world);
    const { answer, arrived, release } = held();
    world.answer = answer;
    world.clock.advance(interval);
    await arrived;
    world.clock.advance(4 * second);
    release(await tokensOf(world));
    expect(await signedIn).toMatchObject({ subject: ada });
  });

  test.each([
    ['invalid_grant', 400],
    ['invalid_client', 400],
    ['nobody knows', 418],
  ])('by any other error of the provider (%s), with its name', async (error, status) => {
    const world = await deviceWorld();
    const { failed } = await started(world);
    world.answer = () => refusal(error, status);
    world.clock.advance(interval);
    expect((await failed).message).toContain(error);
    expect(world.asked).toHaveLength(1);
    expectNothing(world);
  });

  test('its code is for its owner: another one neither gets it nor waits on it [R4]', async () => {
    const world = await deviceWorld();
    const { broker } = world;
    const { failed } = await started(world);
    expect(await broker.deviceCode(editor)).toMatchObject({ userCode: 'BCDF-GHJK' });
    expect(await failureOf(broker.deviceCode(terminal))).toMatchObject({ code: 'rate_limited' });
    expect(await failureOf(broker.finishDeviceLogin(terminal, timeout))).toMatchObject({
      code: 'authorization_cleared',
    });
    expect(broker.state().waiting).toBeDefined();
    broker.clear(editor);
    await failed;
    await broker.close();
  });

  test('by its owner: authorization_cleared for all who wait, and the provider is asked no more', async () => {
    const world = await deviceWorld();
    const { broker, clock } = world;
    const { failed } = await started(world);
    const joined = failureOf(broker.ensureSignedIn(terminal, timeout));
    await expect.poll(() => world.shown.length).toBe(2);
    broker.clear(terminal);
    expect(broker.state().waiting).toBeDefined();
    broker.clear(editor);
    expect(await failed).toMatchObject({ code: 'authorization_cleared' });
    expect(await joined).toMatchObject({ code: 'authorization_cleared' });
    world.answer = undefined;
    clock.advance(15 * minute);
    await broker.close();
    expect(world.asked).toEqual([]);
    expectNothing(world);
  });

  test('by the person who sees it wait, and by nobody with another id', async () => {
    const world = await deviceWorld();
    const { failed } = await started(world);
    world.broker.cancel('another');
    const { waiting } = world.broker.state();
    world.broker.cancel(waiting?.id ?? '');
    expect(await failed).toMatchObject({ code: 'authorization_cleared' });
    expectNothing(world);
  });

  test('while it starts: the code is shown to nobody', async () => {
    const world = await deviceWorld();
    const { answer, arrived, release } = held();
    world.provider.answers.set('/oauth/device/code', answer);
    const failed = failureOf(world.broker.ensureSignedIn(editor, timeout));
    await arrived;
    world.broker.clear(terminal);
    world.broker.clear(editor);
    expect(await failed).toMatchObject({ code: 'authorization_cleared' });
    release(Response.json(deviceAnswer));
    await world.broker.close();
    expect(world.shown).toEqual([]);
    expect(world.asked).toEqual([]);
  });

  test.each([
    ['clear', (world: DeviceWorld) => world.broker.clear(editor)],
    ['sign-out', (world: DeviceWorld) => world.broker.signOut()],
    ['quit', (world: DeviceWorld) => void world.broker.close()],
  ])(
    'by %s while the tokens are under way: nobody is signed in, and their refresh token is revoked',
    async (_, end) => {
      const world = await deviceWorld();
      const { failed } = await started(world);
      const { answer, arrived, release } = held();
      world.answer = answer;
      world.clock.advance(interval);
      await arrived;
      await end(world);
      expect(await failed).toMatchObject({ code: 'authorization_cleared' });
      release(await tokensOf(world));
      await expect
        .poll(() => world.provider.requests.find(({ path }) => path === '/oauth/revoke')?.parameters)
        .toMatchObject({ token: 'refresh-of-the-device', token_type_hint: 'refresh_token' });
      expectNothing(world);
    },
  );

  test('the code of a cancelled login was entered: its token does not end who signed in meanwhile, and is revoked after [T19]', async () => {
    const world = await deviceWorld();
    const grants = new Grants('person');
    world.provider.grants = grants;
    const { failed } = await started(world);
    const { answer, arrived, release } = held();
    world.answer = answer;
    world.clock.advance(interval);
    await arrived;
    world.broker.clear(editor);
    await failed;
    world.browser.person = 'Ada Lovelace';
    await world.broker.signIn();
    grants.issue('refresh-of-the-device', { subject: ada, clientId: 'loopgate-demo' });
    release(await tokensOf(world));
    await vi.waitFor(() => expect(world.vault.state?.revocations).toMatchObject([{ token: 'refresh-of-the-device' }]));
    world.clock.advance(30 * minute);
    await world.broker.token(editor, refreshGrant);
    expect(world.provider.count('/oauth/revoke')).toBe(0);
    await world.broker.signOut();
    await vi.waitFor(() => expect(world.vault.state).toMatchObject({ accounts: [], revocations: [] }));
    expect([grants.wasRevoked('refresh-of-the-device'), grants.live]).toEqual([true, []]);
  });

  test('quitting waits for tokens that are under way, so that their revocation is on disk', async () => {
    const world = await deviceWorld();
    world.provider.answers.set('/oauth/revoke', unreachable);
    await started(world);
    const { answer, arrived, release } = held();
    world.answer = answer;
    world.clock.advance(interval);
    await arrived;
    const closed = world.broker.close();
    release(await tokensOf(world));
    await closed;
    expect(world.vault.state).toMatchObject({ accounts: [], revocations: [{ token: 'refresh-of-the-device' }] });
  });

  test('by a sign-out between two questions: the code may have been entered already', async () => {
    const world = await deviceWorld();
    const { failed } = await started(world);
    world.answer = undefined;
    await world.broker.signOut();
    expect(await failed).toMatchObject({ code: 'authorization_cleared' });
    world.clock.advance(interval);
    await world.broker.close();
    expect(world.asked).toEqual([]);
    expectNothing(world);
  });

  test('a sign-out while the session is being stored wins, and those who wait are told', async () => {
    const world = await deviceWorld();
    const { failed } = await started(world);
    const stored = deferred();
    let storing = false;
    world.vault.beforeSave = () => {
      if (storing) return undefined;
      storing = true;
      return stored.promise;
    };
    world.answer = undefined;
    world.clock.advance(interval);
    await expect.poll(() => storing).toBe(true);
    const signedOut = world.broker.signOut();
    stored.resolve();
    await signedOut;
    expect(await failed).toMatchObject({ code: 'authorization_cleared' });
    expectNothing(world);
  });
});

describe('more than one who waits [T13]', () => {
  test('two that ask in the same moment share one code, and both get the person', async () => {
    const world = await deviceWorld();
    const first = world.broker.ensureSignedIn(editor, timeout);
    const { signedIn: second } = await started(world, terminal);
    expect(world.provider.count('/oauth/device/code')).toBe(1);
    world.answer = undefined;
    world.clock.advance(interval);
    expect((await first).subject).toBe(ada);
    expect((await second).subject).toBe(ada);
    expect(world.asked).toHaveLength(1);
  });

  test('who has waited long enough is told so; the login goes on, and the next call shows the same code again', async () => {
    const world = await deviceWorld();
    const { clock } = world;
    const { failed } = await started(world, editor, 10 * second);
    clock.advance(interval);
    await clock.timer(interval);
    clock.advance(3 * second);
    const reason = await failed;
    expect(reason.code).toBe('authorization_timeout');
    expect(reason.message).toContain('the same code is shown');
    const again = world.broker.ensureSignedIn(editor, timeout);
    await expect.poll(() => world.shown.length).toBe(2);
    expect(world.shown[1]).toEqual(world.shown[0]);
    world.answer = undefined;
    clock.advance(4 * second);
    expect(await again).toMatchObject({ subject: ada });
    expect(world.provider.count('/oauth/device/code')).toBe(1);
  });

  test('nobody gets a code that has ended: neither an expired one after sleep, nor the one before a sign-out', async () => {
    const world = await deviceWorld();
    const { broker, clock, shown } = world;
    const { failed } = await started(world);
    clock.jump(16 * minute);
    const { signedIn } = await started(world);
    expect(await failed).toMatchObject({ code: 'authorization_timeout' });
    expect(shown).toHaveLength(2);
    expect(shown[1]?.deadline).toBe(clock.now() + 15 * minute);
    // The profile does not arrive; until it does, the code must not be offered.
    world.provider.answers.set('/userinfo', () => new Promise<Response>(() => undefined));
    world.answer = undefined;
    clock.advance(interval);
    await clock.passes(2 * second);
    await signedIn;
    await broker.signOut();
    await started(world);
    expect(shown).toHaveLength(3);
    expect(world.provider.count('/oauth/device/code')).toBe(3);
  });

  test('a login that is open in a browser is joined', async () => {
    const world = await deviceWorld();
    void failureOf(world.broker.authorize(terminal, ownChallenge()));
    const opened = await world.browser.tab();
    const signedIn = world.broker.ensureSignedIn(editor, timeout);
    await world.clock.timer(timeout);
    expect(world.provider.count('/oauth/device/code')).toBe(0);
    expect(world.broker.state().waiting?.deadline).toBe(world.clock.now() + 240 * second);
    const page = await world.browser.finish(opened);
    if (page instanceof Error) throw page;
    world.answer = undefined;
    await world.broker.token(
      terminal,
      exchangeOf({ code: page.code, state: page.state }, { codeVerifier: ownChallenge().codeVerifier }),
    );
    expect(await signedIn).toMatchObject({ subject: ada });
  });

  test('somebody else who signs in meanwhile is whom the callers get, and stays the active person [T18]', async () => {
    const world = await deviceWorld();
    const { broker, clock, provider } = world;
    const { signedIn } = await started(world);
    provider.claims = { sub: 'auth0|grace-hopper' };
    provider.profile = { sub: 'auth0|grace-hopper', name: 'Grace Hopper' };
    const code = broker.authorize(terminal, {});
    void world.browser.finish(await world.browser.tab());
    await broker.token(terminal, exchangeOf(await code));
    expect(await signedIn).toMatchObject({ subject: 'auth0|grace-hopper' });
    provider.claims = {};
    provider.profile = {};
    world.answer = undefined;
    clock.advance(interval);
    await expect.poll(() => broker.state().others).toMatchObject([{ subject: ada }]);
    expect(broker.state().person).toMatchObject({ subject: 'auth0|grace-hopper' });
  });

  test('a program that starts one login after the other is stopped [L8]', async () => {
    const world = await deviceWorld();
    for (let count = 0; count < 60; count += 1) {
      const { failed } = await started(world);
      world.broker.clear(editor);
      await failed;
    }
    expect(await failureOf(world.broker.ensureSignedIn(editor, timeout))).toMatchObject({ code: 'rate_limited' });
    await started(world, terminal);
    // Joining a login does not start one.
    void failureOf(world.broker.ensureSignedIn(editor, timeout));
    await expect.poll(() => world.shown.length).toBe(62);
    expect(world.provider.count('/oauth/device/code')).toBe(61);
  });
});

describe('time that is not what it seems [T13]', () => {
  test('after sleep an expired code ends at once, without another question', async () => {
    const world = await deviceWorld();
    const { failed } = await started(world);
    world.clock.jump(16 * minute);
    world.clock.advance(interval);
    expect(await failed).toMatchObject({ code: 'authorization_timeout' });
    expect(world.asked).toEqual([]);
  });

  test('a clock that is set back changes nothing: the provider knows when its code has expired', async () => {
    const world = await deviceWorld();
    const { failed } = await started(world);
    world.clock.jump(-24 * 60 * minute);
    world.clock.advance(interval);
    await world.clock.timer(interval);
    world.answer = () => refusal('expired_token');
    world.clock.advance(interval);
    expect(await failed).toMatchObject({ code: 'authorization_timeout' });
    expect(world.asked).toHaveLength(2);
  });
});

describe('a login that does not start [T13]', () => {
  test('without device authorization the login is opened as before', async () => {
    const world = await deviceWorld();
    world.provider.metadata = {};
    void failureOf(world.broker.ensureSignedIn(editor, timeout));
    expect(new URL(await world.browser.tab()).pathname).toBe('/authorize');
    expect(world.shown).toEqual([]);
  });

  test('where a browser can be opened, it is opened', async () => {
    const provider = new ScriptedProvider();
    provider.metadata = { device_authorization_endpoint: 'https://tenant.example/oauth/device/code' };
    const world = await scriptedWorld({ provider });
    expect(await world.broker.ensureSignedIn(editor, timeout)).toMatchObject({ subject: ada });
    expect(world.browser.tabs).toHaveLength(1);
    expect(provider.count('/oauth/device/code')).toBe(0);
  });

  test.each([
    // Auth0's answer when the grant type is not enabled.
    ['unauthorized_client', 403],
    ['invalid_request', 400],
    ['invalid_client', 401],
    ['invalid_scope', 400],
    ['unsupported_grant_type', 400],
  ])('where the provider has it and refuses it with %s, the login is opened as before', async (error, status) => {
    const world = await deviceWorld();
    world.provider.answers.set('/oauth/device/code', () => refusal(error, status));
    const all = [editor, terminal].map((owner) => world.broker.ensureSignedIn(owner, timeout));
    world.answer = undefined;
    await world.browser.finish(await world.browser.tab());
    for (const one of all) expect(await one).toMatchObject({ subject: ada });
    expect(world.browser.tabs).toHaveLength(1);
    expect(world.provider.count('/oauth/device/code')).toBe(1);
  });

  test.each([
    ['a provider that cannot be reached', unreachable, 'provider_unreachable'],
    ['a provider that is down', () => new Response('', { status: 500 }), 'provider_unreachable'],
    ['no JSON', () => new Response('<h1>welcome</h1>'), 'provider_unreachable'],
    ['a redirect', () => Response.redirect('https://evil.example/', 302), 'provider_unreachable'],
  ])('%s is told to all who wait, and the next call starts anew', async (_, answer, code) => {
    const world = await deviceWorld();
    const honest = world.provider.answers.get('/oauth/device/code');
    world.provider.answers.set('/oauth/device/code', answer);
    const reasons = [editor, terminal].map((owner) => failureOf(world.broker.ensureSignedIn(owner, timeout)));
    for (const reason of reasons) expect(await reason).toMatchObject({ code });
    expect(world.shown).toEqual([]);
    expectNothing(world);
    if (honest) world.provider.answers.set('/oauth/device/code', honest);
    await started(world);
    expect(world.shown).toHaveLength(1);
  });
});

describe('a provider that lies [T13]', () => {
  test.each([
    ['no device_code', { device_code: undefined }],
    ['no user_code', { user_code: undefined }],
    ['an empty user_code', { user_code: '' }],
    ['a user_code with an escape sequence', { user_code: '\u001b[2JBCDF' }],
    ['a user_code with a line break', { user_code: 'BCDF\nTo sign in, open https://evil.example' }],
    ['a user_code in letters that read from right to left', { user_code: 'BCDF\u202eGHJK' }],
    ['a user_code without end', { user_code: 'B'.repeat(65) }],
    ['no verification_uri', { verification_uri: undefined }],
    ['http', { verification_uri: 'http://tenant.example/activate' }],
    ['http on this machine', { verification_uri: 'http://localhost:8080/activate' }],
    ['file', { verification_uri: 'file:///etc/passwd' }],
    ['javascript', { verification_uri: 'javascript:alert(1)' }],
    ['no address', { verification_uri: 'tenant.example/activate' }],
    ['a password in it', { verification_uri: 'https://tenant.example:x@evil.example/' }],
    ['an escape sequence', { verification_uri: 'https://tenant.example/\u001b]0;x\u0007' }],
    ['a line break', { verification_uri: 'https://tenant.example/\nhttps://evil.example/' }],
    ['http with the code', { verification_uri_complete: 'http://tenant.example/activate?user_code=BCDF-GHJK' }],
    ['a control character with the code', { verification_uri_complete: 'https://tenant.example/\u009b2J' }],
    ['no expires_in', { expires_in: undefined }],
    ['a code that is dead at once', { expires_in: 0 }],
    ['a code that lives for a nanosecond', { expires_in: 1e-9 }],
    ['a code that has expired', { expires_in: -900 }],
    ['expires_in as a word', { expires_in: 'soon' }],
    ['no interval at all', { interval: 0 }],
    ['an interval before now', { interval: -5 }],
    ['an interval as a word', { interval: 'often' }],
  ])('in its device answer is refused, and nothing is shown: %s', async (_, changes) => {
    const world = await deviceWorld(changes);
    expect(await failureOf(world.broker.ensureSignedIn(editor, timeout))).toMatchObject({ code: 'provider_error' });
    expect(world.shown).toEqual([]);
    expectNothing(world);
    expect(world.asked).toEqual([]);
  });

  test('in its keys for a moment: the same tokens are verified with the right ones, and not asked for again [T20]', async () => {
    const world = neverOpened(await deviceWorld());
    const { signedIn } = await started(world);
    world.provider.answers.set('/jwks.json', () => Response.json({ keys: [] }));
    world.answer = undefined;
    world.clock.advance(interval);
    await world.clock.timer(2 * interval);
    world.provider.answers.delete('/jwks.json');
    world.clock.advance(2 * interval);
    expect(await signedIn).toMatchObject({ subject: ada });
    expect(world.asked).toHaveLength(1);
  });

  test('by Retry-After it is left alone for that long [T5]', async () => {
    const world = neverOpened(await deviceWorld());
    const { signedIn } = await started(world);
    world.answer = () => new Response('busy', { status: 429, headers: { 'Retry-After': '40' } });
    world.clock.advance(interval);
    await world.clock.timer(40 * second);
    world.answer = undefined;
    world.clock.advance(40 * second);
    expect(await signedIn).toMatchObject({ subject: ada });
    expect(world.asked).toEqual([interval, interval + 40 * second]);
  });

  test('with an interval of a nanosecond is asked every second', async () => {
    const world = await deviceWorld({ interval: 1e-9 });
    void failureOf(world.broker.ensureSignedIn(editor, timeout));
    await world.clock.passes(second);
    await world.clock.timer(second);
    expect(world.asked).toEqual([second]);
  });

  test.each([{ expires_in: 1e300 }, { expires_in: 1e300, interval: 1e300 }])(
    'with %j is asked for an hour at most',
    async (changes) => {
      const world = await deviceWorld(changes);
      const failed = failureOf(world.broker.ensureSignedIn(editor, 2 * 60 * minute));
      await expect.poll(() => world.shown.length).toBe(1);
      expect(world.shown[0]?.deadline).toBe(world.clock.now() + 60 * minute);
      await world.clock.timer('interval' in changes ? 60 * minute : interval);
      world.clock.jump(60 * minute);
      world.clock.advance(60 * minute);
      expect(await failed).toMatchObject({ code: 'authorization_timeout' });
    },
  );

  const week = 7 * 24 * 3600;
  const lies: [string, (provider: ScriptedProvider) => void][] = [
    ...Object.entries(forgedSignatures).map(([name, sign]): [string, (provider: ScriptedProvider) => void] => [
      name,
      (provider) => {
        provider.sign = sign;
      },
    ]),
    ...Object.entries({
      'another iss': { iss: 'https://evil.example/' },
      'another aud': { aud: 'another-application' },
      'two aud': { aud: ['loopgate-demo', 'another-application'] },
      'another azp': { aud: ['loopgate-demo', 'another-application'], azp: 'another-application' },
      'an iat of last week': { iat: Math.floor(Date.now() / 1000) - week },
      'an iat of next week': { iat: Math.floor(Date.now() / 1000) + week },
      'an exp of last week': { exp: Math.floor(Date.now() / 1000) - week },
      'an empty sub': { sub: '' },
      'no sub': { sub: undefined },
    }).map(([name, claims]): [string, (provider: ScriptedProvider) => void] => [
      name,
      (provider) => {
        provider.claims = claims;
      },
    ]),
    ...Object.entries({
      'no ID token': { id_token: undefined },
      'an ID token that is none': { id_token: 'none' },
      'no access token': { access_token: undefined },
      'an access token that ends the header line': { access_token: 'access\r\nHost: evil.example' },
      'a token of another type': { token_type: 'DPoP' },
    }).map(([name, tokens]): [string, (provider: ScriptedProvider) => void] => [
      name,
      (provider) => {
        provider.tokens = tokens;
      },
    ]),
  ];
  const unfit: readonly string[] = [
    'wrong RS256 signature',
    'no RS256 signature',
    'unknown kid',
    'a key that the token brings itself',
  ] satisfies (keyof typeof forgedSignatures)[];
  test.each(lies)('in its tokens is refused, and nothing is stored: %s', async (name, lie) => {
    const world = await deviceWorld();
    const { failed } = await started(world);
    lie(world.provider);
    world.answer = undefined;
    world.clock.advance(interval);
    if (unfit.includes(name)) {
      // T20: the keys may just have changed. The same answer is verified again for a minute, and not requested again.
      for (const longer of [2, 4, 8]) await world.clock.passes(longer * interval);
    }
    expect(await failed).toMatchObject({ code: 'provider_error' });
    expectNothing(world);
    expect(world.asked).toHaveLength(1);
  });
});

test('neither codes nor tokens are in the log, however the login ends [T9]', async () => {
  const world = await deviceWorld();
  const { broker, clock, log } = world;
  const secrets = ['the-device-code', 'BCDF-GHJK', 'refresh-', 'access-', 'eyJ'];
  const quoting = () =>
    Response.json({ error: 'invalid_request', error_description: 'what is the-device-code of BCDF-GHJK?' });
  for (const answer of [() => refusal('expired_token'), quoting, undefined]) {
    const { signedIn } = await started(world);
    world.answer = answer;
    clock.advance(interval);
    await vi.waitFor(() => expect(broker.state().waiting).toBeUndefined());
    await signedIn.catch(() => undefined);
    world.answer = () => refusal('authorization_pending');
  }
  expect(broker.state().person).toBeDefined();
  expect(log.lines.join('\n')).toContain('sign-in on another device started');
  for (const secret of secrets) expect(log.lines.join('\n')).not.toContain(secret);
});

test('a session of another device rests in the vault as any other', async () => {
  const world = await deviceWorld();
  const { signedIn } = await started(world);
  world.answer = undefined;
  world.clock.advance(interval);
  await signedIn;
  await world.broker.close();
  const { state } = world.vault;
  if (!state) throw new Error('nothing is stored');
  const next = await scriptedWorld({ provider: world.provider, clock: world.clock, vault: new TestVault(state) });
  expect(await next.broker.ensureSignedIn(editor, timeout)).toMatchObject({ subject: ada, renewable: true });
  expect(world.provider.count('/oauth/device/code')).toBe(1);
});
