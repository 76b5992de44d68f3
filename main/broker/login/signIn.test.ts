import { describe, expect, test } from 'vitest';
import {
  address,
  editor,
  exchangeOf,
  failureOf,
  localWorld,
  neverOpened,
  ownChallenge,
  parametersOf,
  plainFetch,
  redirectUri,
  ScriptedProvider,
  scriptedWorld,
  signInAs,
} from '../../../testing/brokerWorld.ts';
import { minute } from '../../../testing/durations.ts';
import { arrivedAt } from '../../../testing/loginAddress.ts';
import { deferred } from '../../system/deferred.ts';
import type { Broker } from '../broker.ts';
import type { WaitingLogin } from '../state.ts';
import { s256 } from './challenge.ts';
import type { SignInRequest } from './requests.ts';

const another = 'another program';
const toolCallback = 'https://tool.example/callback';
const { codeChallenge, codeVerifier } = ownChallenge();

test("a sign-in opens one address, the provider's login page, in the person's browser [R1]", async () => {
  const { broker, browser, provider } = await localWorld();
  const { code, state } = await broker.authorize(editor, {});
  expect(browser.opened).toHaveLength(1);
  const opened = new URL(await browser.tab());
  expect(opened.origin + opened.pathname).toBe(`${provider.issuer}authorize`);
  expect(parametersOf(opened.href)).toMatchObject({ client_id: provider.clientId, redirect_uri: redirectUri, state });
  expect(await browser.page()).toEqual({ code, state, requestedBy: 'program' });
});

test('the nonce is fresh, long, and not the state that the client knows [R5]', async () => {
  const { broker, browser } = await scriptedWorld();
  for (let round = 0; round < 5; round++) {
    broker.challenge(editor);
    await broker.authorize(editor, {});
  }
  const all = browser.opened.map(parametersOf);
  expect(new Set(all.map(({ nonce }) => nonce)).size).toBe(5);
  for (const { nonce, state } of all) {
    expect(nonce).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(nonce).not.toBe(state);
  }
});

test('a real provider that announces iss and does not send it is refused [R6]', async () => {
  const { broker } = await localWorld({ providerOptions: { announceIss: true, sendIss: false } });
  expect((await failureOf(broker.authorize(editor, {}))).code).toBe('provider_error');
});

test.each([
  ['not sent', false],
  ['sent', true],
])('an iss that was not announced may be missing and is checked when it comes: %s [R6]', async (_what, sendIss) => {
  const world = await localWorld({ providerOptions: { announceIss: false, sendIss } });
  expect((await signInAs(world)).accessToken).not.toBe('');
});

test('a login that comes back without a code ends as provider_error and leaves nobody waiting [R13]', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const outcome = failureOf(broker.authorize(editor, {}));
  const parameters = await browser.callback(await browser.tab());
  parameters.delete('code');
  await failureOf(broker.respond(parameters));
  expect((await outcome).code).toBe('provider_error');
  expect(broker.state().waiting).toBeUndefined();
});

test.each([
  'https://tool.example/callback/',
  'https://tool.example/callback?x=1',
  'https://tool.example/Callback',
  'https://tool.example:444/callback',
  'http://tool.example/callback',
  'https://tool.example.evil.example/callback',
  `${redirectUri}/`,
  'http://localhost:39301/pkce/response/code',
  'http://127.0.0.1:39300/pkce/response/code',
  '',
])('a redirect_uri that is not exactly one of the list is refused and nothing is opened: %s [R7]', async (wrong) => {
  const { broker } = neverOpened(await scriptedWorld({ settings: { redirectUris: [toolCallback] } }));
  const failure = await failureOf(broker.authorize(editor, { redirectUri: wrong }));
  expect(failure).toMatchObject({ code: 'invalid_request', message: expect.stringContaining('redirect_uri') });
});

test('a client_id that is not known is refused and nothing is opened [W12]', async () => {
  const { broker } = neverOpened(await scriptedWorld({ settings: { clients: ['known'] } }));
  const failure = await failureOf(broker.authorize(editor, { clientId: 'unknown' }));
  expect(failure).toMatchObject({ code: 'invalid_request', message: expect.stringContaining('client_id') });
});

test('a client_id of the list is used [W12]', async () => {
  const { broker, browser } = await scriptedWorld({ settings: { clients: ['known'] } });
  await broker.authorize(editor, { clientId: 'known' });
  expect(parametersOf(await browser.tab()).client_id).toBe('known');
});

test("the broker's own callback is asked for with form_post, and the provider posts [R10]", async () => {
  const { broker, browser } = await localWorld({ person: null });
  void broker.authorize(editor, {}).catch(() => undefined);
  expect(parametersOf(await browser.tab()).response_mode).toBe('form_post');
});

test('a provider without form_post is asked for query [R10]', async () => {
  const world = await localWorld({ providerOptions: { formPost: false } });
  await signInAs(world);
  expect(parametersOf(await world.browser.tab()).response_mode).toBe('query');
});

test('metadata that does not speak of response modes means query and fragment (OIDC Discovery §3) [R10]', async () => {
  const provider = new ScriptedProvider();
  provider.metadata = { response_modes_supported: undefined };
  const { broker, browser } = await scriptedWorld({ provider });
  await broker.authorize(editor, {});
  expect(parametersOf(await browser.tab()).response_mode).toBe('query');
});

test.each(['fragment', 'web_message', 'query'] as const)(
  "%s cannot reach the broker's own callback and is not asked for there [R10]",
  async (responseMode) => {
    const { broker, browser } = await scriptedWorld();
    await broker.authorize(editor, { codeChallenge, responseMode });
    expect(parametersOf(await browser.tab()).response_mode).toBe('form_post');
  },
);

test.each(['fragment', 'web_message', 'query', 'form_post'] as const)(
  '%s is passed on for a redirect_uri of the list [R10]',
  async (responseMode) => {
    const { broker } = neverOpened(await scriptedWorld({ settings: { redirectUris: [toolCallback] } }));
    const opened = await broker.authorizeAddress({ codeChallenge, responseMode, redirectUri: toolCallback });
    expect(parametersOf(opened)).toMatchObject({ response_mode: responseMode, redirect_uri: toolCallback });
  },
);

test('a denial ends the sign-in as access_denied, for the caller and for the person [R13]', async () => {
  const world = await localWorld({ person: null });
  world.browser.deny = true;
  const outcome = failureOf(world.broker.authorize(editor, {}));
  const page = await world.browser.finish(await world.browser.tab());
  const denied = {
    code: 'access_denied',
    providerError: 'access_denied',
    message: expect.stringContaining('User denied the request'),
  };
  expect(page).toMatchObject(denied);
  expect(await outcome).toMatchObject(denied);
  expect(world.broker.state().waiting).toBeUndefined();
});

test("another error ends the sign-in as provider_error, with the provider's words [R13]", async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const outcome = failureOf(broker.authorize(editor, {}));
  const { state = '' } = parametersOf(await browser.tab());
  const parameters = {
    state,
    iss: 'https://tenant.example/',
    error: 'login_required',
    error_description: 'Login required',
  };
  await failureOf(broker.respond(new URLSearchParams(parameters)));
  const failure = await outcome;
  expect(failure).toMatchObject({ code: 'provider_error', providerError: 'login_required' });
  expect(failure.message).toContain('login_required: Login required');
});

test("the provider's words are cut to what can be seen and to a length that can be shown [R13]", async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const outcome = failureOf(broker.authorize(editor, {}));
  const { state = '' } = parametersOf(await browser.tab());
  const parameters = {
    state,
    iss: 'https://tenant.example/',
    error: 'server_error',
    error_description: `\u0000\r\n\u202e${'word '.repeat(1000)}`,
  };
  await failureOf(broker.respond(new URLSearchParams(parameters)));
  const { message } = await outcome;
  expect(message).toMatch(/^[\x20-\x7e]+$/);
  expect(message.length).toBeLessThan(600);
});

test('after an error the next sign-in starts anew [R13]', async () => {
  const { broker, browser } = await scriptedWorld();
  browser.deny = true;
  await failureOf(broker.authorize(editor, {}));
  browser.deny = false;
  expect((await broker.authorize(editor, {})).code).toMatch(/^code-/);
  expect(browser.opened).toHaveLength(2);
});

test('equal sign-ins join: one tab, the same code [R15]', async () => {
  const { broker, browser } = await localWorld();
  const results = await Promise.all(Array.from({ length: 25 }, () => broker.authorize(editor, {})));
  expect(browser.opened).toHaveLength(1);
  expect(new Set(results.map(({ code }) => code)).size).toBe(1);
  expect(new Set(results.map(({ challenge }) => challenge?.codeVerifier)).size).toBe(1);
});

test('equal sign-ins with a challenge of the client join, and each gets the state that it sent [R15]', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const first = broker.authorize(editor, { codeChallenge, state: 'one' });
  const opened = await browser.tab();
  const second = broker.authorize(editor, { codeChallenge, state: 'two' });
  await browser.finish(opened);
  const [one, two] = await Promise.all([first, second]);
  expect(one).toEqual({ code: one.code, state: 'one' });
  expect(two).toEqual({ code: one.code, state: 'two' });
  expect(browser.opened).toHaveLength(1);
});

const base: SignInRequest = { codeChallenge };
test.each<[string, string, SignInRequest]>([
  ['owner', another, base],
  ['client_id', editor, { ...base, clientId: 'known' }],
  ['audience', editor, { ...base, audience: 'https://api.loopgate.test/' }],
  ['scope', editor, { ...base, scope: ['openid', 'more'] }],
  ['redirect_uri', editor, { ...base, redirectUri: toolCallback }],
  ['connection', editor, { ...base, connection: 'github' }],
  ['organization', editor, { ...base, organization: 'org_1' }],
  ['prompt', editor, { ...base, prompt: 'login' }],
  ['client challenge', editor, { codeChallenge: ownChallenge('another verifier').codeChallenge }],
])('sign-ins whose %s differs do not join [R15]', async (_part, owner, asked) => {
  const { broker, browser } = await scriptedWorld({
    person: null,
    settings: { clients: ['known'], redirectUris: [toolCallback] },
  });
  const first = broker.authorize(editor, base);
  const opened = await browser.tab();
  const second = failureOf(broker.authorize(owner, asked));
  await browser.tab(1);
  await browser.finish(opened);
  await first;
  expect(broker.state().waiting).toBeDefined();
  await broker.close();
  expect((await second).code).toBe('authorization_cleared');
});

test('the result of a login whose caller hung up is kept 60 seconds for the same owner [R15]', async () => {
  const { broker, browser, clock } = await scriptedWorld({ person: null });
  void broker.authorize(editor, {}).catch(() => undefined);
  await browser.finish(await browser.tab());
  clock.advance(minute - 1);
  expect((await broker.authorize(editor, {})).code).toMatch(/^code-/);
  expect(browser.opened).toHaveLength(1);
});

test.each([
  ['with a challenge of the broker', {}],
  ['with a challenge of the client', base],
])('after 60 seconds the same request opens a new login: %s [R15]', async (_what, asked) => {
  const { broker, browser, clock } = await scriptedWorld();
  const first = await broker.authorize(editor, asked);
  clock.advance(minute);
  const second = await broker.authorize(editor, asked);
  expect(second.code).not.toBe(first.code);
  expect(browser.opened).toHaveLength(2);
});

test('a result is not kept for another owner [R15]', async () => {
  const { broker, browser } = await scriptedWorld();
  const first = await broker.authorize(editor, {});
  const second = await broker.authorize(another, {});
  expect(second.code).not.toBe(first.code);
  expect(browser.opened).toHaveLength(2);
});

test('a sign-in that was exchanged is finished: the next one is a new login [R15]', async () => {
  const world = await scriptedWorld();
  await signInAs(world);
  await signInAs(world);
  expect(world.browser.opened).toHaveLength(2);
});

test('a login that is not finished in time ends as authorization_timeout, and a late callback is refused [R15]', async () => {
  const { broker, browser, clock } = await scriptedWorld({ person: null });
  const outcome = failureOf(broker.authorize(editor, {}));
  const parameters = await browser.callback(await browser.tab());
  clock.advance(240_000 - 1);
  expect(broker.state().waiting).toBeDefined();
  clock.advance(1);
  expect((await outcome).code).toBe('authorization_timeout');
  expect(broker.state().waiting).toBeUndefined();
  expect((await failureOf(broker.respond(parameters))).code).toBe('unknown_state');
});

test('the time-out is the one of the settings, and a finished login is not ended by it [R15]', async () => {
  const { broker, browser, clock } = await scriptedWorld({ settings: { signInTimeout: 5000 } });
  const result = await broker.authorize(editor, {});
  clock.advance(5000);
  expect(await broker.authorize(editor, {})).toEqual(result);
  browser.person = undefined;
  const late = failureOf(broker.authorize(another, {}));
  await browser.tab(1);
  clock.advance(5000);
  expect((await late).code).toBe('authorization_timeout');
});

test("without a seed the caller's newest pending challenge is used, and the answer repeats no challenge [W6]", async () => {
  const { broker, browser } = await scriptedWorld();
  broker.challenge(editor);
  const newest = broker.challenge(editor);
  broker.challenge(another);
  const result = await broker.authorize(editor, {});
  expect(result).toEqual({ code: result.code, state: newest.state });
  expect(parametersOf(await browser.tab()).code_challenge).toBe(newest.codeChallenge);
});

test('without a pending challenge a fresh one is made, and the answer has its verifier [W6]', async () => {
  const world = await scriptedWorld();
  const { challenge, state } = await world.broker.authorize(editor, {});
  expect(challenge?.state).toBe(state);
  expect(challenge?.codeChallenge).toBe(s256(challenge?.codeVerifier ?? ''));
  expect(parametersOf(await world.browser.tab()).code_challenge).toBe(challenge?.codeChallenge);
});

test('with a seed whose state is unknown the client keeps its own verifier [W6]', async () => {
  const { broker } = await localWorld();
  const result = await broker.authorize(editor, { codeChallenge, state: '7c3f7f0e-3f0b-4ac5-8a53-0f64b9f4c9d5' });
  expect(result).toEqual({ code: result.code, state: '7c3f7f0e-3f0b-4ac5-8a53-0f64b9f4c9d5' });
  const tokens = await broker.token(editor, exchangeOf(result, { codeVerifier }));
  expect(tokens.accessToken).not.toBe('');
});

test('a seed with the state and challenge of a pending one uses that one [W6]', async () => {
  const { broker } = await localWorld();
  const pending = broker.challenge(editor);
  broker.challenge(editor);
  const result = await broker.authorize(editor, { state: pending.state, codeChallenge: pending.codeChallenge });
  const tokens = await broker.token(editor, exchangeOf(result, { codeVerifier: pending.codeVerifier }));
  expect(tokens.accessToken).not.toBe('');
});

test('without a state the answer has the one that the broker made [W6]', async () => {
  const { broker, browser } = await scriptedWorld();
  const result = await broker.authorize(editor, { codeChallenge });
  expect(result.state).toBe(parametersOf(await browser.tab()).state);
});

test('what a seed asks for reaches the provider', async () => {
  const { broker, browser } = await scriptedWorld();
  const asked = {
    audience: 'https://api.loopgate.test/',
    prompt: 'login',
    connection: 'github',
    organization: 'org_1',
    invitation: 'inv',
    screenHint: 'signup',
    display: 'popup',
    accessType: 'offline',
  };
  await broker.authorize(editor, { codeChallenge, ...asked });
  const { screenHint, accessType, ...same } = asked;
  expect(parametersOf(await browser.tab())).toMatchObject({
    ...same,
    screen_hint: screenHint,
    access_type: accessType,
  });
});

test.each([
  ['lists its scopes without offline_access', ['openid', 'profile', 'email'], 'openid profile email'],
  ['lists it', ['openid', 'offline_access'], 'openid profile email offline_access'],
  ['lists none', [], 'openid profile email offline_access'],
  ['does not list any', undefined, 'openid profile email offline_access'],
  ['lists nonsense', 'openid', 'openid profile email offline_access'],
])('a provider that %s is asked for that alone [W15]', async (_how, listed, scope) => {
  const world = await scriptedWorld();
  world.provider.metadata = { scopes_supported: listed };
  await world.broker.authorize(editor, { scope: ['openid', 'offline_access'] });
  expect(new Set(parametersOf(world.browser.tabs[0] ?? '').scope?.split(' '))).toEqual(new Set(scope.split(' ')));
});

test.each([
  ['invalid_scope', undefined],
  ['not_allowed', 'Offline tokens not allowed for the user or client'],
])('a provider that refuses a scope with %s: the reason names the setting', async (error, description) => {
  const world = await scriptedWorld();
  world.provider.answers.set('/oauth/token', () =>
    Response.json({ error, error_description: description }, { status: 400 }),
  );
  const failure = await failureOf(signInAs(world));
  expect(failure).toMatchObject({ code: 'provider_error', next: expect.stringContaining('LOOPGATE_SCOPE') });
  expect(failure.next).toContain('offline_access');
});

test('what a seed does not ask for is not sent', async () => {
  const { broker, browser } = await scriptedWorld();
  await broker.authorize(editor, {});
  expect(Object.keys(parametersOf(await browser.tab())).sort()).toEqual([
    'client_id',
    'code_challenge',
    'code_challenge_method',
    'nonce',
    'redirect_uri',
    'response_mode',
    'response_type',
    'scope',
    'state',
  ]);
});

test('a browser may come by itself only for a redirect_uri of the list or a state that is pending', async () => {
  const { broker } = neverOpened(await scriptedWorld({ settings: { redirectUris: [toolCallback] } }));
  for (const asked of [{ codeChallenge }, { codeChallenge, state: 'unknown' }, { codeChallenge, redirectUri }]) {
    expect((await failureOf(broker.authorizeAddress(asked))).code).toBe('invalid_request');
  }
  const { state, codeChallenge: pending } = broker.challenge(editor);
  const own = await broker.authorizeAddress({ state, codeChallenge: pending });
  expect(parametersOf(own)).toMatchObject({ state, redirect_uri: redirectUri });
});

test('a browser that loads the same address twice is sent to the same login', async () => {
  const { broker } = neverOpened(await scriptedWorld({ settings: { redirectUris: [toolCallback] } }));
  const asked = { codeChallenge, state: 'mine', redirectUri: toolCallback };
  const both = await Promise.all([broker.authorizeAddress(asked), broker.authorizeAddress(asked)]);
  expect(both[1]).toBe(both[0]);
  expect(await broker.authorizeAddress(asked)).toBe(both[0]);
  // No program needs permission for it: the code goes to the owner of the redirect_uri.
  expect(broker.programWith('mine')).toBeUndefined();
  expect(broker.programWith(broker.challenge(editor).state)).toBe(editor);
});

test('a provider that cannot be reached ends the start at once, and the next start a second later tries again', async () => {
  let down = true;
  const { broker, browser, clock } = await localWorld({
    fetch: (url, options) => (down ? Promise.reject(new TypeError('fetch failed')) : plainFetch(url, options)),
  });
  expect(await failureOf(broker.authorize(editor, {}))).toMatchObject({
    code: 'provider_unreachable',
    retryable: true,
  });
  expect(browser.opened).toEqual([]);
  down = false;
  clock.jump(1_000);
  expect((await broker.authorize(editor, {})).code).not.toBe('');
});

test('without settings every operation says what to set', async () => {
  const { broker } = neverOpened(await scriptedWorld({ configured: false }));
  const all = [
    broker.authorize(editor, {}),
    broker.token(editor, undefined),
    broker.userInfo(),
    broker.userInfo('a token'),
    broker.signOutAtProvider({ clientId: 'any', openBrowser: true }),
  ];
  for (const one of all) {
    expect(await failureOf(one)).toMatchObject({
      code: 'not_configured',
      message: expect.stringContaining('LOOPGATE_ISSUER'),
    });
  }
  expect(broker.providerHost).toBeUndefined();
  expect(broker.providerOrigins).toEqual([]);
});

test("the tray's sign-in makes the person the active one", async () => {
  const { broker, browser, provider } = await localWorld({ person: 'Grace Hopper' });
  await broker.signIn();
  expect(broker.state()).toMatchObject({
    person: {
      issuer: provider.issuer,
      subject: 'auth0|grace-hopper',
      renewable: true,
      profile: { name: 'Grace Hopper' },
    },
    waiting: undefined,
    problem: undefined,
  });
  expect(await browser.page()).toMatchObject({ requestedBy: 'loopgate' });
  expect(provider.count('/oauth/token')).toBe(1);
});

test("the page after the tray's sign-in says when the exchange failed, and so does the window", async () => {
  const { broker, browser, provider } = await localWorld();
  provider.fault('/oauth/token', { status: 400, body: { error: 'invalid_grant', error_description: 'Code expired' } });
  await broker.signIn();
  expect(await browser.page()).toMatchObject({ code: 'invalid_grant' });
  expect(broker.state()).toMatchObject({ person: undefined, problem: { code: 'invalid_grant' } });
});

test("a denial of the tray's sign-in is shown, and gone with the next one that works [R13]", async () => {
  const { broker, browser } = await localWorld();
  browser.deny = true;
  await broker.signIn();
  expect(broker.state().problem?.code).toBe('access_denied');
  browser.deny = false;
  await broker.signIn();
  expect(broker.state()).toMatchObject({ person: { subject: 'auth0|ada-lovelace' }, problem: undefined });
});

test("the tray's sign-in that runs out of time is shown; a problem can be dismissed", async () => {
  const { broker, browser, clock } = await scriptedWorld({ person: null });
  const done = broker.signIn();
  await browser.tab();
  expect(broker.state().waiting).toMatchObject({ requestedBy: 'loopgate', deadline: clock.now() + 240_000 });
  clock.advance(240_000);
  await done;
  expect(broker.state().problem?.code).toBe('authorization_timeout');
  broker.dismissProblem();
  expect(broker.state().problem).toBeUndefined();
});

test('a login that the person cancels is no problem to show, and its caller gets authorization_cleared', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const done = broker.signIn();
  await browser.tab();
  broker.cancel(broker.state().waiting?.id ?? '');
  await done;
  expect(broker.state()).toMatchObject({ waiting: undefined, problem: undefined });
  const asked = failureOf(broker.authorize(editor, {}));
  await browser.tab(1);
  broker.cancel(broker.state().waiting?.id ?? '');
  expect((await asked).code).toBe('authorization_cleared');
});

test('what is opened and copied is an address of this machine without state and nonce, once; a new one ends the old [R16]', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const asked = broker.authorize(editor, {});
  const opened = await browser.tab();
  const id = broker.state().waiting?.id ?? '';
  const copied = broker.newLoginAddress(id) ?? '';
  expect(copied).toMatch(/^http:\/\/127\.0\.0\.1:39300\/login\/[\w-]{32}$/);
  const newer = broker.newLoginAddress(id) ?? '';
  expect(newer).not.toBe(copied);
  expect(() => arrivedAt(broker, copied)).toThrow('unknown');
  expect(arrivedAt(broker, newer)).toBe(opened);
  expect(() => arrivedAt(broker, newer)).toThrow('used');
  await broker.openAgain(id);
  expect(() => arrivedAt(broker, newer)).toThrow('unknown');
  expect(browser.opened).toEqual([opened, opened]);
  const last = broker.newLoginAddress(id) ?? '';
  await browser.finish(opened);
  await asked;
  expect(() => arrivedAt(broker, last)).toThrow('unknown');
  expect(broker.newLoginAddress(id)).toBeUndefined();
  await broker.openAgain(id);
  expect(browser.opened).toHaveLength(2);
});

/** Resolves when it is known whether the login's page has opened. */
function pageKnown(broker: Broker): Promise<WaitingLogin> {
  return new Promise((resolve) => {
    const stop = broker.onChange(() => {
      const { waiting } = broker.state();
      if (!waiting || waiting.page === 'opening') return;
      stop();
      resolve(waiting);
    });
  });
}

test('a browser that does not open leaves the login waiting, and the person reads that it did not', async () => {
  const { broker, browser } = await scriptedWorld();
  browser.failure = () => new Error('spawn xdg-open ENOENT');
  const known = pageKnown(broker);
  const asked = broker.authorize(editor, {});
  const { id, page } = await known;
  expect(page).toBe('failed');
  expect(broker.state().problem).toBeUndefined();
  // Opened again, its result is unknown at first, and then known.
  browser.failure = undefined;
  browser.person = undefined;
  browser.opening = Promise.resolve();
  const again = pageKnown(broker);
  void broker.openAgain(id);
  expect(broker.state().waiting).toMatchObject({ id, page: 'opening' });
  expect(await again).toMatchObject({ id, page: 'opened' });
  await browser.finish(browser.opened.at(-1) ?? '', 'Ada Lovelace');
  expect((await asked).code).toMatch(/^code-/);
});

test('a browser that comes is known to have opened, whatever the program says that opens pages', async () => {
  const shown: string[] = [];
  const { broker, browser } = await scriptedWorld({ person: null, showAddress: (one) => shown.push(one) });
  browser.failure = (opened) => {
    arrivedAt(broker, opened);
    return new Error('xdg-open ended with 1');
  };
  const asked = failureOf(broker.authorize(editor, {}));
  expect(await pageKnown(broker)).toMatchObject({ page: 'opened' });
  await Promise.resolve();
  expect(shown).toEqual([]);
  // And one that comes later, by the address that was shown.
  browser.failure = () => new Error('xdg-open ended with 1');
  const { id = '' } = broker.state().waiting ?? {};
  await broker.openAgain(id);
  expect(broker.state().waiting).toMatchObject({ page: 'failed' });
  arrivedAt(broker, shown[0] ?? '');
  expect(broker.state().waiting).toMatchObject({ page: 'opened' });
  broker.cancel(id);
  await asked;
});

test('where no window is, the address that did not open is shown there, and to nobody when the login is over', async () => {
  const shown: string[] = [];
  const { broker, browser } = await scriptedWorld({ showAddress: (one) => shown.push(one) });
  browser.failure = () => new Error('spawn xdg-open ENOENT');
  const known = pageKnown(broker);
  const asked = failureOf(broker.authorize(editor, {}));
  const { id } = await known;
  expect(shown).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:39300\/login\/[\w-]{32}$/)]);
  const opened = deferred();
  browser.opening = opened.promise;
  const opening = broker.openAgain(id);
  broker.cancel(id);
  opened.reject(new Error('late'));
  await opening;
  expect((await asked).code).toBe('authorization_cleared');
  expect(shown).toHaveLength(1);
});

test('a sign-out whose page at the provider does not open says so, and what is left to do', async () => {
  const provider = new ScriptedProvider();
  provider.metadata = { end_session_endpoint: 'https://tenant.example/logout' };
  const { broker, browser } = await scriptedWorld({ provider });
  await broker.signIn();
  browser.failure = () => new Error('spawn xdg-open ENOENT');
  const shown = new Promise<void>((resolve) => {
    broker.onChange(() => broker.state().problem && resolve());
  });
  await broker.signOutAtProvider({ openBrowser: true });
  await shown;
  expect(broker.state().problem?.message).toMatch(/signed out here.*could not be opened.*Sign out on the provider/);
});

test('the reason why a browser did not open is logged without the address, its state and its nonce [T9]', async () => {
  const { broker, browser, log } = await scriptedWorld();
  let tried = '';
  browser.failure = (opened) => {
    tried = opened;
    return new Error(`Command failed: xdg-open ${opened}`);
  };
  const known = pageKnown(broker);
  void broker.authorize(editor, {}).catch(() => undefined);
  const { id } = await known;
  const { state = '?', nonce = '?' } = parametersOf(arrivedAt(broker, tried));
  expect(log.lines.join()).toContain('the browser did not open');
  expect(log.lines.join()).not.toContain(tried);
  expect(log.lines.join()).not.toContain(state);
  expect(log.lines.join()).not.toContain(nonce);
  browser.failure = () => new Error('xdg-open ended with 3');
  await broker.openAgain(id);
  expect(log.lines.at(-1)).toContain('xdg-open ended with 3');
});

describe('a login that the command opens', () => {
  test('says nothing where the browser opened, and is joined by the request for its code', async () => {
    const { broker, browser } = await scriptedWorld({ person: null });
    expect(await broker.openForCommand(editor)).toEqual({});
    const asked = broker.authorize(editor, {});
    const [opened = ''] = browser.opened;
    await browser.finish(opened, 'Ada Lovelace');
    expect((await asked).code).toMatch(/^code-/);
    expect(browser.opened).toHaveLength(1);
  });

  test('gives its address to the program that started it, where the browser did not open', async () => {
    const { broker, browser } = await scriptedWorld({ person: null });
    browser.failure = () => new Error('spawn xdg-open ENOENT');
    const { address = '' } = await broker.openForCommand(editor);
    const { state } = parametersOf(arrivedAt(broker, address));
    // Another one gets the address of its own login.
    const other = await broker.openForCommand(another);
    expect(parametersOf(arrivedAt(broker, other.address ?? '')).state).not.toBe(state);
  });

  test('is over with the reason when it ends while the browser is still being opened', async () => {
    const { broker, browser } = await scriptedWorld({ person: null });
    browser.opening = new Promise(() => undefined);
    const begun = new Promise<void>((resolve) => {
      broker.onChange(() => broker.state().waiting && resolve());
    });
    const asked = failureOf(broker.openForCommand(editor));
    await begun;
    broker.clear(editor);
    expect((await asked).code).toBe('authorization_cleared');
  });
});

test('a login that took too long says what to check, where the browser showed an error of the provider [R15]', async () => {
  const { broker, browser, clock } = await scriptedWorld({ person: null, settings: { signInTimeout: 5_000 } });
  const asked = failureOf(broker.authorize(editor, {}));
  await browser.tab();
  clock.advance(5_000);
  expect((await asked).message).toBe(
    `The sign-in was not finished in the browser in time. Start it again and finish the login in the browser. If the browser showed an error, check at the provider that the client ID is loopgate-demo and that ${address}/pkce/response/code is registered as a callback.`,
  );
});

test('close ends every login that waits', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const asked = failureOf(broker.authorize(editor, {}));
  await browser.tab();
  await broker.close();
  expect((await asked).code).toBe('authorization_cleared');
});

test('the window is told of the start and of the end of a login, until it stops listening', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const seen: (string | undefined)[] = [];
  const stop = broker.onChange(() => seen.push(broker.state().waiting?.page));
  const asked = broker.authorize(editor, {});
  await browser.finish(await browser.tab());
  await asked;
  expect(seen).toEqual(['opening', 'opened', undefined]);
  stop();
  browser.person = 'Ada Lovelace';
  await broker.authorize(another, {});
  expect(seen).toHaveLength(3);
  expect(broker.redirectUri).toBe(`${address}/pkce/response/code`);
});

test('a login page that is neither https nor at the configured provider is never opened, and the caller reads why [R16]', async () => {
  const provider = new ScriptedProvider('http://localhost:4000/');
  provider.metadata = { authorization_endpoint: 'http://127.0.0.1:4001/authorize' };
  const { broker } = neverOpened(await scriptedWorld({ provider }));
  expect(await failureOf(broker.authorize(editor, {}))).toMatchObject({
    code: 'provider_error',
    message: expect.stringContaining('neither https nor at the configured provider'),
  });
  expect(broker.state().waiting).toBeUndefined();
});
