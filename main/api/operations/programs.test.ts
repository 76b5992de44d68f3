import { randomUUID } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { scriptedWorld, signInAs } from '../../../testing/brokerWorld.ts';
import { testGate } from '../../../testing/testGate.ts';
import type { Gate } from '../../access/gate.ts';
import { buildProgram } from '../../access/program.ts';
import { callerWith } from '../../callers/caller.ts';
import { type Listening, listen } from '../../listener/listen.ts';
import { createApi } from '../server.ts';

const commandKey = 'the-key-of-this-run';
const command = { Authorization: `Bearer ${commandKey}` };
const listed = 'https://tool.example';
const editor = buildProgram({ path: '/usr/bin/editor', kind: 'program', name: 'Editor', process: '1@1' });
const callers = { find: async () => callerWith(async () => editor), mayBringLogin: async () => true };

let gate: Gate;
let listening: Listening;
beforeEach(async () => {
  const world = await scriptedWorld();
  await signInAs(world);
  gate = testGate('ask', { clock: world.clock }, [listed]);
  const api = createApi({
    broker: world.broker,
    gate,
    callers,
    now: () => world.clock.now(),
    log: Object.assign(world.log, { debug: () => undefined }),
    instance: { id: randomUUID(), version: '1.2.3', compatibleVersion: '12.3.4' },
    commandKey,
    docsFolder: 'unused',
  });
  listening = await listen({ port: 0, ...api });
  onTestFinished(async () => {
    gate.close();
    await Promise.all([api.close(), listening.close()]);
  });
});

/** The status, and the JSON if there is some. */
async function ask(
  method: string,
  path = '/programs',
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; body: Record<string, unknown> }> {
  const { port } = listening;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      port,
      method,
      path,
      agent: false,
      headers: { Host: `localhost:${port}`, ...headers },
    });
    sent.on('response', resolve).on('error', reject).end();
  });
  const body = await text(answer);
  return { status: answer.statusCode, body: body === '' ? {} : (JSON.parse(body) as Record<string, unknown>) };
}

const denied = { status: 403, body: { error: 'consent_denied' } };
const address = `/programs?id=${encodeURIComponent(editor.id)}`;

/** The editor asks for something that is the person's, and is allowed. */
async function allowEditor(): Promise<void> {
  const asking = ask('GET', '/userinfo');
  await expect.poll(() => gate.questions.length).toBe(1);
  gate.answer(gate.questions[0]?.id ?? '', 'allow');
  expect((await asking).status).toBe(200);
}

describe('GET /programs and DELETE /programs', () => {
  test('are for the command’s key alone: without it 403, also for a program that is allowed [C14]', async () => {
    await allowEditor();
    for (const method of ['GET', 'DELETE']) {
      for (const Authorization of [
        undefined,
        '',
        'Bearer',
        'Bearer wrong',
        `Basic ${commandKey}`,
        `${command.Authorization}x`,
      ]) {
        const answer = await ask(method, address, Authorization === undefined ? {} : { Authorization });
        expect(answer, `${method} with ${Authorization}`).toMatchObject(denied);
        expect(JSON.stringify(answer)).not.toContain('/usr/bin/editor');
      }
    }
    expect(gate.programs).toHaveLength(1);
  });

  test('the key opens nothing else [C14]', async () => {
    const asking = ask('GET', '/userinfo', command);
    await expect.poll(() => gate.questions.length).toBe(1);
    gate.leaveUnanswered();
    expect(await asking).toMatchObject(denied);
  });

  test('with the key, the list has what was decided and used, and nothing of the person’s', async () => {
    await allowEditor();
    const { status, body } = await ask('GET', '/programs', command);
    expect(status).toBe(200);
    expect(body).toEqual({
      guard: 'ask',
      caller: { name: 'Editor', allowed: true },
      programs: [
        {
          id: editor.id,
          name: 'Editor',
          path: '/usr/bin/editor',
          kind: 'program',
          decision: 'allowed',
          firstUsed: expect.any(Number),
          lastUsed: expect.any(Number),
          wishes: ['profile'],
        },
      ],
    });
    expect(await ask('GET', '/programs', command)).toMatchObject({ body: { programs: [{ decision: 'allowed' }] } });
  });

  test('Remove makes the program ask again', async () => {
    await allowEditor();
    expect(await ask('DELETE', address, command)).toEqual({ status: 204, body: {} });
    expect(await ask('GET', '/programs', command)).toMatchObject({ body: { programs: [] } });
    const asking = ask('GET', '/userinfo');
    await expect.poll(() => gate.questions.length).toBe(1);
    gate.answer(gate.questions[0]?.id ?? '', 'deny');
    expect(await asking).toMatchObject(denied);
  });

  test.for(['/programs', '/programs?id=', '/programs?id=%2Fusr%2Fbin%2Fother'])(
    'DELETE %s: there is no such program, and nothing is removed',
    async (path) => {
      await allowEditor();
      expect(await ask('DELETE', path, command)).toMatchObject({ status: 404, body: { error: 'not_found' } });
      expect(gate.programs).toHaveLength(1);
    },
  );

  test.for<[string, Record<string, string>]>([
    ['a web page', { Origin: 'https://evil.example' }],
    ['a page without an Origin', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }],
    ['a page of our own', { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'cors' }],
    ['a rebound name', { Host: 'evil.example' }],
  ])('%s is stopped before, even with the key [L1–L3]', async ([, headers]) => {
    for (const method of ['GET', 'DELETE']) {
      expect(await ask(method, '/programs', { ...command, ...headers })).toMatchObject({
        status: 403,
        body: { error: 'forbidden_origin' },
      });
    }
  });

  test('a preflight never allows DELETE, nor a page of a listed origin without the key [L4]', async () => {
    const headers = { Origin: listed, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'cors' };
    expect(await ask('GET', '/programs', headers)).toMatchObject(denied);
    const { port } = listening;
    const methods = await new Promise<unknown>((resolve, reject) => {
      const asked = { ...headers, 'Access-Control-Request-Method': 'DELETE', Host: `localhost:${port}` };
      request({ host: '127.0.0.1', port, method: 'OPTIONS', path: '/programs', agent: false, headers: asked })
        .on('response', (answer) => resolve(answer.resume().headers['access-control-allow-methods']))
        .on('error', reject)
        .end();
    });
    expect(methods).toBe('GET, POST');
  });

  test('the API description does not name them', async () => {
    const { body } = await ask('GET', '/openapi.json');
    expect(Object.keys(body.paths as object)).not.toContain('/programs');
  });
});
