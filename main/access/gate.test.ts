import { describe, expect, test, vi } from 'vitest';
import { failureOf } from '../../testing/brokerWorld.ts';
import {
  from,
  type GateStage,
  hour,
  minute,
  program,
  gateStage as stage,
  TestListStore,
  testGate,
} from '../../testing/testGate.ts';
import { Gate } from './gate.ts';
import { type ProgramKind, unknownProgram } from './program.ts';

const editor = program('/usr/share/code/code');

/** The only question that waits. */
function question(gate: Gate) {
  expect(gate.questions).toHaveLength(1);
  const [only] = gate.questions;
  if (!only) throw new Error('nothing is asked');
  return only;
}

describe('a program that nothing is known of [C10]', () => {
  test('waits for the person, who is shown its name, its path and what it wants', async () => {
    const { gate, asks } = stage();
    const { state, outcome } = await asks(from(editor), 'sign_in');
    expect(state).toBe('waits');
    const asked = question(gate);
    expect(asked).toMatchObject({
      program: { name: 'usr/share/code/code', path: '/usr/share/code/code' },
      permission: 'sign_in',
    });
    gate.answer(asked.id, 'allow');
    expect(await outcome).toBe('allowed');
    expect(gate.questions).toEqual([]);
  });

  test.for<[ConsentWord, string]>([
    ['allow', 'allowed'],
    ['once', 'allowed'],
    ['deny', 'consent_denied'],
  ])('all its requests share one question: %s', async ([answer, end]) => {
    const { gate, asks } = stage();
    const all = await Promise.all([asks(from(editor)), asks(from(editor), 'profile'), asks(from(editor), 'sign_out')]);
    gate.answer(question(gate).id, answer);
    expect(await Promise.all(all.map(({ outcome }) => outcome))).toEqual([end, end, end]);
  });

  test('an answer is remembered, also by the next run', async () => {
    const first = stage();
    const { outcome } = await first.asks(from(editor));
    first.gate.answer(question(first.gate).id, 'allow');
    await outcome;
    expect((await first.asks(from(editor), 'sign_out')).state).toBe('allowed');
    const next = first.again();
    next.clock.advance(400 * 24 * hour);
    expect((await next.asks(from(editor))).state).toBe('allowed');
    next.gate.deny(editor.id);
    expect((await next.again().asks(from(editor))).state).toBe('consent_denied');
    expect(next.again().gate.questions).toEqual([]);
  });

  test.for([
    ['another path', program('/home/a/code')],
    ['the same path with another content', program('/usr/share/code/code', { hash: 'ab12' })],
  ] as const)('what was allowed is the program, not its name: %s is asked about again [C3]', async ([, other]) => {
    const { gate, asks } = stage();
    const { outcome } = await asks(from(editor));
    gate.answer(question(gate).id, 'allow');
    await outcome;
    expect((await asks(from(other))).state).toBe('waits');
  });

  test('the window shows its own name as a claim, which grants nothing [C1]', async () => {
    const { gate, asks } = stage();
    await gate.claim(from(editor), 'Trusty\u202E Editor');
    await asks(from(editor));
    expect(question(gate).claimedName).toBe('Trusty\uFFFD Editor');
    gate.answer(question(gate).id, 'allow');
    const liar = program('/home/a/liar');
    await gate.claim(from(liar), 'Trusty\u202E Editor');
    expect((await asks(from(liar))).state).toBe('waits');
  });
});

type ConsentWord = 'allow' | 'once' | 'deny';

describe('who asks again on the same connection [C10]', () => {
  const chrome = program('/usr/bin/chrome', { kind: 'browser' });
  const listed = 'https://tool.example';

  test('is let in at once when it is allowed, and written down as any other', async () => {
    const { gate, asks } = stage();
    const connection = from(editor);
    expect(await gate.isAllowed(connection)).toBe(false);
    const { outcome } = await asks(connection);
    expect(await gate.isAllowed(connection)).toBe(false);
    gate.answer(question(gate).id, 'allow');
    await outcome;
    expect((await asks(connection, 'profile')).state).toBe('allowed');
    expect(gate.history[0]).toMatchObject({ permission: 'profile', outcome: 'allowed' });
  });

  test.for<[string, (stage: GateStage) => void]>([
    ['the person has denied it', ({ gate }) => gate.deny(editor.id)],
    ['the person has removed it', ({ gate }) => gate.remove(editor.id)],
    ['its time is over', ({ clock }) => clock.advance(hour + 1)],
  ])('is not let in any more when %s', async ([, happens]) => {
    const allowed = stage();
    const { gate, asks } = allowed;
    const connection = from(editor);
    const { outcome } = await asks(connection);
    gate.answer(question(gate).id, 'once');
    await outcome;
    expect(await gate.isAllowed(connection)).toBe(true);
    happens(allowed);
    expect(await gate.isAllowed(connection)).toBe(false);
  });

  test('an origin is looked at each time: it may have been removed from the list [L2]', async () => {
    const { gate, asks } = stage('ask', undefined, undefined, [listed]);
    const page = from(chrome, listed);
    expect((await asks(page)).state).toBe('allowed');
    // What was let in for an origin does not speak for the browser itself.
    expect(await gate.isAllowed({ caller: page.caller })).toBe(false);
    expect((await asks({ caller: page.caller })).state).toBe('consent_denied');
    expect((await asks(page)).state).toBe('allowed');
  });
});

describe('a question that nobody answers [R15]', () => {
  test('means no after 110 s, and is not asked again for ten minutes', async () => {
    const { gate, clock, asks } = stage();
    const { outcome } = await asks(from(editor));
    clock.advance(110_000 - 1);
    expect(gate.questions).toHaveLength(1);
    clock.advance(1);
    expect(await outcome).toBe('consent_denied');
    expect(gate.questions).toEqual([]);
    expect(gate.unanswered).toBe(1);
    clock.advance(10 * minute - 1);
    expect((await asks(from(editor))).state).toBe('consent_denied');
    clock.advance(1);
    expect((await asks(from(editor))).state).toBe('waits');
    expect(gate.unanswered).toBe(0);
  });

  test('a closed window is not an answer: all waiting requests are denied, and can be allowed from the list', async () => {
    const { gate, asks } = stage();
    const other = program('/opt/other');
    const both = [await asks(from(editor)), await asks(from(other))];
    gate.leaveUnanswered();
    expect(await Promise.all(both.map(({ outcome }) => outcome))).toEqual(['consent_denied', 'consent_denied']);
    expect(gate.unanswered).toBe(2);
    gate.allow(editor.id);
    expect(gate.unanswered).toBe(1);
    expect((await asks(from(editor))).state).toBe('allowed');
    expect((await asks(from(other))).state).toBe('consent_denied');
    gate.remove(other.id);
    expect((await asks(from(other))).state).toBe('waits');
  });

  test('an answer that comes too late, twice, or to what was never asked changes nothing', async () => {
    const { gate, asks } = stage();
    const { outcome } = await asks(from(editor));
    const { id } = question(gate);
    gate.answer('no such question', 'allow');
    expect(gate.questions).toHaveLength(1);
    gate.answer(id, 'deny');
    gate.answer(id, 'allow');
    expect(await outcome).toBe('consent_denied');
    expect((await asks(from(editor))).state).toBe('consent_denied');
  });

  test('at quit no request waits any longer [L11]', async () => {
    const { gate, asks } = stage();
    const { outcome } = await asks(from(editor));
    gate.close();
    expect(await outcome).toBe('consent_denied');
  });
});

describe('how long', () => {
  const node = program('/usr/bin/node', { kind: 'interpreter', claim: '/home/a/tool.js' });
  const otherScript = program('/usr/bin/node', { kind: 'interpreter', claim: '/home/a/other.js', process: '101@2' });

  test.for<ProgramKind>(['interpreter', 'shell', 'httpClient', 'forwarder'])(
    '%s acts for whatever drives it: twelve hours, also over a restart, and no longer [C4]',
    async (kind) => {
      const speaker = program('/usr/bin/speaker', { kind });
      const first = stage();
      const { outcome } = await first.asks(from(speaker));
      first.gate.answer(question(first.gate).id, 'allow');
      expect(await outcome).toBe('allowed');
      first.clock.advance(12 * hour - 1);
      expect((await first.again().asks(from(speaker))).state).toBe('allowed');
      first.clock.advance(1);
      expect((await first.again().asks(from(speaker))).state).toBe('waits');
      expect((await first.asks(from(speaker))).state).toBe('waits');
    },
  );

  test('one that was a program, and is known to be an interpreter now, is asked about again [C4]', async () => {
    const first = stage();
    const { outcome } = await first.asks(from(program('/usr/bin/newlang')));
    first.gate.answer(question(first.gate).id, 'allow');
    await outcome;
    const now = program('/usr/bin/newlang', { kind: 'interpreter' });
    expect((await first.again().asks(from(now))).state).toBe('waits');
  });

  test('scripts are asked about by themselves, and one Allow of their interpreter answers all [C4]', async () => {
    const { gate, asks } = stage();
    const both = [await asks(from(node)), await asks(from(otherScript))];
    expect(gate.questions.map(({ program: { claim } }) => claim)).toEqual(['/home/a/tool.js', '/home/a/other.js']);
    gate.answer(gate.questions[0]?.id ?? '', 'allow');
    expect(await Promise.all(both.map(({ outcome }) => outcome))).toEqual(['allowed', 'allowed']);
  });

  test('Allow once is for this run of the program, for an hour at most, and in no file', async () => {
    const { gate, clock, store, asks } = stage();
    const { outcome } = await asks(from(node));
    gate.answer(question(gate).id, 'once');
    expect(await outcome).toBe('allowed');
    expect((await asks(from(node), 'profile')).state).toBe('allowed');
    const once = () => gate.programs.find(({ program }) => program.id === node.id)?.onceUntil;
    expect(once()).toBe(clock.now() + hour);
    expect((await asks(from(otherScript))).state).toBe('waits');
    gate.leaveUnanswered();
    clock.advance(hour - 1);
    expect((await asks(from(node))).state).toBe('allowed');
    clock.advance(1);
    expect(once()).toBeUndefined();
    expect((await asks(from(node))).state).toBe('waits');
    expect(JSON.stringify(store.saved)).not.toContain('"allowed","until"');
    expect(JSON.stringify(store.saved)).not.toContain('onceUntil');
  });

  test('Deny ends an Allow once, and so does Remove', async () => {
    for (const end of ['deny', 'remove'] as const) {
      const { gate, asks } = stage();
      const { outcome } = await asks(from(editor));
      gate.answer(question(gate).id, 'once');
      await outcome;
      gate[end](editor.id);
      expect((await asks(from(editor))).state).toBe(end === 'deny' ? 'consent_denied' : 'waits');
    }
  });

  test('what cannot be identified is allowed for its connection alone, never by the list [C9]', async () => {
    const { gate, asks } = stage();
    const connection = from(unknownProgram);
    const { outcome } = await asks(connection);
    gate.answer(question(gate).id, 'allow');
    expect(await outcome).toBe('allowed');
    expect((await asks(connection)).state).toBe('allowed');
    expect((await asks(from(unknownProgram))).state).toBe('waits');
    gate.leaveUnanswered();
    gate.allow(unknownProgram.id);
    expect((await asks(from(unknownProgram))).state).toBe('consent_denied');
  });

  test.for<ProgramKind>(['program', 'interpreter'])(
    '%s that is being debugged is asked about although it is allowed, once, and never for longer [C11]',
    async (kind) => {
      const free = program('/usr/share/code/code', { kind });
      const debugged = program('/usr/share/code/code', { kind, isDebugged: true });
      const { gate, asks } = stage();
      const first = await asks(from(free));
      gate.answer(question(gate).id, 'allow');
      expect(await first.outcome).toBe('allowed');

      const second = await asks(from(debugged));
      expect(question(gate).program).toMatchObject({ isDebugged: true, lasting: 'once' });
      gate.answer(question(gate).id, 'allow');
      expect(await second.outcome).toBe('allowed');
      expect((await asks(from(debugged))).state).toBe('allowed');
      gate.allow(debugged.id);
      const another = program('/usr/share/code/code', { kind, isDebugged: true, process: '101@2' });
      expect((await asks(from(another))).state).toBe('waits');
      // Without a debugger it is what it was.
      expect((await asks(from(free))).state).toBe('allowed');
    },
  );

  test('what was allowed once is asked about again when a debugger has come, and denied stays denied [C11]', async () => {
    const { gate, asks } = stage();
    const { outcome } = await asks(from(editor));
    gate.answer(question(gate).id, 'once');
    expect(await outcome).toBe('allowed');
    expect((await asks(from(program(editor.path, { isDebugged: true })))).state).toBe('waits');
    gate.leaveUnanswered();
    gate.deny(editor.id);
    expect((await asks(from(program(editor.path, { isDebugged: true })))).state).toBe('consent_denied');
    for (const mode of ['same-user', 'listed'] as const) {
      const other = stage(mode);
      await other.asks(from(editor));
      other.gate.deny(editor.id);
      expect((await other.asks(from(program(editor.path, { isDebugged: true })))).state).toBe('consent_denied');
    }
  });

  test('a browser is never asked about, never allowed, in no mode [C5]', async () => {
    const browser = program('/usr/lib/chromium/chromium', { kind: 'browser' });
    for (const mode of ['ask', 'same-user', 'listed'] as const) {
      const { gate, asks } = stage(mode);
      expect((await asks(from(browser))).state).toBe('consent_denied');
      expect(gate.questions).toEqual([]);
      gate.allow(browser.id);
      expect((await asks(from(browser))).state).toBe('consent_denied');
    }
  });
});

describe('the modes', () => {
  test('same-user: every program may, and the log says which', async () => {
    const lines: string[] = [];
    const log = (fields: object, text: string) => void lines.push(`${text} ${JSON.stringify(fields)}`);
    const gate = testGate('same-user', { log: { info: log, warn: log } });
    await gate.require(from(editor), 'tokens');
    await gate.require(from(editor), 'tokens');
    await gate.require(from(unknownProgram), 'tokens');
    expect(lines).toEqual([
      'a program uses the sign-in {"program":"/usr/share/code/code","wish":"tokens","outcome":"allowed"}',
      'a program uses the sign-in {"program":"","wish":"tokens","outcome":"allowed"}',
    ]);
    gate.deny(editor.id);
    expect((await failureOf(gate.require(from(editor), 'tokens'))).code).toBe('consent_denied');
  });

  test('listed: only what is on the list, and nothing is asked', async () => {
    const first = stage();
    const { outcome } = await first.asks(from(editor));
    first.gate.answer(question(first.gate).id, 'allow');
    await outcome;
    const { gate, asks } = first.again('listed');
    expect((await asks(from(editor))).state).toBe('allowed');
    const other = program('/opt/other');
    expect((await asks(from(other))).state).toBe('consent_denied');
    expect((await asks(from(unknownProgram))).state).toBe('consent_denied');
    expect(gate.questions).toEqual([]);
    // It is in the list from now on, where the person can allow it.
    gate.allow(other.id);
    expect((await asks(from(other))).state).toBe('allowed');
  });
});

describe('nothing is asked for what plug-ins poll', () => {
  test('isAllowed never asks the person, and follows every decision', async () => {
    const { gate, asks, clock } = stage();
    const changes: boolean[] = [];
    gate.onChange(async (change) => {
      if (change === 'decided') changes.push(await gate.isAllowed(from(shell)));
    });
    const shell = program('/usr/bin/bash', { kind: 'shell' });
    expect(await gate.isAllowed(from(shell))).toBe(false);
    expect(gate.questions).toEqual([]);
    await asks(from(shell));
    gate.answer(question(gate).id, 'allow');
    await vi.waitFor(() => expect(changes.at(-1)).toBe(true));
    clock.advance(12 * hour);
    await vi.waitFor(() => expect(changes.at(-1)).toBe(false));
  });
});

describe('who owns what is pending [R4]', () => {
  test('the program does, on every connection; a copy, an unknown one and a browser’s origin are others', async () => {
    const { gate } = stage();
    const owner = await gate.ownerOf(from(editor));
    expect(await gate.ownerOf(from({ ...editor, process: '200@9' }))).toBe(owner);
    const unknown = from(unknownProgram);
    const others = [
      await gate.ownerOf(from(program('/home/a/code'))),
      await gate.ownerOf(unknown),
      await gate.ownerOf(from(unknownProgram)),
      await gate.ownerOf(from(program('/usr/bin/chromium', { kind: 'browser' }), 'https://tool.example')),
    ];
    expect(new Set([owner, ...others]).size).toBe(5);
    expect(await gate.ownerOf(unknown)).toBe(others[1]);
    for (const one of [owner, ...others]) expect(one).not.toMatch(/^(stranger|loopgate)$/);
  });

  test('a browser that brings the state of a program is let in when that program is', async () => {
    const { gate, asks } = stage();
    const owner = await gate.ownerOf(from(editor));
    const navigation = gate.requireOwner(owner, 'sign_in');
    await vi.waitFor(() => expect(question(gate).program.path).toBe(editor.path));
    gate.answer(question(gate).id, 'deny');
    expect((await failureOf(navigation)).code).toBe('consent_denied');
    expect((await failureOf(gate.requireOwner('program:/never/seen', 'sign_in'))).code).toBe('consent_denied');
    expect((await asks(from(editor))).state).toBe('consent_denied');
  });
});

describe('origins [L2]', () => {
  const browser = program('/usr/lib/chromium/chromium', { kind: 'browser' });
  const tool = 'https://tool.example';

  test('an allow-listed origin in a browser is let in by its origin; the word of another program for it is nothing', async () => {
    const { gate, asks } = stage('ask', undefined, undefined, [tool]);
    expect((await asks(from(browser, tool))).state).toBe('allowed');
    expect((await asks(from(browser))).state).toBe('consent_denied');
    expect((await asks(from(program('/usr/bin/curl', { kind: 'httpClient' }), tool))).state).toBe('waits');
    expect(question(gate).program.path).toBe('/usr/bin/curl');
  });

  test.for([
    ['app://obsidian.md', 'app://obsidian.md'],
    ['chrome-extension://abcdefghijklmnop', 'chrome-extension://abcdefghijklmnop'],
    ['vscode-webview://1kq3t0fbc7f6q0c0m6q8o4d2h8', 'vscode-webview:'],
  ] as const)('a refused %s is shown, and one click allows it, also in the next run', ([refused, offered]) => {
    const { gate, again } = stage();
    gate.refusedOrigin(refused);
    expect(gate.originDecisions).toEqual([{ origin: offered, decision: 'refused' }]);
    expect(gate.origins).toEqual([]);
    gate.allowOrigin(offered);
    expect(gate.origins).toEqual([offered]);
    const next = again().gate;
    expect(next.originDecisions).toEqual([{ origin: offered, decision: 'allowed' }]);
    next.refusedOrigin(refused);
    next.removeOrigin(offered);
    expect(next.origins).toEqual([]);
  });

  test('policy: where the administrator decides the origins, none that the person allowed is let in, and none is offered', () => {
    const { gate, store, clock } = stage();
    gate.refusedOrigin('app://obsidian.md');
    gate.allowOrigin('app://obsidian.md');
    const world = { clock, store, log: { info: () => undefined, warn: () => undefined }, problem: () => undefined };
    const managed = new Gate({ mode: 'ask', origins: [tool], areOriginsManaged: true }, world);
    expect(managed.origins).toEqual([tool]);
    managed.refusedOrigin('app://other');
    managed.allowOrigin('app://other');
    managed.allowOrigin('app://obsidian.md');
    expect(managed.origins).toEqual([tool]);
    expect(managed.originDecisions).toEqual([{ origin: tool, decision: 'managed' }]);
  });

  test.for([
    ...['https://evil.example', 'http://localhost:3000', 'null', 'file://', 'data:', 'blob:https://evil.example'],
    ...['app://a b', 'app://x/path', 'app://\u202Eevil', 'https:', '', '*', 'chrome-extension://x<b>'],
  ])('%j is never offered', (origin) => {
    const { gate } = stage();
    gate.refusedOrigin(origin);
    gate.allowOrigin(origin);
    expect(gate.originDecisions).toEqual([]);
  });

  test('a flood of origins pushes out its own [L8]', () => {
    const { gate } = stage();
    for (let number = 0; number < 100; number += 1) gate.refusedOrigin(`app://flood${number}`);
    expect(gate.originDecisions).toHaveLength(20);
  });
});

describe('a flood of sign-ins or questions does not reach the person [L8]', () => {
  test('five questions wait at the most; the next program gets rate_limited, and is asked about later', async () => {
    const { gate, asks } = stage();
    for (let number = 0; number < 5; number += 1) await asks(from(program(`/home/a/copy${number}`)));
    const sixth = program('/home/a/copy5');
    expect((await asks(from(sixth))).state).toBe('rate_limited');
    expect(gate.questions).toHaveLength(5);
    gate.answer(gate.questions[0]?.id ?? '', 'deny');
    expect((await asks(from(sixth))).state).toBe('waits');
  });

  test('a program that is not asked about for that is in the list, where the person can allow it', async () => {
    const { gate, asks } = stage();
    for (let number = 0; number < 5; number += 1) await asks(from(program(`/home/a/copy${number}`)));
    expect((await asks(from(editor))).state).toBe('rate_limited');
    gate.allow(editor.id);
    expect((await asks(from(editor))).state).toBe('allowed');
  });

  test('twenty questions in ten minutes at the most', async () => {
    const { gate, clock, asks } = stage();
    for (let number = 0; number < 20; number += 1) {
      const { state } = await asks(from(program(`/home/a/copy${number}`)));
      expect(state).toBe('waits');
      gate.answer(question(gate).id, 'deny');
    }
    expect((await asks(from(editor))).state).toBe('rate_limited');
    clock.advance(10 * minute);
    expect((await asks(from(editor))).state).toBe('waits');
  });

  test('an interpreter that renames its script with every request is denied with the first Deny [C4]', async () => {
    const { gate, asks } = stage();
    const script = (number: number) => program('/usr/bin/node', { kind: 'interpreter', claim: `/tmp/${number}.js` });
    const flood = await Promise.all([1, 2, 3].map((number) => asks(from(script(number)))));
    gate.answer(gate.questions[0]?.id ?? '', 'deny');
    expect(await Promise.all(flood.map(({ outcome }) => outcome))).toEqual(Array(3).fill('consent_denied'));
    expect((await asks(from(script(4)))).state).toBe('consent_denied');
  });

  test('a thousand programs in the list push out no decision of the person’s', async () => {
    const { gate, asks } = stage('same-user');
    await asks(from(editor));
    gate.deny(editor.id);
    for (let number = 0; number < 1000; number += 1) await gate.require(from(program(`/opt/${number}`)), 'tokens');
    expect(gate.programs).toHaveLength(200);
    expect((await asks(from(editor))).state).toBe('consent_denied');
  });
});

describe('the list', () => {
  test('has first and last use, and what was asked for; the history has no more than that', async () => {
    const { gate, clock, asks } = stage('same-user');
    const began = clock.now();
    await asks(from(editor), 'tokens');
    clock.advance(hour);
    await asks(from(editor), 'profile');
    await asks(from(editor), 'tokens');
    expect(gate.programs).toEqual([
      {
        program: editor,
        decision: 'unanswered',
        firstUsed: began,
        lastUsed: began + hour,
        permissions: ['tokens', 'profile'],
      },
    ]);
    const { name, path } = editor;
    expect(gate.history).toEqual([
      { at: began + hour, name, path, permission: 'tokens', outcome: 'allowed' },
      { at: began + hour, name, path, permission: 'profile', outcome: 'allowed' },
      { at: began, name, path, permission: 'tokens', outcome: 'allowed' },
    ]);
    gate.clearHistory();
    expect(gate.history).toEqual([]);
    expect(gate.programs).toHaveLength(1);
  });

  test('the history has 200 accesses, and polling is one line a minute', async () => {
    const { gate, clock } = stage('same-user');
    for (let second = 0; second < 120; second += 1) {
      await gate.require(from(editor), 'tokens');
      clock.advance(500);
    }
    expect(gate.history.length).toBeLessThanOrEqual(2);
    for (let number = 0; number < 300; number += 1) await gate.require(from(program(`/opt/${number}`)), 'tokens');
    expect(gate.history).toHaveLength(200);
    expect(gate.history[0]?.path).toBe('/opt/299');
  });

  test('a use by a hundred connections of a program at once is written down once, another use as well', async () => {
    const { gate, clock } = stage('same-user');
    const changes = vi.fn();
    gate.onChange(changes);
    const all = Array.from({ length: 100 }, () => from(editor));
    const asked = (permission: 'tokens' | 'profile') => Promise.all(all.map((one) => gate.require(one, permission)));
    await asked('tokens');
    expect(changes.mock.calls).toEqual([['used']]);
    await asked('profile');
    expect(changes).toHaveBeenCalledTimes(2);
    clock.advance(1_000);
    await asked('profile');
    expect(changes).toHaveBeenCalledTimes(3);
    await gate.require(from(program('/opt/other')), 'profile');
    expect(changes).toHaveBeenCalledTimes(4);
    expect(gate.programs.map(({ lastUsed }) => lastUsed)).toEqual([clock.now(), clock.now()]);
  });

  test('the next use of what was removed from the list, or from the history, is written down at once', async () => {
    const { gate, asks } = stage('same-user');
    const connection = from(editor);
    await asks(connection);
    gate.remove(editor.id);
    await asks(connection);
    expect(gate.programs).toHaveLength(1);
    gate.clearHistory();
    await asks(from(editor));
    expect(gate.history).toHaveLength(1);
  });

  test('who used what is on the disk within a minute, and at quit', async () => {
    const { gate, clock, store, asks } = stage('same-user');
    await asks(from(editor));
    expect(store.saved).toBeUndefined();
    clock.advance(minute);
    expect(JSON.stringify(store.saved)).toContain('/usr/share/code/code');
    await asks(from(program('/opt/other')));
    gate.close();
    expect(JSON.stringify(store.saved)).toContain('/opt/other');
    // Neither which run it was, nor what it said of itself.
    expect(JSON.stringify(store.saved)).not.toMatch(/process|claim/);
  });

  test('a decision is on the disk at once; one that cannot be written is reported, and holds for this run', async () => {
    const { gate, store, problems, asks } = stage();
    store.saveFailure = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const { outcome } = await asks(from(editor));
    gate.answer(question(gate).id, 'allow');
    expect(await outcome).toBe('allowed');
    expect(problems.map(({ happened }) => happened)).toEqual(['The list of programs could not be saved (ENOSPC).']);
    expect((await asks(from(editor))).state).toBe('allowed');
  });

  test.for<[string, unknown]>([
    ['of another version', { version: 2, programs: [], history: [], origins: [] }],
    ['without a version', { programs: [] }],
    ['a text', 'allow all'],
    [
      'with a program that is half there',
      { version: 1, programs: [{ program: { id: '/x' } }], history: [], origins: [] },
    ],
  ])('fails closed: a list that is %s is set aside, and everybody is asked about', async ([, saved]) => {
    const { store, asks } = stage('ask', new TestListStore(saved));
    expect(store.aside).toEqual(saved);
    expect((await asks(from(editor))).state).toBe('waits');
  });
});
