/** What a hostile reading of the gate has found: each of these succeeded once. */
import { expect, test } from 'vitest';
import { FakeClock } from '../../testing/brokerWorld.ts';
import { from, hour, minute, program, gateStage as stage, TestListStore, testGate } from '../../testing/testGate.ts';
import { unknownProgram } from './program.ts';
import { kindOf } from './programKinds.ts';

test('any program can lie in a file called chrome: its word for an origin is asked about, by its path [C3]', async () => {
  const { gate, asks } = stage('ask', undefined, undefined, ['app://obsidian.md']);
  const path = '/home/me/.cache/evil/chrome';
  const evil = program(path, { kind: kindOf(path), hash: 'ab' });
  const { state } = await asks(from(evil, 'app://obsidian.md'));
  expect(state).toBe('waits');
  expect(gate.questions[0]).toMatchObject({ program: { path, name: expect.stringContaining('app://obsidian.md') } });
  gate.answer(gate.questions[0]?.id ?? '', 'deny');
  expect((await asks(from(evil, 'app://obsidian.md'))).state).toBe('consent_denied');
  const root = program('/usr/bin/chromium', { kind: 'browser' });
  expect((await asks(from(root, 'app://obsidian.md'))).state).toBe('allowed');
});

test('Allow once for a curl is for that one, not for one that asked beside it', async () => {
  const { gate, asks } = stage();
  const mine = await asks(from(program('/usr/bin/curl', { kind: 'httpClient', process: '100@1' })));
  const evil = await asks(from(program('/usr/bin/curl', { kind: 'httpClient', process: '666@1' })));
  gate.answer(gate.questions[0]?.id ?? '', 'once');
  expect(await mine.outcome).toBe('allowed');
  expect(await evil.outcome).toBe('consent_denied');
});
test('Allow once for a script is for that run, not for one with a forged command line', async () => {
  const { gate, asks } = stage();
  const mine = await asks(
    from(program('/usr/bin/node', { kind: 'interpreter', process: '100@1', claim: '/home/me/good.js' })),
  );
  const evil = await asks(
    from(program('/usr/bin/node', { kind: 'interpreter', process: '666@1', claim: '/home/me/good.js' })),
  );
  gate.answer(gate.questions[0]?.id ?? '', 'once');
  expect(await mine.outcome).toBe('allowed');
  expect(await evil.outcome).toBe('consent_denied');
});
test('Allow once for what cannot be identified is for the connection that asked', async () => {
  const { gate, asks } = stage();
  const mine = await asks(from(unknownProgram));
  const evil = await asks(from(unknownProgram));
  gate.answer(gate.questions[0]?.id ?? '', 'once');
  expect(await mine.outcome).toBe('allowed');
  expect(await evil.outcome).toBe('consent_denied');
});

test('a clock that was ahead does not make a year of twelve hours', async () => {
  const clock = new FakeClock();
  const { gate, asks } = stage('ask', undefined, clock);
  clock.advance(400 * 24 * hour);
  const node = program('/usr/bin/node', { kind: 'interpreter' });
  const { outcome } = await asks(from(node));
  gate.answer(gate.questions[0]?.id ?? '', 'allow');
  expect(await outcome).toBe('allowed');
  clock.jump(-400 * 24 * hour);
  expect((await asks(from(node))).state).toBe('waits');
});

test('250 other programs do not make the answer to a question forgotten [L8]', async () => {
  const { gate, clock, asks } = stage();
  const tool = program('/usr/bin/tool');
  const { outcome } = await asks(from(tool));
  for (let i = 0; i < 250; i += 1) {
    clock.advance(1);
    await asks(from(program(`/home/me/x${i}`, { hash: String(i) })));
  }
  const mine = gate.questions.find(({ program: { id } }) => id === tool.id);
  gate.answer(mine?.id ?? '', 'deny');
  expect(await outcome).toBe('consent_denied');
  expect((await asks(from(tool))).state).toBe('consent_denied');
});

test('one interpreter does not take all places for questions [L8]', async () => {
  const { asks } = stage();
  for (let i = 0; i < 5; i += 1)
    await asks(from(program('/usr/bin/node', { kind: 'interpreter', process: `${i}@1`, claim: `/x${i}.js` })));
  expect((await asks(from(program('/usr/bin/tool')))).state).toBe('waits');
});

test('the question at the state of an interpreter shows no script, as nobody knows which one it was [R4]', async () => {
  const { gate } = stage();
  const script = (claim: string, process: string) =>
    from(program('/usr/bin/node', { kind: 'interpreter', process, claim }));
  const owner = await gate.ownerOf(script('/home/me/evil.js', '666@1'));
  await gate.isAllowed(script('/home/me/good.js', '100@1'));
  const navigation = gate.requireOwner(owner, 'sign_in');
  await new Promise(setImmediate);
  const [question] = gate.questions;
  expect(question?.program).not.toHaveProperty('claim');
  gate.answer(question?.id ?? '', 'once');
  await navigation;
  // Nor does that one time allow any run of it anything else.
  expect(await gate.isAllowed(script('/home/me/good.js', '100@1'))).toBe(false);
});

test('an origin that was removed is not allowed any more on a connection that is open [L4]', async () => {
  const { gate } = stage('ask');
  gate.refusedOrigin('app://obsidian.md');
  gate.allowOrigin('app://obsidian.md');
  const requester = from(program('/usr/bin/chromium', { kind: 'browser' }), 'app://obsidian.md');
  expect(await gate.isAllowed(requester)).toBe(true);
  gate.removeOrigin('app://obsidian.md');
  expect(await gate.isAllowed(requester)).toBe(false);
});

test('same-user: the person learns that the list of denied programs is unreadable', async () => {
  const store = new TestListStore({ version: 1, programs: 'broken' });
  const { problems } = stage('same-user', store);
  expect(problems.length).toBe(1);
});

test('a full disk is reported once, not every minute', async () => {
  const { clock, store, problems, asks } = stage('same-user');
  store.saveFailure = Object.assign(new Error('x'), { code: 'ENOSPC' });
  for (let i = 0; i < 10; i += 1) {
    await asks(from(program('/usr/bin/tool')));
    clock.advance(minute);
  }
  expect(problems.length).toBe(1);
});

test('a thousand unknown connections do not end the log', async () => {
  const lines: object[] = [];
  const ask = testGate('listed', { log: { info: (fields) => lines.push(fields), warn: () => undefined } });
  for (let i = 0; i < 1000; i += 1) await ask.require(from(unknownProgram), 'tokens').catch(() => undefined);
  const before = lines.length;
  await ask.require(from(program('/usr/bin/tool')), 'tokens').catch(() => undefined);
  expect(lines.length).toBe(before + 1);
});

test('what is counted as unanswered is in the list', async () => {
  const { gate, clock, asks } = stage();
  for (let i = 0; i < 300; i += 1) {
    await asks(from(program(`/home/me/x${i}`, { hash: String(i) })));
    gate.leaveUnanswered();
    clock.advance(minute);
  }
  expect(gate.unanswered).toBeLessThanOrEqual(gate.programs.length);
});
test('a window that is closed over two questions is not told of one that is left', async () => {
  const { gate, asks } = stage();
  await asks(from(program('/usr/bin/a')));
  await asks(from(program('/usr/bin/b')));
  const seen: number[] = [];
  gate.onChange(() => seen.push(gate.questions.length));
  gate.leaveUnanswered();
  expect(seen).not.toContain(1);
});

test('a program that is not allowed cannot hold any number of connections [L6]', async () => {
  const { asks } = stage();
  for (let i = 0; i < 200; i += 1) await asks(from(program('/usr/bin/tool', { process: `${i}@1` })));
  expect((await asks(from(program('/usr/bin/tool')))).state).toBe('rate_limited');
});

test('300 copies of a program push out no decision, and no access that was allowed, also over a restart', async () => {
  const store = new TestListStore();
  const { gate, clock, asks } = stage('ask', store);
  const [friend, foe] = [program('/usr/bin/friend'), program('/home/me/foe')];
  for (const [one, answer] of [
    [friend, 'allow'],
    [foe, 'deny'],
  ] as const) {
    const { outcome } = await asks(from(one));
    gate.answer(gate.questions[0]?.id ?? '', answer);
    await outcome;
    clock.advance(1_000);
  }
  for (let copy = 0; copy < 300; copy += 1) {
    const { state } = await asks(from(program(`/home/me/${copy}/tool`, { hash: String(copy) })));
    expect(['waits', 'rate_limited']).toContain(state);
    gate.leaveUnanswered();
    clock.advance(1_000);
  }
  gate.close();
  const later = stage('ask', store, clock);
  for (const one of [gate, later.gate]) {
    expect(one.programs).toHaveLength(200);
    expect(one.programs.filter(({ decision }) => decision !== 'unanswered')).toMatchObject([
      { program: { path: foe.path }, decision: 'denied' },
      { program: { path: friend.path }, decision: 'allowed' },
    ]);
    expect(one.history).toHaveLength(200);
    expect(one.history.filter(({ outcome }) => outcome === 'allowed')).toMatchObject([{ path: friend.path }]);
  }
  expect((await later.asks(from(foe))).state).toBe('consent_denied');
  expect((await later.asks(from(friend))).state).toBe('allowed');
});
