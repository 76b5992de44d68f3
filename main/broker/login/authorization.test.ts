import { expect, test, vi } from 'vitest';
import {
  editor,
  exchangeOf,
  failureOf,
  neverOpened,
  ownChallenge,
  parametersOf,
  scriptedWorld,
  type World,
} from '../../../testing/brokerWorld.ts';
import { minute } from '../../../testing/durations.ts';
import { LoopgateError } from '../../errors/errors.ts';
import { newChallenge, s256 } from './challenge.ts';

const another = 'another program';

test('the S256 challenge is the one of RFC 7636, appendix B [R2]', () => {
  expect(s256('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe('E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM');
});

test('every login page is asked for with S256 and the challenge of its verifier [R2]', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const { codeVerifier } = broker.challenge(editor);
  void broker.authorize(editor, {}).catch(() => undefined);
  expect(parametersOf(await browser.tab())).toMatchObject({
    response_type: 'code',
    code_challenge: s256(codeVerifier),
    code_challenge_method: 'S256',
  });
});

test.each([
  ['a plain verifier', 'the-verifier-itself-sent-as-the-challenge-in-plain'],
  ['too short', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c'],
  ['padded', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM='],
  ['not base64url', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM'],
  ['empty', ''],
])('a challenge that is no S256 challenge is refused: %s [R2]', async (_what, codeChallenge) => {
  const { broker } = neverOpened(await scriptedWorld());
  const failure = await failureOf(broker.authorize(editor, { codeChallenge, state: 'a state' }));
  expect(failure).toMatchObject({ code: 'invalid_request', message: expect.stringContaining('code_challenge') });
});

test('a verifier has 43 to 128 unreserved characters and is fresh each time [R3]', () => {
  const verifiers = Array.from({ length: 500 }, () => newChallenge().codeVerifier);
  for (const verifier of verifiers) expect(verifier).toMatch(/^[A-Za-z0-9._~-]{43,128}$/);
  expect(new Set(verifiers).size).toBe(verifiers.length);
});

test('a verifier holds 256 bits, of which none is constant [R3]', () => {
  const bytes = Array.from({ length: 200 }, () => Buffer.from(newChallenge().codeVerifier, 'base64url'));
  expect(new Set(bytes.map(({ length }) => length))).toEqual(new Set([32]));
  const ever = (bit: number, value: number) => bytes.some((one) => (((one[bit >> 3] ?? 0) >> (bit & 7)) & 1) === value);
  for (let bit = 0; bit < 256; bit++) expect([ever(bit, 0), ever(bit, 1)]).toEqual([true, true]);
});

test('a state of the broker is an unguessable UUID [R4]', async () => {
  const { broker } = await scriptedWorld();
  const states = Array.from({ length: 500 }, () => broker.challenge(editor).state);
  for (const state of states) {
    expect(state).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  expect(new Set(states).size).toBe(states.length);
});

test.each([
  ['64 hexadecimal digits', 'b7'.repeat(32)],
  ['any characters', 'état & <state>="1"+%2B/?#'],
])("a client's own state is passed on as it is: %s [R4]", async (_what, state) => {
  const { broker, browser } = await scriptedWorld();
  const result = await broker.authorize(editor, { codeChallenge: ownChallenge().codeChallenge, state });
  expect(result.state).toBe(state);
  expect(parametersOf(await browser.tab()).state).toBe(state);
});

test("another owner cannot use a state, and its owner's sign-in goes on [R4]", async () => {
  const { broker, browser } = await scriptedWorld();
  const { state, codeChallenge } = broker.challenge(editor);
  const failure = await failureOf(broker.authorize(another, { state, codeChallenge }));
  expect(failure.code).toBe('unknown_state');
  expect(browser.opened).toEqual([]);
  expect(await broker.authorize(editor, {})).toMatchObject({ state });
});

test("another owner cannot answer for a state, and its owner's sign-in goes on [R4]", async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const outcome = broker.authorize(editor, {});
  const parameters = await browser.callback(await browser.tab());
  expect((await failureOf(broker.respond(parameters, another))).code).toBe('unknown_state');
  await broker.respond(parameters, editor);
  expect(await outcome).toMatchObject({ code: parameters.get('code') });
});

test('the program that waits for a sign-in of ours may relay its answer, and no other program [R4]', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const waiting = broker.ensureSignedIn(editor, 60_000);
  const parameters = await browser.callback(await browser.tab());
  expect((await failureOf(broker.respond(parameters, another))).code).toBe('unknown_state');
  expect(await broker.respond(parameters, editor)).toMatchObject({ requestedBy: 'loopgate' });
  expect(await waiting).toEqual(broker.state().person);
});

test('what the person has asked for as well is brought by their browser alone [R4, T18]', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const waiting = broker.ensureSignedIn(editor, 60_000);
  const parameters = await browser.callback(await browser.tab());
  const signingIn = broker.signIn();
  await vi.waitFor(() => expect(broker.state().waiting?.requestedBy).toBe('loopgate'));
  expect((await failureOf(broker.respond(parameters, editor))).code).toBe('unknown_state');
  await broker.respond(parameters);
  expect(await signingIn).toBe(true);
  expect(await waiting).toEqual(broker.state().person);
});

test('a browser that comes by itself speaks for no program: the state is its proof, and the code goes to its owner [R4]', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const { state, codeChallenge } = broker.challenge(editor);
  expect((await failureOf(broker.authorizeAddress({ state: 'guessed', codeChallenge }))).code).toBe('invalid_request');
  const address = await broker.authorizeAddress({ state, codeChallenge });
  const parameters = await browser.callback(address);
  await broker.respond(parameters);
  // The program that opened the address in the browser gets nothing of the response.
  expect((await failureOf(broker.token(another, undefined))).code).toBe('invalid_grant');
  expect(await broker.token(editor, undefined)).toMatchObject({ accessToken: expect.any(String) });
});

test('nothing that is shown holds a state, a verifier, a nonce or an address [R4]', async () => {
  const { broker, browser, log } = await scriptedWorld({ person: null });
  const { state, codeVerifier, codeChallenge } = broker.challenge(editor);
  void broker.authorize(editor, {}).catch(() => undefined);
  const { nonce } = parametersOf(await browser.tab());
  const shown = JSON.stringify(broker.state()) + log.lines.join();
  expect(broker.state().waiting).toMatchObject({ requestedBy: 'program' });
  for (const secret of [state, codeVerifier, codeChallenge, nonce, 'tenant.example/authorize']) {
    expect(shown).not.toContain(secret);
  }
});

test('a wrong state, none, or a doubled one is refused and does not disturb the one that waits [R4]', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const outcome = broker.authorize(editor, {});
  const right = await browser.callback(await browser.tab());
  const wrong = new URLSearchParams(right);
  wrong.set('state', `${right.get('state')}x`);
  const none = new URLSearchParams(right);
  none.delete('state');
  const doubled = new URLSearchParams(right);
  doubled.append('state', right.get('state') ?? '');
  const error = new URLSearchParams({ state: 'wrong', error: 'access_denied' });
  for (const parameters of [wrong, none, doubled, error, new URLSearchParams()]) {
    expect((await failureOf(broker.respond(parameters))).code).toBe('unknown_state');
  }
  await broker.respond(right);
  expect(await outcome).toMatchObject({ code: right.get('code') });
});

test('a state is used once: the replay of a callback is refused and changes nothing [R4]', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const outcome = broker.authorize(editor, {});
  const parameters = await browser.callback(await browser.tab());
  await broker.respond(parameters);
  const { code } = await outcome;
  const replay = new URLSearchParams(parameters);
  replay.set('code', "a thief's code");
  expect((await failureOf(broker.respond(replay))).code).toBe('unknown_state');
  expect((await failureOf(broker.respond(parameters))).code).toBe('unknown_state');
  // R15: the first code is still the one that is kept.
  expect(await broker.authorize(editor, {})).toMatchObject({ code });
});

test('of two callbacks at the same moment exactly one is taken [R4]', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const outcome = broker.authorize(editor, {});
  const parameters = await browser.callback(await browser.tab());
  const both = await Promise.allSettled([broker.respond(parameters), broker.respond(parameters)]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await outcome).toMatchObject({ code: parameters.get('code') });
});

test("a client's state that was used is not taken for a second, different sign-in [R4]", async () => {
  const { broker, browser } = await scriptedWorld();
  await broker.authorize(editor, { codeChallenge: ownChallenge().codeChallenge, state: 'mine' });
  const second = broker.authorize(editor, {
    codeChallenge: ownChallenge('another verifier').codeChallenge,
    state: 'mine',
  });
  expect((await failureOf(second)).code).toBe('unknown_state');
  expect(browser.opened).toHaveLength(1);
});

test('a code_challenge that is not the one of its state is refused [R4]', async () => {
  const { broker } = neverOpened(await scriptedWorld());
  const { state } = broker.challenge(editor);
  const failure = await failureOf(broker.authorize(editor, { codeChallenge: ownChallenge().codeChallenge, state }));
  expect(failure.code).toBe('invalid_request');
});

test('a challenge can be used until its ten minutes are over [R4]', async () => {
  const { broker, clock } = await scriptedWorld();
  const { state } = broker.challenge(editor);
  clock.advance(10 * minute - 1);
  const result = await broker.authorize(editor, {});
  expect(result).toEqual({ code: expect.any(String), state });
});

test('a challenge is gone after ten minutes [R4]', async () => {
  const { broker, clock } = await scriptedWorld();
  const { state } = broker.challenge(editor);
  clock.advance(10 * minute);
  const result = await broker.authorize(editor, {});
  expect(result.state).not.toBe(state);
  expect(result.challenge?.state).toBe(result.state);
});

test('a code that nobody exchanged is gone ten minutes after it came [R4]', async () => {
  const { broker, clock, provider } = await scriptedWorld();
  await broker.authorize(editor, {});
  clock.advance(10 * minute);
  expect((await failureOf(broker.token(editor, undefined))).code).toBe('invalid_grant');
  expect(provider.count('/oauth/token')).toBe(0);
});

test('a login page that was left open past its deadline is refused, also when the machine slept meanwhile [R4]', async () => {
  const { broker, browser, clock } = await scriptedWorld({ person: null });
  const outcome = failureOf(broker.authorize(editor, {}));
  const parameters = await browser.callback(await browser.tab());
  clock.jump(8 * 60 * minute);
  expect((await failureOf(broker.respond(parameters))).code).toBe('unknown_state');
  clock.advance(0);
  expect((await outcome).code).toBe('authorization_timeout');
});

test('after the machine slept past the deadline an equal sign-in opens a new login, and does not join the dead one [R4]', async () => {
  const { broker, browser, clock } = await scriptedWorld({ person: null });
  const before = failureOf(broker.authorize(editor, {}));
  await browser.tab();
  clock.jump(8 * 60 * minute);
  // The other owner asks later, so that the next tab is the editor's, if it gets one.
  const callers = [editor, another].map((owner) =>
    broker.authorize(owner, {}).then(
      () => owner,
      () => 'nobody',
    ),
  );
  await browser.finish(await browser.tab(1));
  expect(await Promise.race(callers)).toBe(editor);
  clock.advance(0);
  expect((await before).code).toBe('authorization_timeout');
});

test('a callback is refused while its challenge has not become a sign-in [R9]', async () => {
  const { broker } = neverOpened(await scriptedWorld());
  const { state } = broker.challenge(editor);
  const parameters = new URLSearchParams({ state, code: 'a code', iss: 'https://tenant.example/' });
  expect((await failureOf(broker.respond(parameters))).code).toBe('unknown_state');
  expect((await failureOf(broker.token(editor, undefined))).code).toBe('invalid_grant');
});

test('a callback is refused after its sign-in has ended [R9]', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const outcome = failureOf(broker.authorize(editor, {}));
  const parameters = await browser.callback(await browser.tab());
  broker.clear(editor);
  expect((await outcome).code).toBe('authorization_cleared');
  expect((await failureOf(broker.respond(parameters))).code).toBe('unknown_state');
});

test('many challenges are pending at once, and each is used by its state [W13]', async () => {
  const { broker, browser } = await scriptedWorld();
  const challenges = Array.from({ length: 20 }, () => broker.challenge(editor));
  for (const { state, codeChallenge } of challenges) {
    expect(await broker.authorize(editor, { state, codeChallenge })).toMatchObject({ state });
  }
  expect(browser.opened.map((opened) => parametersOf(opened).state)).toEqual(challenges.map(({ state }) => state));
});

test("clear drops the caller's own sign-ins only [W13]", async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const mine = failureOf(broker.authorize(editor, {}));
  await browser.tab();
  const others = broker.authorize(another, {});
  const opened = await browser.tab(1);
  broker.clear(editor);
  expect((await mine).code).toBe('authorization_cleared');
  await browser.finish(opened);
  expect((await others).code).toMatch(/^code-/);
});

test('clear drops a challenge that was not used yet [W13]', async () => {
  const { broker } = await scriptedWorld();
  const { state } = broker.challenge(editor);
  broker.clear(editor);
  const result = await broker.authorize(editor, {});
  expect(result.state).not.toBe(state);
});

test('clear drops a code that was received and not exchanged [W13]', async () => {
  const { broker, provider } = await scriptedWorld();
  await broker.authorize(editor, {});
  broker.clear(editor);
  expect((await failureOf(broker.token(editor, undefined))).code).toBe('invalid_grant');
  expect(provider.count('/oauth/token')).toBe(0);
});

test("one owner's unused challenges are bounded, and take nothing from another's [W13]", async () => {
  const { broker } = await scriptedWorld();
  const others = broker.challenge(another);
  const first = broker.challenge(editor);
  for (let made = 0; made < 1000; made++) broker.challenge(editor);
  expect(await broker.authorize(another, {})).toMatchObject({ state: others.state });
  // The oldest one is forgotten, so its state is one that the client could have made itself.
  const result = await broker.authorize(editor, { state: first.state, codeChallenge: first.codeChallenge });
  expect((await failureOf(broker.token(editor, { ...exchangeOf(result), codeVerifier: 'wrong' }))).code).toBe(
    'invalid_grant',
  );
});

test('the unused challenges of all owners together are bounded: every connection of an unknown program is one [W13]', async () => {
  const { broker } = neverOpened(await scriptedWorld());
  const first = broker.challenge('unknown:0');
  const second = broker.challenge('unknown:1');
  for (let made = 2; made <= 5000; made++) broker.challenge(`unknown:${made}`);
  expect(broker.programWith(first.state)).toBeUndefined();
  expect(broker.programWith(second.state)).toBe('unknown:1');
});

/** Starts so many different sign-ins. @returns the codes of those that were refused */
async function startMany({ broker }: World, owner: string, count: number, name: string): Promise<string[]> {
  const refused: string[] = [];
  for (let number = 0; number < count; number++) {
    const challenge = ownChallenge(`${name} ${number}`);
    const failure = await broker.authorize(owner, { codeChallenge: challenge.codeChallenge }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure instanceof LoopgateError) refused.push(failure.code);
  }
  return refused;
}

test('a program may start 30 sign-ins in a minute, and is then slowed down without a further tab [L8]', async () => {
  const world = await scriptedWorld();
  expect(await startMany(world, editor, 30, 'first')).toEqual([]);
  const refused = await startMany(world, editor, 200, 'second');
  expect(refused.length).toBeGreaterThan(100);
  expect(new Set(refused)).toEqual(new Set(['rate_limited']));
  expect(world.browser.opened).toHaveLength(230 - refused.length);
});

test('the limit is one for each program, and over after a minute [L8]', async () => {
  const world = await scriptedWorld();
  await startMany(world, editor, 200, 'first');
  expect(await startMany(world, another, 30, 'second')).toEqual([]);
  world.clock.advance(minute);
  expect(await startMany(world, editor, 30, 'third')).toEqual([]);
});

test('sign-ins that join one that is open do not count [L8]', async () => {
  const { broker, browser } = await scriptedWorld({ person: null });
  const many = Array.from({ length: 500 }, () => broker.authorize(editor, {}));
  await browser.finish(await browser.tab());
  const codes = (await Promise.all(many)).map(({ code }) => code);
  expect(new Set(codes).size).toBe(1);
  expect(browser.opened).toHaveLength(1);
});
