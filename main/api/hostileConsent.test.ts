/** What a hostile reading of the API behind the gate has found: each of these succeeded once. */
import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  ownChallenge,
  type ScriptedWorld,
  scriptedWorld,
  signInAs,
  type WorldOptions,
} from '../../testing/brokerWorld.ts';
import { TestListStore, testGate } from '../../testing/testGate.ts';
import type { GuardMode } from '../access/decisions.ts';
import type { Gate } from '../access/gate.ts';
import { buildProgram, type Program, type ProgramKind } from '../access/program.ts';
import { callerWith } from '../callers/caller.ts';
import { LoopgateError } from '../errors/errors.ts';
import { listen } from '../listener/listen.ts';
import { createApi } from './server.ts';

afterEach(() => void vi.useRealTimers());

const tool = 'http://127.0.0.1:9999/cb';
function program(path: string, kind: ProgramKind = 'program', process = '1@1'): Program {
  return buildProgram({ path, kind, name: path.slice(1), process });
}
interface Stage {
  world: ScriptedWorld;
  gate: Gate;
  port: number;
  as(one: Program): void;
  ask(
    method: string,
    path: string,
    headers?: Record<string, string>,
    body?: string,
  ): Promise<{ status: number; body: string }>;
}

async function stage(
  mode: GuardMode,
  options: WorldOptions = {},
  origins: string[] = [],
  store = new TestListStore(),
): Promise<Stage> {
  const world = await scriptedWorld(options);
  const gate = testGate(mode, { clock: world.clock, store }, origins);
  let now = program('/usr/bin/none');
  const api = createApi({
    broker: world.broker,
    gate,
    callers: {
      mayBringLogin: async () => true,
      find: async () => {
        const mine = now;
        return callerWith(async () => mine);
      },
    },
    now: () => world.clock.now(),
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    instance: { id: randomUUID(), version: '1.2.3', compatibleVersion: '12.3.4' },
    commandKey: 'key',
    docsFolder: 'unused',
  });
  const listening = await listen({ port: 0, handler: api.handler, onUpgrade: api.onUpgrade });
  onTestFinished(async () => void (await Promise.all([api.close(), listening.close()])));
  return {
    world,
    gate,
    port: listening.port,
    as: (one) => {
      now = one;
    },
    ask: (method, path, headers = {}, body) =>
      new Promise((resolve, reject) => {
        const request = httpRequest(
          {
            port: listening.port,
            host: '127.0.0.1',
            method,
            path,
            agent: false,
            headers: { Host: `localhost:${listening.port}`, ...headers },
          },
          (response) => {
            let text = '';
            response.on('data', (c) => {
              text += String(c);
            });
            response.on('end', () =>
              resolve({ status: response.statusCode ?? 0, body: text || String(response.headers.location ?? '') }),
            );
          },
        );
        request.on('error', reject);
        request.end(body);
      }),
  };
}
const until = (fact: () => boolean) => vi.waitFor(() => expect(fact()).toBe(true), { timeout: 10_000, interval: 5 });

const navigation = {
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'none',
  'Sec-Fetch-Dest': 'document',
  Accept: 'text/html',
};
function authorize(changes: Record<string, string>): string {
  return `/authorize?${new URLSearchParams({
    audience: '',
    scope: 'openid',
    response_type: 'code',
    client_id: 'loopgate-demo',
    code_challenge_method: 'S256',
    code_challenge: ownChallenge().codeChallenge,
    response_mode: 'query',
    ...changes,
  })}`;
}

test('a program that is denied while its login waits does not get the code [C10]', async () => {
  const { world, gate, as, ask } = await stage('ask', { person: null });
  const evil = program('/usr/bin/evil');
  as(evil);
  const answer = ask('GET', authorize({ response_mode: 'form_post', state: 's1' }));
  await until(() => gate.questions.length === 1);
  gate.answer(gate.questions[0]?.id ?? '', 'allow');
  const tab = await world.browser.tab();
  gate.deny(evil.id);
  await world.browser.finish(tab);
  expect((await answer).status).toBe(403);
});

test('a browser that reloads /authorize with a listed redirect_uri and a state is redirected again', async () => {
  const { as, ask } = await stage('ask', { settings: { redirectUris: [tool] } });
  as(program('/usr/bin/chromium', 'browser'));
  const path = authorize({ redirect_uri: tool, state: 'abc' });
  const first = await ask('GET', path, navigation);
  expect([first.status, (await ask('GET', path, navigation)).body]).toEqual([303, first.body]);
});

test('/os/sign_in does not join a login whose code goes elsewhere [T18]', async () => {
  const { world, as, ask } = await stage('ask', { settings: { redirectUris: [tool] }, person: null });
  as(program('/usr/bin/curl', 'httpClient'));
  await ask('GET', authorize({ redirect_uri: tool }), navigation);
  void world.broker.ensureSignedIn('program:/usr/bin/editor', 110_000).catch(() => undefined);
  await until(() => world.browser.opened.length === 1);
});

test('what the person denied is not taken back with the key of the command', async () => {
  const { gate, as, ask } = await stage('same-user', {});
  const evil = program('/usr/bin/evil');
  as(evil);
  await ask('GET', '/user/access_token');
  gate.deny(evil.id);
  expect((await ask('GET', '/user/access_token')).status).toBe(403);
  await ask('DELETE', `/programs?id=${encodeURIComponent(evil.id)}`, { Authorization: 'Bearer key' });
  expect((await ask('GET', '/user/access_token')).status).toBe(403);
});

test('an answer that comes after a night of sleep opens no browser [R15]', async () => {
  const { world, gate, as, ask } = await stage('ask', { person: null });
  as(program('/usr/bin/editor'));
  const answer = ask('POST', '/pkce/code');
  await until(() => gate.questions.length === 1);
  world.clock.jump(8 * 3600_000);
  gate.answer(gate.questions[0]?.id ?? '', 'allow');
  expect((await answer).status).toBe(504);
  expect(world.browser.opened).toEqual([]);
});

test('a request that waited for consent and joins a login ends within 240 s [R15]', async () => {
  const { world, gate, as, ask } = await stage('ask', { person: null });
  as(program('/usr/bin/node', 'interpreter', '1@1'));
  const first = ask('POST', '/pkce/code');
  await until(() => gate.questions.length === 1);
  gate.answer(gate.questions[0]?.id ?? '', 'once');
  await until(() => world.browser.opened.length === 1);
  await world.browser.finish(await world.browser.tab());
  await first;
  world.clock.advance(61_000);
  as(program('/usr/bin/node', 'interpreter', '2@2'));
  const second = ask('POST', '/pkce/code');
  await until(() => gate.questions.length === 1);
  world.clock.advance(105_000);
  as(program('/usr/bin/node', 'interpreter', '1@1'));
  ask('POST', '/pkce/code').catch(() => undefined);
  await until(() => world.browser.opened.length === 2);
  gate.answer(gate.questions[0]?.id ?? '', 'once');
  await until(() => gate.questions.length === 0);
  // What a joined login still has would be 240 s, after 105 s of waiting.
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  world.clock.advance(136_000);
  expect((await second).status).toBe(504);
});

async function streamOf({ port }: Stage, headers: Record<string, string> = {}) {
  const frames: string[] = [];
  const socket = new WebSocket(`ws://127.0.0.1:${port}/user/stream`, {
    headers: { Host: `localhost:${port}`, ...headers },
  });
  socket.on('message', (data) => frames.push(String(data)));
  socket.on('error', () => undefined);
  await until(() => frames.length > 0);
  return frames;
}

/** The stream of an interpreter, which the person allows and somebody is signed in for. */
async function streamForTwelveHours() {
  const on = await stage('ask');
  await signInAs(on.world);
  on.as(program('/usr/bin/node', 'interpreter'));
  const asked = on.ask('GET', '/userinfo');
  await until(() => on.gate.questions.length === 1);
  on.gate.answer(on.gate.questions[0]?.id ?? '', 'allow');
  await asked;
  const frames = await streamOf(on);
  expect(frames[0]).not.toBe('');
  return { on, frames };
}

test('a stream ends with the origin that was removed [L4]', async () => {
  const on = await stage('ask');
  await signInAs(on.world);
  on.gate.refusedOrigin('app://obsidian.md');
  on.gate.allowOrigin('app://obsidian.md');
  on.as(program('/usr/bin/chromium', 'browser'));
  const frames = await streamOf(on, { Origin: 'app://obsidian.md' });
  expect(frames[0]).not.toBe('');
  on.gate.removeOrigin('app://obsidian.md');
  await until(() => frames.length === 2);
  expect(frames[1]).toBe('');
});

test('after a night of sleep a stream says nothing more to a program whose twelve hours are over', async () => {
  const { on, frames } = await streamForTwelveHours();
  on.world.clock.jump(13 * 3600_000);
  expect(on.gate.programs[0]?.decision).toBe('unanswered');
  on.world.broker.dismissProblem();
  on.world.broker.showProblem(new LoopgateError('internal'));
  await until(() => frames.length === 2);
  expect(frames[1]).toBe('');
});

test('the key of the command does not repeat an unanswered question', async () => {
  const { gate, as, ask } = await stage('ask', {});
  const evil = program('/usr/bin/evil');
  as(evil);
  const first = ask('GET', '/user/access_token');
  await until(() => gate.questions.length === 1);
  gate.leaveUnanswered();
  await first;
  await ask('DELETE', `/programs?id=${encodeURIComponent(evil.id)}`, { Authorization: 'Bearer key' });
  expect((await ask('GET', '/user/access_token')).status).toBe(403);
  expect(gate.questions).toEqual([]);
});

test('a quiet stream ends with the twelve hours, also those of an earlier run and after a sleep', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { on, frames } = await streamForTwelveHours();
  on.world.clock.jump(13 * 3600_000);
  vi.advanceTimersByTime(30_000);
  await until(() => frames.length === 2);
  expect(frames[1]).toBe('');
});
