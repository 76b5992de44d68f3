import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { idleBroker } from '../../testing/brokerWorld.ts';
import { testGate } from '../../testing/testGate.ts';
import { createApi } from '../api/server.ts';
import { listen } from '../listener/listen.ts';
import type { CallerLookup } from './caller.ts';

/** The API over a look-up that never comes to an end. */
async function stage(lookup: Partial<CallerLookup>): Promise<string> {
  const nothing = () => undefined;
  const api = createApi({
    broker: idleBroker(),
    gate: testGate(),
    callers: { find: () => new Promise(() => undefined), mayBringLogin: async () => true, ...lookup },
    now: () => 0,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    instance: { id: randomUUID(), version: '1.2.3', compatibleVersion: '12.3.4' },
    commandKey: 'unused',
    docsFolder: 'unused',
  });
  const { port, close } = await listen({ port: 0, handler: api.handler, onUpgrade: api.onUpgrade });
  onTestFinished(async () => {
    await Promise.all([api.close(), close()]);
  });
  return `http://localhost:${port}`;
}

/** Whether there is no answer within the 100 ms that probing clients wait. */
async function waits(address: string): Promise<boolean> {
  return await fetch(address, { signal: AbortSignal.timeout(100) }).then(
    () => false,
    () => true,
  );
}

test('where a look-up takes seconds, a probe is answered without it, and nothing else is [C12]', async () => {
  const slow = await stage({ isSlow: true });
  for (const method of ['GET', 'HEAD']) {
    expect((await fetch(`${slow}/.well-known/health`, { method })).status).toBe(200);
  }
  for (const path of ['/.well-known/health?x', '/.well-known/version', '/user', '/pkce/challenge', '/docs']) {
    expect(await waits(`${slow}${path}`), path).toBe(true);
  }
});

test('where it does not, a probe of another user is refused too [L5]', async () => {
  const { status } = await fetch(`${await stage({ find: async () => undefined })}/.well-known/health`);
  expect(status).toBe(403);
});
